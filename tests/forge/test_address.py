"""Which forge keeps a repository is told by variables, by the pipeline, or by the remote's URL."""

from __future__ import annotations

import pytest

from syncd.errors import ForgeError
from syncd.forge import Address, Product, address


@pytest.mark.parametrize(
    ("remote", "product", "api", "project"),
    [
        ("git@github.com:acme/flows.git", Product.GITHUB, "https://api.github.com", "acme/flows"),
        ("https://github.com/acme/flows", Product.GITHUB, "https://api.github.com", "acme/flows"),
        ("https://x:y@github.acme.org/a/b.git", Product.GITHUB, "https://github.acme.org/api/v3", "a/b"),
        ("ssh://git@gitlab.com:2222/a/b/c.git", Product.GITLAB, "https://gitlab.com/api/v4", "a/b/c"),
        ("http://gitea.local:3000/a/b.git", Product.GITEA, "http://gitea.local:3000/api/v1", "a/b"),
        ("https://codeberg.org/a/b.git", Product.GITEA, "https://codeberg.org/api/v1", "a/b"),
    ],
)
def test_a_remote_names_its_forge(remote: str, product: Product, api: str, project: str) -> None:
    assert address({}, remote) == Address(product, api, project)


def test_a_pipeline_names_its_forge() -> None:
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://g/api",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_TOKEN": "t",
    }
    gitlab = {"GITLAB_CI": "true", "CI_API_V4_URL": "https://l/api/v4", "CI_PROJECT_PATH": "a/b", "GITLAB_TOKEN": "t"}
    assert address(github) == Address(Product.GITHUB, "https://g/api", "a/b", "t")
    assert address({**github, "GITEA_ACTIONS": "true"}) == Address(Product.GITEA, "https://g/api", "a/b", "t")
    assert address(gitlab) == Address(Product.GITLAB, "https://l/api/v4", "a/b", "t")


def test_own_variables_win() -> None:
    own = {
        "SYNCD_FORGE": "gitea",
        "SYNCD_FORGE_URL": "http://f/",
        "SYNCD_FORGE_PROJECT": "c/d",
        "SYNCD_FORGE_TOKEN": "s",
    }
    pipeline = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://g",
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_TOKEN": "t",
    }
    assert address({**pipeline, **own}) == Address(Product.GITEA, "http://f", "c/d", "s")


@pytest.mark.parametrize("remote", ["", "/srv/git/flows.git", "https://me:secret@git.acme.org/a/b.git"])
def test_an_unknown_forge_is_an_error_that_says_what_to_set(remote: str) -> None:
    with pytest.raises(ForgeError) as caught:
        address({}, remote)
    assert "SYNCD_FORGE" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_the_token_never_shows() -> None:
    assert "s3cret" not in repr(Address(Product.GITHUB, "https://g", "a/b", "s3cret"))
