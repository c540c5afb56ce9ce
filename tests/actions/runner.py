"""
Runs the workflows of this repository as GitHub would, as far as they need it: conditions, expressions, shells, outputs.

Actions of others are stood in for: a checkout is a clone, artifacts are a folder, and the Python set up is this one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
ACTION = ROOT / ".github" / "actions" / "syncd"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w.*-]*(?=\()|[A-Za-z_][\w.*-]*|\|\||&&|!=|==|!|[(),]|\d+|\s+")
_WORDS = {"||": " or ", "&&": " and ", "!": " not ", "true": "True", "false": "False", "null": "''"}


def read(name: str) -> dict[str, Any]:
    """A workflow; `on` is under the key True, as YAML 1.1 has it."""
    data: dict[str, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return data


@dataclass
class Step:
    """What one step did."""

    name: str
    code: int
    stdout: str
    stderr: str


@dataclass
class Job:
    """What one job did; skipped where `steps` is `None`."""

    steps: list[Step] | None = None
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def result(self) -> str:
        if self.steps is None:
            return "skipped"
        return "failure" if any(step.code for step in self.steps) else "success"

    def step(self, name: str) -> Step:
        return next(step for step in self.steps or () if step.name == name)

    @property
    def text(self) -> str:
        return "\n".join(f"{step.name}: {step.code}\n{step.stdout}\n{step.stderr}" for step in self.steps or ())


@dataclass
class Runner:
    """
    One repository's Actions.

    Args:
        folder: For checkouts, artifacts and files of a run.
        remote: What is cloned.
        context: `github`, `vars`, `secrets`, `inputs`.
        environment: Variables of every step.
    """

    folder: Path
    remote: Path
    context: dict[str, Any]
    environment: dict[str, str]
    summary: str = ""
    uploads: list[str] = field(default_factory=list)

    def run(
        self, workflow: str, *, ref: str = "main", event: dict[str, Any], inputs: dict[str, Any] | None = None
    ) -> dict[str, Job]:
        """Every job of a workflow, in order."""
        data = read(workflow)
        jobs: dict[str, Job] = {}
        self.summary = ""
        shutil.rmtree(self.folder / "artifacts", ignore_errors=True)
        for name, job in data["jobs"].items():
            done = _Job(self, ref, {**self.context, "inputs": inputs or {}, "needs": _needs(jobs)}, event)
            needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            wanted = all(jobs[other].result == "success" for other in needed) and done.holds(job.get("if", "true"))
            jobs[name] = done.run(job) if wanted else Job()
            self.summary += done.summary
        return jobs


def _needs(jobs: Mapping[str, Job]) -> dict[str, Any]:
    return {name: {"outputs": job.outputs, "result": job.result} for name, job in jobs.items()}


class _Job:
    def __init__(self, runner: Runner, ref: str, context: dict[str, Any], event: dict[str, Any]) -> None:
        self.runner = runner
        self.workspace = runner.folder / "workspace"
        shutil.rmtree(self.workspace, ignore_errors=True)
        clone = ["git", "clone", "-q", str(runner.remote), str(self.workspace)]
        subprocess.run(clone, check=True, capture_output=True)
        detach = ["git", "-C", str(self.workspace), "checkout", "-q", "--detach", f"origin/{ref}"]
        subprocess.run(detach, check=True, capture_output=True)
        head = subprocess.run(["git", "-C", str(self.workspace), "rev-parse", "HEAD"], check=True, capture_output=True)
        github = {**context["github"], "event": event, "sha": head.stdout.decode().strip()}
        self.context = {**context, "github": github, "steps": {}, "job": {"status": "success"}}
        self.event = event
        self.summary = ""

    def holds(self, condition: Any) -> bool:
        return bool(_evaluate(str(condition), self.context, self.workspace))

    def run(self, job: dict[str, Any]) -> Job:
        done = Job([])
        assert done.steps is not None
        for step in job["steps"]:
            condition = str(step.get("if", "success()"))
            failed = self.context["job"]["status"] == "failure"
            if (failed and "always()" not in condition) or not self.holds(condition):
                continue
            results = list(self._step(step, self.context))
            done.steps += results
            if any(result.code for result in results):
                self.context["job"]["status"] = "failure"
        done.outputs = {name: self._text(value, self.context) for name, value in job.get("outputs", {}).items()}
        return done

    def _step(self, step: dict[str, Any], context: dict[str, Any]) -> Iterator[Step]:
        if "run" in step:
            yield self._shell(step, context, {})
            return
        given = {name: self._text(value, context) for name, value in step.get("with", {}).items()}
        action = step["uses"].partition("@")[0]
        if action == "$/.github/actions/syncd":
            yield from self._composite(step, given)
        elif action == "actions/upload-artifact":
            self._upload(given)
        elif action == "actions/download-artifact":
            shutil.copytree(self.runner.folder / "artifacts" / given["name"], self.workspace, dirs_exist_ok=True)
        elif action.endswith("upload-sarif"):
            self.runner.uploads.append((self.workspace / given["sarif_file"]).read_text(encoding="utf-8"))
        else:
            assert action in {"actions/checkout", "actions/setup-python"}, action

    def _upload(self, given: dict[str, str]) -> None:
        target = self.runner.folder / "artifacts" / given["name"]
        target.mkdir(parents=True)
        for name in given["path"].split():
            shutil.copy(self.workspace / name, target)

    def _composite(self, outer: dict[str, Any], given: dict[str, str]) -> Iterator[Step]:
        action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
        assert set(given) <= set(action["inputs"])
        inputs = {name: given.get(name, declared.get("default", "")) for name, declared in action["inputs"].items()}
        context = {"inputs": inputs, "steps": {}}
        for step in action["runs"]["steps"]:
            if "run" not in step or not _evaluate(str(step.get("if", "true")), context, self.workspace):
                continue
            result = self._shell(step, context, {"GITHUB_ACTION_PATH": str(ACTION)})
            yield Step(
                outer["name"] if step.get("id") == "run" else step["name"], result.code, result.stdout, result.stderr
            )
            if result.code:
                break
        outputs = {name: self._text(value["value"], context) for name, value in action["outputs"].items()}
        self.context["steps"][outer.get("id", "")] = {"outputs": outputs}

    def _shell(self, step: dict[str, Any], context: dict[str, Any], more: dict[str, str]) -> Step:
        files = {
            name: self.runner.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")
        }
        files["GITHUB_OUTPUT"].write_text("")
        files["GITHUB_STEP_SUMMARY"].write_text("")
        files["GITHUB_EVENT_PATH"].write_text(json.dumps(self.event))
        own = {name: self._text(value, context) for name, value in step.get("env", {}).items()}
        paths = {name: str(path) for name, path in files.items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            check=False,
            cwd=self.workspace,
            env={**self.runner.environment, **paths, **more, **own},
            capture_output=True,
            text=True,
        )
        lines = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
        context["steps"][step.get("id", "")] = {"outputs": {name: value for name, _, value in lines}}
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        return Step(step["name"], done.returncode, done.stdout, done.stderr)

    def _text(self, value: Any, context: dict[str, Any]) -> str:
        def replace(match: re.Match[str]) -> str:
            return _words(_evaluate(match[1], context, self.workspace))

        return _EXPRESSION.sub(replace, _words(value))


def _words(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _evaluate(expression: str, context: Mapping[str, Any], workspace: Path) -> Any:
    """The value of an expression; of the language only what the workflows use."""
    python = ""
    position = 0
    for match in _TOKEN.finditer(expression.strip()):
        assert match.start() == position, expression
        position = match.end()
        token = match[0]
        if token in _WORDS:
            python += _WORDS[token]
        elif re.match(r"[A-Za-z_]", token) and not expression.strip()[position:].startswith("("):
            python += f"get({token!r})"
        else:
            python += " " if token.isspace() else token
    assert position == len(expression.strip()), expression
    names = {
        "get": lambda path: _get(context, path),
        "format": lambda text, *values: text.format(*values),
        "contains": lambda items, item: item in items,
        "always": lambda: True,
        "success": lambda: True,
        "hashFiles": lambda name: "hash" if (workspace / name).exists() else "",
    }
    return eval(python, {"__builtins__": {}}, names)  # noqa: S307 - expressions of this repository's own workflows


def _get(value: Any, path: str) -> Any:
    head, _, rest = path.partition(".")
    if head == "*":
        return [_get(item, rest) for item in value]
    found = value.get(head, "") if isinstance(value, Mapping) else ""
    return _get(found, rest) if rest else found


def variables(folder: Path, forge_url: str) -> dict[str, str]:
    """The variables of a runner, with `syncd` and `python` on the path; `python` only notes what it was to install."""
    tools = folder / "tools"
    tools.mkdir()
    _script(tools / "syncd", f'exec "{sys.executable}" -c "from syncd.cli.main import main; main()" "$@"')
    _script(tools / "python", f'printf "%s\\n" "$*" >> "{folder}/installed"')
    return {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.test",
        "GITHUB_API_URL": forge_url,
        "GITHUB_REPOSITORY": "acme/flows",
        "GIT_AUTHOR_NAME": "bot",
        "GIT_AUTHOR_EMAIL": "bot@example.com",
        "GIT_COMMITTER_NAME": "bot",
        "GIT_COMMITTER_EMAIL": "bot@example.com",
    }


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
