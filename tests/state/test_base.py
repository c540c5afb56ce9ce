"""The base holds what was observed to be agreed, under the repository's own paths, and nothing else ever moves it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import ConfigError, RefMoved, RepoError
from syncd.layout import Layout
from syncd.model import Key, Kind, Resource, Scope
from syncd.repo import GitSide, Ignore, Repository
from syncd.state import Base, BaseRef, ServerIdentity
from tests.repositories import (
    HELLO,
    HELLO_PATH,
    LAYOUT,
    SCRIPT,
    SCRIPT_PATH,
    TEAM,
    commit,
    flow,
    git,
    shared,
    started,
    worktree,
    write,
)

SERVER = ServerIdentity("http://ada:canary@localhost:8080/", "main", "uuid-1")
REF = "refs/syncd/dev"


def load(repository: Repository, ref: BaseRef | None = None, server: ServerIdentity = SERVER) -> Base:
    ref = ref or BaseRef(repository, LAYOUT, "dev")
    return ref.load(server, TEAM, repository.head())


def save(
    repository: Repository, agreed: Mapping[Key, Resource | None], ref: BaseRef | None = None, base: Base | None = None
) -> str | None:
    ref = ref or BaseRef(repository, LAYOUT, "dev")
    base = base or load(repository, ref)
    return ref.save(base, agreed, server=SERVER, source_commit=repository.head(), scope=TEAM)


def both(folder: Path) -> Repository:
    return started(folder, {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x"})


def test_before_the_first_run_nothing_is_agreed_and_nothing_is_written(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    base = load(repository)
    assert (base.commit, dict(base.snapshot.resources)) == (None, {})
    assert "nothing was agreed on yet" in base.void
    assert save(repository, {}) is None
    assert repository.read_ref(REF) is None


def test_what_was_agreed_lies_at_the_repositorys_own_paths(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    held = worktree(repository).resources
    made = save(repository, held)
    assert made == repository.read_ref(REF)
    assert git(repository.root, "diff", "--stat", REF, "main") == ""
    base = load(repository)
    assert base.void == ""
    assert base.snapshot.resources == held
    assert base.paths == {HELLO_PATH: HELLO, SCRIPT_PATH: SCRIPT}
    assert base.snapshot.resources[HELLO].load() == flow("hello")


def test_a_run_that_moves_nothing_writes_no_commit(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    held = worktree(repository).resources
    made = save(repository, held)
    assert save(repository, held) is None
    assert repository.read_ref(REF) == made


def test_entries_that_were_not_looked_at_stay_as_they_are(tmp_path: Path) -> None:
    files = {HELLO_PATH: flow("hello"), "flows/other/a.yml": flow("a", "other")}
    repository = started(tmp_path / "r", files)
    save(repository, GitSide.worktree(repository, LAYOUT).snapshot(Scope(("company.team", "other"))).resources)
    save(repository, {HELLO: None})
    assert list(repository.tree(REF)) == ["flows/other/a.yml"]


def test_uncommitted_bytes_and_the_servers_bytes_are_stored(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    write(repository.root, {SCRIPT_PATH: b"not committed"})
    seen = worktree(repository).resources[SCRIPT]
    observed = Resource.of(HELLO, flow("hello", message="the server's"), path=HELLO_PATH)
    save(repository, {SCRIPT: seen, HELLO: observed})
    held = load(repository).snapshot.resources
    assert {key: resource.load() for key, resource in held.items()} == {
        SCRIPT: b"not committed",
        HELLO: flow("hello", message="the server's"),
    }


def test_bytes_that_were_pushed_are_agreed_even_if_the_file_has_changed_since(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    write(repository.root, {SCRIPT_PATH: b"pushed"})
    pushed = worktree(repository).resources[SCRIPT]
    assert pushed.load() == b"pushed"
    write(repository.root, {SCRIPT_PATH: b"edited meanwhile"})
    save(repository, {SCRIPT: pushed})
    assert load(repository).snapshot.resources[SCRIPT].load() == b"pushed"


def test_bytes_that_nobody_has_any_more_are_not_agreed_on(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    held = worktree(repository).resources
    save(repository, held)
    write(repository.root, {SCRIPT_PATH: b"seen, never read"})
    seen = worktree(repository).resources[SCRIPT]
    write(repository.root, {SCRIPT_PATH: b"edited meanwhile"})
    assert save(repository, {SCRIPT: seen}) is None
    assert load(repository).snapshot.resources == held


def test_a_moved_file_moves_in_the_base_too(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    save(repository, worktree(repository).resources)
    git(repository.root, "mv", HELLO_PATH, "flows/company.team/renamed.yml")
    save(repository, worktree(repository).resources)
    assert load(repository).paths == {"flows/company.team/renamed.yml": HELLO, SCRIPT_PATH: SCRIPT}


def test_two_files_may_swap_their_flows(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {HELLO_PATH: flow("hello"), "flows/company.team/b.yml": flow("b")})
    save(repository, worktree(repository).resources)
    write(repository.root, {HELLO_PATH: flow("b"), "flows/company.team/b.yml": flow("hello")})
    held = worktree(repository).resources
    save(repository, held)
    assert load(repository).snapshot.resources == held
    assert load(repository).paths == {
        HELLO_PATH: Key(Kind.FLOW, "company.team", "b"),
        "flows/company.team/b.yml": HELLO,
    }


def test_what_is_released_leaves_the_base(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    save(repository, worktree(repository).resources)
    ref = BaseRef(repository, LAYOUT, "dev")
    base = load(repository, ref)
    ref.save(base, {}, server=SERVER, source_commit=None, scope=TEAM, released=[SCRIPT])
    assert list(repository.tree(REF)) == [HELLO_PATH]


def test_what_is_newly_ignored_or_out_of_the_layout_is_released_and_not_deleted(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    save(repository, worktree(repository).resources)
    ref = BaseRef(repository, LAYOUT, "dev")
    base = ref.load(SERVER, TEAM, repository.head(), ignore=Ignore({".kestraignore": b"*.py\n"}))
    assert list(base.snapshot.resources) == [HELLO]
    ref.save(base, {}, server=SERVER, source_commit=None, scope=TEAM)
    assert list(repository.tree(REF)) == [HELLO_PATH]
    moved = BaseRef(repository, Layout("{namespace}/flows", "{namespace}/files"), "dev")
    assert not moved.load(SERVER, TEAM, repository.head()).snapshot.resources


def test_each_deployment_says_what_came_from_where_and_went_where(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    save(repository, worktree(repository).resources)
    first = repository.head()
    commit(repository.root, {HELLO_PATH: flow("hello", message="2")})
    ref = BaseRef(repository, LAYOUT, "dev")
    held = worktree(repository).resources
    made = ref.save(
        load(repository, ref),
        {HELLO: held[HELLO], SCRIPT: None},
        server=SERVER,
        source_commit=repository.head(),
        scope=TEAM,
        message="push: 1 updated, 1 deleted",
    )
    newest, oldest = ref.history()
    assert (newest.commit, newest.message) == (made, "push: 1 updated, 1 deleted")
    assert (newest.written, newest.removed) == ((HELLO_PATH,), (SCRIPT_PATH,))
    assert (newest.source, oldest.source) == (repository.head(), first)
    assert newest.server == ServerIdentity("http://localhost:8080", "main", "uuid-1")
    assert (newest.scope, newest.author.name) == ("company.team", "Ada")
    assert "canary" not in git(repository.root, "log", REF)
    assert repository.log(REF)[0].parents == (oldest.commit,)


@pytest.mark.parametrize(
    ("server", "void"),
    [
        (SERVER, False),
        (replace(SERVER, url="https://proxy.example.com"), False),
        (replace(SERVER, uuid="uuid-2"), True),
        (replace(SERVER, tenant="other"), True),
        (replace(SERVER, uuid=""), False),
        (ServerIdentity("http://elsewhere:8080", "main", ""), True),
    ],
)
def test_the_base_of_another_server_is_void_and_not_wrong(tmp_path: Path, server: ServerIdentity, void: bool) -> None:
    repository = both(tmp_path / "r")
    made = save(repository, worktree(repository).resources)
    base = load(repository, server=server)
    assert bool(base.void) is void
    assert base.commit == made
    assert bool(base.snapshot.resources) is not void


def test_a_void_base_starts_anew_but_keeps_its_history(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    held = worktree(repository).resources
    first = save(repository, held)
    ref, server = BaseRef(repository, LAYOUT, "dev"), replace(SERVER, uuid="uuid-2")
    base = load(repository, ref, server)
    made = ref.save(base, {SCRIPT: held[SCRIPT]}, server=server, source_commit=repository.head(), scope=TEAM)
    assert list(repository.tree(made or "")) == [SCRIPT_PATH]
    assert repository.log(REF)[0].parents == (first,)
    assert load(repository, server=server).void == ""


def test_the_base_of_an_unrelated_repository_is_void(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    save(repository, worktree(repository).resources)
    git(repository.root, "checkout", "--quiet", "--orphan", "unrelated")
    git(repository.root, "commit", "--quiet", "--message", "another beginning")
    assert "unrelated repository" in load(repository).void
    git(repository.root, "checkout", "--quiet", "main")
    commit(repository.root, {"more": b""})
    assert load(repository).void == ""


def test_a_rebased_branch_is_still_the_same_repository(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    commit(repository.root, {"a": b""})
    save(repository, worktree(repository).resources)
    git(repository.root, "commit", "--quiet", "--amend", "--message", "rewritten")
    git(repository.root, "reflog", "expire", "--expire=all", "--all")
    git(repository.root, "gc", "--quiet", "--prune=now")
    assert load(repository).void == ""


def test_a_shallow_clone_is_told_to_fetch_more(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {HELLO_PATH: flow("hello")})
    save(one, worktree(one).resources, BaseRef(one, LAYOUT, "dev", remote="origin"))
    commit(one.root, {"more": b""})
    git(one.root, "push", "--quiet")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{bare}", str(tmp_path / "s")], check=True)
    shallow = Repository.find(tmp_path / "s")
    with pytest.raises(RepoError, match="cut off") as error:
        load(shallow, BaseRef(shallow, LAYOUT, "dev", remote="origin"))
    assert "fetch-depth: 0" in error.value.hint


@pytest.mark.parametrize("name", ["rescue", "Dev", "a b", "../x", "", "a/b"])
def test_names_that_cannot_be_an_environment_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        BaseRef(both(tmp_path / "r"), LAYOUT, name)


def test_environments_are_listed_without_their_rescues(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    head = repository.head()
    for name in ("dev", "prod", "rescue/dev"):
        repository.update_ref(f"refs/syncd/{name}", head, None)
    assert BaseRef(repository, LAYOUT, "dev").environments() == ("dev", "prod")


def test_a_shared_base_reaches_the_other_clone(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {HELLO_PATH: flow("hello")})
    made = save(one, worktree(one).resources, BaseRef(one, LAYOUT, "dev", remote="origin"))
    assert git(bare, "rev-parse", REF) == made
    assert load(two, BaseRef(two, LAYOUT, "dev", remote="origin")).commit == made
    assert two.read_ref(REF) == made


def test_two_clones_that_save_at_once_both_get_their_observations_in(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {HELLO_PATH: flow("hello"), SCRIPT_PATH: b"x"})
    refs = {clone: BaseRef(clone, LAYOUT, "dev", remote="origin") for clone in (one, two)}
    save(one, worktree(one).resources, refs[one])
    bases = {clone: load(clone, refs[clone]) for clone in (one, two)}
    save(one, {SCRIPT: None}, refs[one], bases[one])
    new = Resource.of(HELLO, flow("hello", message="new"), path="flows/company.team/moved.yml")
    made = save(two, {HELLO: new}, refs[two], bases[two])
    assert git(bare, "rev-parse", REF) == made
    assert list(two.tree(REF)) == ["flows/company.team/moved.yml"]
    assert len(two.log(REF)) == 3
    assert save(one, {HELLO: new}, refs[one]) is None
    assert one.read_ref(REF) == made


def test_two_runs_that_save_at_once_in_one_clone_lose_nothing(tmp_path: Path) -> None:
    repository = both(tmp_path / "r")
    base = load(repository)
    held = worktree(repository).resources
    save(repository, {HELLO: held[HELLO]}, base=base)
    save(repository, {SCRIPT: held[SCRIPT]}, base=base)
    assert load(repository).snapshot.resources == held


def test_a_remote_that_is_away_stops_the_run_before_and_keeps_the_base_here_after(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {HELLO_PATH: flow("hello")})
    ref = BaseRef(one, LAYOUT, "dev", remote="origin")
    base = load(one, ref)
    bare.rename(tmp_path / "away")
    with pytest.raises(RepoError):
        save(one, worktree(one).resources, ref, base)
    kept = one.read_ref(REF)
    assert kept
    with pytest.raises(RepoError):
        load(one, ref)
    (tmp_path / "away").rename(bare)
    assert load(one, ref).commit == kept
    assert save(one, worktree(one).resources, ref) is None
    assert git(bare, "rev-parse", REF) == kept


def test_a_base_that_never_stands_still_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = both(tmp_path / "r")

    def moved(*_: object, **__: object) -> None:
        raise RefMoved("somebody else was quicker")

    monkeypatch.setattr(repository, "update_ref", moved)
    with pytest.raises(RefMoved, match="5 times in a row"):
        save(repository, worktree(repository).resources)
    assert repository.read_ref(REF) is None


KEYS = [HELLO, SCRIPT, Key(Kind.FILE, "company.team", "scripts"), Key(Kind.FILE, "other", "a/b")]
OBSERVED = st.dictionaries(st.sampled_from(KEYS), st.none() | st.sampled_from([b"1", b"2"]), min_size=1)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(OBSERVED, min_size=1, max_size=4))
def test_whatever_was_last_observed_to_be_agreed_is_what_the_base_holds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[Key, bytes | None]]
) -> None:
    repository = both(tmp_path_factory.mktemp("r"))
    scope = Scope(("company.team", "other"))
    expected: dict[Key, bytes] = {}
    for step in steps:
        agreed = {
            key: data if key is not HELLO or data is None else flow("hello", message=str(data))
            for key, data in step.items()
        }
        if agreed.get(KEYS[2]):
            agreed[SCRIPT] = None  # a file and a folder of one name are never both there
        elif agreed.get(SCRIPT):
            agreed[KEYS[2]] = None
        ref = BaseRef(repository, LAYOUT, "dev")
        base = ref.load(SERVER, scope, repository.head())
        before = {**base.snapshot.resources}
        resources = {key: None if data is None else Resource.of(key, data) for key, data in agreed.items()}
        made = ref.save(base, resources, server=SERVER, source_commit=repository.head(), scope=scope)
        expected = {key: data for key, data in {**expected, **agreed}.items() if data is not None}
        held = ref.load(SERVER, scope, repository.head()).snapshot.resources
        assert {key: resource.load() for key, resource in held.items()} == expected
        assert (made is None) is (before == held)
