"""The body of a pull request shows hostile names harmlessly, and is never too long for a forge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.model import Severity
from syncd.plan import Refusal
from syncd.promotions import Prepared, parse, trailers
from syncd.render.promotion import PromotionView, as_json, as_markdown, as_text
from syncd.render.terminal import Paint
from tests.promote.repositories import DEV, PROD, RECIPE, Repo, flow

HOSTILE = "a|b`c<img src=x>@team.sql"


def view(prepared: Prepared) -> PromotionView:
    source = prepared.wish.source
    return PromotionView(
        RECIPE, "HEAD", source, prepared.plan, prepared.wanted, prepared.needs, prepared.problems,
        trailers(RECIPE, source), prepared.exit_code,
    )  # fmt: skip


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    repo = Repo(tmp_path / "repo")
    repo.commit({f"namespaces/{DEV}/files/{HOSTILE}": f"see {DEV}\n", f"flows/{DEV}/a.yml": flow("a")})
    return repo.promote()[0]


def test_a_hostile_name_can_do_nothing(prepared: Prepared) -> None:
    body = as_markdown(view(prepared))
    row = next(line for line in body.splitlines() if "img src" in line and line.startswith("|"))
    assert "<img" not in body
    assert row.count("|") - row.count("\\|") == 5


def test_mentions_in_files_are_listed(prepared: Prepared) -> None:
    assert f"left      namespaces/{PROD}/files/{HOSTILE}:1: {DEV}  (text, a comment or a script)" in as_text(
        view(prepared), Paint()
    )


def test_a_promotion_of_thousands_still_fits_and_keeps_its_trailers(prepared: Prepared) -> None:
    change = prepared.plan.changes[0]
    many = tuple(replace(change, key=replace(change.key, name=f"{number}-{'x' * 900}")) for number in range(3000))
    shown = view(replace(prepared, plan=replace(prepared.plan, changes=many)))
    body = as_markdown(shown)
    assert len(body) <= 65_000
    assert "…and 2950 more" in body or "_Cut here._" in body
    assert parse("c", body) == parse("c", shown.trailers)


def test_refusals_are_boxes_to_tick(prepared: Prepared) -> None:
    refused = replace(prepared.plan, refusals=(Refusal("25 deletions in one run is more than 20", "add X", ()),))
    body = as_markdown(view(replace(prepared, plan=refused)))
    assert "- [ ] refused: `25 deletions in one run is more than 20`; `add X`" in body


def test_notes_are_not_boxes(prepared: Prepared) -> None:
    assert all(problem.severity is not Severity.NOTE for problem in prepared.problems)
    assert "Before merging" not in as_markdown(view(prepared))
    assert f'"{DEV}": "{PROD}"' in as_json(view(prepared))
