"""Objects are made by plumbing; refs and remotes move only from where they were expected to be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.errors import RefMoved, RepoError
from syncd.model import blob_id
from syncd.repo import Author, Repository
from tests.repositories import commit, git, shared, started


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=8))
def test_every_byte_sequence_comes_back_as_it_was_stored(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]
) -> None:
    repository = started(tmp_path_factory.mktemp("r"))
    repository.write_blobs(contents)
    read = repository.read_blobs(blob_id(data) for data in contents)
    assert read == {blob_id(data): data for data in contents}
    assert [repository.read_blob(blob_id(data)) for data in contents] == contents


def test_a_missing_object_is_an_error_and_never_nothing(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b""})
    for read in (repository.read_blob, lambda name: repository.read_blobs([name])):
        with pytest.raises(RepoError, match="0123456789012345678901234567890123456789 is missing"):
            read("0123456789" * 4)
    assert repository.sizes(["0123456789" * 4]) == {}


def test_a_commit_touches_neither_index_nor_branch_nor_files(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b"1", "run.sh": b"#!"})
    (repository.root / "run.sh").chmod(0o755)
    head = commit(repository.root, {"a": b"2"})
    made = repository.commit_tree(
        parent=head,
        entries={
            "a": None,
            "new/file": repository.write_blob(b"new"),
            "run.sh": repository.write_blob(b"#!/bin/sh"),
        },
        base_tree_of=head,
        message="made\n\nSyncd-Source: here\n",
    )
    assert {path: entry.mode for path, entry in repository.tree(made).items()} == {
        "new/file": "100644",
        "run.sh": "100755",
    }
    assert repository.trailers(made) == {"Syncd-Source": "here"}
    assert git(repository.root, "status", "--porcelain") == ""
    assert repository.head() == head
    assert not list(repository.own.glob("index-*"))


def test_the_same_tree_makes_no_commit(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b"1"})
    head = repository.head()
    same = repository.commit_tree(parent=head, entries={"a": blob_id(b"1")}, base_tree_of=head, message="x")
    assert same == head


def test_a_file_may_take_the_place_of_a_folder(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a/b": b"1"})
    head = repository.head()
    made = repository.commit_tree(
        parent=head, entries={"a": repository.write_blob(b"2"), "a/b": None}, base_tree_of=head, message="x"
    )
    assert list(repository.tree(made)) == ["a"]


def test_commits_are_by_whom_git_says_or_by_syncd_where_git_knows_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = started(tmp_path / "r", {"a": b"1"})

    def author(who: Author | None) -> Author:
        made = repository.commit_tree(parent=None, entries={}, base_tree_of=None, message="x", author=who)
        return repository.log(made, 1)[0].author

    assert author(None) == Author("Ada", "ada@example.com")
    assert author(Author("Grace", "g@example.com")) == Author("Grace", "g@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(repository.root, "config", "user.useConfigOnly", "true")
    assert author(None).name == "syncd"


def test_a_key_that_cannot_sign_does_not_stop_a_commit(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b"1"})
    git(repository.root, "config", "commit.gpgSign", "true")
    git(repository.root, "config", "gpg.program", "/bin/false")
    made = repository.commit_tree(parent=None, entries={}, base_tree_of=None, message="x", sign=True)
    assert repository.log(made, 1)[0].subject == "x"


def test_a_ref_moves_only_from_where_it_was_expected(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b"1"})
    first, second = repository.resolve("HEAD"), commit(repository.root, {"a": b"2"})
    ref = "refs/syncd/dev"
    repository.update_ref(ref, first, None)
    for new, old in ((second, None), (first, second), (None, second)):
        with pytest.raises(RefMoved, match=ref):
            repository.update_ref(ref, new, old)
    repository.update_ref(ref, second, first)
    repository.update_ref(ref, None, second)
    assert repository.read_ref(ref) is None
    with pytest.raises(RefMoved):
        repository.update_ref(ref, first, second)


def test_history_follows_moved_files_and_sees_every_version(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a.yml": b"one\n" * 9})
    commit(repository.root, {"a.yml": b"two\n" * 9})
    git(repository.root, "mv", "a.yml", "b.yml")
    commit(repository.root, {})
    commit(repository.root, {"b.yml": b"three\n" * 9})
    versions = repository.blobs_in_history("HEAD", ["b.yml", "never"])
    assert versions == {"b.yml": tuple(blob_id(text * 9) for text in (b"three\n", b"two\n", b"one\n")), "never": ()}


def test_messages_cannot_forge_the_log(tmp_path: Path) -> None:
    repository = started(tmp_path / "r", {"a": b"1"})
    commit(repository.root, {"b": b"2"}, "subject \x01\x02\x03\n\nbody\n\nSyncd-Source: x\nSyncd-Source: y")
    newest, oldest = repository.log("HEAD")
    assert newest.subject == "subject \x01\x02\x03"
    assert newest.trailers == {"Syncd-Source": "y"}
    assert (newest.written, newest.parents) == (("b",), (oldest.id,))


def test_a_ref_travels_through_a_remote_by_compare_and_swap(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {"a": b"1"})
    ref, first = "refs/syncd/dev", one.resolve("HEAD")
    assert two.fetch_ref("origin", ref) is None
    one.push_ref("origin", ref, first, None)
    assert two.fetch_ref("origin", ref) == first
    assert two.read_ref(ref) is None
    second = commit(one.root, {"a": b"2"})
    for old in (None, second):
        with pytest.raises(RefMoved, match=ref):
            one.push_ref("origin", ref, second, old)
    one.push_ref("origin", ref, second, first)
    assert git(bare, "rev-parse", ref) == second
    git(bare, "update-ref", "-d", ref)
    assert two.fetch_ref("origin", ref) is None
    with pytest.raises(RefMoved):
        one.push_ref("origin", ref, first, second)


def test_a_push_that_arrived_although_the_answer_was_lost_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, one, _ = shared(tmp_path, {"a": b"1"})
    attempt = type(one.git).attempt

    def lossy(self: object, *arguments: str, stdin: bytes = b"") -> object:
        output = attempt(one.git, *arguments, stdin=stdin)
        if arguments[0] == "push":
            raise RepoError("the answer was lost")
        return output

    monkeypatch.setattr(type(one.git), "attempt", lossy)
    one.push_ref("origin", "refs/syncd/dev", one.head() or "", None)
    assert git(bare, "rev-parse", "refs/syncd/dev") == one.head()


def test_a_remote_that_refuses_is_quoted(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {"a": b"1"})
    hook = bare / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no deployments on Fridays >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(RepoError, match="no deployments on Fridays") as error:
        one.push_ref("origin", "refs/syncd/dev", one.head() or "", None)
    assert not isinstance(error.value, RefMoved)


def test_a_branch_that_is_gone_from_the_remote_is_an_error(tmp_path: Path) -> None:
    bare, one, two = shared(tmp_path, {"a": b"1"})
    git(bare, "branch", "other", "main")
    two.fetch("origin", "other")
    git(bare, "branch", "--delete", "other")
    with pytest.raises(RepoError, match="origin has no branch other"):
        two.fetch("origin", "other")
    commit(one.root, {"a": b"2"})
    git(one.root, "push", "--quiet")
    two.fetch("origin", "main")
    assert two.resolve("origin/main") == one.head()
    two.fetch("origin")


def test_a_remote_that_is_away_is_an_error(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {"a": b"1"})
    bare.rename(tmp_path / "away")
    with pytest.raises(RepoError, match=r"does not appear to be a git repository|does not exist"):
        one.fetch_ref("origin", "refs/syncd/dev")
    with pytest.raises(RepoError):
        one.push_ref("origin", "refs/syncd/dev", one.head() or "", None)


def test_rewritten_history_is_followed(tmp_path: Path) -> None:
    _, one, two = shared(tmp_path, {"a": b"1"})
    git(one.root, "commit", "--quiet", "--amend", "--message", "rewritten")
    git(one.root, "push", "--quiet", "--force")
    two.fetch("origin", "main")
    assert two.resolve("origin/main") == one.head()


def test_a_shallow_clone_says_so(tmp_path: Path) -> None:
    bare, one, _ = shared(tmp_path, {"a": b"1"})
    commit(one.root, {"a": b"2"})
    git(one.root, "push", "--quiet")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{bare}", str(tmp_path / "s")], check=True)
    shallow = Repository.find(tmp_path / "s")
    assert shallow.is_shallow()
    assert not one.is_shallow()
    with pytest.raises(RepoError, match="cut off"):
        shallow.resolve("HEAD~1")
