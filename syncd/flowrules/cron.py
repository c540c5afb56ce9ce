"""Cron expressions as Kestra's scheduler reads them: five Unix fields, six with seconds, or a nickname."""

from __future__ import annotations

import re

_NICKNAMES = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = {name: str(number) for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: str(number) for number, name in enumerate(_DAY_NAMES, 1)}
_SECOND, _MINUTE, _HOUR = (0, 59), (0, 59), (0, 23)
_DAY_OF_MONTH, _MONTH, _DAY_OF_WEEK = (1, 31), (1, 12), (0, 7)
_FIELDS = (_MINUTE, _HOUR, _DAY_OF_MONTH, _MONTH, _DAY_OF_WEEK)
_ITEM = re.compile(r"(?P<first>\*|[0-9]+)(?:-(?P<last>[0-9]+))?(?:/(?P<step>[0-9]+))?")


def complaint(expression: str, *, seconds: bool) -> str:
    """What is wrong with an expression, in the words of 1.3.31 and 2.0.0; empty if nothing is."""
    if not expression.strip():
        return "Empty expression!"
    parts = expression.split()
    if len(parts) == 1 and parts[0].startswith("@"):
        return _nickname(parts[0])
    fields = (_SECOND, *_FIELDS) if seconds else _FIELDS
    if len(parts) != len(fields):
        return f"Cron expression contains {len(parts)} parts but we expect one of [{len(fields)}]"
    reasons = (_field(part, bounds) for part, bounds in zip(parts, fields, strict=True))
    reason = next((each for each in reasons if each), "")
    return f"Failed to parse cron expression. {reason}" if reason else ""


def _nickname(name: str) -> str:
    if name in _NICKNAMES:
        return ""
    if name == "@reboot":
        return "Nickname @reboot not supported!"
    return "Cron expression contains 1 parts but we expect one of [5]"


def _field(text: str, bounds: tuple[int, int]) -> str:
    if bounds is _DAY_OF_MONTH and text.upper() == "L":
        return ""
    names = _MONTHS if bounds is _MONTH else _DAYS if bounds is _DAY_OF_WEEK else {}
    text = re.sub(r"[A-Z]{3}", lambda match: names.get(match[0], match[0]), text.upper())
    return next((reason for item in text.split(",") if (reason := _item(item, bounds))), "")


def _item(item: str, bounds: tuple[int, int]) -> str:
    match = _ITEM.fullmatch(item)
    if not match or (match["first"] == "*" and match["last"]):
        return f"Invalid expression: {item}"
    low, high = bounds
    values = [int(each) for each in (match["first"], match["last"]) if each and each != "*"]
    outside = [value for value in values if not low <= value <= high]
    if outside:
        return f"Value {outside[0]} not in range [{low}, {high}]"
    if len(values) == 2 and values[0] > values[1]:
        return f"Invalid range! [{values[0]},{values[1]}]"
    if match["step"] and not max(low, 1) <= int(match["step"]) <= high:
        return f"Period {match['step']} not in range [{low}, {high}]"
    return ""
