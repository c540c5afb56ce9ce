"""Where a server is, and that its secrets never show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.kestra import Address


@pytest.mark.parametrize(
    ("given_url", "clean"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("https://k.example.com/api/v1", "https://k.example.com"),
        ("https://k.example.com/api/v1/main/flows/search?size=1", "https://k.example.com"),
        ("https://k.example.com/ui/main/flows", "https://k.example.com"),
        ("https://example.com/tools/kestra/", "https://example.com/tools/kestra"),
        ("https://example.com/tools/kestra/api/v1/", "https://example.com/tools/kestra"),
        ("https://example.com/apis", "https://example.com/apis"),
        ("  http://[::1]:8080/ ", "http://[::1]:8080"),
    ],
)
def test_a_pasted_address_is_cleaned_and_a_context_path_kept(given_url: str, clean: str) -> None:
    assert Address(given_url).url == clean


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://host", "https://", "http://host:port", "file:///etc/passwd"]
)
def test_what_is_no_web_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(ConfigError, match="is not one") as caught:
        Address(url)
    assert "https://" in caught.value.hint


def test_credentials_in_the_url_move_out_of_it() -> None:
    address = Address("https://me%40x.io:s%3Acret@host/kestra")
    assert (address.url, address.username, address.password) == ("https://host/kestra", "me@x.io", "s:cret")


def test_a_refused_url_does_not_show_its_password() -> None:
    with pytest.raises(ConfigError) as caught:
        Address("ftp://me:hunter22@host")
    assert "hunter22" not in str(caught.value)


def test_token_wins_over_password_and_loses_the_newline_of_its_file() -> None:
    assert Address(username="me", password="pw", token="abc\n").authorization == "Bearer abc"


def test_basic_login_is_utf8() -> None:
    assert Address(username="é", password="ü").authorization == "Basic w6k6w7w="


def test_without_an_account_nothing_is_sent() -> None:
    assert Address().authorization is None


SECRET = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=30)


@given(password=SECRET, token=SECRET, header=SECRET, proxy=SECRET)
def test_no_secret_shows_in_repr_or_in_masked_text(password: str, token: str, header: str, proxy: str) -> None:
    address = Address(
        "http://h",
        username="me",
        password=password,
        token=token,
        headers={"X-Key": header},
        proxy=f"http://u:{proxy}@p",
    )
    basic = Address("http://h", username="me", password=password).authorization
    said = repr(address) + address.mask(f"{password} {token} {header} {proxy} {basic}")
    assert not any(secret in said for secret in (password, token, header, proxy, str(basic).split()[1]))
