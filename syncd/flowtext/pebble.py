"""Reads Pebble templates as far as references need it: literals, calls and variable paths, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_OPEN = re.compile(r"\{[{%#]")
_TOKEN = re.compile(
    r"""\s*(?:(?P<close>-?[}%]\})|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z_]\w*)|(?P<other>[\d.]+\d|\S))""",
    re.DOTALL,
)
_VERBATIM = re.compile(r"\{%-?\s*(raw|verbatim)\s*-?%\}(?s:.*?)\{%-?\s*end\1\s*-?%\}")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of an expression; of a quoted literal, `text` and the place are those inside the quotes."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; an argument that is more than one quoted literal is `None`."""

    name: str
    positional: tuple[Token | None, ...]
    named: Mapping[str, Token | None]
    start: int

    def argument(self, index: int, name: str) -> tuple[bool, Token | None]:
        """Whether the argument is given at all, and the literal if it is one."""
        if name in self.named:
            return True, self.named[name]
        given = index < len(self.positional)
        return given, self.positional[index] if given else None


@dataclass(frozen=True, slots=True)
class Path:
    """A variable with its parts, such as `outputs`, `task`, `value`; subscripts count where they are literals."""

    parts: tuple[Token, ...]


@lru_cache(maxsize=512)
def expressions(source: str) -> tuple[tuple[Token, ...], ...]:
    """The tokens of each `{{ … }}` and `{% … %}`, comments and verbatim blocks left out."""
    return tuple(_expressions(source))


def _expressions(source: str) -> Iterator[tuple[Token, ...]]:
    at = 0
    while opening := _OPEN.search(source, at):
        if verbatim := _VERBATIM.match(source, opening.start()):
            at = verbatim.end()
        elif opening[0] == "{#":
            closing = source.find("#}", opening.end())
            at = len(source) if closing < 0 else closing + 2
        else:
            tokens, at = _tokens(source, opening.end(), "}}" if opening[0] == "{{" else "%}")
            yield tokens


def unclosed_comments(source: str) -> Iterator[int]:
    """Where `{#` stands without a `#}` after it: Pebble then takes the rest of the text for a comment and fails."""
    at = 0
    while opening := _OPEN.search(source, at):
        if verbatim := _VERBATIM.match(source, opening.start()):
            at = verbatim.end()
        elif opening[0] != "{#":
            _, at = _tokens(source, opening.end(), "}}" if opening[0] == "{{" else "%}")
        elif (closing := source.find("#}", opening.end())) >= 0:
            at = closing + 2
        else:
            yield opening.start()
            return


def calls(tokens: tuple[Token, ...]) -> Iterator[Call]:
    """Every function call of an expression, nested ones too."""
    for index, token in enumerate(tokens[:-1]):
        if token.kind == "name" and tokens[index + 1].text == "(" and tokens[index + 1].kind == "other":
            yield _call(tokens, index)


def paths(tokens: tuple[Token, ...]) -> Iterator[Path]:
    """Every variable of an expression that is followed by at least one part: `outputs.a`, `inputs['b']`."""
    for index, token in enumerate(tokens):
        after_dot = index > 0 and tokens[index - 1].text in {".", "|"} and tokens[index - 1].kind == "other"
        if token.kind == "name" and not after_dot:
            parts = (token, *_parts(tokens, index + 1))
            if len(parts) > 1:
                yield Path(parts)


def _tokens(source: str, at: int, close: str) -> tuple[tuple[Token, ...], int]:
    found: list[Token] = []
    while match := _TOKEN.match(source, at):
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "close" and match["close"].endswith(close):
            break
        start, end = match.span(kind)
        inside = int(kind == "string")
        found.append(Token(kind, source[start + inside : end - inside], start + inside, end - inside))
    else:
        at = len(source)
    return tuple(found), at


def _parts(tokens: tuple[Token, ...], at: int) -> Iterator[Token]:
    while at + 1 < len(tokens) and tokens[at].kind == "other":
        if tokens[at].text == "." and tokens[at + 1].kind == "name":
            yield tokens[at + 1]
            at += 2
        elif tokens[at].text == "[" and tokens[at + 1].kind == "string" and tokens[at + 2 : at + 3]:
            yield tokens[at + 1]
            at += 3
        else:
            return


def _call(tokens: tuple[Token, ...], at: int) -> Call:
    positional: list[Token | None] = []
    named: dict[str, Token | None] = {}
    for argument in _arguments(tokens, at + 2):
        if len(argument) > 2 and argument[0].kind == "name" and argument[1].text == "=" and argument[2].text != "=":
            named[argument[0].text] = _literal(argument[2:])
        else:
            positional.append(_literal(argument))
    return Call(tokens[at].text, tuple(positional), named, tokens[at].start)


def _arguments(tokens: tuple[Token, ...], at: int) -> Iterator[list[Token]]:
    depth = 0
    argument: list[Token] = []
    for token in tokens[at:]:
        mark = token.text if token.kind == "other" else ""
        if depth == 0 and mark in {")", ","}:
            if argument:
                yield argument
            if mark == ")":
                return
            argument = []
            continue
        depth += (mark in {"(", "[", "{"}) - (mark in {")", "]", "}"})
        argument.append(token)
    if argument:
        yield argument


def _literal(tokens: list[Token]) -> Token | None:
    return tokens[0] if len(tokens) == 1 and tokens[0].kind == "string" else None
