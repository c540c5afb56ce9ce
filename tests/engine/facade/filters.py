"""Turns the query string of a search into the engine's own filters and pages; the server's binder is not published."""

import re
from typing import Any

from .call import Call
from .engine import Engine
from .errors import ARGUMENT, VALIDATION, Refusal, Violation
from .java import java, java_list

_FILTER = re.compile(r"filters\[(?P<field>\w+)\]\[(?P<operation>\w+)\](?:\[(?P<key>[^\]]+)\])?")
_MODEL = "io.kestra.core.models.QueryFilter"


def flow_filters(engine: Engine, call: Call) -> Any:
    """The filters of the query; up to 1.3 also the flat `namespace` (with its children) and `q`.

    Raises:
        Refusal: a field or an operation that the engine does not have.
    """
    flat = _flat_filters(call) if engine.line == 1 else []
    return _validated([*_bracketed(call), *flat], "FLOW")


def key_value_filters(call: Call) -> Any:
    """The filters of a listing of keys.

    Raises:
        Refusal: a field or an operation that the engine does not have.
    """
    return _validated(_bracketed(call), "KV_METADATA")


def _bracketed(call: Call) -> list[Any]:
    found = ((_FILTER.fullmatch(key), value) for key, value in call.query)
    return [_filter(match, value) for match, value in found if match]


def _validated(filters: list[Any], resource: str) -> Any:
    result = java_list(filters)
    java(_MODEL).validateQueryFilters(result, java(_MODEL + "$Resource").valueOf(resource))
    return result


def _filter(match: re.Match[str], value: str) -> Any:
    field = _field(match["field"])
    operation = getattr(java(_MODEL + "$Op"), match["operation"], None)
    if operation is None:
        raise Refusal(ARGUMENT, f"Unsupported operation '{match['operation']}'.")
    return _build(field, operation, {match["key"]: value} if match["key"] else value)


def _build(field: Any, operation: Any, value: Any) -> Any:
    java_value = java("java.util.HashMap")(value) if isinstance(value, dict) else java("java.lang.String")(value)
    return java(_MODEL).builder().field(field).operation(operation).value(java_value).build()


def _field(name: str) -> Any:
    return java(_MODEL + "$Field").fromString(name)


def _flat_filters(call: Call) -> list[Any]:
    operations = java(_MODEL + "$Op")
    flat = {"namespace": operations.PREFIX, "q": operations.EQUALS}
    return [_build(_field(name), flat[name], call.first(name)) for name in flat if call.first(name)]


def path_filter(path: str) -> Any:
    """The filter for one namespace file."""
    return _build(_field("path"), java(_MODEL + "$Op").EQUALS, path)


def page(engine: Engine, call: Call, method: str) -> Any:
    """The page that the query asks for: `page` from 1, `size` at least 1, `sort` as `column:direction`.

    Raises:
        Refusal: a size below 1; from 2.0 a column that does not exist.
    """
    size = call.number("size", 10)
    if size < 1:
        message, path = "must be greater than or equal to 1", f"{method}.size"
        raise Refusal(VALIDATION, f"{path}: {message}", [Violation(message, path)])
    return java("io.micronaut.data.model.Pageable").from_(call.number("page", 1), size, _sort(engine, call))


def everything() -> Any:
    """One page that holds all."""
    return java("io.micronaut.data.model.Pageable").UNPAGED


_COLUMNS = {"id", "namespace", "revision", "updated", "description", "disabled"}


def _sort(engine: Engine, call: Call) -> Any:
    orders = []
    for column, _, direction in (value.partition(":") for key, value in call.query if key == "sort"):
        if engine.line > 1 and column not in _COLUMNS:
            raise Refusal(ARGUMENT, f"The sort field '{column}' does not exist on this resource.")
        order = java("io.micronaut.data.model.Sort$Order")
        orders.append(order.desc(column) if direction == "desc" else order.asc(column))
    return java("io.micronaut.data.model.Sort").of(java_list(orders))
