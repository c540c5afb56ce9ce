"""Colour where it is wanted, and hostile text made harmless for a terminal; no layout belongs here."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_COLOURS = {
    None: "",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
    "bright_black": "90",
    "bright_red": "91",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """
    Puts colour around text, or not.

    Args:
        colour: Whether the output can show it.
    """

    colour: bool = False

    def __call__(self, text: str, *, fg: str | None = None, bold: bool = False) -> str:
        codes = ";".join(code for code in ("1" if bold else "", _COLOURS[fg]) if code)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text


def printable(text: str) -> str:
    """The text with control characters (escape sequences, carriage returns, direction marks) written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _harmless(char) else f"\\x{ord(char):02x}" for char in text)


def _harmless(char: str) -> bool:
    return char == "\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"} or char in "\u200d\ufe0f"
