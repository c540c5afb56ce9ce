"""The commands beside push and pull, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syncd.sandbox import running
from tests.cli.conftest import Place, flow_text

FLOW = "flows/company.team/hello.yml"


def test_a_sync_brings_both_sides_in_step(agreed: Place) -> None:
    agreed.flow("from-git")
    agreed.ui.create(flow_text("from-ui"))
    result = agreed.json("sync")
    assert result["direction"] == "both"
    assert {(item["name"], item["direction"], item["verdict"]) for item in result["items"]} == {
        ("from-git", "push", "create"),
        ("from-ui", "pull", "create"),
    }
    assert agreed.ui.text("from-git") is not None
    assert (agreed.root / "flows/company.team/from-ui.yml").exists()
    assert agreed.json("sync")["items"] == []


@pytest.mark.parametrize(("winner", "message"), [("git", "ours"), ("kestra", "theirs")])
def test_a_sync_can_let_either_side_win(agreed: Place, winner: str, message: str) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.flow(message="ours")
    agreed.syncd("sync", code=4)
    agreed.syncd("sync", "--on-conflict", winner)
    assert agreed.ui.text() == flow_text(message=message)
    assert (agreed.root / FLOW).read_text() == flow_text(message=message)


def test_a_dry_sync_says_what_the_real_one_does(agreed: Place) -> None:
    agreed.flow("from-git")
    agreed.ui.edit(flow_text(message="edited in the UI"))
    dry = agreed.json("sync", "--dry-run")
    real = agreed.json("sync")
    words = [[item[name] for name in ("name", "direction", "verdict")] for item in dry["items"]]
    assert words == [[item[name] for name in ("name", "direction", "verdict")] for item in real["items"]]
    assert (dry["applied"], real["applied"]) == (0, 2)


@pytest.mark.parametrize("change", ["update", "drift", "paused", "conflict", "create"])
def test_diff_ends_with_2_for_anything_not_in_step(agreed: Place, change: str) -> None:
    agreed.syncd("diff", "--exit-code")
    if change in {"update", "conflict"}:
        agreed.flow(message="edited in Git")
    if change in {"drift", "conflict"}:
        agreed.ui.edit(flow_text(message="edited in the UI"))
    if change == "paused":
        agreed.ui.pause()
    if change == "create":
        agreed.flow("new")
    agreed.syncd("diff")
    assert change in agreed.verdicts("diff", "--exit-code", code=2).values()


def test_diff_ends_with_0_for_what_is_unmanaged(agreed: Place) -> None:
    agreed.ui.create(flow_text("theirs"))
    assert agreed.verdicts("diff", "--exit-code") == {"theirs": "unmanaged"}


def test_diff_shows_lines_counts_json_or_markdown(agreed: Place) -> None:
    agreed.flow(message="edited <b>| `x`")
    assert "+    message: edited <b>| `x`" in agreed.syncd("diff").stdout
    assert "+1 -1" in agreed.syncd("diff", "--stat").stdout
    markdown = agreed.syncd("diff", "--format", "markdown").stdout
    assert "| `flow company.team/hello` | update | `edited in Git` |" in markdown
    data = agreed.json("diff")
    assert {"applied", "failed", "commit"}.isdisjoint(data)


def test_a_diff_can_be_held_against_a_reviewed_plan(agreed: Place, tmp_path: Path) -> None:
    agreed.flow(message="reviewed")
    agreed.syncd("diff", "--out", str(tmp_path / "plan.json"))
    assert agreed.verdicts("diff", "--plan", str(tmp_path / "plan.json")) == {"hello": "update"}
    agreed.flow(message="edited since")
    assert "no longer fits" in agreed.json("diff", "--plan", str(tmp_path / "plan.json"), code=4)["error"]["message"]


@pytest.mark.parametrize(
    ("verb", "direction"), [("diff", "push"), ("push", "push"), ("pull", "pull"), ("sync", "both")]
)
def test_the_object_has_the_same_shape_also_with_an_error_in_it(agreed: Place, verb: str, direction: str) -> None:
    good = agreed.json(verb)
    bad = agreed.json(verb, code=1, SYNCD_PASSWORD="wrong")
    assert set(bad) == {*good, "error"}
    assert bad["direction"] == direction
    assert bad["items"] == []


def test_the_log_is_the_history_of_the_base_ref(agreed: Place) -> None:
    agreed.flow(message="second")
    source = agreed.commit("second")
    agreed.syncd("push")
    first, second = json.loads(agreed.syncd("log", "--format", "json").stdout)
    assert first["source"] == source
    assert first["written"] == [FLOW]
    assert first["commit"] == agreed.git("rev-parse", "refs/syncd/default")
    assert second["number"] == 2
    assert "ada" not in first["server"]["url"]
    assert "push: 1 updated" in agreed.syncd("log").stdout


def test_the_base_ref_has_trailers_and_only_what_was_agreed(agreed: Place) -> None:
    agreed.write("README.md", "not ours")
    agreed.commit()
    message = agreed.git("log", "-1", "--format=%(trailers)", "refs/syncd/default")
    assert "Syncd-Source: " in message
    assert f"Syncd-Server: {agreed.ui.url} main " in message
    assert "Syncd-Scope: company.team" in message
    tree = agreed.git("ls-tree", "-r", "--name-only", "refs/syncd/default").splitlines()
    assert tree == [FLOW, "namespaces/company.team/files/scripts/query.sql"]


def test_a_rollback_pushes_what_was_there_before(agreed: Place) -> None:
    agreed.flow(message="second")
    agreed.flow("new")
    agreed.commit()
    agreed.syncd("push")
    assert agreed.verdicts("rollback", "--to", "2", "--dry-run") == {"hello": "update", "new": "unmanaged"}
    agreed.syncd("rollback", "--to", "2", "--prune")
    assert agreed.ui.text() == flow_text()
    assert agreed.ui.text("new") is None
    agreed.syncd("rollback", "--to", "99", code=1)


@pytest.mark.parametrize(("side", "message"), [("git", "ours"), ("kestra", "theirs")])
def test_resolve_takes_one_side_of_one_object(agreed: Place, side: str, message: str) -> None:
    agreed.flow("other", "untouched")
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.flow(message="ours")
    agreed.syncd("resolve", "company.team/hello", "--take", side)
    assert agreed.ui.text() == flow_text(message=message)
    assert (agreed.root / FLOW).read_text() == flow_text(message=message)
    assert agreed.ui.text("other") is None


def test_what_is_resolved_onto_a_side_branch_is_agreed_on_only_once_it_is_merged(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    base = agreed.git("rev-parse", "refs/syncd/default")
    agreed.syncd("resolve", "company.team/hello", "--take", "kestra", "--branch", "from-ui")
    assert agreed.git("rev-parse", "refs/syncd/default") == base
    assert agreed.verdicts("push") == {"hello": "drift"}
    agreed.git("merge", "--quiet", "from-ui")
    assert agreed.verdicts("push") == {"hello": "settled"}


def test_a_sync_with_a_side_branch_leaves_the_base_until_the_merge(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.syncd("sync", "--branch", "from-ui")
    assert agreed.verdicts("push") == {"hello": "drift"}
    assert agreed.ui.text() == flow_text(message="theirs")


def test_resolve_names_what_it_does_not_know(agreed: Place) -> None:
    result = agreed.syncd("resolve", "company.team/nobody", "--take", "git", code=1)
    assert "company.team/nobody" in result.stderr


def test_what_was_rescued_goes_back_to_where_it_came_from(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.syncd("push", "--force")
    agreed.syncd("rescue", "restore", "company.team/hello", "--to", "kestra")
    assert agreed.ui.text() == flow_text(message="theirs")
    agreed.syncd("rescue", "restore", "company.team/hello", "--entry", "2")
    assert (agreed.root / FLOW).read_text() == flow_text(message="theirs")
    assert json.loads(agreed.syncd("rescue", "list", "--format", "json").stdout)[0]["name"] == "hello"


def test_another_instance_at_the_same_address_voids_the_base(agreed: Place, tmp_path: Path) -> None:
    agreed.flow("second")
    agreed.syncd("push")
    (agreed.root / "flows/company.team/second.yml").unlink()
    with running(dialect="1.3") as other:
        agreed.variables["SYNCD_URL"] = other.url
        assert set(agreed.verdicts("push", "--prune", "--allow-emptying").values()) == {"create"}
        assert agreed.json("push")["items"] == []


def test_init_writes_a_configuration_that_diff_understands(agreed: Place) -> None:
    agreed.syncd("init", "--url", agreed.ui.url)
    assert agreed.json("diff")["environment"] == "dev"
    agreed.syncd("init", code=1)


def test_init_finds_the_layout_of_the_repository(place: Place) -> None:
    place.write("company.team/flows/hello.yml", flow_text())
    place.commit()
    assert '"{namespace}/flows"' in place.syncd("init", "--print").stdout


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ('{flows: "{namespace}/flows", files: "{namespace}/files"}', "company.team/flows/hello.yml"),
        ('{flows: "_flows", files: "_files", namespace: company}', "_flows/team/hello.yml"),
    ],
)
def test_every_layout_goes_both_ways(place: Place, layout: str, path: str) -> None:
    place.write("syncd.yaml", f"layout: {layout}\n")
    place.write(path, flow_text())
    place.syncd("push")
    place.ui.edit(flow_text(message="edited in the UI"))
    place.syncd("pull")
    assert (place.root / path).read_text() == flow_text(message="edited in the UI")


def test_every_problem_of_the_configuration_is_told_at_once(place: Place) -> None:
    place.write("syncd.yaml", "default: none\nenvironments:\n  dev: {url: 3, colour: red, password: secret}\n")
    result = place.syncd("diff", code=1)
    assert "SYNCD_PASSWORD" in result.stderr
    assert "secret" not in result.stderr.replace("secrets", "")


def test_config_show_says_where_each_value_came_from(place: Place) -> None:
    place.write("syncd.yaml", "environments: {dev: {tenant: main, prune: true}}\n")
    shown = place.syncd("config", "show", "--origin").stdout
    assert "# SYNCD_URL" in shown
    assert "# syncd.yaml" in shown
    assert "Admin1234" not in shown


def test_what_an_environment_no_longer_manages_is_released_and_not_deleted(agreed: Place) -> None:
    agreed.flow(namespace="company.other")
    agreed.syncd("push")
    agreed.write("syncd.yaml", "environments: {default: {namespaces: [company.other]}}\n")
    assert agreed.json("push", "--prune")["items"] == []
    tree = agreed.git("ls-tree", "-r", "--name-only", "refs/syncd/default").splitlines()
    assert tree == ["flows/company.other/hello.yml"]
    assert agreed.ui.text() is not None


def test_the_base_is_shared_through_a_remote(agreed: Place, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    agreed.git("init", "--quiet", "--bare", str(remote))
    agreed.git("remote", "add", "origin", str(remote))
    agreed.git("push", "--quiet", "origin", "main")
    agreed.write("syncd.yaml", "environments: {default: {share: origin}}\n")
    agreed.flow("second")
    agreed.syncd("push")
    shared = agreed.git("ls-remote", "origin", "refs/syncd/default").split()[0]
    assert shared == agreed.git("rev-parse", "refs/syncd/default")
    agreed.git("update-ref", "-d", "refs/syncd/default")
    (agreed.root / "flows/company.team/second.yml").unlink()
    assert agreed.verdicts("push", "--prune") == {"second": "delete"}


def test_doctor_looks_at_everything_and_ends_with_1_where_one_is_not_well(agreed: Place) -> None:
    assert "2 objects agreed on" in agreed.syncd("doctor").stdout
    assert "401" in agreed.syncd("doctor", code=1, SYNCD_PASSWORD="wrong").stdout


@pytest.mark.parametrize(
    "names",
    [
        ("KESTRACTL_HOST", "KESTRACTL_USERNAME", "KESTRACTL_PASSWORD"),
        ("KESTRA_URL", "KESTRA_USERNAME", "KESTRA_PASSWORD"),
    ],
)
def test_the_variables_of_other_tools_are_understood(agreed: Place, names: tuple[str, str, str]) -> None:
    url, username, password = (agreed.variables.pop(f"SYNCD_{key}") for key in ("URL", "USERNAME", "PASSWORD"))
    assert agreed.json("diff", **dict(zip(names, (f"{url}/api/v1", username, password), strict=True)))["items"] == []


def test_outside_of_a_repository_the_error_names_the_folder(place: Place, tmp_path: Path) -> None:
    result = place.syncd("diff", "--repo", str(tmp_path), code=1)
    assert str(tmp_path) in result.stderr
