"""The shapes a schema is made of, each telling what is wrong with a value; where each stands, `flowschema` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from syncd.schemas import coercion

Path: TypeAlias = tuple[str | int, ...]
Kind: TypeAlias = Literal["unknown-property", "unknown-type", "wrong-type", "missing", "out-of-bounds"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing the schema does not allow.

    Attributes:
        path: Keys and indexes from the flow down to the value; for a missing property, to where it should be.
        message: The rule that is broken, without the path.
        kind: `unknown-property`, `unknown-type` and `wrong-type` are refused while Kestra reads the text; `missing` and
            `out-of-bounds` while it checks constraints.
        owner: The type, or the class, of the object that holds the value.
    """

    path: Path
    message: str
    kind: Kind
    owner: str


# Read field by field before anything else is: an unknown name is refused there even without a value.
_STRICT = "io.kestra.core.models.flows."
_FLOW = _STRICT + "Flow"

Shape: TypeAlias = Callable[[Any, Path], Iterable[Finding]]


def anything(_value: Any, _path: Path) -> Iterable[Finding]:
    """The shape that everything has."""
    return ()


class ObjectShape:
    """
    A mapping with known properties.

    Args:
        name: The type or class.
        definition: Its schema, with `properties` and `required`.
        extra: Properties that are accepted though the schema leaves them out.
        compile_property: Makes the shape of a property; called once for each that a flow really uses.
    """

    def __init__(
        self,
        name: str,
        definition: dict[str, Any],
        extra: frozenset[str],
        compile_property: Callable[[dict[str, Any], str], Shape],
    ) -> None:
        self._name = name
        self._properties: dict[str, Any] = {**{key: {} for key in extra}, **definition.get("properties", {})}
        discriminated = "type" not in self._properties.get("type", {})
        self._required = [key for key in definition.get("required", ()) if key != "type" or not discriminated]
        self._compile = compile_property
        self._shapes: dict[str, Shape] = {"type": anything} if discriminated else {}
        self._is_strict = name.startswith(_STRICT) and name != _FLOW

    def __call__(self, value: Any, path: Path) -> Iterator[Finding]:
        if not isinstance(value, dict):
            yield Finding(path, "must be a mapping", "wrong-type", self._name)
            return
        for key, each in value.items():
            if each is None and not self._is_strict:  # as good as left out, even where the name is wrong
                continue
            if key not in self._properties:
                yield Finding((*path, key), f'Unrecognized field "{key}"', "unknown-property", self._name)
            elif each is not None:
                yield from self._shape(key)(each, (*path, key))
        for key in self._required:
            if value.get(key) is None:
                yield Finding((*path, key), "must not be null", "missing", self._name)

    def _shape(self, key: str) -> Shape:
        if key not in self._shapes:
            self._shapes[key] = self._compile(self._properties[key], self._name)
        return self._shapes[key]


class TypedShape:
    """
    A mapping whose `type` says which of several objects it is.

    Args:
        shapes: The object for each value of `type`.
        owner: The type that holds it.
        on_trust: Whether an unknown type is accepted unseen.
    """

    def __init__(self, shapes: dict[str, Shape], owner: str, on_trust: Callable[[str], bool]) -> None:
        self._shapes, self._owner, self._on_trust = shapes, owner, on_trust
        self._plugins = any(name.startswith("io.kestra.") for name in shapes)

    def __call__(self, value: Any, path: Path) -> Iterable[Finding]:
        if not isinstance(value, dict):
            return [Finding(path, "must be a mapping with a type", "wrong-type", self._owner)]
        name = value.get("type")
        if isinstance(name, str) and name in self._shapes:
            return self._shapes[name](value, path)
        if self._plugins and isinstance(name, str) and self._on_trust(name):
            return ()
        shown = "null" if name is None else name
        return [Finding((*path, "type"), f"Invalid type: {shown}", "unknown-type", self._owner)]


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list of one shape, with a least length."""

    item: Shape
    least: int
    owner: str

    def __call__(self, value: Any, path: Path) -> Iterator[Finding]:
        if not isinstance(value, list):
            yield Finding(path, "must be a list", "wrong-type", self.owner)
            return
        if len(value) < self.least:
            yield Finding(path, "must not be empty", "out-of-bounds", self.owner)
        for index, each in enumerate(value):
            if each is not None:
                yield from self.item(each, (*path, index))


@dataclass(frozen=True, slots=True)
class MapShape:
    """A mapping from any key to values of one shape."""

    item: Shape
    owner: str

    def __call__(self, value: Any, path: Path) -> Iterator[Finding]:
        if not isinstance(value, dict):
            yield Finding(path, "must be a mapping", "wrong-type", self.owner)
            return
        for key, each in value.items():
            if each is not None:
                yield from self.item(each, (*path, key))


class ChoiceShape:
    """
    A value that may be of several kinds; its kind picks the shape.

    Args:
        branches: The Python types of each branch, with its shape.
        owner: The type that holds it.
    """

    def __init__(self, branches: list[tuple[tuple[type, ...], Shape]], owner: str) -> None:
        self._branches, self._owner = branches, owner

    def __call__(self, value: Any, path: Path) -> Iterable[Finding]:
        findings: list[Finding] = []
        for kinds, shape in self._branches:
            if isinstance(value, kinds):
                own = list(shape(value, path))
                if not own:
                    return ()
                findings = findings or own
        return findings or [Finding(path, "must be another kind of value", "wrong-type", self._owner)]


@dataclass(frozen=True, slots=True)
class LabelsShape:
    """Labels: a mapping to single values, or a list of `key` and `value`."""

    owner: str

    def __call__(self, value: Any, path: Path) -> Iterator[Finding]:
        if isinstance(value, dict):
            wrong = [(*path, key) for key, each in value.items() if isinstance(each, dict | list)]
        elif isinstance(value, list):
            wrong = [(*path, index) for index, each in enumerate(value) if not _is_label(each)]
        else:
            wrong = [path]
        for where in wrong:
            yield Finding(where, "must be a label", "wrong-type", self.owner)


def _is_label(value: Any) -> bool:
    single = (str, int, float, bool)
    return isinstance(value, dict) and all(isinstance(value.get(key), single) for key in ("key", "value"))


class LeafShape:
    """
    A single value, or a list or mapping whose content is free.

    Args:
        schema: Its schema, without references.
        owner: The type that holds it.
    """

    def __init__(self, schema: dict[str, Any], owner: str) -> None:
        self._schema, self._owner = schema, owner
        self._bounded = bool({"pattern", "minLength", "maxLength"} & schema.keys())
        self._numeric = schema.get("type") in {"integer", "number"}
        self._validator = coercion.validator(schema)

    def __call__(self, value: Any, path: Path) -> Iterable[Finding]:
        if self._bounded and isinstance(value, bool | int | float):
            value = str(value).lower()
        value = coercion.as_number(value) if self._numeric else value
        if self._validator is None or self._validator.is_valid(value):
            return ()
        if coercion.fits(self._schema, value):
            return [Finding(path, coercion.broken_bound(self._schema, value), "out-of-bounds", self._owner)]
        message = f"must be {coercion.expectation(self._schema)}"
        return [Finding(path, message, "wrong-type", self._owner)]
