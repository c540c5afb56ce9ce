"""Runs a flow's shell commands, SQL and copies in order, as the tasks' plugins would. No scheduling, no states.

How a plugin builds its statement is taken from the sources of Kestra's JDBC plugin 1.15 (`AbstractCopy`, `Queries`).
"""

import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .pebble import Context
from .postgres import Postgres

Task = Mapping[str, Any]


@dataclass
class Driver:
    """One execution: the database it talks to, what its expressions see, and where its files are kept."""

    postgres: Postgres
    context: Context
    storage: Path

    def run(self, tasks: list[Task]) -> None:
        """Runs the tasks one after the other; a type that is not known here raises AttributeError."""
        for task in tasks:
            outputs = getattr(self, "_" + task["type"].rsplit(".", 1)[1].lower())(task)
            self.context.values["outputs"][task["id"]] = outputs

    def _labels(self, task: Task) -> dict[str, str]:
        return {name: self.context.render(value) for name, value in task["labels"].items()}

    def _download(self, task: Task) -> dict[str, str]:
        with urllib.request.urlopen(self.context.render(task["uri"]), timeout=30) as answer:
            return {"uri": self._keep(answer.read())}

    def _commands(self, task: Task) -> dict[str, Any]:
        assert task["taskRunner"] == {"type": "io.kestra.plugin.core.runner.Process"}
        with tempfile.TemporaryDirectory() as folder:
            for name, uri in task["inputFiles"].items():
                (Path(folder) / name).write_bytes(Path(self.context.render(uri)).read_bytes())
            script = "\n".join(["set -e", *map(self.context.render, task["commands"])])
            subprocess.run(["/bin/sh", "-c", script], cwd=folder, check=True)
            return {
                "outputFiles": {name: self._keep((Path(folder) / name).read_bytes()) for name in task["outputFiles"]}
            }

    def _switch(self, task: Task) -> dict[str, str]:
        value = self.context.render(task["value"])
        self.run(task["cases"][value])
        return {"value": value}

    def _queries(self, task: Task) -> dict[str, str]:
        self._check_connection(task)
        return {"printed": self.postgres.execute(self.context.render(task["sql"]))}

    def _copyin(self, task: Task) -> dict[str, str]:
        self._check_connection(task)
        columns = ", ".join(task["columns"])
        copy = f"COPY {task['table']} ({columns}) FROM STDIN WITH (FORMAT {task['format']}, HEADER {task['header']})"
        return {"printed": self.postgres.execute(copy, Path(self.context.render(task["from"])).read_bytes())}

    def _purgecurrentexecutionfiles(self, _task: Task) -> dict[str, str]:
        for file in self.storage.iterdir():
            file.unlink()
        return {}

    def _check_connection(self, task: Task) -> None:
        assert self.context.render(task["url"]) == "jdbc:postgresql://postgres_zoomcamp:5432/postgres-zoomcamp"
        assert self.context.render(task["username"]) == "kestra"
        assert self.context.render(task["password"])

    def _keep(self, content: bytes) -> str:
        file = self.storage / str(len(list(self.storage.iterdir())))
        file.write_bytes(content)
        return str(file)
