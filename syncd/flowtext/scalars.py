"""
What a plain scalar means to Kestra, and how it looks once Java has made a string of it again.

Jackson resolves plain scalars by YAML 1.1: `on` is true, `0123` is octal, `1e3` a double; only then is a string made
where one is wanted. So `id: 0123` is the flow "83" and `id: 1e3` is "1000.0" (seen on 1.3.31 and 2.0.0).
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None

_NULLS = frozenset({"~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0b_*(?P<binary>[01][01_]*)|0(?P<octal>[0-7_]+)|(?P<decimal>0|[1-9][0-9_]*)"
    r"|0x_*(?P<hexadecimal>[0-9a-fA-F][0-9a-fA-F_]*))\Z"
)
_BASES = {"binary": 2, "octal": 8, "decimal": 10, "hexadecimal": 16}
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?\Z")
_NUMERIC = frozenset("-+.0123456789")
_DIGITS_LIMIT = 400


def is_null(text: str) -> bool:
    """Whether a plain scalar names nothing: null, or nothing written, which Kestra reads as an empty text."""
    return not text or text in _NULLS


def resolve(text: str) -> Value:
    """The value of a plain scalar; dates, times and sexagesimal numbers are text."""
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return _number(text) if text[:1] in _NUMERIC and len(text) < _DIGITS_LIMIT else text


def java_text(text: str) -> str:
    """A plain scalar as Kestra stores it in a property that is text, such as `id`; "" for no value."""
    value = resolve(text)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return java_double(value) if isinstance(value, float) else str(value)


def java_double(value: float) -> str:
    """`Double.toString`: plain from 0.001 up to ten million, else with an exponent."""
    if not math.isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, _, exponent = f"{value!r}e".partition("e")
    digits = mantissa.removeprefix("-").replace(".", "").strip("0") or "0"
    power = math.floor(math.log10(abs(value))) if not exponent else int(exponent.rstrip("e"))
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{power}"


def _number(text: str) -> Value:
    whole = _INTEGER.match(text)
    if whole:
        base = whole.lastgroup or "decimal"
        digits = whole[base].replace("_", "")
        return int(f"{whole['sign']}{digits}", _BASES[base]) if digits else text
    if _FLOAT.match(text) and re.search("[.eE]", text):
        return float(text.replace("_", ""))
    return text
