"""`syncd init`: a commented `syncd.yaml` that fits the repository it lies in."""

from __future__ import annotations

from pathlib import Path

import click

from syncd.cli import options as opt
from syncd.cli.console import data, ending, note
from syncd.config import DEFAULT_URL, FILE_NAME
from syncd.errors import ConfigError
from syncd.layout import Layout, detect
from syncd.repo import Repository

TEMPLATE = """\
# Settings of syncd; 'syncd config show --origin' says where each value comes from.
# Everything here is optional. Secrets do not belong here: set SYNCD_PASSWORD or SYNCD_TOKEN, or name a file.

# Where flows and namespace files lie. {{namespace}} is a folder called like the namespace, such as company.team.
layout:
  flows: "{flows}"
  files: "{files}"
{namespace}
# The environment that is meant when --env says nothing.
default: dev

environments:
  dev:
    url: {url}
    username: admin@kestra.io
    # password_file: ~/.config/syncd/dev-password   # or the variable SYNCD_PASSWORD
    # tenant: main
    # namespaces: [company.team]     # manage only these and their children; left out: all in the repository
    # direction: push                # what watch does: push (Git → Kestra), pull (Kestra → Git) or both
    # source: worktree               # or a ref, such as origin/main
    # share: origin                  # keep refs/syncd/dev on this remote, for several machines and pipelines

  # prod:
  #   url: https://kestra.example.com
  #   token_file: /run/secrets/kestra-token
  #   source: origin/main
  #   share: origin
  #   prune: true                    # delete there what was deleted in Git
  #   heal: true                     # put Git's version back where somebody edited the server
  #   protected: [company.shared]    # never delete anything in these
  #   max_deletes: 10%
"""


@click.command("init")
@opt.repository
@opt.option("--url", default=DEFAULT_URL, show_default=True, help="Kestra's address.")
@opt.option("--namespace", help="The namespace of a _flows folder, which does not name one itself.")
@click.option("--print", "only_print", is_flag=True, help="Print the file instead of writing it.")
@click.option("--force", is_flag=True, help="Replace a syncd.yaml that is there.")
def command(repo: Path, url: str, namespace: str | None, only_print: bool, force: bool) -> None:
    """Write a commented syncd.yaml for this repository, with the layout that its flows already follow."""
    with ending():
        repository = Repository.find(repo)
        layout = _layout([path for _, path in repository.worktree_files()], namespace)
        text = TEMPLATE.format(
            flows=layout.flows,
            files=layout.files,
            namespace=f"  namespace: {layout.namespace}\n" if layout.namespace else "",
            url=url,
        )
        if only_print:
            data(text.rstrip("\n"))
            return
        path = Path(repository.root) / FILE_NAME
        if path.exists() and not force:
            raise ConfigError(
                f"{path.name} is there already", "use --force to replace it, --print to look at a new one"
            )
        path.write_text(text, encoding="utf-8")
        note(f"{path.name} written: flows in {layout.flows}, files in {layout.files}; next: syncd diff")


def _layout(paths: list[str], namespace: str | None) -> Layout:
    """The layout that the flows of this repository follow; the default one where there are none."""
    if namespace or any(path.startswith("_flows/") for path in paths):
        if namespace is None:
            raise ConfigError(
                "this repository has a _flows folder, which does not say which namespace it holds",
                "run 'syncd init --namespace company.team' with the right one",
            )
        return Layout("_flows", "_files", namespace)
    return detect(paths) or Layout()
