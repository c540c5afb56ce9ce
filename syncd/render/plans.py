"""
Plans and reports as people and programs read them: text, JSON, Markdown.

Strings in, strings out. Colour is asked for by the caller; nothing is printed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from html import escape
from itertools import groupby
from typing import Any

from syncd.model import Change, Problem, Resource, Severity, Verdict, held_by_base
from syncd.plan import Direction
from syncd.render.terminal import Paint, printable
from syncd.render.views import View
from syncd.report import Failure

SIGNS = {
    Verdict.CREATE: ("+", "green"),
    Verdict.UPDATE: ("~", "yellow"),
    Verdict.DELETE: ("-", "red"),
    Verdict.DRIFT: ("!", "magenta"),
    Verdict.PAUSED: ("‖", "cyan"),
    Verdict.UNMANAGED: ("?", "bright_black"),
    Verdict.CONFLICT: ("✗", "bright_red"),
    Verdict.BLOCKED: ("⊘", "bright_red"),
    Verdict.SETTLED: ("=", "bright_black"),
}
"""The sign and the colour that each verdict has wherever it is shown."""

ARROWS = {"push": "Git → Kestra", "pull": "Kestra → Git", "both": "Git ↔ Kestra"}
_TOWARDS = {"push": "from", "pull": "into", "both": "with"}
MARKDOWN_LIMIT = 60_000
"""Characters: GitHub refuses comments of more than 65,536."""


def as_json(view: View) -> str:
    """One object; the same shape for every verb."""
    return json.dumps(as_data(view), indent=2, ensure_ascii=False)


def as_data(view: View) -> dict[str, Any]:
    """The same as plain values."""
    paths = {problem.key: problem.path for problem in view.problems}
    data: dict[str, Any] = {
        "environment": view.environment,
        "direction": view.direction,
        "source": view.source,
        "hash": view.hash,
        "items": [_item(row, row[1].path or paths.get(row[1].key, ""), view) for row in view.rows],
        "summary": view.summary,
        "problems": [problem_data(problem) for problem in view.problems],
        "refusals": [{"message": refusal.message, "hint": refusal.hint} for refusal in view.refusals],
        "exit": view.exit,
    }
    if view.source_commit:
        data["source_commit"] = view.source_commit
    if view.outcome is not None:
        data |= {
            "applied": view.outcome.applied,
            "failed": [_failure(failure) for failure in view.outcome.failed],
            "commit": view.outcome.commit,
        }
    return data


def problem_data(problem: Problem) -> dict[str, Any]:
    """One problem as plain values."""
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }


def _item(row: tuple[Direction, Change], path: str, view: View) -> dict[str, Any]:
    direction, change = row
    item = {
        "kind": change.key.kind.value,
        "namespace": change.key.namespace,
        "name": change.key.name,
        "path": path,
        "verdict": change.verdict.value,
        "reason": change.reason,
        "revision": change.revision,
    }
    return item | {"direction": direction.value} if view.direction == "both" else item


def _failure(failure: Failure) -> dict[str, str]:
    key = failure.key
    return {"kind": key.kind.value, "namespace": key.namespace, "name": key.name, "error": failure.error}


def as_text(view: View, paint: Paint, *, diffs: bool = True, stat: bool = False) -> str:
    """
    For a terminal or a log.

    Args:
        view: What to show.
        paint: Colours, or none.
        diffs: Whether each change is followed by its unified diff.
        stat: Whether each change is followed by how many lines it adds and removes.
    """
    heading = paint(f"{ARROWS[view.direction]}  {view.environment}", bold=True)
    lines = [f"{heading}  ({_TOWARDS[view.direction]} {view.source})"]
    for direction, change in view.rows:
        lines.extend(_row(direction, change, view, paint, diffs=diffs, stat=stat))
    lines.extend(problem_line(problem, paint) for problem in view.problems)
    lines.extend(f"{paint('refused', fg='bright_red')}: {refusal.message}; {refusal.hint}" for refusal in view.refusals)
    lines.extend(
        f"{paint('failed', fg='bright_red')}: {failure.key}: {printable(failure.error)}"
        for failure in (view.outcome.failed if view.outcome else ())
    )
    lines.append(_closing(view))
    return "\n".join(lines)


def _row(direction: Direction, change: Change, view: View, paint: Paint, *, diffs: bool, stat: bool) -> Iterator[str]:
    sign, colour = SIGNS[change.verdict]
    arrow = f" {ARROWS[direction]}" if view.direction == "both" and change.verdict.writes else ""
    name = printable(str(change.key))
    yield f"{paint(f'{sign} {change.verdict:<9}', fg=colour)} {name}{arrow}  {printable(change.reason)}"
    if change.verdict in {Verdict.SETTLED, Verdict.UNMANAGED, Verdict.BLOCKED}:
        return
    if stat:
        added, removed = _counts(change)
        yield f"    {paint(f'+{added}', fg='green')} {paint(f'-{removed}', fg='red')}"
    elif diffs:
        yield from painted(diff_lines(change), paint)


def painted(lines: Iterable[str], paint: Paint) -> Iterator[str]:
    """The lines of a diff, indented and in its usual colours."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        yield "    " + paint(line, fg=colours.get(line[:1]))


