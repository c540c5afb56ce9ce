"""One request and its answer: login, limits, repeats, and errors that name what failed."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from syncd.errors import ConfigError, KestraDenied, KestraError, KestraUnavailable
from syncd.kestra import Address, transport
from syncd.kestra.transport import Call, Transport, path_of, wait_before_repeat
from tests.kestra.doubles import DATE, Wire, reply

PASSWORD = "Sup3rSecret"


def over(handler: Callable[[httpx.Request], httpx.Response], **options: object) -> tuple[Transport, Wire]:
    wire = Wire(handler)
    address = Address("https://k.test/base", username="me", password=PASSWORD, **options)  # type: ignore[arg-type]
    return Transport(address, wire), wire


def test_every_request_carries_the_login_and_the_extra_headers() -> None:
    door, wire = over(lambda _: reply({}), headers={"X-Proxy-Key": "k"})
    door.get("/a", "it")
    headers = wire.requests[0].headers
    assert headers["authorization"] == "Basic bWU6U3VwM3JTZWNyZXQ="
    assert headers["x-proxy-key"] == "k"
    assert headers["user-agent"].startswith("syncd/")
    assert str(wire.requests[0].url) == "https://k.test/base/a"


def test_cookies_are_never_sent_back() -> None:
    """Kestra 0.24 and later read the `BASIC_AUTH` cookie before the header."""
    door, wire = over(lambda _: reply({}, **{"set-cookie": "BASIC_AUTH=stolen; Path=/"}))
    door.get("/a", "it")
    door.get("/a", "it")
    assert "cookie" not in wire.requests[1].headers


def test_redirects_are_not_followed_but_named() -> None:
    door, wire = over(lambda _: httpx.Response(302, text="Moved", headers={"location": "https://login.evil.test/?x"}))
    with pytest.raises(KestraError, match=r"redirects to https://login\.evil\.test") as caught:
        door.get("/a", "the flows")
    assert len(wire.requests) == 1
    assert "set url" in caught.value.hint


def test_a_login_page_with_status_200_is_not_an_answer() -> None:
    door, _ = over(lambda _: httpx.Response(200, html="<html>Sign in</html>"))
    with pytest.raises(KestraError, match="web page") as caught:
        door.get("/a", "the flows")
    assert "Sign in" not in str(caught.value)


def test_a_body_that_is_not_json_is_named_as_such() -> None:
    door, _ = over(lambda _: httpx.Response(200, text="pong"))
    with pytest.raises(KestraError, match="the flows: the answer is not JSON but text/plain"):
        door.get("/a", "the flows").json()


def test_wrong_credentials_are_asked_once_only() -> None:
    """Each failed login costs a 2.x server a whole bcrypt."""
    door, wire = over(lambda _: httpx.Response(401, headers={"www-authenticate": "Basic"}))
    with pytest.raises(KestraDenied, match=r"the flows: .*HTTP 401, GET https://k\.test/base/a") as caught:
        door.get("/a", "the flows")
    assert len(wire.requests) == 1
    assert "SYNCD_PASSWORD" in caught.value.hint
    assert (caught.value.url, caught.value.status) == ("https://k.test/base/a", 401)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_repeated_while_the_server_is_busy(status: int) -> None:
    answers = [httpx.Response(status), httpx.Response(status), reply({"fine": 1})]
    door, wire = over(lambda _: answers.pop(0))
    assert door.get("/a", "it").json() == {"fine": 1}
    assert len(wire.requests) == 3


def test_a_read_gives_up_in_the_end_and_says_how_often_it_may() -> None:
    door, wire = over(lambda _: httpx.Response(503), retries=2)
    with pytest.raises(KestraUnavailable):
        door.get("/a", "it")
    assert len(wire.requests) == 3


def refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def test_no_answer_names_address_and_next_step() -> None:
    door, _ = over(refuse_connection)
    with pytest.raises(
        KestraUnavailable, match=r"the flows: no answer from https://k\.test/base: connection refused"
    ) as caught:
        door.get("/a", "the flows")
    assert caught.value.hint.endswith("syncd doctor")
    assert caught.value.__cause__ is None


def test_an_untrusted_certificate_is_explained() -> None:
    def untrusted(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed", request=request)

    door, _ = over(untrusted)
    with pytest.raises(KestraUnavailable) as caught:
        door.get("/a", "it")
    assert "ca_file" in caught.value.hint


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_is_sent_once_whatever_happens(method: str) -> None:
    door, wire = over(refuse_connection)
    with pytest.raises(KestraUnavailable):
        door.send(Call(method, "/a", "it"))
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7.0), ("100000", 60.0), ("Wed, 01 Jul 2020 12:00:00 GMT", True), ("soon", True), ("", True)],
)
def test_retry_after_is_obeyed_within_reason(header: str, wait: float | bool) -> None:
    door, _ = over(lambda _: httpx.Response(429, headers={"retry-after": header}))
    with pytest.raises(KestraUnavailable) as caught:
        door.send(Call("GET", "/a", "it"))
    assert wait_before_repeat(caught.value) == wait


def test_other_errors_are_not_worth_repeating() -> None:
    assert wait_before_repeat(KestraDenied("no")) is False


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_LIMIT", 1 << 20)
    door, _ = over(lambda _: httpx.Response(200, content=iter([b"x" * 65536] * 100)))
    with pytest.raises(KestraError, match="larger than 1 MiB"):
        door.get("/a", "it")


def test_a_compressed_bomb_is_cut_off_by_its_unpacked_size(monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(transport, "ANSWER_LIMIT", 1 << 20)
    bomb = gzip.compress(b"\0" * (8 << 20))
    door, _ = over(lambda _: httpx.Response(200, content=bomb, headers={"content-encoding": "gzip"}))
    with pytest.raises(KestraError, match="larger than 1 MiB"):
        door.get("/a", "it")


def test_a_download_starts_over_when_it_is_repeated() -> None:
    def torn() -> object:
        yield b"half of"
        raise httpx.ReadError("reset")

    answers = [httpx.Response(200, content=torn()), httpx.Response(200, content=b"whole", headers={"date": DATE})]  # type: ignore[arg-type]
    door, _ = over(lambda _: answers.pop(0))
    with door.download("/a", "it") as body:
        assert body.file.read() == b"whole"
        assert body.made == 1782907200.0


def test_an_answer_says_when_it_was_made_by_the_servers_clock() -> None:
    door, _ = over(lambda _: reply({}))
    assert door.get("/a", "it").made == 1782907200.0


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_answer_without_a_clock_has_no_time(date: str) -> None:
    door, _ = over(lambda _: httpx.Response(200, json={}, headers={"date": date} if date else {}))
    assert door.get("/a", "it").made is None


def test_a_server_that_echoes_secrets_does_not_get_them_into_errors() -> None:
    echo = {"message": f"bad login {PASSWORD} bWU6U3VwM3JTZWNyZXQ="}
    door, _ = over(lambda _: reply(echo, 422))
    with pytest.raises(KestraError) as caught:
        door.get("/a", "it")
    assert PASSWORD not in str(caught.value)
    assert "bWU6" not in str(caught.value)


def test_path_segments_and_parameters_are_encoded_whole() -> None:
    assert path_of("flows", "a/../b", "é x#?%") == "/flows/a%2F..%2Fb/%C3%A9%20x%23%3F%25"
    door, wire = over(lambda _: reply({}))
    door.get("/a", "it", [("path", "/a b+c%20#?&=é[x].txt"), ("filters[namespace][PREFIX]", "a.b")])
    assert wire.requests[0].url.raw_path == (
        b"/base/a?path=%2Fa%20b%2Bc%2520%23%3F%26%3D%C3%A9%5Bx%5D.txt&filters%5Bnamespace%5D%5BPREFIX%5D=a.b"
    )


def test_multipart_and_plain_bodies_travel_unchanged() -> None:
    door, wire = over(lambda _: reply({}))
    door.send(Call("POST", "/a", "it", body="é\r\n".encode(), media="application/x-yaml"))
    door.send(Call("POST", "/a", "it", parts=(("fileContent", "content", b""),)))
    assert (wire.requests[0].content, wire.requests[0].headers["content-type"]) == (
        b"\xc3\xa9\r\n",
        "application/x-yaml",
    )
    assert b'name="fileContent"; filename="content"' in wire.requests[1].content


def test_a_missing_ca_file_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca_file .*none\.pem"):
        Transport(Address("https://h", ca_file=str(tmp_path / "none.pem")))


def test_a_ca_file_that_is_none_is_a_setting_to_correct(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(ConfigError, match="ca_file"):
        Transport(Address("https://h", ca_file=str(tmp_path / "ca.pem")))
