#!/usr/bin/env bash
# Runs one syncd command: arguments from $COMMAND, a line each; output to $STDOUT; $ACCEPT lists exit codes that are fine.
set -euo pipefail

# The checkout keeps no credentials, so Git gets them for this one command.
if [ -n "${SYNCD_FORGE_TOKEN:-}" ] && [ -n "${GITHUB_SERVER_URL:-}" ]; then
  header=$(printf 'x-access-token:%s' "$SYNCD_FORGE_TOKEN" | base64 | tr -d '\n')
  echo "::add-mask::$header"
  export GIT_CONFIG_COUNT=1
  export GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader"
  export GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $header"
fi

mapfile -t arguments < <(grep -v '^[[:space:]]*$' <<< "$COMMAND")
code=0
syncd "${arguments[@]}" > "${STDOUT:-/dev/stdout}" || code=$?
echo "exit-code=$code" >> "$GITHUB_OUTPUT"
case " 0 ${ACCEPT:-} " in
  *" $code "*) ;;
  *) exit "$code" ;;
esac
