"""A repository and a server with edits on both sides, a relay between them, and what must hold whatever happens."""

from __future__ import annotations

import re
import shutil
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import Result

from syncd.model import blob_id
from syncd.sandbox import RunningSandbox, Store, running
from syncd.sandbox.refusal import Dialect
from tests.cli.conftest import PASSWORD, USERNAME, Place, Ui, flow_text, make_place
from tests.faults.relay import Relay, Rule

NAMESPACE = "company.team"
FLOWS, FILES = f"flows/{NAMESPACE}", f"namespaces/{NAMESPACE}/files"
BASE = "refs/syncd/default"
SECRETS = (PASSWORD, b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode())
UNGUARDED = ("--prune", "--yes", "--max-deletes", "1000")
"""It must not take a guard to keep a fault from deleting something."""

VERBS: Mapping[str, tuple[str, ...]] = {
    "push": ("push", *UNGUARDED),
    "pull": ("pull", "--commit", *UNGUARDED),
    "sync": ("sync", "--commit", *UNGUARDED),
}

Texts = dict[str, bytes]


def _both(name: str, text: str) -> Texts:
    """A flow and a file of this name."""
    return {f"{FLOWS}/{name}.yml": flow_text(name, text).encode(), f"{FILES}/sql/{name}.sql": text.encode()}


STEADY = tuple(f"steady-{number}" for number in range(4))
AGREED: Texts = {}
for _name in (*STEADY, "edited", "dropped", "drifted", "shed"):
    AGREED |= _both(_name, f"{_name} as agreed")
GIT_WROTE = _both("edited", "edited in Git") | _both("created", "created in Git")
GIT_DROPPED = _both("dropped", "")
UI_WROTE = _both("drifted", "edited in the UI") | _both("grown", "created in the UI")
UI_DROPPED = _both("shed", "")


def _without(texts: Texts, gone: Texts) -> Texts:
    return {path: text for path, text in texts.items() if path not in gone}


IN_GIT = _without(AGREED | GIT_WROTE, GIT_DROPPED)
ON_SERVER = _without(AGREED | UI_WROTE, UI_DROPPED)
MERGED = _without(AGREED | GIT_WROTE | UI_WROTE, GIT_DROPPED | UI_DROPPED)


@dataclass(frozen=True, slots=True)
class Sides:
    """What the repository's work tree and the server hold, by path, and the blobs that they agreed on."""

    git: Texts
    server: Texts
    base: dict[str, str] = field(default_factory=dict)


GOALS = {
    "push": Sides(IN_GIT, _without(ON_SERVER | GIT_WROTE, GIT_DROPPED)),
    "pull": Sides(_without(IN_GIT | UI_WROTE, UI_DROPPED), ON_SERVER),
    "sync": Sides(MERGED, MERGED),
}
"""Where each verb ends when nothing goes wrong."""


def build(folder: Path, dialect: Dialect) -> None:
    """A stage that waits to be copied: both sides agreed, then each was edited."""
    with running(dialect=dialect, data=folder / "data") as sandbox:
        place = make_place(folder / "repository", sandbox.url, folder / "cache")
        shutil.rmtree(place.root / ".git/hooks", ignore_errors=True)
        for path, text in AGREED.items():
            place.write(path, text)
        place.commit("agreed")
        place.syncd("push")
        for path, text in GIT_WROTE.items():
            place.write(path, text)
        for path in GIT_DROPPED:
            (place.root / path).unlink()
        place.commit("edited in Git")
        _edit_in_the_ui(place.ui)
        place.ui.client.close()


def _edit_in_the_ui(ui: Ui) -> None:
    flows, files = _halves(UI_WROTE)
    ui.edit(flows["drifted"], "drifted")
    ui.create(flows["grown"])
    for path, data in files.items():
        ui.upload(path, data)
    ui.delete("shed")
    ui.remove("sql/shed.sql")


def _halves(texts: Texts) -> tuple[dict[str, str], Texts]:
    flows = {Path(path).stem: text.decode() for path, text in texts.items() if path.startswith(FLOWS)}
    return flows, {path.removeprefix(f"{FILES}/"): text for path, text in texts.items() if path.startswith(FILES)}


