"""`syncd validate`: every problem of the flows, offline and as the server sees them, in the format that is wanted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from syncd import __version__
from syncd.cli import options as opt
from syncd.cli.console import data, ending, paint
from syncd.cli.schemacache import against
from syncd.cli.subjects import Choice, Subjects, files_of, sources_of, subjects
from syncd.cli.world import choose, connect, find
from syncd.config import Config
from syncd.errors import ConfigError
from syncd.flowschema import LINES, Line
from syncd.kestra import Kestra
from syncd.model import Kind, Problem, Scope, Severity
from syncd.render.problems import FORMATS, Findings
from syncd.report import INVALID
from syncd.validate import RULES, Against, check, graded, located, merged, surroundings, unsilenced

_ASKED = ("SYNCD_ENV", "SYNCD_URL", "KESTRACTL_HOST", "KESTRA_URL")


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@opt.environment
@opt.scope
@opt.option("--offline", is_flag=True, help="Ask no server, whatever syncd.yaml and the variables say.")
@opt.option("--changed-since", metavar="REF", help="Only what changed since the branch left this one.")
@opt.option("--strict", is_flag=True, help="A warning fails too.")
@opt.option("--stored", is_flag=True, help="Validate what the server holds, instead of Git.")
@opt.option(
    "--kestra", "line", type=click.Choice(LINES), help="The Kestra to check for offline. Default: either will do."
)
@opt.option("--format", "output_format", type=click.Choice(list(FORMATS)), default="text", help="How to print.")
def command(paths: tuple[Path, ...], output_format: str, *, strict: bool, **values: Any) -> None:
    """
    Check flows, all of the repository or those at PATHS, offline and on the server; write nothing.

    The server is asked where --env, --url, a variable or a default in syncd.yaml names one. Ends with 3 where there is
    an error (or, with --strict, a warning).
    """
    options = opt.Options.of(values)
    choice = Choice(paths, values["changed_since"], options.ref)
    with ending(output_format):
        _, config = find(options)
        run = _Run(options, config, choice, values["line"])
        outcome = run.stored() if values["stored"] else run.here(offline=values["offline"])
        findings = _findings(outcome, config, strict=strict)
        text = FORMATS[output_format](findings, paint())
        if text:
            data(text)
        if findings.exit:
            sys.exit(findings.exit)


@dataclass(frozen=True, slots=True)
class _Outcome:
    problems: Iterable[Problem]
    checked: tuple[str, ...]


def _findings(outcome: _Outcome, config: Config, *, strict: bool) -> Findings:
    problems = tuple(sorted(set(graded(outcome.problems, config.settings.rules)), key=lambda problem: problem.order))
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    code = INVALID if any(problem.severity in grave for problem in problems) else 0
    return Findings(problems, outcome.checked, {rule.code: rule.title for rule in RULES.values()}, code, __version__)


@dataclass(frozen=True, slots=True)
class _Run:
    """One validation: what the command line said, the settings, and which flows."""

    options: opt.Options
    config: Config
    choice: Choice
    line: Line | None

    def here(self, *, offline: bool) -> _Outcome:
        """The flows of the repository, and what the server says of them unless it is not to be asked."""
        repository, _ = find(self.options)
        chosen = subjects(repository, self.config.settings.layout.layout, self.choice)
        if offline or not self._names_a_server():
            return _Outcome(chosen.check(Against(self.line)), chosen.checked)
        with self._server() as server:
            said = chosen.check(against(server))
            return _Outcome(merged(said, _asked(server, chosen)), chosen.checked)

    def stored(self) -> _Outcome:
        """
        The flows that the server holds.

        Raises:
            ConfigError: Something asks for files or revisions of the repository.
        """
        if self.choice.paths or self.choice.changed_since or self.choice.ref:
            hint = "leave out --stored, or the paths, --ref and --changed-since"
            raise ConfigError("--stored is about the server, which has no files or revisions of Git", hint)
        with self._server() as server:
            snapshot = server.snapshot(self._scope())
            flows = [resource for key, resource in snapshot.resources.items() if key.kind is Kind.FLOW]
            around, schema = surroundings(sources_of(snapshot), files_of(snapshot), {}), against(server)
            said = [each for source in sources_of(snapshot) for each in check(source, schema, around)]
            asked = server.validate(flows) if flows else ()
            names = tuple(str(resource.key) for resource in flows)
            return _Outcome([*snapshot.problems, *merged(said, asked)], names)

    def _names_a_server(self) -> bool:
        named = self.options.env or self.options.url or self.config.settings.default
        return bool(named or any(self.config.variables.get(name) for name in _ASKED))

    def _server(self) -> Kestra:
        return connect(self.config, choose(self.config, self.options))

    def _scope(self) -> Scope:
        environment = choose(self.config, self.options).environment
        roots = self.options.namespace or environment.namespaces
        return Scope(roots, not self.options.no_children, self.options.all_namespaces or not roots)


def _asked(server: Kestra, chosen: Subjects) -> Iterator[Problem]:
    """What the server says of the flows, at the lines that it means."""
    texts = chosen.texts
    for problem in server.validate(chosen.resources) if chosen.resources else ():
        text = texts.get(problem.path, b"")
        yield from unsilenced([located(problem, text)], text)
