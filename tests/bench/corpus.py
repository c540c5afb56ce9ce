"""A repository of realistic size: flows of a few kilobytes and small files, spread over namespaces."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

WORDS = "load merge stage extract report daily hourly customer invoice partition metric archive retry window".split()


@dataclass(frozen=True, slots=True)
class Corpus:
    """
    What was built.

    Args:
        root: The repository.
        flows: By namespace and id: the text.
        files: By namespace and path: the bytes.
    """

    root: Path
    flows: dict[tuple[str, str], bytes]
    files: dict[tuple[str, str], bytes]

    @property
    def namespaces(self) -> list[str]:
        """All of them, sorted."""
        return sorted({namespace for namespace, _ in (*self.flows, *self.files)})


def flow(chance: random.Random, namespace: str, name: str) -> bytes:
    """A valid flow whose size is spread around 4 KB."""
    lines = [f"id: {name}", f"namespace: {namespace}", "description: |"]
    lines += [f"  {' '.join(chance.choices(WORDS, k=10))}" for _ in range(chance.randint(5, 25))]
    lines.append("tasks:")
    for number in range(chance.randint(6, 24)):
        lines += [f"  - id: step_{number}", "    type: io.kestra.plugin.core.log.Log", "    message: |"]
        lines += [f"      {' '.join(chance.choices(WORDS, k=12))}" for _ in range(2)]
    return ("\n".join(lines) + "\n").encode()


def build(root: Path, flows: int, files: int, namespaces: int) -> Corpus:
    """Writes and commits a repository of this size; the same one every time."""
    chance = random.Random(flows)
    names = [f"company.team{number:02}" for number in range(namespaces)]
    corpus = Corpus(root, {}, {})
    for number in range(flows):
        namespace, name = names[number % namespaces], f"flow-{number:05}"
        corpus.flows[namespace, name] = flow(chance, namespace, name)
        _write(root / f"flows/{namespace}/{name}.yml", corpus.flows[namespace, name])
    for number in range(files):
        namespace, path = names[number % namespaces], f"scripts/part{number % 3}/query-{number:05}.sql"
        corpus.files[namespace, path] = f"select {number};\n".encode() * chance.randint(1, 200)
        _write(root / f"namespaces/{namespace}/files/{path}", corpus.files[namespace, path])
    for command in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message", "corpus"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    return corpus


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