def problem_line(problem: Problem, paint: Paint) -> str:
    """One problem as a line of text."""
    colour = "bright_red" if problem.severity is Severity.ERROR else "yellow"
    place = ":".join(str(part) for part in (problem.path, problem.line, problem.column) if part)
    hint = f"; {problem.hint}" if problem.hint else ""
    where = f"{printable(place)}: " if place else ""
    message = _beside_its_path(problem)
    return f"{paint(problem.severity.value, fg=colour)} {problem.code}: {where}{printable(message)}{hint}"


def _beside_its_path(problem: Problem) -> str:
    return problem.message.removeprefix(f"{problem.path}: ")


def _closing(view: View) -> str:
    counts = [f"{count} {name}" for name, count in view.summary.items() if count]
    done = ""
    if view.outcome is not None:
        done = f"; {view.outcome.applied} written"
        if view.outcome.dry_run:
            done = "; dry run, nothing written"
        elif view.outcome.withheld:
            done = "; nothing written, because something is invalid (--on-invalid skip writes the rest)"
        if view.outcome.commit:
            done += f", commit {view.outcome.commit[:12]}"
    return (", ".join(counts) or "nothing in scope") + done


def _text_lines(resource: Resource | None) -> list[str] | None:
    """Lines of a text, or `None` where it is none."""
    if resource is None:
        return []
    data = resource.load()
    if b"\0" in data:
        return None
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError:
        return None


def diff_lines(change: Change) -> list[str]:
    """
    The unified diff from the target's text to what it would be; for drift and conflicts, to the source's text.

    Control characters are made visible, and binary files are only named.
    """
    before, after = _before_and_after(change)
    old, new = _text_lines(before), _text_lines(after)
    if old is None or new is None:
        return ["binary files differ"]
    lines = list(unified_diff(old, new, _label(change.target, change), _label(after, change), lineterm=""))
    if not lines and change.verdict.writes:
        return ["only line ends or invisible characters differ"]
    return [printable(line) for line in lines]


def _before_and_after(change: Change) -> tuple[Resource | None, Resource | None]:
    after = change.write if change.verdict.writes else change.source
    before = change.base if held_by_base(change) else change.target  # the target may have been written meanwhile
    return before, after


def _label(resource: Resource | None, change: Change) -> str:
    if resource is None:
        return "/dev/null"
    return resource.path or f"{change.key.namespace}/{change.key.name}"


def _counts(change: Change) -> tuple[int, int]:
    old, new = map(_text_lines, _before_and_after(change))
    if old is None or new is None:
        return 0, 0
    if not old or not new:
        return len(new), len(old)
    body = diff_lines(change)[2:]
    return sum(line.startswith("+") for line in body), sum(line.startswith("-") for line in body)


def as_markdown(view: View) -> str:
    """
    For a pull request: a table of changes, then folded diffs.

    Everything that comes from a repository or a server is escaped; long diffs are cut so that a forge accepts it.
    """
    lines = [f"### `{view.environment}`: {ARROWS[view.direction]}", "", _closing(view), ""]
    if view.rows:
        lines += ["| | object | what happens | why |", "| --- | --- | --- | --- |"]
        lines += [_markdown_row(change) for _, change in view.rows if change.verdict is not Verdict.SETTLED]
        lines.append("")
    lines += [
        f"- **{problem.severity.value}** {problem.code} {cell(problem.path)} {cell(_beside_its_path(problem))}"
        for problem in view.problems
    ]
    lines += [f"- **refused**: {cell(refusal.message)}; {cell(refusal.hint)}" for refusal in view.refusals]
    room = MARKDOWN_LIMIT - len("\n".join(lines))
    for _, change in view.rows:
        folded = _folded(change)
        if len(folded) > room:
            lines += ["", "_Further diffs are left out here, because the text would be too long._"]
            break
        room -= len(folded)
        lines.append(folded)
    return "\n".join(lines).rstrip() + "\n"


def _markdown_row(change: Change) -> str:
    sign, _ = SIGNS[change.verdict]
    return f"| {sign} | {cell(str(change.key))} | {change.verdict} | {cell(change.reason)} |"


def cell(text: str) -> str:
    """Text that can neither end a table cell nor bring HTML, links or mentions into a comment."""
    plain = escape(printable(text), quote=False).replace("|", "\\|").replace("`", "'").replace("\n", " ")
    return f"`{plain}`" if plain else ""


def _folded(change: Change) -> str:
    if change.verdict in {Verdict.SETTLED, Verdict.UNMANAGED, Verdict.BLOCKED}:
        return ""
    body = "\n".join(diff_lines(change))
    fence = "`" * max(3, 1 + max((len(list(run)) for char, run in groupby(body) if char == "`"), default=0))
    title = escape(printable(str(change.key)))
    return f"\n<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>"
