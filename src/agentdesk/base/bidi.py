"""The direction of a text, after the Unicode Bidirectional Algorithm (UAX #9), as far as labels need it."""

from __future__ import annotations

import unicodedata
from typing import Literal

__all__ = ["FSI", "LRI", "PDI", "RLM", "Direction", "first_strong", "has_rtl", "isolate", "isolate_ltr"]


Direction = Literal["ltr", "rtl"]

LRI = "\u2066"
"""LEFT-TO-RIGHT ISOLATE: for numbers, addresses and codes, which never turn."""
FSI = "\u2068"
"""FIRST STRONG ISOLATE: for text of unknown direction."""
PDI = "\u2069"
"""POP DIRECTIONAL ISOLATE: the end of either."""
RLM = "\u200f"
"""RIGHT-TO-LEFT MARK: makes a text begin from the right that happens to begin with a Latin word."""

_ISOLATES = ("LRI", "RLI", "FSI")


def first_strong(text: str) -> Direction | None:
    """The direction of the first strong character (rules P2 and P3), or ``None`` where there is none.

    What is isolated does not count: a sentence that begins with a foreign name keeps its own direction.
    """
    depth = 0
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in _ISOLATES:
            depth += 1
        elif kind == "PDI":
            depth = max(0, depth - 1)
        elif depth == 0 and kind == "L":
            return "ltr"
        elif depth == 0 and kind in ("R", "AL"):
            return "rtl"
    return None


def has_rtl(text: str) -> bool:
    """Whether any character of ``text`` is written from right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)


def isolate(text: str) -> str:
    """``text`` so that it cannot disturb the order of the sentence it is put into."""
    return f"{FSI}{text}{PDI}"


def isolate_ltr(text: str) -> str:
    """A number, address or code that keeps its left-to-right order inside any sentence."""
    return f"{LRI}{text}{PDI}"
