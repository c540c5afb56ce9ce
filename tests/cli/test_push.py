"""`syncd push`, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Place, flow_text

QUERY = "scripts/query.sql"


def test_a_first_push_creates_everything_and_a_second_writes_nothing(agreed: Place) -> None:
    assert agreed.ui.text() == flow_text()
    assert agreed.ui.file(QUERY) == b"select 1\n"
    again = agreed.json("push")
    assert (again["applied"], again["items"], again["summary"]["unchanged"]) == (0, [], 2)
    assert agreed.ui.revision() == 1
    assert agreed.ui.file_revisions(QUERY) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + flow_text(), id="byte order mark"),
        pytest.param(flow_text().replace("\n", "\r\n"), id="CRLF"),
        pytest.param("# comment\n" + flow_text().rstrip(), id="comment, no final newline"),
        pytest.param(flow_text(message="'a --- b'"), id="dashes"),
        pytest.param(flow_text(message="héllo 🚀"), id="beyond ASCII"),
        pytest.param("revision: 12\n" + flow_text(), id="a revision line"),
    ],
)
def test_a_text_arrives_byte_for_byte(place: Place, text: str) -> None:
    place.write("flows/company.team/hello.yml", text)
    place.syncd("push")
    assert place.ui.text() == text
    assert place.json("push")["applied"] == 0


def test_an_edit_in_git_is_an_update(agreed: Place) -> None:
    agreed.flow(message="Hello again!")
    (item,) = agreed.json("push")["items"]
    assert (item["verdict"], item["reason"], item["path"]) == (
        "update",
        "edited in Git",
        "flows/company.team/hello.yml",
    )
    assert agreed.ui.text() == flow_text(message="Hello again!")
    assert agreed.ui.revision() == 2


def test_an_edit_in_the_ui_is_drift_and_stays(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="edited in the UI"))
    assert agreed.verdicts("push") == {"hello": "drift"}
    assert agreed.ui.text() == flow_text(message="edited in the UI")


def test_healing_puts_gits_version_back_and_rescues_the_other(agreed: Place) -> None:
    edited = flow_text(message="edited in the UI")
    agreed.ui.edit(edited)
    assert agreed.verdicts("push", "--heal") == {"hello": "update"}
    assert agreed.ui.text() == flow_text()
    agreed.syncd("rescue", "restore", "company.team/hello", "--to", str(agreed.root / "rescued.yml"))
    assert (agreed.root / "rescued.yml").read_text() == edited


def test_a_flow_deleted_on_the_server_is_drift_too_and_heals(agreed: Place) -> None:
    agreed.ui.delete()
    assert agreed.verdicts("push") == {"hello": "drift"}
    assert agreed.verdicts("push", "--heal") == {"hello": "create"}
    assert agreed.ui.text() == flow_text()


def test_edits_on_both_sides_are_a_conflict_and_neither_is_lost(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.flow(message="ours")
    assert agreed.verdicts("push", code=4) == {"hello": "conflict"}
    assert agreed.ui.text() == flow_text(message="theirs")
    assert agreed.verdicts("push", "--on-conflict", "kestra", code=4) == {"hello": "conflict"}
    assert agreed.verdicts("push", "--on-conflict", "git") == {"hello": "update"}
    assert agreed.ui.text() == flow_text(message="ours")
    assert "company.team/hello" in agreed.syncd("rescue", "list").stdout


def test_the_same_edit_on_both_sides_is_settled(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="same"))
    agreed.flow(message="same")
    assert agreed.verdicts("push") == {"hello": "settled"}
    assert agreed.json("push")["summary"]["unchanged"] == 2


def test_nothing_is_deleted_without_prune(agreed: Place) -> None:
    agreed.flow("second")
    agreed.syncd("push")
    (agreed.root / "flows/company.team/second.yml").unlink()
    assert agreed.verdicts("push") == {"second": "unmanaged"}
    assert agreed.ui.text("second") is not None
    assert agreed.verdicts("push", "--prune") == {"second": "delete"}
    assert agreed.ui.text("second") is None
    assert agreed.json("push", "--prune")["items"] == []


def test_what_was_never_agreed_on_is_never_deleted(agreed: Place) -> None:
    agreed.ui.create(flow_text("theirs"))
    assert agreed.verdicts("push", "--prune", "--force") == {"theirs": "unmanaged"}
    assert agreed.ui.text("theirs") is not None


def test_a_guard_refuses_with_6_and_names_the_option_that_lifts_it(agreed: Place) -> None:
    (agreed.root / "flows/company.team/hello.yml").unlink()
    (agreed.root / "namespaces/company.team/files/scripts/query.sql").unlink()
    agreed.flow("new")
    result = agreed.syncd("push", "--prune", code=6)
    assert "--allow-emptying" in result.stdout
    assert agreed.ui.text() is not None
    assert agreed.ui.text("new") is not None
    agreed.syncd("push", "--prune", "--allow-emptying")
    assert agreed.ui.text() is None


def test_one_invalid_flow_holds_everything_back_unless_skipped(place: Place) -> None:
    place.flow("good")
    place.write("flows/company.team/bad.yml", flow_text("bad").replace("core.log.Log", "core.log.Nope"))
    withheld = place.json("push", code=3)
    assert withheld["applied"] == 0
    assert [problem["path"] for problem in withheld["problems"]] == ["flows/company.team/bad.yml"]
    assert place.ui.text("good") is None
    assert place.json("push", "--on-invalid", "skip", code=3)["applied"] == 1
    assert place.ui.text("good") is not None
    assert place.ui.text("bad") is None


def test_every_invalid_file_is_named_at_once_and_none_leads_to_a_deletion(agreed: Place) -> None:
    agreed.write("flows/company.team/hello.yml", "id: hello\nnamespace: company.team\ntasks: [")
    agreed.write("flows/company.team/two.yml", flow_text("two") + "---\n" + flow_text("three"))
    agreed.write("flows/company.team/elsewhere.yml", flow_text("elsewhere", namespace="company.other"))
    result = agreed.json("push", "--prune", "--on-invalid", "skip", code=3)
    assert {problem["path"].rpartition("/")[2] for problem in result["problems"]} == {
        "hello.yml",
        "two.yml",
        "elsewhere.yml",
    }
    assert agreed.ui.text() == flow_text()


def test_two_files_with_one_identity_are_both_named_and_neither_is_written(place: Place) -> None:
    place.flow("hello")
    place.write("flows/company.team/copy.yml", flow_text("hello", "other"))
    result = place.json("push", code=3)
    text = " ".join(problem["message"] for problem in result["problems"])
    assert "hello.yml" in text
    assert "copy.yml" in text
    assert place.ui.text() is None


def test_a_paused_flow_stays_paused_also_when_git_edits_it(agreed: Place) -> None:
    agreed.ui.pause()
    assert agreed.verdicts("push") == {"hello": "paused"}
    agreed.flow(message="edited")
    assert agreed.verdicts("push") == {"hello": "update"}
    assert agreed.ui.text() == flow_text(message="edited") + "\ndisabled: true"
    assert agreed.verdicts("push") == {"hello": "paused"}
    assert agreed.verdicts("push", "--paused", "overwrite") == {"hello": "update"}
    assert agreed.ui.text() == flow_text(message="edited")


def test_force_lets_git_win_and_rescues_what_it_replaces(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    assert agreed.verdicts("push", "--force") == {"hello": "update"}
    assert agreed.ui.text() == flow_text()
    assert "company.team/hello" in agreed.syncd("rescue", "list").stdout


def test_a_dry_run_says_what_the_run_would_do_and_writes_nothing(agreed: Place) -> None:
    agreed.flow(message="edited")
    dry = agreed.json("push", "--dry-run")
    assert agreed.ui.revision() == 1
    assert dry["applied"] == 0
    real = agreed.json("push")
    assert dry["items"] == real["items"]
    assert dry["hash"] == real["hash"]


def test_a_namespace_and_its_children_but_not_its_neighbours(place: Place) -> None:
    for namespace in ("company.team", "company.team.etl", "company.team2"):
        place.flow(namespace=namespace)
    place.syncd("push", "--namespace", "company.team")
    assert place.ui.text(namespace="company.team.etl") is not None
    assert place.ui.text(namespace="company.team2") is None


def test_without_children_only_the_namespace_itself(place: Place) -> None:
    for namespace in ("company.team", "company.team.etl"):
        place.flow(namespace=namespace)
    place.syncd("push", "--namespace", "company.team", "--no-children")
    assert place.ui.text(namespace="company.team.etl") is None


def test_a_reviewed_plan_is_applied_exactly_or_not_at_all(agreed: Place, tmp_path: Path) -> None:
    agreed.flow(message="reviewed")
    plan = tmp_path / "plan.json"
    agreed.syncd("diff", "--out", str(plan))
    assert json.loads(plan.read_text())["summary"]["update"] == 1
    agreed.ui.create(flow_text("meanwhile"))
    agreed.syncd("push", "--plan", str(plan), code=4)
    assert agreed.ui.revision() == 1
    agreed.ui.delete("meanwhile")
    agreed.syncd("push", "--plan", str(plan))
    assert agreed.ui.text() == flow_text(message="reviewed")
    agreed.syncd("push", "--plan", str(plan), code=4)


def test_a_commit_is_pushed_without_looking_at_the_work_tree(agreed: Place) -> None:
    agreed.flow(message="committed")
    agreed.commit()
    agreed.flow(message="not yet committed")
    result = agreed.json("push", "--ref", "HEAD")
    assert result["source"] == "HEAD"
    assert result["source_commit"] == agreed.git("rev-parse", "HEAD")
    assert agreed.ui.text() == flow_text(message="committed")


def test_a_branch_that_does_not_exist_is_an_error_and_deletes_nothing(agreed: Place) -> None:
    result = agreed.json("push", "--prune", "--ref", "no-such-branch", code=1)
    assert "no-such-branch" in result["error"]["message"]
    assert agreed.ui.text() is not None


def test_a_lost_base_is_found_again_in_the_history_of_either_side(agreed: Place) -> None:
    agreed.flow(message="edited in Git")
    agreed.commit()
    agreed.git("update-ref", "-d", "refs/syncd/default")
    assert agreed.verdicts("push") == {"hello": "update", QUERY: "settled"}
    agreed.ui.edit(flow_text(message="edited in the UI"))
    agreed.git("update-ref", "-d", "refs/syncd/default")
    assert agreed.verdicts("push") == {"hello": "drift", QUERY: "settled"}


def test_a_lost_base_never_leads_to_a_deletion(agreed: Place) -> None:
    (agreed.root / "flows/company.team/hello.yml").unlink()
    agreed.git("update-ref", "-d", "refs/syncd/default")
    assert agreed.verdicts("push", "--prune", "--allow-emptying") == {"hello": "unmanaged", QUERY: "settled"}


def test_binary_files_and_empty_ones_travel_both_ways(place: Place) -> None:
    place.write("namespaces/company.team/files/data.bin", bytes(range(256)))
    place.write("namespaces/company.team/files/empty", b"")
    place.write("namespaces/company.team/files/archive.zip", b"PK\x03\x04 not really")
    place.syncd("push")
    assert place.ui.file("data.bin") == bytes(range(256))
    assert place.ui.file("empty") == b""
    assert place.ui.file("archive.zip") == b"PK\x03\x04 not really"
    assert place.json("push")["applied"] == 0


def test_an_ignored_file_is_out_of_scope_on_both_sides(agreed: Place) -> None:
    agreed.write(".kestraignore", "*.sql\n")
    agreed.ui.upload("other.sql", b"select 2")
    assert agreed.json("push", "--prune", "--allow-emptying")["items"] == []
    assert agreed.ui.file(QUERY) is not None
    (agreed.root / ".kestraignore").unlink()
    (agreed.root / "namespaces/company.team/files/scripts/query.sql").unlink()
    verdicts = agreed.verdicts("push", "--prune", "--allow-emptying")
    assert verdicts == {QUERY: "unmanaged", "other.sql": "unmanaged"}


def test_a_flow_that_moves_to_another_file_is_the_same_flow(agreed: Place) -> None:
    (agreed.root / "flows/company.team/hello.yml").rename(agreed.root / "flows/company.team/renamed.yaml")
    assert agreed.json("push", "--prune")["items"] == []


def test_a_flow_that_moves_to_another_namespace_is_created_there_before_it_is_deleted_here(agreed: Place) -> None:
    (agreed.root / "flows/company.team/hello.yml").unlink()
    agreed.flow(namespace="company.new")
    result = agreed.json("push", "--prune")
    assert {(item["namespace"], item["verdict"]) for item in result["items"]} == {
        ("company.new", "create"),
        ("company.team", "delete"),
    }
    assert agreed.ui.text(namespace="company.new") is not None
    assert agreed.ui.text() is None


def test_an_error_stays_one_json_object(place: Place) -> None:
    result = place.json("push", code=1, SYNCD_PASSWORD="wrong")
    assert "401" in result["error"]["message"]
    assert result["error"]["hint"]
    assert "wrong" not in json.dumps(result)


def test_a_wrong_password_is_never_shown(place: Place) -> None:
    result = place.syncd("push", code=1, SYNCD_PASSWORD="canary-5f1d")
    assert "canary-5f1d" not in result.stdout + result.stderr
