"""`syncd pull`, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Place, flow_text, make_place

FLOW = "flows/company.team/hello.yml"
QUERY = "namespaces/company.team/files/scripts/query.sql"


def test_an_edit_in_the_ui_comes_back_into_the_work_tree(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="edited in the UI"))
    agreed.ui.upload("scripts/query.sql", b"select 2\n")
    assert agreed.verdicts("pull") == {"hello": "update", "scripts/query.sql": "update"}
    assert (agreed.root / FLOW).read_text() == flow_text(message="edited in the UI")
    assert (agreed.root / QUERY).read_bytes() == b"select 2\n"
    assert agreed.json("pull")["items"] == []
    assert agreed.json("push")["items"] == []


def test_a_new_flow_gets_the_suffix_of_its_neighbours(agreed: Place) -> None:
    (agreed.root / FLOW).rename(agreed.root / "flows/company.team/hello.yaml")
    agreed.ui.create(flow_text("second"))
    agreed.syncd("pull")
    assert (agreed.root / "flows/company.team/second.yaml").read_text() == flow_text("second")


def test_an_edit_in_git_is_drift_for_a_pull_and_stays(agreed: Place) -> None:
    agreed.flow(message="edited in Git")
    assert agreed.verdicts("pull") == {"hello": "drift"}
    assert (agreed.root / FLOW).read_text() == flow_text(message="edited in Git")


def test_what_was_deleted_on_the_server_stays_in_git_without_prune(agreed: Place) -> None:
    agreed.ui.create(flow_text("second"))
    agreed.syncd("pull")
    agreed.ui.delete()
    assert agreed.verdicts("pull") == {"hello": "unmanaged"}
    assert (agreed.root / FLOW).exists()
    assert agreed.verdicts("pull", "--prune") == {"hello": "delete"}
    assert not (agreed.root / FLOW).exists()


def test_a_commit_holds_exactly_what_was_pulled(agreed: Place) -> None:
    agreed.write("notes.txt", "not committed")
    agreed.ui.edit(flow_text(message="edited in the UI"))
    commit = agreed.json("pull", "--commit", "--message", "From the UI", "--author", "Grace <grace@example.com>")[
        "commit"
    ]
    assert agreed.git("rev-parse", "HEAD") == commit
    assert agreed.git("show", "--format=%s|%an|%ae", "--name-only", "HEAD").split("\n\n") == [
        "From the UI|Grace|grace@example.com",
        FLOW,
    ]
    assert agreed.git("status", "--short") == "?? notes.txt"


def test_a_second_pull_commits_nothing(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="edited in the UI"))
    agreed.syncd("pull", "--commit")
    head = agreed.git("rev-parse", "HEAD")
    assert agreed.json("pull", "--commit")["commit"] is None
    assert agreed.git("rev-parse", "HEAD") == head


def test_a_path_with_uncommitted_edits_is_a_conflict_for_a_commit(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="edited in the UI"))
    agreed.flow(message="being edited")
    agreed.syncd("pull", "--commit", code=4)
    assert (agreed.root / FLOW).read_text() == flow_text(message="being edited")


def test_a_pull_onto_a_branch_leaves_the_work_tree_alone(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="edited in the UI"))
    commit = agreed.json("pull", "--branch", "from-ui")["commit"]
    assert agreed.git("rev-parse", "from-ui") == commit
    assert agreed.git("status", "--short") == ""
    assert agreed.git("branch", "--show-current") == "main"
    assert agreed.git("show", f"from-ui:{FLOW}") == flow_text(message="edited in the UI").strip()


def test_a_pushed_branch_arrives_at_the_remote(agreed: Place, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    agreed.git("init", "--quiet", "--bare", str(remote))
    agreed.git("remote", "add", "origin", str(remote))
    agreed.git("push", "--quiet", "--set-upstream", "origin", "main")
    agreed.ui.edit(flow_text(message="edited in the UI"))
    commit = agreed.json("pull", "--commit", "--push")["commit"]
    assert agreed.git("ls-remote", "origin", "refs/heads/main").split()[0] == commit


def test_a_kept_pause_is_not_carried_into_git(agreed: Place) -> None:
    agreed.ui.pause()
    assert agreed.verdicts("pull") == {"hello": "paused"}
    assert (agreed.root / FLOW).read_text() == flow_text()
    assert agreed.verdicts("pull", "--paused", "overwrite") == {"hello": "update"}
    assert (agreed.root / FLOW).read_text() == flow_text() + "\ndisabled: true"


def test_a_conflict_is_settled_by_naming_the_winner(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="theirs"))
    agreed.flow(message="ours")
    assert agreed.verdicts("pull", code=4) == {"hello": "conflict"}
    assert agreed.verdicts("pull", "--on-conflict", "kestra") == {"hello": "update"}
    assert (agreed.root / FLOW).read_text() == flow_text(message="theirs")


def test_namespaces_that_nobody_named_stay_on_the_server(agreed: Place) -> None:
    agreed.ui.create(flow_text("other", namespace="company.other"))
    agreed.ui.create(flow_text("child", namespace="company.team.etl"))
    agreed.syncd("pull")
    assert not (agreed.root / "flows/company.other").exists()
    assert (agreed.root / "flows/company.team.etl/child.yml").exists()
    agreed.syncd("pull", "--all-namespaces")
    assert (agreed.root / "flows/company.other/other.yml").exists()


def test_a_pull_into_an_empty_repository_brings_the_namespace_that_is_named(agreed: Place, tmp_path: Path) -> None:
    empty = make_place(tmp_path / "empty", agreed.ui.url, tmp_path / "cache")
    empty.syncd("pull", "--namespace", "company.team")
    assert (empty.root / FLOW).read_text() == flow_text()
    assert (empty.root / QUERY).read_bytes() == b"select 1\n"


@pytest.mark.parametrize("server", ["2.0"], indirect=True)
def test_a_draft_is_neither_pulled_nor_does_it_delete_its_copy_in_git(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="a draft"), draft=True)
    assert agreed.verdicts("pull", "--prune", code=3) == {"hello": "blocked"}
    assert (agreed.root / FLOW).read_text() == flow_text()
    agreed.flow(message="edited in Git")
    assert agreed.verdicts("push", "--force", code=3) == {"hello": "blocked"}


def test_a_pull_onto_a_side_branch_is_agreed_on_only_once_it_is_merged(agreed: Place) -> None:
    agreed.ui.edit(flow_text(message="edited in the UI"))
    agreed.syncd("pull", "--branch", "from-ui")
    assert agreed.verdicts("push") == {"hello": "drift"}
    assert agreed.ui.text() == flow_text(message="edited in the UI")
    agreed.git("merge", "--quiet", "from-ui")
    assert agreed.verdicts("push") == {"hello": "settled"}


def test_a_branch_that_others_push_to_is_followed_and_never_forced(agreed: Place, tmp_path: Path) -> None:
    remote, other = tmp_path / "remote.git", tmp_path / "other"
    agreed.git("init", "--quiet", "--bare", str(remote))
    agreed.git("remote", "add", "origin", str(remote))
    agreed.git("push", "--quiet", "origin", "main:from-ui")
    agreed.git("clone", "--quiet", "--branch", "from-ui", str(remote), str(other))
    for number in range(2):
        (other / f"{number}.txt").write_text("theirs")
        for command in (("pull", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "theirs"), ("push", "--quiet")):
            agreed.git("-C", str(other), "-c", "user.name=Eve", "-c", "user.email=eve@example.com", *command)
        agreed.ui.edit(flow_text(message=f"edit {number}"))
        commit = agreed.json("pull", "--branch", "from-ui", "--push")["commit"]
        assert agreed.git("ls-remote", "origin", "refs/heads/from-ui").split()[0] == commit
    names = agreed.git("ls-tree", "-r", "--name-only", "from-ui").splitlines()
    assert {"0.txt", "1.txt", FLOW} <= set(names)
