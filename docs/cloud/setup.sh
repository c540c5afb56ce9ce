#!/bin/sh
# Starts Kestra and syncd on a VM made with cloud-init.yml, and puts them behind HTTPS.
# usage: sudo docs/cloud/setup.sh kestra.example.com
set -eu

host=$1
repository=/var/lib/syncd/repository
cd "$repository"

# Passwords of this machine, made once.
if [ ! -f .env ]; then
  sed -e "s/^KESTRA_PASSWORD=.*/KESTRA_PASSWORD=K1$(openssl rand -hex 12)/" \
    -e "s/^KESTRA_DB_PASSWORD=.*/KESTRA_DB_PASSWORD=$(openssl rand -hex 16)/" \
    -e "s/^ZOOMCAMP_DB_PASSWORD=.*/ZOOMCAMP_DB_PASSWORD=$(openssl rand -hex 16)/" \
    .env.example >.env
  chmod 600 .env
fi
. ./.env

docker compose up --detach --wait kestra postgres postgres_zoomcamp

# The flows read the password of the course database from here.
curl --silent --show-error --fail --output /dev/null --user "$KESTRA_USERNAME:$KESTRA_PASSWORD" \
  --request PUT --header 'Content-Type: text/plain' --data "\"$ZOOMCAMP_DB_PASSWORD\"" \
  "http://127.0.0.1:$KESTRA_PORT/api/v1/main/namespaces/zoomcamp/kv/jdbc_password"

python3 -m venv /opt/syncd
/opt/syncd/bin/pip install --quiet "$repository"

install -d -m 755 /etc/syncd
(
  umask 077
  printf 'SYNCD_URL=http://127.0.0.1:%s\nSYNCD_USERNAME=%s\nSYNCD_PASSWORD=%s\n' \
    "$KESTRA_PORT" "$KESTRA_USERNAME" "$KESTRA_PASSWORD" >/etc/syncd/environment
)

sed "s/kestra.example.com/$host/" docs/cloud/Caddyfile >/etc/caddy/Caddyfile
systemctl reload-or-restart caddy

install -m 644 docs/cloud/syncd.service /etc/systemd/system/syncd.service
systemctl daemon-reload
systemctl enable --now syncd
echo "Kestra: https://$host, user $KESTRA_USERNAME, password in $repository/.env"
