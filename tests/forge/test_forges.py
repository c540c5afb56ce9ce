"""Whatever the forge: one pull request per pair of branches, one comment and one issue per name."""

from __future__ import annotations

import httpx
import pytest
import stamina

from syncd.errors import ForgeDenied, ForgeError
from syncd.forge import Address, Product, PullRequest, State, Status, connect
from tests.forge.stand_in import TOKEN, StandIn


@pytest.fixture(params=list(Product))
def forge(request: pytest.FixtureRequest) -> StandIn:
    return StandIn(request.param)


@pytest.fixture(autouse=True)
def _at_once() -> object:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


def wanted(body: str, head: str = "promote/x") -> PullRequest:
    return PullRequest(head, "main", "Promote x", body)


def text(item: dict[str, str]) -> str:
    return item.get("description", item.get("body", ""))


def test_a_pull_request_is_opened_once_and_then_kept_up_to_date(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())

    first = client.pull_request(wanted("one"))
    again = client.pull_request(wanted("two"))

    assert (first.created, again.created) == (True, False)
    assert first.number == again.number
    assert [text(pull) for pull in forge.pulls] == ["two"]


def test_another_branch_gets_another_pull_request_even_past_the_first_page(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    numbers = [client.pull_request(wanted("x", head)).number for head in ("a", "b", "c", "d")]
    assert len(set(numbers)) == 4
    assert client.pull_request(wanted("y", "d")).number == numbers[3]
    assert client.open_pull_request("d", "other") is None


def test_the_branch_of_a_fork_is_not_taken_for_ours(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    client.pull_request(wanted("from a fork"))
    if forge.product is Product.GITLAB:
        forge.pulls[0]["source_project_id"] = 8
    else:
        forge.pulls[0]["head"]["repo"] = {"full_name": "stranger/flows"}

    assert client.pull_request(wanted("ours")).created
    assert [text(pull) for pull in forge.pulls] == ["from a fork", "ours"]


def test_a_comment_is_written_once_and_then_edited_in_place(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    for number in range(5):
        client.comment(1, f"other-{number}", "by somebody else")

    first = client.comment(1, "plan", "one")
    again = client.comment(1, "plan", "two")

    assert (first.created, again.created, again.number == first.number) == (True, False, True)
    assert [comment["body"] for comment in forge.comments[1][5:]] == ["<!-- syncd:plan -->\ntwo"]


def test_a_comment_that_only_quotes_the_marker_is_not_touched(forge: StandIn) -> None:
    forge.comments[1] = [{"id": 1, "body": "> <!-- syncd:plan -->\nlook at this"}]
    assert connect(forge.address, forge.transport()).comment(1, "plan", "one").created
    assert forge.comments[1][0]["body"] == "> <!-- syncd:plan -->\nlook at this"


def test_an_issue_is_opened_updated_and_closed(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    client.pull_request(wanted("<!-- syncd:drift -->\nnot an issue"))
    for pull in forge.pulls:
        pull["pull_request"] = {}

    first = client.issue("drift", "Drift", "one")
    assert client.issue("drift", "Drift", "two").number == first.number
    closed = client.close_issue("drift", "in step again")

    assert closed is not None
    assert closed.number == first.number
    assert [(issue["state"], text(issue)) for issue in forge.issues] == [
        ("closed", "<!-- syncd:drift -->\nin step again")
    ]
    assert client.close_issue("drift", "again") is None
    assert client.issue("drift", "Drift", "three").number != first.number


def test_a_commit_status_says_the_same_twice_without_an_error(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    for state in (State.PENDING, State.SUCCESS, State.SUCCESS, State.FAILURE):
        client.status("c0ffee", Status(state, "syncd/prod", "12 written", "https://ci/1"))

    states = [status["state"] for status in forge.statuses["c0ffee"]]
    words = {Product.GITLAB: ["running", "success", "failed"]}
    assert states == words.get(forge.product, ["pending", "success", "success", "failure"])
    assert forge.statuses["c0ffee"][0]["target_url"] == "https://ci/1"


def test_a_token_that_may_not_write_is_told_apart_from_other_errors(forge: StandIn) -> None:
    forge.writable = False
    with pytest.raises(ForgeDenied, match=r"Resource not accessible by integration \(HTTP 403, POST") as caught:
        connect(forge.address, forge.transport()).comment(1, "plan", "x")
    assert "write access" in caught.value.hint


def test_a_wrong_token_is_never_repeated_in_the_error(forge: StandIn) -> None:
    wrong = Address(forge.product, forge.url, forge.project, "wrong-token")
    with pytest.raises(ForgeDenied) as caught:
        connect(wrong, forge.transport()).issue("drift", "t", "b")
    assert "wrong-token" not in f"{caught.value} {caught.value.hint} {caught.value!r}"


def test_a_busy_forge_is_asked_again(forge: StandIn) -> None:
    forge.scripted = [(503, {}, {}), (429, {"retry-after": "1"}, {"message": "slow down"})]
    assert connect(forge.address, forge.transport()).pull_request(wanted("x")).created
    assert len(forge.pulls) == 1


def test_a_creation_whose_fate_is_unknown_is_not_sent_twice(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    assert client.open_pull_request("promote/x", "main") is None
    forge.seen.clear()
    empty = (200, {}, [])
    forge.scripted = [empty, (502, {}, {"message": "bad gateway"})]
    with pytest.raises(ForgeError, match="bad gateway"):
        client.pull_request(wanted("x"))
    assert sum(request.startswith("POST") for request in forge.seen) == 1


def test_a_page_that_cannot_be_read_is_an_error_and_not_the_end_of_the_list(forge: StandIn) -> None:
    for number in range(4):
        connect(forge.address, forge.transport()).comment(1, f"c{number}", "x")
    forge.scripted = [
        (200, {"link": f'<{forge.url}/next>; rel="next"'}, []),
        (404, {}, {"message": "gone"}),
    ]
    with pytest.raises(ForgeError, match="gone"):
        connect(forge.address, forge.transport()).comment(1, "plan", "x")


def test_the_token_does_not_follow_a_page_to_another_host(forge: StandIn) -> None:
    forge.scripted = [(200, {"link": '<http://elsewhere.test/next>; rel="next"'}, [])]
    with pytest.raises(ForgeError, match="another host"):
        connect(forge.address, forge.transport()).comment(1, "plan", "x")


def test_no_answer_names_the_address_and_no_secret() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"refused, said {TOKEN}", request=request)

    forge = StandIn(url="http://u:pw@forge.test")
    with pytest.raises(ForgeError, match=r"no answer from http://forge\.test/repos/acme/flows") as caught:
        connect(forge.address, httpx.MockTransport(away)).comment(1, "plan", "x")
    assert TOKEN not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_login_page_in_place_of_the_api_is_an_error() -> None:
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>", headers={"content-type": "text/html"}))
    with pytest.raises(ForgeError, match="did not answer with JSON"):
        connect(StandIn().address, page).issue("drift", "t", "b")


def test_what_was_said_of_a_merged_pull_request_is_found_from_the_merge_commit(forge: StandIn) -> None:
    client = connect(forge.address, forge.transport())
    assert client.described("merge", "syncd/plan") is None
    client.status("head", Status(State.SUCCESS, "other", "something else"))
    client.status("head", Status(State.PENDING, "syncd/plan", "plan 1"))
    client.status("head", Status(State.SUCCESS, "syncd/plan", "plan 2"))
    assert client.described("head", "syncd/plan") == "plan 2"
    assert client.described("merge", "syncd/plan") is None
    forge.merged["merge"] = "head"
    assert client.described("merge", "syncd/plan") == "plan 2"
