"""A stand-in for the parts of the GitHub, Gitea and GitLab APIs that are used, in memory or on a socket."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from syncd.forge import Address, Product

TOKEN = "forge-token-4711"
PAGE = 2
Reply = tuple[int, dict[str, str], Any]


@dataclass
class StandIn:
    """
    One project on one forge.

    Attributes:
        product: Whose API this is.
        project: Its full name.
        pulls: Pull or merge requests.
        issues: Issues.
        comments: By pull request.
        statuses: By commit.
        merged: Head of the pull request that a commit has merged.
        seen: Every request that was answered, as `METHOD path`.
        scripted: Answers to give first, one for each request.
    """

    product: Product = Product.GITHUB
    project: str = "acme/flows"
    url: str = "http://forge.test"
    pulls: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    scripted: list[Reply] = field(default_factory=list)
    writable: bool = True

    @property
    def address(self) -> Address:
        return Address(self.product, self.url, self.project, TOKEN)

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            body = json.loads(request.content) if request.content else {}
            status, headers, data = self.answer(request.method, str(request.url), dict(request.headers), body)
            return httpx.Response(status, headers=headers, json=data)

        return httpx.MockTransport(answer)

    def answer(self, method: str, url: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
        split = urlsplit(url)
        self.seen.append(f"{method} {split.path}")
        if self.scripted:
            return self.scripted.pop(0)
        scheme = {Product.GITHUB: "Bearer ", Product.GITEA: "token "}.get(self.product, "")
        given = headers.get("private-token") or headers.get("authorization", "").removeprefix(scheme)
        if given != TOKEN:
            return 401, {}, {"message": "Bad credentials"}
        if method != "GET" and not self.writable:
            return 403, {}, {"message": "Resource not accessible by integration"}
        query = dict(parse_qsl(split.query))
        answer = self._gitlab if self.product is Product.GITLAB else self._github
        status, data = answer(method, split.path, query, body)
        return self._paged(split.path, query, status, data)

    def _paged(self, path: str, query: dict[str, str], status: int, data: Any) -> Reply:
        if not isinstance(data, list):
            return status, {}, data
        page = int(query.pop("page", 1))
        rest = data[page * PAGE :]
        query["page"] = str(page + 1)
        link = f'<{self.url}{path}?{"&".join(f"{name}={value}" for name, value in query.items())}>; rel="next"'
        return status, {"link": link} if rest else {}, data[(page - 1) * PAGE : page * PAGE]

    def _github(  # noqa: C901, PLR0911, PLR0912 - a case for each route
        self, method: str, path: str, query: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, Any]:
        rest = path.removeprefix(f"/repos/{self.project}")
        match (method, *rest.strip("/").split("/")):
            case ("GET", "pulls"):
                return 200, [pull for pull in self.pulls if self._matches(pull, query)]
            case ("POST", "pulls"):
                own = {"repo": {"full_name": self.project}}
                refs = {"head": {"ref": body["head"], **own}, "base": {"ref": body["base"], **own}}
                return 201, self._add(self.pulls, "pull", "html_url", "number", {**body, **refs, "state": "open"})
            case ("PATCH", "pulls", number):
                return self._edit(self.pulls, "number", number, body)
            case ("GET", "issues"):
                return 200, [issue for issue in [*self.pulls, *self.issues] if issue["state"] == "open"]
            case ("POST", "issues"):
                return 201, self._add(self.issues, "issues", "html_url", "number", {**body, "state": "open"})
            case ("PATCH", "issues", "comments", number):
                return self._edit([c for of in self.comments.values() for c in of], "id", number, body)
            case ("PATCH", "issues", number):
                return self._edit(self.issues, "number", number, body)
            case ("GET", "issues", number, "comments"):
                return 200, self.comments.get(int(number), [])
            case ("POST", "issues", number, "comments"):
                return 201, self._comment(int(number), body)
            case ("POST", "statuses", commit):
                self.statuses.setdefault(commit, []).append(body)
                return 201, body
            case ("GET", "commits", commit, "statuses"):
                return 200, self.statuses.get(commit, [])[::-1]
            case ("GET", "commits", commit, "pulls"):
                return 200, [{"head": {"sha": self.merged[commit]}}] if commit in self.merged else []
            case ("GET", "commits", commit, "pull") if commit in self.merged:
                return 200, {"head": {"sha": self.merged[commit]}}
        return 404, {"message": "Not Found"}

    def _matches(self, pull: dict[str, Any], query: dict[str, str]) -> bool:
        if pull["state"] != query["state"]:
            return False
        if self.product is Product.GITEA:
            return True
        return bool(query["head"].partition(":")[2] == pull["head"]["ref"] and query["base"] == pull["base"]["ref"])

    def _gitlab(  # noqa: C901, PLR0911, PLR0912 - a case for each route
        self, method: str, path: str, query: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, Any]:
        match = re.fullmatch(r"/projects/([^/]+)/(.+)", path)
        if not match or unquote(match[1]) != self.project:
            return 404, {"message": "404 Project Not Found"}
        match (method, *match[2].split("/")):
            case ("GET", "merge_requests"):
                keys = ("source_branch", "target_branch", "state")
                return 200, [pull for pull in self.pulls if all(pull[key] == query[key] for key in keys)]
            case ("POST", "merge_requests"):
                new = {**body, "state": "opened", "source_project_id": 7, "target_project_id": 7}
                return 201, self._add(self.pulls, "merge_requests", "web_url", "iid", new)
            case ("PUT", "merge_requests", number):
                return self._edit(self.pulls, "iid", number, body)
            case ("GET", "merge_requests", number, "notes"):
                return 200, self.comments.get(int(number), [])
            case ("POST", "merge_requests", number, "notes"):
                return 201, self._comment(int(number), body)
            case ("PUT", "merge_requests", number, "notes", note):
                return self._edit(self.comments.get(int(number), []), "id", note, body)
            case ("GET", "issues"):
                return 200, [issue for issue in self.issues if issue["state"] == query["state"]]
            case ("POST", "issues"):
                return 201, self._add(self.issues, "issues", "web_url", "iid", {**body, "state": "opened"})
            case ("PUT", "issues", number):
                state = {"state": "closed"} if body.pop("state_event", "") == "close" else {}
                return self._edit(self.issues, "iid", number, {**body, **state})
            case ("POST", "statuses", commit):
                given = self.statuses.setdefault(commit, [])
                if given and given[-1]["state"] == body["state"]:
                    return 400, {"message": f"Cannot transition status via :run from :{body['state']}"}
                given.append(body)
                return 201, body
            case ("GET", "repository", "commits", commit, "statuses"):
                return 200, [given for given in self.statuses.get(commit, [])[::-1] if given["name"] == query["name"]]
            case ("GET", "repository", "commits", commit, "merge_requests"):
                return 200, [{"sha": self.merged[commit]}] if commit in self.merged else []
        return 404, {"message": "404 Not Found"}

    def _add(
        self, items: list[dict[str, Any]], where: str, url: str, number: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        identity = len(self.pulls) + len(self.issues) + 1
        items.append({**body, number: identity, url: f"{self.url}/{self.project}/{where}/{identity}"})
        return items[-1]

    def _edit(self, items: list[dict[str, Any]], key: str, number: str, body: dict[str, Any]) -> tuple[int, Any]:
        for item in items:
            if item[key] == int(number):
                item.update(body)
                return 200, item
        return 404, {"message": "Not Found"}

    def _comment(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        given = self.comments.setdefault(number, [])
        given.append({**body, "id": 100 * number + len(given)})
        return given[-1]


@contextmanager
def listening(forge: StandIn) -> Iterator[StandIn]:
    """The stand-in on a free port of 127.0.0.1, for processes of their own."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length)) if length else {}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, extra, data = forge.answer(self.command, forge.url + self.path, headers, body)
            payload = json.dumps(data).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **extra}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
