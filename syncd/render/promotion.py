"""
A promotion as text, as JSON, and as the body of its pull request.

Strings in, strings out. What is in them is decided in `promote` and `promotions`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from syncd.model import Change, Problem, Severity, Verdict
from syncd.plan import Plan
from syncd.promote import Edit, Left, Needs, Promoted, Recipe, reason
from syncd.render.plans import MARKDOWN_LIMIT, SIGNS, cell, diff_lines, painted, problem_data, problem_line
from syncd.render.terminal import Paint, printable

_LISTED = 50
"""Entries of one list in a pull request; the command's own output has them all."""
_QUIET = frozenset({Verdict.SETTLED, Verdict.UNMANAGED})


@dataclass(frozen=True, slots=True)
class PromotionView:
    """
    Everything about a promotion that is worth showing.

    Args:
        recipe: Which namespaces, and how texts follow.
        source: The source as the user named it.
        source_commit: Its commit.
        plan: What happens to each object of the target.
        promoted: What was rewritten and what was left.
        needs: Keys and secrets that the target must have.
        problems: What is wrong, and what should be looked at.
        trailers: By which the promotion is found again.
        exit: The exit code.
        branch: Where it was committed, or "".
        commit: The commit, or "" where nothing was written.
        pull_request: Its address, or "".
        dry_run: Whether nothing was to be written.
        withheld: Whether a problem held everything back.
    """

    recipe: Recipe
    source: str
    source_commit: str
    plan: Plan
    promoted: Promoted
    needs: Needs
    problems: tuple[Problem, ...]
    trailers: str
    exit: int
    branch: str = ""
    commit: str = ""
    pull_request: str = ""
    dry_run: bool = False
    withheld: bool = False

    @property
    def edits(self) -> tuple[tuple[Change, Edit], ...]:
        """What was rewritten in what is written."""
        return self.promoted.edits(self.plan.writes)

    @property
    def left(self) -> tuple[tuple[Change, Left], ...]:
        """What was left alone in what is written."""
        return self.promoted.left(self.plan.writes)

    def why(self, change: Change) -> str:
        """Why a change has its verdict."""
        return reason(change, self.promoted.origins, self.recipe)


