"""Finds every place in a flow that names a namespace, flow, key, secret or file; judging them is left to others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from syncd.flowtext.components import Component, Leaf, components, leaves, nodes
from syncd.flowtext.pebble import Call, Token, calls, expressions
from syncd.flowtext.spans import Source, content_span, position, source_of
from syncd.flowtext.tree import Mapping, Node, Scalar, Sequence, parse


class Refers(StrEnum):
    """What a reference is about."""

    OWN = "own namespace"
    SUBFLOW = "subflow"
    FLOW_TRIGGER = "flow trigger"
    KV = "kv"
    SECRET = "secret"  # noqa: S105 - the word, not one
    FILE = "file"
    TASK = "task"
    GIT = "git"
    URL = "url"
    LITERAL = "literal"
    REVISION = "revision"


@dataclass(frozen=True, slots=True)
class Reference:
    """
    One place that names something outside the flow.

    Args:
        kind: A `Refers` value. `own namespace` is the flow's top-level one; `task` an execution, log, trigger, file or
            state task of the core; `git` a Git or Kestra-API plugin; `url` the API's address in a `uri` or `url`;
            `literal` any other quoted literal in an expression that could be a namespace; `revision` the pinned
            revision of a subflow.
        namespace: Literal namespace, or `None` where it is the flow's own, or dynamic.
        name: Flow id, key, secret or path as a literal, or `None`.
        start: First byte of the value that names it: the namespace where one is written, else the name.
        end: The byte after its last; quotes are outside.
        line: 1-based.
        column: 1-based, in characters.
        value: The text of that span, unescaped.
        place: Path in the document, such as `tasks[0].namespace`.
        owner: Type of the task or trigger it belongs to, or "".
        dynamic: The namespace is computed when the flow runs, so nobody can tell it beforehand.
        expression: The span is a literal inside a Pebble expression.
    """

    kind: Refers
    namespace: str | None
    name: str | None
    start: int
    end: int
    line: int
    column: int
    value: str = ""
    place: str = ""
    owner: str = ""
    dynamic: bool = False
    expression: bool = False


_OWN = re.compile(r"\{\{\s*flow\.namespace\s*\}\}\Z")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,149}\Z")
_NSFILE = re.compile(r"nsfile://([a-z0-9][a-z0-9._-]*)?/([^\s\"'`)}|,;\\]*)")
_URL = re.compile(
    r"/api/v1/(?:[\w-]+/)?(?:flows|executions/webhook|executions|namespaces|triggers|logs|kv)/"
    r"([a-z0-9][a-z0-9._-]*)(?:/([A-Za-z0-9][\w.-]*))?"
)
_CALLERS = frozenset(
    {
        "io.kestra.plugin.core.flow.Subflow",
        "io.kestra.plugin.core.flow.ForEachItem",
        "io.kestra.core.tasks.flows.Flow",
        "io.kestra.core.tasks.flows.Subflow",
        "io.kestra.core.tasks.flows.ForEachItem",
    }
)
_FLOW_TRIGGERS = frozenset({"io.kestra.plugin.core.trigger.Flow", "io.kestra.core.models.triggers.types.Flow"})
_FILE_FUNCTIONS = frozenset({"read", "fileURI", "fileExists", "fileSize", "isFileEmpty"})
_FUNCTIONS = {"kv": (Refers.KV, "key"), "secret": (Refers.SECRET, "key")} | dict.fromkeys(
    _FILE_FUNCTIONS, (Refers.FILE, "path")
)
_PLUGINS = ("io.kestra.plugin.git.", "io.kestra.plugin.kestra.")
_PROPERTIES = ("namespace", "targetNamespace", "sourceNamespace")
_CALLS = re.compile(rb"Subflow|ForEachItem|flowId")


@lru_cache(maxsize=512)
def references(text: bytes) -> tuple[Reference, ...]:
    """Every place that names something outside the flow, in the order of the text; nothing for unreadable text."""
    root = parse(text)
    if not isinstance(root, Mapping):
        return ()
    reader = _Reader(text)
    found = [
        *reader.namespace(_Aim(Refers.OWN, None, None), "namespace", "", root.get("namespace")),
        *(reference for part in components(root) for reference in reader.component(part)),
        *(reference for leaf in leaves(root) for reference in reader.leaf(leaf)),
    ]
    return tuple(sorted(found, key=lambda reference: (reference.start, reference.end, reference.kind)))


def subflows(text: bytes) -> tuple[tuple[str, str], ...]:
    """The flows that this one calls, as (namespace, id), where both can be told without running it."""
    if not _CALLS.search(text):
        return ()
    found = [reference for reference in references(text) if reference.kind in {Refers.OWN, Refers.SUBFLOW}]
    own = next((reference.namespace for reference in found if reference.kind is Refers.OWN), None)
    called = [
        (reference.namespace or own or "", reference.name)
        for reference in found
        if reference.kind is Refers.SUBFLOW and reference.name and not reference.dynamic
    ]
    return tuple(dict.fromkeys((namespace, name) for namespace, name in called if namespace))


@dataclass(frozen=True, slots=True)
class _Aim:
    """What is named."""

    kind: Refers
    namespace: str | None
    name: str | None
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where it is named."""

    span: tuple[int, int]
    value: str
    place: str
    owner: str
    expression: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes references with places out of the nodes of one text."""

    text: bytes

    def component(self, part: Component) -> Iterator[Reference]:
        yield from self._namespace_files(part)
        if part.type in _CALLERS:
            yield from self._call(part)
        elif part.type in _FLOW_TRIGGERS:
            yield from self._flow_trigger(part)
        elif part.is_core and ".kv." in part.type:
            yield from self._properties(part, Refers.KV, _plain(part.node.text("key")))
        elif part.is_core and ".condition" not in part.type:
            yield from self._properties(part, Refers.TASK, _plain(part.node.text("flowId")))
        elif part.type.startswith(_PLUGINS):
            yield from self._properties(part, Refers.GIT, None)

    def namespace(self, aim: _Aim, place: str, owner: str, node: Node | None) -> Iterator[Reference]:
        """A reference whose value is the namespace itself, written as one scalar."""
        if isinstance(node, Scalar) and not node.is_null:
            own, dynamic = bool(_OWN.match(node.value.strip())), "{{" in node.value
            namespace = None if own or dynamic else node.value.strip()
            found = replace(aim, namespace=namespace, dynamic=dynamic and not own)
            yield self._make(found, _Spot(content_span(self.text, node), node.value, place, owner))

    def leaf(self, leaf: Leaf) -> Iterator[Reference]:
        value = leaf.scalar.value
        templated = "{{" in value or "{%" in value
        addressed = "/api/v1/" in value and leaf.path.rpartition(".")[2] in {"uri", "url"}
        if not (templated or addressed or "nsfile://" in value) or leaf.path == "description":
            return
        source = source_of(self.text, leaf.scalar)
        if templated:
            yield from self._templates(leaf, source)
        if "nsfile://" in value:
            yield from self._matches(Refers.FILE, _NSFILE, leaf, source)
        if addressed:
            yield from self._matches(Refers.URL, _URL, leaf, source)

    def _properties(self, part: Component, kind: Refers, name: str | None) -> Iterator[Reference]:
        aim = _Aim(kind, None, name)
        for key in _PROPERTIES:
            yield from self.namespace(aim, f"{part.path}.{key}", part.type, part.node.get(key))
        if kind is Refers.KV and part.node.get("namespace") is None:
            yield from self._value(aim, part, "key")
        yield from self._list(kind, part, "namespaces", part.node.get("namespaces"))
        flows = part.node.get("flows")
        for index, item in enumerate(flows.items if isinstance(flows, Sequence) else ()):
            if isinstance(item, Mapping):
                target = _Aim(kind, None, _plain(item.text("flowId")))
                yield from self.namespace(
                    target, f"{part.path}.flows[{index}].namespace", part.type, item.get("namespace")
                )

    def _call(self, part: Component) -> Iterator[Reference]:
        aim = _Aim(Refers.SUBFLOW, None, _plain(part.node.text("flowId")))
        written = list(self.namespace(aim, f"{part.path}.namespace", part.type, part.node.get("namespace")))
        yield from written or self._value(aim, part, "flowId")
        yield from self._value(_Aim(Refers.REVISION, _plain(part.node.text("namespace")), aim.name), part, "revision")

    def _flow_trigger(self, part: Component) -> Iterator[Reference]:
        """Every `namespace` below the trigger's own keys, and the values of a filter on the field NAMESPACE."""
        for path, node in _mappings((key, part.node.get(key)) for key in ("dependsOn", "preconditions", "conditions")):
            place = f"{part.path}.{path}"
            aim = _Aim(Refers.FLOW_TRIGGER, None, _plain(node.text("flowId")))
            yield from self.namespace(aim, f"{place}.namespace", part.type, node.get("namespace"))
            if node.text("field") == "NAMESPACE":
                yield from self.namespace(aim, f"{place}.value", part.type, node.get("value"))
                yield from self._list(Refers.FLOW_TRIGGER, part, f"{path}.values", node.get("values"))

    def _namespace_files(self, part: Component) -> Iterator[Reference]:
        files = part.node.get("namespaceFiles")
        if isinstance(files, Mapping):
            yield from self._list(Refers.FILE, part, "namespaceFiles.namespaces", files.get("namespaces"))

    def _list(self, kind: Refers, part: Component, path: str, node: Node | None) -> Iterator[Reference]:
        for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
            yield from self.namespace(_Aim(kind, None, None), f"{part.path}.{path}[{index}]", part.type, item)

    def _value(self, aim: _Aim, part: Component, key: str) -> Iterator[Reference]:
        """A reference whose span is another value than the namespace."""
        node = part.node.get(key)
        if isinstance(node, Scalar) and not node.is_null:
            yield self._make(aim, _Spot(content_span(self.text, node), node.value, f"{part.path}.{key}", part.type))

    def _templates(self, leaf: Leaf, source: Source) -> Iterator[Reference]:
        for tokens in expressions(source.text):
            used: set[int] = set()
            for call in calls(tokens):
                if call.name in _FUNCTIONS:
                    yield from self._function(leaf, source, call, used)
            for token in tokens:
                if token.kind == "string" and token.start not in used and _NAMESPACE.match(token.text):
                    yield self._literal(_Aim(Refers.LITERAL, token.text, None), leaf, source, token)

    def _function(self, leaf: Leaf, source: Source, call: Call, used: set[int]) -> Iterator[Reference]:
        kind, parameter = _FUNCTIONS[call.name]
        _, name = call.argument(0, parameter)
        given, namespace = call.argument(1, "namespace")
        used.update(token.start for token in (name, namespace) if token)
        if kind is Refers.FILE and name and "://" in name.text:
            return
        text = name.text if name else None
        if namespace:
            yield self._literal(_Aim(kind, namespace.text, text), leaf, source, namespace)
        elif name:
            yield self._literal(_Aim(kind, None, text, dynamic=given), leaf, source, name)

    def _literal(self, aim: _Aim, leaf: Leaf, source: Source, token: Token) -> Reference:
        span = source.span(token.start, token.end)
        return self._make(aim, _Spot(span, token.text, leaf.path, leaf.owner, expression=True))

    def _matches(self, kind: Refers, pattern: re.Pattern[str], leaf: Leaf, source: Source) -> Iterator[Reference]:
        for match in pattern.finditer(source.text):
            group = 1 if match[1] else 2
            if match[group]:
                spot = _Spot(source.span(*match.span(group)), match[group], leaf.path, leaf.owner)
                yield self._make(_Aim(kind, match[1], match[2] or None), spot)

    def _make(self, aim: _Aim, spot: _Spot) -> Reference:
        start, end = spot.span
        line, column = position(self.text, start)
        return Reference(
            aim.kind,
            aim.namespace,
            aim.name,
            start,
            end,
            line,
            column,
            spot.value,
            spot.place,
            spot.owner,
            aim.dynamic,
            spot.expression,
        )


def _plain(text: str | None) -> str | None:
    return None if text is None or "{{" in text else text


def _mappings(roots: Iterable[tuple[str, Node | None]]) -> Iterator[tuple[str, Mapping]]:
    for name, root in roots:
        for path, node in nodes(root) if root is not None else ():
            if isinstance(node, Mapping):
                yield f"{name}{'' if path.startswith('[') or not path else '.'}{path}", node
