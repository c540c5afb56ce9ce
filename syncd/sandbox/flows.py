"""The routes of single flows under `/flows`, and validation; how a flow is written is told by `writing`."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from syncd.sandbox.call import Call, done, encoded, reply
from syncd.sandbox.flowjson import present
from syncd.sandbox.query import chosen, page
from syncd.sandbox.refusal import Dialect, Refused, Violation
from syncd.sandbox.store import FlowRevision
from syncd.sandbox.verdict import Verdict, judge
from syncd.sandbox.writing import accepted, replace, text_of

_FORM_FIELDS = 128


def search(call: Call) -> Response:
    """`GET /flows/search`: full flows without their text, one page of them."""
    names = page(call, chosen(call))
    content = b'{"results":%b,"total":%d}' % (_listed(call, names.items), names.total)
    return Response(content, media_type="application/json")


def of_namespace(call: Call) -> Response:
    """`GET /flows/{ns}`: the flows of exactly one namespace."""
    names = [name for name in call.store.names() if name[0] == call.names["ns"]]
    return Response(_listed(call, names), media_type="application/json")


def _listed(call: Call, names: list[tuple[str, str]]) -> bytes:
    """A JSON list made flow by flow, so that ten thousand of them never stand in memory as objects."""
    return b"[%b]" % b",".join(encoded(present(each, call.dialect)) for each in call.store.flows(names))


def read(call: Call) -> Response:
    """`GET /flows/{ns}/{id}`; `source`, `revision` and `allowDeleted` as on the server."""
    revision = call.number("revision", 0) or None
    found = call.store.flow(call.names["ns"], call.names["id"], revision)
    if found is None or (found.deleted and not call.flag("allowDeleted")):
        raise Refused("not-found")
    return reply(present(found, call.dialect, source=call.flag("source")))


def revisions(call: Call) -> Response:
    """`GET /flows/{ns}/{id}/revisions`, ascending and with their texts; deletions only with `allowDelete`."""
    found = call.store.revisions(call.names["ns"], call.names["id"])
    if not found:
        raise Refused("not-found")
    shown = [each for each in found if call.flag("allowDelete") or not each.deleted]
    return reply([present(each, call.dialect, source=True) for each in shown])


def drop_revisions(call: Call) -> Response:
    """`DELETE /flows/{ns}/{id}/revisions?revisions=1,2`; naming the latest one deletes the flow."""
    latest = _live(call)
    wanted = [int(each) for each in call.get("revisions").split(",") if each.strip().isdigit()]
    if not wanted:
        raise Refused("bad-request", "Required argument [List revisions] not specified")
    if latest.revision in wanted:
        call.store.put_flow(latest.namespace, latest.id, latest.source, latest.body, deleted=True)
    call.store.drop_revisions(latest.namespace, latest.id, wanted)
    return done(204)


def create(call: Call) -> Response:
    """`POST /flows`: 200 with the flow; an existing one is refused, 422 on 1.3 and 409 on 2.0."""
    text, generated = text_of(call)
    draft = call.dialect == "2.0" and call.flag("draft")
    verdict = accepted(text, call, draft=draft)
    namespace, flow_id = verdict.flow["namespace"], verdict.flow["id"]
    old = call.store.flow(namespace, flow_id)
    if old is not None and not old.deleted:
        raise _exists(call.dialect, namespace, flow_id)
    stored = call.store.put_flow(
        namespace, flow_id, text, verdict.flow, deleted=bool(verdict.flow.get("deleted")), draft=draft
    )
    return reply(present(stored, call.dialect, source=not generated, fresh=True))


def update(call: Call) -> Response:
    """`PUT /flows/{ns}/{id}`: 404 unless it exists; a text that did not change makes no revision."""
    old = call.store.flow(call.names["ns"], call.names["id"])
    if old is None or old.deleted:
        raise Refused("not-found", "" if call.dialect == "1.3" else "Flow not found")
    text, _ = text_of(call)
    draft = call.dialect == "2.0" and call.flag("draft")
    return reply(replace(call, old, text, draft=draft))


def delete(call: Call) -> Response:
    """`DELETE /flows/{ns}/{id}`: 204; the deletion is a revision of its own."""
    _delete(call, _live(call))
    return done(204)


def validate(call: Call) -> Response:
    """`POST /flows/validate`: one verdict a document or part; always 200."""
    if call.media_type == "multipart/form-data":
        if len(call.parts) > _FORM_FIELDS:
            detail = f"Number of form fields exceeds configured limit of [{_FORM_FIELDS}]"
            raise Refused("internal-server-error", detail)
        texts = [(part.filename, part.data.decode("utf-8", "replace")) for part in call.parts if part.name == "flows"]
        return reply(
            [{"index": index, "filename": name, **_report(call, text)} for index, (name, text) in enumerate(texts)]
        )
    if not call.body:
        raise Refused("invalid-request-body", "Required Body [flows] not specified")
    documents = re.split(r"\n---(?=\s)", call.text().strip())
    return reply([{"index": index, **_report(call, text)} for index, text in enumerate(documents)])


def _report(call: Call, text: str) -> dict[str, Any]:
    try:
        verdict = judge(text, call.dialect, reader="Flow")
    except Refused as error:
        return {"constraints": f"Validation error: {error.detail}", "outdated": False}
    flow = verdict.flow
    last = call.store.flow(str(flow.get("namespace")), str(flow.get("id")))
    following = (last.revision if last and not last.deleted else 0) + 1
    return {
        "namespace": flow.get("namespace"),
        "flow": flow.get("id"),
        **({"constraints": f"Validation error: {verdict.detail}"} if verdict.violations else {}),
        "outdated": isinstance(flow.get("revision"), int) and flow["revision"] != following,
        "deprecationPaths": list(verdict.deprecations),
        "warnings": _missing_subflows(call, verdict),
        "infos": list(verdict.infos),
    }


def _missing_subflows(call: Call, verdict: Verdict) -> list[str]:
    warnings = []
    for namespace, flow_id in verdict.subflows:
        found = call.store.flow(namespace, flow_id)
        if found is None or found.deleted:
            warnings.append(f"The subflow '{flow_id}' not found in namespace '{namespace}'.")
    return warnings


def _live(call: Call) -> FlowRevision:
    found = call.store.flow(call.names["ns"], call.names["id"])
    if found is None or found.deleted:
        raise Refused("not-found")
    return found


def _delete(call: Call, found: FlowRevision) -> None:
    call.store.put_flow(found.namespace, found.id, found.source, found.body, deleted=True, draft=found.draft)


def _exists(dialect: Dialect, namespace: str, flow_id: str) -> Refused:
    if dialect == "2.0":
        return Refused("entity-already-exists", f"Flow '{flow_id}' already exists in namespace '{namespace}'.")
    violation = Violation("flow.id", "Flow id already exists")
    return Refused("validation-failed", f"{violation.path}: {violation.message}", (violation,))