def as_json(view: PromotionView) -> str:
    """One object, with the items of every other verb and what is special to a promotion."""
    data: dict[str, Any] = {
        "promote": dict(view.recipe.names.pairs),
        "rewrite": view.recipe.rewrite.value,
        "source": view.source,
        "source_commit": view.source_commit,
        "hash": view.plan.hash,
        "items": [_item(view, change) for change in view.plan.changes],
        "summary": view.plan.summary,
        "rewritten": [_edit(change, edit) for change, edit in view.edits],
        "left": [_left(change, left) for change, left in view.left],
        "needs": {name: [_named(item) for item in getattr(view.needs, name)] for name in ("keys", "secrets")},
        "problems": [problem_data(problem) for problem in view.problems],
        "refusals": [{"message": refusal.message, "hint": refusal.hint} for refusal in view.plan.refusals],
        "branch": view.branch or None,
        "commit": view.commit or None,
        "pull_request": view.pull_request or None,
        "exit": view.exit,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _item(view: PromotionView, change: Change) -> dict[str, Any]:
    origin = view.promoted.origins.get(change.key)
    return {
        "kind": change.key.kind.value,
        "namespace": change.key.namespace,
        "name": change.key.name,
        "path": change.path,
        "verdict": change.verdict.value,
        "reason": view.why(change),
        "from": origin.namespace if origin else None,
    }


def _edit(change: Change, edit: Edit) -> dict[str, Any]:
    return {"path": change.path, "line": edit.line, "place": edit.place, "from": edit.old, "to": edit.new}


def _left(change: Change, left: Left) -> dict[str, Any]:
    return {"path": change.path, "line": left.line, "text": left.text, "reason": left.reason, "matters": left.matters}


def _named(item: tuple[str, str]) -> dict[str, str]:
    return {"namespace": item[0], "name": item[1]}


def as_text(view: PromotionView, paint: Paint, *, diffs: bool = True) -> str:
    """
    For a terminal or a log.

    Args:
        view: What to show.
        paint: Colours, or none.
        diffs: Whether each change is followed by its unified diff.
    """
    lines = [paint(f"promote  {_arrows(view)}", bold=True) + f"  (from {view.source} {view.source_commit[:12]})"]
    for change in view.plan.changes:
        sign, colour = SIGNS[change.verdict]
        name = printable(str(change.key))
        lines.append(f"{paint(f'{sign} {change.verdict:<9}', fg=colour)} {name}  {printable(view.why(change))}")
        if diffs and change.verdict.writes:
            lines.extend(painted(diff_lines(change), paint))
    lines += [f"rewritten {printable(_place(change, edit))}: {edit.old} → {edit.new}" for change, edit in view.edits]
    lines += [
        f"left      {printable(_place(change, left))}: {printable(left.text)}  ({left.reason})"
        for change, left in view.left
    ]
    lines += [f"needs     {what} {namespace}: {printable(name)}" for what, namespace, name in _needs(view)]
    lines += [problem_line(problem, paint) for problem in view.problems]
    lines += [f"refused: {refusal.message}; {refusal.hint}" for refusal in view.plan.refusals]
    return "\n".join([*lines, _closing(view)])


def _arrows(view: PromotionView) -> str:
    return ", ".join(f"{source} → {target}" for source, target in view.recipe.names.pairs)


def _place(change: Change, item: Edit | Left) -> str:
    return f"{change.path}:{item.line}"


def _needs(view: PromotionView) -> Iterator[tuple[str, str, str]]:
    yield from (("key", namespace, name) for namespace, name in view.needs.keys)
    yield from (("secret", namespace, name) for namespace, name in view.needs.secrets)


def _counts(view: PromotionView) -> str:
    return ", ".join(f"{count} {name}" for name, count in view.plan.summary.items() if count) or "nothing to promote"


def _closing(view: PromotionView) -> str:
    if view.withheld:
        return f"{_counts(view)}; nothing written, because of the problems above"
    if view.dry_run:
        return f"{_counts(view)}; dry run, nothing written"
    done = f"; commit {view.commit[:12]} on {view.branch}" if view.commit else "; nothing to write"
    return _counts(view) + done + (f"\n{view.pull_request}" if view.pull_request else "")


def as_markdown(view: PromotionView) -> str:
    """
    The body of the pull request; everything from the repository is escaped, and long lists are cut.

    It ends with the trailers, so that a squash merge that takes the body for its message keeps them.
    """
    arrows = ", ".join(f"`{source}` → `{target}`" for source, target in view.recipe.names.pairs)
    sections = [
        [f"Promotes {arrows} from commit {view.source_commit[:12]}: {_counts(view)}."],
        _table(view),
        _checklist(view),
        _section("Rewritten", (_edit_row(*pair) for pair in view.edits)),
        _section("Left as it is", (_left_row(*pair) for pair in view.left)),
    ]
    body = "\n\n".join("\n".join(section) for section in sections if section)
    ending = f"<!--\n{view.trailers}-->\n"
    room = MARKDOWN_LIMIT - len(ending)
    return (body if len(body) <= room else body[:room].rpartition("\n")[0] + "\n\n_Cut here._") + "\n\n" + ending


def _table(view: PromotionView) -> list[str]:
    changes = [change for change in view.plan.changes if change.verdict not in _QUIET]
    if not changes:
        return []
    rows = [
        f"| {SIGNS[change.verdict][0]} | {cell(str(change.key))} | {change.verdict} | {cell(view.why(change))} |"
        for change in changes[:_LISTED]
    ]
    return ["| | object | what happens | why |", "| --- | --- | --- | --- |", *rows, *_more(len(changes))]


def _checklist(view: PromotionView) -> list[str]:
    """What somebody should look at before merging, as boxes to tick."""
    apart = {
        Verdict.CONFLICT: "is a conflict",
        Verdict.DRIFT: "was edited in the target",
        Verdict.BLOCKED: "is blocked",
    }
    items = [
        f"{cell(str(change.key))} {apart[change.verdict]} and is not part of this: {cell(view.why(change))}"
        for change in view.plan.changes
        if change.verdict in apart
    ]
    items += [
        f"the {what} {cell(name)} exists in {cell(namespace)} or above it" for what, namespace, name in _needs(view)
    ]
    items += [
        f"{problem.code} {cell(_spot(problem))} {cell(problem.message)}"
        for problem in view.problems
        if problem.severity is not Severity.NOTE
    ]
    items += [f"refused: {cell(refusal.message)}; {cell(refusal.hint)}" for refusal in view.plan.refusals]
    boxes = [f"- [ ] {item}" for item in items[:_LISTED]]
    return ["#### Before merging", "", *boxes, *_more(len(items))] if items else []


def _spot(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}" if problem.line else problem.path


def _section(title: str, rows: Iterable[str]) -> list[str]:
    rows = list(rows)
    if not rows:
        return []
    summary = f"<details><summary>{title} ({len(rows)})</summary>"
    return [summary, "", *rows[:_LISTED], *_more(len(rows)), "", "</details>"]


def _more(count: int) -> list[str]:
    return ["", f"_…and {count - _LISTED} more._"] if count > _LISTED else []


def _edit_row(change: Change, edit: Edit) -> str:
    return f"- {cell(_place(change, edit))} {cell(edit.place)}: {cell(edit.old)} → {cell(edit.new)}"


def _left_row(change: Change, left: Left) -> str:
    return f"- {cell(_place(change, left))} {cell(left.text)}: {left.reason}"
