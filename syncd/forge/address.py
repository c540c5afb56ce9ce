"""Which forge keeps a repository, from variables and the remote's URL; nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from syncd.errors import ForgeError


class Product(StrEnum):
    """The forges that are spoken to; Forgejo and Codeberg speak as Gitea does."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


@dataclass(frozen=True, slots=True)
class Address:
    """
    One project on one forge.

    Args:
        product: Which language it speaks.
        api: Base address of its API, without a trailing slash.
        project: `owner/name`; on GitLab with all its groups.
        token: For authentication, or "".
    """

    product: Product
    api: str
    project: str
    token: str = field(default="", repr=False)


_API = {Product.GITHUB: "/api/v3", Product.GITLAB: "/api/v4", Product.GITEA: "/api/v1"}
_TOKENS = {
    Product.GITHUB: ("GITHUB_TOKEN", "GH_TOKEN"),
    Product.GITLAB: ("GITLAB_TOKEN",),
    Product.GITEA: ("GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN"),
}
_HOSTS = (("github", Product.GITHUB), ("gitlab", Product.GITLAB), ("gitea", Product.GITEA), ("forgejo", Product.GITEA))
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^/].*)")


def address(variables: Mapping[str, str], remote: str = "") -> Address:
    """
    The forge that `SYNCD_FORGE`, `_URL`, `_PROJECT` and `_TOKEN` name, else that of the pipeline, else of the remote.

    Args:
        variables: The process environment.
        remote: URL of the Git remote, as `git remote get-url` prints it, or "".

    Raises:
        ForgeError: It cannot be told which forge this is.
    """
    product, api, project = _pipeline(variables) or _remote(remote)
    if chosen := variables.get("SYNCD_FORGE"):
        product = _product(chosen)
    api = variables.get("SYNCD_FORGE_URL", "") or api
    project = variables.get("SYNCD_FORGE_PROJECT", "") or project
    if product is None or not api or not project:
        raise ForgeError(
            "it cannot be told which forge keeps this repository" + (f" (remote {_shown(remote)})" if remote else ""),
            "set SYNCD_FORGE to github, gitlab or gitea, SYNCD_FORGE_URL to its API, SYNCD_FORGE_PROJECT to owner/name",
        )
    token = next((variables[name] for name in ("SYNCD_FORGE_TOKEN", *_TOKENS[product]) if variables.get(name)), "")
    return Address(product, api.rstrip("/"), project.strip("/").removesuffix(".git"), token)


def _product(word: str) -> Product:
    try:
        return Product(word.lower())
    except ValueError:
        raise ForgeError(f"SYNCD_FORGE is {word!r}", "set it to github, gitlab or gitea") from None


def _pipeline(variables: Mapping[str, str]) -> tuple[Product | None, str, str] | None:
    if variables.get("GITEA_ACTIONS") or variables.get("FORGEJO_ACTIONS"):
        return Product.GITEA, variables.get("GITHUB_API_URL", ""), variables.get("GITHUB_REPOSITORY", "")
    if variables.get("GITHUB_ACTIONS"):
        return Product.GITHUB, variables.get("GITHUB_API_URL", ""), variables.get("GITHUB_REPOSITORY", "")
    if variables.get("GITLAB_CI"):
        return Product.GITLAB, variables.get("CI_API_V4_URL", ""), variables.get("CI_PROJECT_PATH", "")
    return None


def _remote(url: str) -> tuple[Product | None, str, str]:
    scheme, host, path = _parts(url)
    product = next((found for word, found in _HOSTS if word in host), None)
    if product is None:
        product = Product.GITEA if host == "codeberg.org" else None
    if product is None:
        return None, "", path
    if host == "github.com":
        return product, "https://api.github.com", path
    return product, f"{scheme}://{host}{_API[product]}", path


def _parts(url: str) -> tuple[str, str, str]:
    """Scheme of the web interface, host (with its port where that is the web's), and path of a remote."""
    if "://" not in url:
        match = _SCP.fullmatch(url)
        return ("https", match["host"].lower(), match["path"]) if match else ("https", "", "")
    split = urlsplit(url)
    host = (split.hostname or "").lower()
    if split.scheme not in {"http", "https"}:
        return "https", host, split.path
    return split.scheme, f"{host}:{split.port}" if split.port else host, split.path


def _shown(remote: str) -> str:
    return "".join(_without_login(remote))


def _without_login(url: str) -> Iterator[str]:
    scheme, separator, rest = url.rpartition("://")
    yield scheme + separator
    yield rest.rpartition("@")[2] if separator else rest
