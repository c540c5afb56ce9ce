"""Normal form, digests and scopes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model import Kind, Scope, blob_id, digest, normal_form

TEXT = b"id: hello\nnamespace: company.team\ntasks: []\n"


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(b"\xef\xbb\xbf" + TEXT, id="byte order mark"),
        pytest.param(TEXT.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"revision: 3\n" + TEXT, id="revision line first"),
        pytest.param(TEXT + b"revision: 12", id="revision line last, without a line end"),
        pytest.param(TEXT + b"\ndisabled: false\n", id="what resuming leaves behind"),
        pytest.param(TEXT + b"\n\n  \n", id="trailing blank lines"),
        pytest.param(TEXT.rstrip(), id="no final newline"),
    ],
)
def test_what_makes_no_difference(same: bytes) -> None:
    assert digest(Kind.FLOW, same) == digest(Kind.FLOW, TEXT)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(TEXT + b"disabled: true\n", id="a pause"),
        pytest.param(b"# a comment\n" + TEXT, id="a comment"),
        pytest.param(b"revision: 3\nrevision: 4\n" + TEXT, id="a second revision line"),
        pytest.param(TEXT.replace(b"tasks: []", b"tasks:\n  - revision: 3"), id="a revision deeper inside"),
        pytest.param(b"\n" + TEXT, id="a leading blank line"),
    ],
)
def test_what_makes_one(other: bytes) -> None:
    assert digest(Kind.FLOW, other) != digest(Kind.FLOW, TEXT)


@given(st.binary())
def test_a_file_is_compared_byte_for_byte(data: bytes) -> None:
    assert digest(Kind.FILE, data) == blob_id(data)


@given(st.lists(st.sampled_from(["id: x", "#", " ", "\n", "\r\n", "|"]), max_size=40))
def test_the_normal_form_of_a_normal_form_is_the_same(pieces: list[str]) -> None:
    once = normal_form("".join(pieces).encode())
    assert normal_form(once) == once


def test_the_digest_is_gits_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some\0bytes")
    answer = subprocess.run(["git", "hash-object", "--no-filters", path], capture_output=True, text=True, check=True)
    assert blob_id(b"some\0bytes") == answer.stdout.strip()


@pytest.mark.parametrize(
    ("scope", "namespace", "covered"),
    [
        (Scope(("company.team",)), "company.team", True),
        (Scope(("company.team",)), "company.team.etl", True),
        (Scope(("company.team",)), "company.team2", False),
        (Scope(("company.team",)), "company", False),
        (Scope(("company.team",), children=False), "company.team.etl", False),
        (Scope(everything=True), "anything", True),
        (Scope(everything=True), "system", False),
        (Scope(everything=True), "tutorial", False),
        (Scope(("system",), everything=True), "system", True),
        (Scope(), "company.team", False),
    ],
)
def test_which_namespaces_a_scope_covers(scope: Scope, namespace: str, *, covered: bool) -> None:
    assert scope.covers(namespace) is covered