@dataclass
class Stage:
    """
    One copy of what was built, with the relay in front of its server.

    Args:
        place: The repository and the command line; `place.ui` goes to the server directly.
        relay: Between the two.
        sandbox: The server.
    """

    place: Place
    relay: Relay
    sandbox: RunningSandbox

    def wait_at_most(self, seconds: float) -> None:
        """Lets the client wait no longer than this for an answer."""
        self.place.write("syncd.yaml", f"environments: {{default: {{timeout: {seconds}}}}}\n")
        self.place.write(".git/info/exclude", "syncd.yaml\n")

    def wait_as_usual(self) -> None:
        """Takes that back."""
        (self.place.root / "syncd.yaml").unlink(missing_ok=True)

    def now(self) -> Sides:
        """Both sides and the base, as they are."""
        root = self.place.root
        git = {
            str(path.relative_to(root)): path.read_bytes()
            for top in ("flows", "namespaces")
            for path in sorted((root / top).rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
        return Sides(git, held_by(self.sandbox.store), self.base())

    def base(self) -> dict[str, str]:
        """Path and blob of what was agreed on."""
        lines = self.place.git("ls-tree", "-r", "-z", BASE).split("\0")
        facts = (line.partition("\t") for line in lines if line)
        return {path: fact.split()[2] for fact, _, path in facts}

    def marks(self) -> tuple[str, ...]:
        """What moves whenever anything is committed, agreed on or rescued."""
        return (self.place.git("for-each-ref"), self.place.git("status", "--porcelain"))

    def run(self, verb: str, **variables: str) -> Result:
        """One run of the command line, whatever it ends with; what must hold of any output holds."""
        from click.testing import CliRunner

        from syncd.cli.main import main

        result = CliRunner().invoke(
            main, VERBS[verb], env={**self.place.variables, **variables}, catch_exceptions=False
        )
        said = result.stdout + result.stderr
        assert not [secret for secret in SECRETS if secret in said]
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said), said
        return result

    def check(self, verb: str, before: Sides) -> None:
        """Whatever went wrong: nothing is lost, nothing else is written or deleted, and the base holds what is so."""
        after, goal = self.now(), GOALS[verb]
        assert only_meant(before.git, after.git, goal.git) == []
        assert only_meant(before.server, after.server, goal.server) == []
        assert self.lost({*before.git.values(), *before.server.values()}, after) == []
        assert untrue(before.base, after) == []

    def lost(self, texts: set[bytes], after: Sides) -> list[bytes]:
        """Those texts that are neither on one of the sides nor in anything that a ref leads to."""
        held = {*after.git.values(), *after.server.values()}
        kept = {line.split()[0] for line in self.place.git("rev-list", "--objects", "--all").splitlines()}
        return [text for text in texts - held if blob_id(text) not in kept]

    def converges(self, verb: str) -> None:
        """Without faults the next run ends where it should, and the one after it finds nothing to do."""
        self.relay.heal()
        result = self.run(verb)
        assert result.exit_code == 0, result.stdout + result.stderr
        after, goal = self.now(), GOALS[verb]
        assert (after.git, after.server) == (goal.git, goal.server)
        marks = self.marks()
        self.relay.heal()
        assert self.run(verb).exit_code == 0
        assert self.relay.writes == []
        assert self.marks() == marks


def held_by(store: Store) -> Texts:
    """What a server holds, by the paths that it has in a repository."""
    flows = {f"flows/{flow.namespace}/{flow.id}.yml": flow.source.encode() for flow in store.flows(store.names())}
    files = {
        f"{FILES}{entry.path}": store.content(NAMESPACE, entry.path) or b""
        for entry in store.entries(NAMESPACE)
        if not entry.directory
    }
    return flows | files


def only_meant(before: Texts, after: Texts, goal: Texts) -> list[str]:
    """The paths that hold neither what they held nor what they were to hold."""
    return [path for path in sorted(before | after | goal) if after.get(path) not in {before.get(path), goal.get(path)}]


def untrue(before: dict[str, str], after: Sides) -> list[str]:
    """The paths of which the base newly says something that is not so on both sides."""
    wrong = []
    for path in sorted(before | after.base):
        agreed = after.base.get(path)
        held = {blob_id(text) if (text := side.get(path)) is not None else None for side in (after.git, after.server)}
        if agreed != before.get(path) and held != {agreed}:
            wrong.append(path)
    return wrong


@contextmanager
def copied(template: Path, root: Path, dialect: Dialect, relay: Relay, *rules: Rule) -> Iterator[Stage]:
    """A stage of its own for one test; nothing is cached yet."""
    shutil.copytree(template / "repository", root / "repository", symlinks=True)
    shutil.copytree(template / "data", root / "data")
    with running(dialect=dialect, data=root / "data") as sandbox:
        relay.point(sandbox.url, *rules)
        variables = {
            "SYNCD_URL": relay.url,
            "SYNCD_USERNAME": USERNAME,
            "SYNCD_PASSWORD": PASSWORD,
            "SYNCD_REPO": str(root / "repository"),
            "SYNCD_CACHE_DIR": str(root / "cache"),
        }
        place = Place(root / "repository", Ui(sandbox.url), variables)
        yield Stage(place, relay, sandbox)
        place.ui.client.close()
