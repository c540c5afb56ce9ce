"""The commands against real engines: what is done on one side arrives on the other, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from .launch import RunningEngine
from .workspace import YAML, Workspace


@pytest.fixture
def workspace(tmp_path: Path, engine: RunningEngine, client: httpx.Client, namespace: str) -> Workspace:
    return Workspace(tmp_path, engine, client, namespace)


@pytest.fixture
def in_step(workspace: Workspace) -> Workspace:
    """Two flows and a file, pushed."""
    for flow in ("one", "two"):
        workspace.write(workspace.flow_path(flow), workspace.text(flow))
    workspace.write(workspace.file_path("scripts/run.py"), b"print(1)\n")
    workspace.commit()
    assert workspace.syncd("push").exit == 0
    return workspace


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda text: text, id="as it is"),
        pytest.param(lambda text: text.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda text: b"\xef\xbb\xbf" + text, id="byte order mark"),
        pytest.param(lambda text: b"---\n" + text, id="leading document start"),
        pytest.param(lambda text: text.rstrip(b"\n"), id="no final newline"),
        pytest.param(lambda text: text.replace(b": hi", b": |\n      a\n      ---\n      b"), id="dashes in a block"),
    ],
)
def test_a_flow_is_stored_byte_for_byte_and_a_second_push_makes_no_revision(
    workspace: Workspace, spell: Callable[[bytes], bytes]
) -> None:
    text = spell(workspace.text("one"))
    workspace.write(workspace.flow_path("one"), text)
    first, second = workspace.syncd("push"), workspace.syncd("push")
    assert (first.exit, first.verdicts) == (0, {"one": "create"})
    assert (second.exit, second.verdicts, second.report["applied"]) == (0, {}, 0)
    assert workspace.stored("one") == (text, 1)


def test_files_keep_their_names_and_bytes_and_are_stored_once(workspace: Workspace) -> None:
    files = {
        "data/all.bin": bytes(range(256)),
        "empty.txt": b"",
        ".env": b"A=1\n",
        "archive.zip": b"PK\x05\x06" + bytes(18),
        "é🚀.txt": "ü\n".encode(),
    }
    for name, data in files.items():
        workspace.write(workspace.file_path(name), data)
    assert workspace.syncd("push").exit == 0
    assert workspace.syncd("push").report["applied"] == 0
    assert {name: workspace.stored_file(name) for name in files} == files
    assert {name: workspace.file_revisions(name) for name in files} == dict.fromkeys(files, 1)


def test_an_edit_in_git_becomes_the_next_revision(in_step: Workspace) -> None:
    edited = in_step.text("one", message="edited")
    in_step.write(in_step.flow_path("one"), edited)
    in_step.write(in_step.file_path("scripts/run.py"), b"print(2)\n")
    pushed = in_step.syncd("push")
    assert (pushed.exit, pushed.verdicts) == (0, {"one": "update", "scripts/run.py": "update"})
    assert in_step.stored("one") == (edited, 2)
    assert in_step.stored("two") == (in_step.text("two"), 1)
    assert in_step.stored_file("scripts/run.py") == b"print(2)\n"


def test_an_edit_in_the_ui_is_drift_for_a_push_and_comes_to_git_with_a_pull(in_step: Workspace) -> None:
    edited = in_step.text("one", message="from the UI", comment="other comment")
    in_step.edit_on_server("one", edited)
    pushed = in_step.syncd("push")
    assert (pushed.exit, pushed.verdicts, pushed.report["applied"]) == (0, {"one": "drift"}, 0)
    assert in_step.stored("one") == (edited, 2)

    pulled = in_step.syncd("pull")
    assert (pulled.exit, pulled.verdicts) == (0, {"one": "update"})
    assert in_step.flow_path("one").read_bytes() == edited
    assert in_step.syncd("diff", "--exit-code").exit == 0


def test_edits_on_both_sides_are_a_conflict_and_both_stay(in_step: Workspace) -> None:
    ours, theirs = in_step.text("one", message="git"), in_step.text("one", message="ui")
    in_step.write(in_step.flow_path("one"), ours)
    in_step.edit_on_server("one", theirs)
    for verb in ("push", "pull", "sync"):
        outcome = in_step.syncd(verb)
        assert (outcome.exit, outcome.verdicts["one"]) == (4, "conflict")
    assert in_step.flow_path("one").read_bytes() == ours
    assert in_step.stored("one") == (theirs, 2)


def test_the_side_that_is_named_wins_a_conflict(in_step: Workspace) -> None:
    ours = in_step.text("one", message="git")
    in_step.write(in_step.flow_path("one"), ours)
    in_step.edit_on_server("one", in_step.text("one", message="ui"))
    assert in_step.syncd("push", "--on-conflict", "git").exit == 0
    assert in_step.stored("one") == (ours, 3)


def test_sync_carries_edits_both_ways(in_step: Workspace) -> None:
    in_git, in_ui = in_step.text("one", message="git"), in_step.text("two", message="ui")
    in_step.write(in_step.flow_path("one"), in_git)
    in_step.edit_on_server("two", in_ui)
    assert in_step.syncd("sync").exit == 0
    assert in_step.stored("one") == (in_git, 2)
    assert in_step.flow_path("two").read_bytes() == in_ui
    assert in_step.syncd("diff", "--exit-code").exit == 0


def test_an_invalid_flow_stops_a_push_with_the_servers_own_words(in_step: Workspace) -> None:
    in_step.write(in_step.flow_path("one"), in_step.text("one", message="good"))
    in_step.write(in_step.flow_path("bad"), in_step.text("bad").replace(b"message:", b"mesage:"))
    pushed = in_step.syncd("push")
    assert (pushed.exit, pushed.report["applied"]) == (3, 0)
    assert "mesage" in " ".join(problem["message"] for problem in pushed.report["problems"])
    assert in_step.stored("bad") is None
    assert in_step.stored("one") == (in_step.text("one"), 1)

    skipped = in_step.syncd("push", "--on-invalid", "skip")
    assert skipped.exit == 3
    assert in_step.stored("bad") is None
    assert in_step.stored("one") == (in_step.text("one", message="good"), 2)


def test_deletions_happen_only_with_prune(in_step: Workspace) -> None:
    in_step.flow_path("two").unlink()
    assert in_step.syncd("push").exit == 0
    assert in_step.stored("two") == (in_step.text("two"), 1)
    assert in_step.syncd("push", "--prune", "--yes").exit == 0
    assert in_step.stored("two") is None
    assert in_step.stored("one") == (in_step.text("one"), 1)


def test_a_namespace_is_not_emptied_unless_that_is_asked_for(in_step: Workspace) -> None:
    for path in (in_step.flow_path("one"), in_step.flow_path("two"), in_step.file_path("scripts/run.py")):
        path.unlink()
    assert in_step.syncd("push", "--prune", "--yes").exit == 6
    assert in_step.stored("one") is not None
    assert in_step.syncd("push", "--prune", "--yes", "--allow-emptying").exit == 0
    assert in_step.stored("one") is None
    assert in_step.stored_file("scripts/run.py") is None


def test_a_pause_in_the_ui_is_kept_also_when_the_flow_is_edited_in_git(in_step: Workspace) -> None:
    in_step.pause_on_server("one")
    paused = in_step.syncd("push")
    assert (paused.exit, paused.verdicts) == (0, {"one": "paused"})
    edited = in_step.text("one", message="edited")
    in_step.write(in_step.flow_path("one"), edited)
    assert in_step.syncd("push").exit == 0
    stored = in_step.stored("one")
    assert stored is not None
    assert stored[0].startswith(edited)
    assert b"\ndisabled: true" in stored[0]
    assert in_step.syncd("pull").exit == 0
    assert in_step.flow_path("one").read_bytes() == edited


def test_what_exists_only_on_the_server_is_never_deleted_and_comes_with_a_pull(
    in_step: Workspace, client: httpx.Client
) -> None:
    text = in_step.text("made-in-ui")
    client.post("/flows", content=text, headers=YAML).raise_for_status()
    pushed = in_step.syncd("push", "--prune", "--yes")
    assert (pushed.exit, pushed.verdicts) == (0, {"made-in-ui": "unmanaged"})
    assert in_step.stored("made-in-ui") == (text, 1)
    assert in_step.syncd("pull").exit == 0
    assert in_step.flow_path("made-in-ui").read_bytes() == text


def test_what_a_forced_push_overwrites_can_be_had_back(in_step: Workspace) -> None:
    lost = in_step.text("one", message="only in the UI")
    in_step.edit_on_server("one", lost)
    assert in_step.syncd("push", "--force", "--yes").exit == 0
    assert in_step.stored("one") == (in_step.text("one"), 3)
    assert lost.decode() in in_step.git("log", "--all", "--patch", "--format=%H", "refs/syncd/rescue/default").replace(
        "\n+", "\n"
    )


def test_a_draft_on_the_server_is_left_alone(in_step: Workspace, engine: RunningEngine, client: httpx.Client) -> None:
    """1.3 knows no drafts and takes it for an edit like any other."""
    draft = in_step.text("one", message="draft")
    path = f"/flows/{in_step.namespace}/one"
    client.put(path, params={"draft": "true"}, content=draft, headers=YAML).raise_for_status()
    in_step.write(in_step.flow_path("one"), in_step.text("one", message="git"))
    assert in_step.syncd("push").verdicts == {"one": "conflict" if engine.line == "1.3" else "blocked"}
    assert in_step.stored("one") == (draft, 2)
