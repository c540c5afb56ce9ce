"""`syncd ci`: what pipelines need, on any forge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syncd.cli.main import main
from syncd.forge import Product
from tests.forge.stand_in import TOKEN, StandIn, listening

COUNTS = dict.fromkeys(("create", "update", "delete", "drift", "paused", "conflict", "unmanaged", "blocked"), 0)


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    with listening(StandIn(Product.GITLAB, "acme/data/flows")) as started:
        yield started


def ci(forge: StandIn, *arguments: str, **more: str) -> Result:
    gitlab = {"GITLAB_CI": "true", "CI_API_V4_URL": forge.url, "CI_PROJECT_PATH": forge.project, "GITLAB_TOKEN": TOKEN}
    return CliRunner().invoke(main, ["ci", *arguments], env={**gitlab, **more})


def plan(**counts: int) -> Path:
    path = Path("plan.json")
    path.write_text(json.dumps({"hash": "a" * 64, "summary": {**COUNTS, **counts}}))
    return path


def test_outputs_are_printed_where_there_is_no_file_for_them(forge: StandIn) -> None:
    plan(update=2, conflict=1)
    result = ci(forge, "outputs", "--plan", "plan.json")
    assert result.stdout.split() == ["has-changes=true", "has-conflicts=true", "has-drift=true", "plan-path=plan.json"]


def test_a_merge_request_is_commented_in_place(forge: StandIn) -> None:
    for text in ("one", "two"):
        Path("text.md").write_text(text)
        assert ci(forge, "comment", "--name", "plan", "text.md", CI_MERGE_REQUEST_IID="3").exit_code == 0
    assert [note["body"] for note in forge.comments[3]] == ["<!-- syncd:plan -->\ntwo"]


def test_without_a_merge_request_the_summary_has_the_text(forge: StandIn) -> None:
    Path("text.md").write_text("the plan")
    result = ci(forge, "comment", "--name", "plan", "text.md", GITHUB_STEP_SUMMARY="summary.md")
    assert result.exit_code == 0
    assert Path("summary.md").read_text() == "the plan\n"
    assert forge.seen == []


def test_the_reviewed_plan_is_told_apart_from_another(forge: StandIn) -> None:
    status = ("status", "--commit", "head", "--context", "plan", "--outcome", "success", "--plan", "plan.json")
    reviewed = ("reviewed", "--commit", "merge", "--context", "plan", "--plan", "plan.json")
    plan(update=2)
    assert "no plan was reviewed" in ci(forge, *reviewed).stderr
    assert ci(forge, *status).exit_code == 0
    forge.merged["merge"] = "head"
    assert ci(forge, *reviewed).exit_code == 0
    plan(update=3)
    moved = ci(forge, *reviewed)
    assert moved.exit_code == 4
    assert "reviewed 2 update (plan" in moved.stderr


def test_an_issue_is_opened_and_closed(forge: StandIn) -> None:
    Path("text.md").write_text("drift")
    assert ci(forge, "issue", "--name", "drift", "--title", "Drift", "text.md").exit_code == 0
    assert ci(forge, "issue", "--name", "drift", "--title", "Drift", "--close", "text.md").exit_code == 0
    assert [issue["state"] for issue in forge.issues] == ["closed"]


@pytest.mark.parametrize("text", ["not json", "[]", '{"hash": "x"}'])
def test_what_is_no_plan_is_refused(forge: StandIn, text: str) -> None:
    Path("plan.json").write_text(text)
    result = ci(forge, "outputs", "--plan", "plan.json")
    assert result.exit_code == 1
    assert "plan.json" in result.stderr


def test_without_a_known_forge_the_error_says_what_to_set(forge: StandIn) -> None:
    Path("text.md").write_text("x")
    result = ci(forge, "issue", "--name", "x", "--title", "x", "text.md", GITLAB_CI="")
    assert result.exit_code == 1
    assert "set SYNCD_FORGE" in result.stderr
