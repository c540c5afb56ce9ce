"""A promotion is decided against the last one: edits made in the target are never lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.errors import RefMoved, RepoError
from syncd.model import Key, Kind, Problem, Resource, Scope, Snapshot, Verdict
from syncd.promote import Rewrite
from syncd.promotions import Wish, commit, keep_observed, move, observe, parse, prepare, trailers
from syncd.repo import Repository
from tests.promote.repositories import DEV, LAYOUT, PROD, RECIPE, Repo, flow, verdicts

CREATE, UPDATE, DELETE, CONFLICT, DRIFT = (
    Verdict.CREATE,
    Verdict.UPDATE,
    Verdict.DELETE,
    Verdict.CONFLICT,
    Verdict.DRIFT,
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    made.commit(
        {
            f"flows/{DEV}/etl/load.yaml": flow("load"),
            f"flows/{DEV}/report.yml": flow("report"),
            f"namespaces/{DEV}/files/sql/a.sql": "select 1\n",
            "flows/company.shared/notify.yml": flow("notify", "company.shared"),
        }
    )
    return made


def test_the_first_promotion_copies_flows_and_files_to_the_same_places(repo: Repo) -> None:
    prepared = repo.promoted()

    assert verdicts(prepared) == {"load": CREATE, "report": CREATE, "sql/a.sql": CREATE}
    assert repo.show("HEAD", f"flows/{PROD}/etl/load.yaml") == flow("load", PROD)
    assert repo.show("HEAD", f"namespaces/{PROD}/files/sql/a.sql") == "select 1\n"
    assert repo.git("status", "--porcelain") == ""


def test_promoting_again_has_nothing_to_do(repo: Repo) -> None:
    repo.promoted()
    prepared, commit = repo.promote()
    assert verdicts(prepared) == {}
    assert commit == repo.git("rev-parse", "HEAD")


def test_an_edit_at_the_source_is_an_update(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})
    assert verdicts(repo.promoted()) == {"report": UPDATE}
    assert repo.show("HEAD", f"flows/{PROD}/report.yml") == flow("report", PROD, "two")


def test_an_edit_in_the_target_stays_and_is_reported(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "hotfix")})
    assert verdicts(repo.promoted()) == {"report": DRIFT}
    assert repo.show("HEAD", f"flows/{PROD}/report.yml") == flow("report", PROD, "hotfix")


def test_edits_on_both_sides_are_a_conflict_that_does_not_stop_the_others(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "hotfix")})
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two"), f"flows/{DEV}/new.yml": flow("new")})
    prepared = repo.promoted()
    assert verdicts(prepared) == {"report": CONFLICT, "new": CREATE}
    assert prepared.exit_code == 4
    assert repo.show("HEAD", f"flows/{PROD}/report.yml") == flow("report", PROD, "hotfix")


def test_a_conflict_stays_one_in_the_promotion_after_it(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "hotfix")})
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two"), f"flows/{DEV}/new.yml": flow("new")})
    repo.promoted()
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="three")})
    assert verdicts(repo.promote()[0]) == {"report": CONFLICT}
    repo.commit({f"flows/{DEV}/report.yml": flow("report")})
    assert verdicts(repo.promote()[0]) == {"report": DRIFT}


def test_what_a_reviewer_changed_in_a_squashed_promotion_is_not_overwritten(repo: Repo) -> None:
    _, commit = repo.promote()
    message = repo.git("log", "-1", "--format=%B", commit)
    repo.git("switch", "-q", "-c", "review", commit)
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "reviewed")}, "fix")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--squash", "review")
    repo.git("commit", "-q", "-m", f"Promote (#1)\n\n* {message}\n\n* fix\n\nCo-authored-by: B <b@example.com>")
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})

    assert verdicts(repo.promote()[0]) == {"report": CONFLICT}


def test_a_deliberate_return_to_an_older_version_in_the_target_stays(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})
    repo.promoted()
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD, "one")})
    assert verdicts(repo.promote()[0]) == {"report": DRIFT}


def test_folders_that_were_copied_by_hand_need_no_questions(repo: Repo) -> None:
    repo.commit(
        {f"flows/{PROD}/report.yml": flow("report", PROD), f"flows/{PROD}/etl/load.yaml": flow("load", PROD, "hotfix")}
    )
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})
    assert verdicts(repo.promote()[0]) == {"report": UPDATE, "load": CONFLICT, "sql/a.sql": CREATE}


def test_a_flow_that_is_switched_off_in_the_target_stays_off(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{PROD}/report.yml": flow("report", PROD) + "disabled: true\n"})
    assert verdicts(repo.promoted()) == {"report": Verdict.PAUSED}
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})
    assert verdicts(repo.promoted()) == {"report": UPDATE}
    assert repo.show("HEAD", f"flows/{PROD}/report.yml").rstrip() == flow("report", PROD, "two") + "\ndisabled: true"
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="three")})
    assert verdicts(repo.promote()[0]) == {"report": UPDATE}


def test_deletions_follow_only_with_prune(repo: Repo) -> None:
    repo.promoted()
    repo.commit({f"flows/{DEV}/report.yml": None})
    assert verdicts(repo.promote()[0]) == {"report": Verdict.UNMANAGED}
    prepared, commit = repo.promote(prune=True)
    assert verdicts(prepared) == {"report": DELETE}
    repo.merge(commit)
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="back")})
    assert verdicts(repo.promote()[0]) == {"report": CREATE}


def test_a_source_folder_that_is_not_there_is_an_error_and_no_deletion(repo: Repo) -> None:
    repo.promoted()
    repo.git("rm", "-rq", f"flows/{DEV}", f"namespaces/{DEV}")
    repo.git("commit", "-qm", "gone")
    with pytest.raises(RepoError, match=f"nothing lies in {DEV}"):
        repo.promote(prune=True)


def test_an_unreadable_flow_withholds_everything(repo: Repo) -> None:
    repo.commit({f"flows/{DEV}/broken.yml": "id: broken\nnamespace: [\n"})
    prepared, _ = repo.promote()
    assert prepared.withheld
    assert prepared.exit_code == 3


def test_without_the_source_of_the_last_promotion_nothing_is_taken_for_granted(repo: Repo) -> None:
    repo.promoted()
    head = repo.git("rev-parse", "HEAD")
    repo.commit({}, f"Promote again\n\n{trailers(RECIPE, 'f' * 40)}")
    repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})
    assert head != repo.git("rev-parse", "HEAD")
    assert verdicts(repo.promote()[0])["report"] is CONFLICT


def test_references_to_nowhere_are_warnings_and_strict_makes_them_count(repo: Repo) -> None:
    call = "  - {id: c, type: io.kestra.plugin.core.flow.Subflow, namespace: %s, flowId: %s}\n"
    calls = call % (DEV, "nowhere") + call % (DEV, "load") + call % ("company.shared", "notify") + call % ("x", "y")
    repo.commit({f"flows/{DEV}/report.yml": flow("report", tasks=calls)})
    prepared, _ = repo.promote()
    said = {problem.severity.value: problem.message for problem in prepared.problems}
    assert said == {
        "warning": f"flow {PROD}/report uses flow {PROD}/nowhere, which is neither promoted nor in the target",
        "note": f"flow {PROD}/report uses flow x/y; nothing is known of that namespace",
    }
    assert not prepared.withheld
    assert repo.promote(strict=True)[0].withheld


def test_what_still_points_at_the_source_is_a_warning(repo: Repo) -> None:
    call = f"  - {{id: c, type: io.kestra.plugin.core.flow.Subflow, namespace: {DEV}, flowId: load}}\n"
    repo.commit({f"flows/{DEV}/report.yml": flow("report", tasks=call)})
    prepared, _ = repo.promote(recipe=replace(RECIPE, rewrite=Rewrite.NONE))
    assert [problem.code for problem in prepared.problems] == ["SYN304"]


def test_the_target_server_is_asked_about_flows_and_references(repo: Repo) -> None:
    call = f"  - {{id: c, type: io.kestra.plugin.core.flow.Subflow, namespace: {DEV}, flowId: only-there}}\n"
    repo.commit({f"flows/{DEV}/report.yml": flow("report", tasks=call)})
    asked: list[Key] = []

    def server(scope: Scope, flows: Sequence[Resource]) -> tuple[list[Key], list[Problem]]:
        asked.extend(flow.key for flow in flows)
        return [Key(Kind.FLOW, scope.roots[0], "only-there")], [Problem("SYN020", "refused", key=asked[0])]

    prepared, _ = repo.promote(server)
    assert asked == [Key(Kind.FLOW, PROD, "load"), Key(Kind.FLOW, PROD, "report")]
    assert [problem.message for problem in prepared.problems] == ["refused"]
    assert prepared.withheld


def test_needs_are_named_and_never_valued(repo: Repo) -> None:
    task = (
        "  - {id: s, type: x.Y, script: \"{{ kv('LIMIT') }} {{ kv('A', 'company.shared') }} {{ secret('TOKEN') }}\"}\n"
    )
    repo.commit({f"flows/{DEV}/report.yml": flow("report", tasks=task)})
    found = repo.promote()[0].needs
    assert found.keys == (("company.shared", "A"), (PROD, "LIMIT"))
    assert found.secrets == ((PROD, "TOKEN"),)


def test_a_branch_is_built_upon_until_it_is_merged(repo: Repo) -> None:
    head = repo.git("rev-parse", "HEAD")
    _, commit = repo.promote()
    assert repo.tip(None) == head
    assert repo.tip(commit) == commit
    repo.merge(commit)
    assert repo.tip(commit) == commit
    later = repo.commit({f"flows/{DEV}/report.yml": flow("report", message="two")})
    assert repo.tip(commit) == later


def test_a_branch_that_was_squashed_is_not_built_upon(repo: Repo) -> None:
    _, commit = repo.promote()
    repo.git("merge", "-q", "--squash", commit)
    repo.git("commit", "-qm", "squashed")
    assert repo.tip(commit) == repo.git("rev-parse", "HEAD")


def test_a_checked_out_branch_is_not_moved_under_its_user(repo: Repo) -> None:
    repository = Repository.find(repo.root)
    head = repo.git("rev-parse", "HEAD")
    with pytest.raises(RepoError, match="branch main is checked out"):
        move(repository, "main", head, head)
    move(repository, "promote/x", head, None)
    with pytest.raises(RefMoved):
        move(repository, "promote/x", head, None)


def test_what_a_server_holds_can_be_promoted_and_is_the_base_of_the_next_time(repo: Repo) -> None:
    repository = Repository.find(repo.root)
    key = Key(Kind.FLOW, DEV, "report")

    def promote_from_server(message: str) -> dict[str, Verdict]:
        held = Snapshot.of([Resource.of(key, flow("report", message=message).encode())])
        source = observe(repository, LAYOUT, "dev", held)
        keep_observed(repository, "dev", source, None)
        head = repo.git("rev-parse", "HEAD")
        prepared = prepare(repository, LAYOUT, Wish(RECIPE, source, head))
        repo.merge(commit(repository, head, prepared.plan, RECIPE, source))
        return verdicts(prepared)

    assert promote_from_server("one") == {"report": CREATE}
    assert promote_from_server("one") == {}
    assert promote_from_server("two") == {"report": UPDATE}
    assert repo.show("HEAD", f"flows/{PROD}/report.yml") == flow("report", PROD, "two")
    assert repo.show("HEAD", f"flows/{DEV}/report.yml") == flow("report")


@pytest.mark.parametrize("text", ["", "Syncd-Promote: a=b", "Syncd-Promote: nonsense\nSyncd-Promote-Source: abc"])
def test_messages_that_tell_of_no_promotion_are_passed_over(text: str) -> None:
    assert parse("c0ffee", text) is None


def test_a_message_is_read_back_as_it_was_written() -> None:
    recipe = replace(RECIPE, rewrite=Rewrite.ALL, triggers_off=True)
    found = parse("c0ffee", f"Title\r\n\n{trailers(recipe, 'abc')}\nSigned-off-by: x")
    assert found is not None
    assert (found.commit, found.source, found.recipe) == ("c0ffee", "abc", recipe)


def test_a_shallow_clone_is_refused_because_it_cannot_know_what_was_promoted(repo: Repo, tmp_path: Path) -> None:
    repo.promoted()
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(tmp_path / "shallow"))
    repo.root = tmp_path / "shallow"
    with pytest.raises(RepoError, match="history is cut off"):
        repo.promote()
