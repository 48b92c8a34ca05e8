"""Who is meant by an @ in a note."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["WHISPER", "Named", "named_in", "places_in"]

WHISPER = "whisper"
"""The kind of a mention to whom a whole note is said: a supervisor's word to the agent of a chat."""

_GROWTH = 3
"""A letter is at most so many letters when large and small ones are made the same."""


class Named(NamedTuple):
    """A name behind an @: where the @ stands, where the name ends, and which one it is."""

    start: int
    end: int
    name: str


def named_in(text: str, names: Iterable[str]) -> set[str]:
    """Return those of ``names`` that ``text`` has behind an @: see :func:`places_in`."""
    return {one.name for one in places_in(text, names)}


def places_in(text: str, names: Iterable[str]) -> list[Named]:
    """Return where ``text`` has one of ``names`` behind an @ that begins a word; of names that begin alike
    the longest counts. Large and small letters are the same. Places count characters."""
    found: list[Named] = []
    ranked = sorted({name for name in names if name}, key=len, reverse=True)
    start = text.find("@") if ranked else -1
    while start >= 0:
        if start == 0 or not text[start - 1].isalnum():
            ends = ((name, _end_of(text, start + 1, name.casefold())) for name in ranked)
            found += [Named(start, end, name) for name, end in ends if end is not None][:1]
        start = text.find("@", start + 1)
    return found


def _end_of(text: str, start: int, folded: str) -> int | None:
    """Where the name ends that stands at ``start``; None where it does not."""
    there = text[start : start + _GROWTH * len(folded)]
    if not there.casefold().startswith(folded):
        return None
    for length in range((len(folded) + _GROWTH - 1) // _GROWTH, len(there) + 1):
        if there[:length].casefold() == folded:
            end = start + length
            return None if text[end : end + 1].isalnum() else end
    return None
