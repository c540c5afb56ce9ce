"""A real Git repository with a dev and a prod folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from syncd.layout import Layout
from syncd.model import Verdict
from syncd.promote import NamespaceMap, Recipe
from syncd.promotions import Prepared, Server, Wish, commit, prepare, tip_to_build_on
from syncd.repo import Repository

DEV, PROD = "company.team.dev", "company.team.prod"
RECIPE = Recipe(NamespaceMap.parse([f"{DEV}={PROD}"]))
LAYOUT = Layout()


def flow(name: str, namespace: str = DEV, message: str = "one", tasks: str = "") -> str:
    return (
        f"id: {name}\nnamespace: {namespace} # where\ntasks:\n"
        f"  - id: log\n    type: io.kestra.plugin.core.log.Log\n    message: {message}\n{tasks}"
    )


class Repo:
    """A repository in a folder, with what tests do to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.com")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path: str, text: str | None) -> None:
        file = self.root / path
        if text is None:
            file.unlink()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())

    def commit(self, files: dict[str, str | None], message: str = "edit") -> str:
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def show(self, rev: str, path: str) -> str:
        return self.git("show", f"{rev}:{path}") + "\n"

    def promote(self, server: Server | None = None, *, recipe: Recipe = RECIPE, **wish: bool) -> tuple[Prepared, str]:
        """Promotes HEAD on top of HEAD; returns what was prepared, and the commit."""
        repository = Repository.find(self.root)
        head = self.git("rev-parse", "HEAD")
        prepared = prepare(repository, LAYOUT, Wish(recipe, head, head, **wish), server)
        return prepared, commit(repository, head, prepared.plan, recipe, head)

    def merge(self, commit: str) -> None:
        self.git("merge", "-q", "--ff-only", commit)

    def promoted(self) -> Prepared:
        """Promotes HEAD and merges the result."""
        prepared, new = self.promote()
        self.merge(new)
        return prepared

    def tip(self, branch: str | None) -> str:
        return tip_to_build_on(Repository.find(self.root), branch, self.git("rev-parse", "HEAD"), [f"flows/{PROD}"])


def verdicts(prepared: Prepared) -> dict[str, Verdict]:
    return {change.key.name: change.verdict for change in prepared.plan.changes}
