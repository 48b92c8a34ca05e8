"""Who is meant by an @ in a note, while it is being written."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["named_in"]


def named_in(text: str, names: Iterable[str]) -> set[str]:
    """Return those of ``names`` that ``text`` has behind an @ that begins a word; of names that begin alike
    the longest counts. Large and small letters are the same."""
    found: set[str] = set()
    ranked = sorted({name for name in names if name}, key=len, reverse=True)
    folded = text.casefold()
    start = folded.find("@")
    while start >= 0:
        begins = start == 0 or not folded[start - 1].isalnum()
        name = next((one for one in ranked if _stands_at(folded, start + 1, one.casefold())), None)
        if begins and name is not None:
            found.add(name)
        start = folded.find("@", start + 1)
    return found


def _stands_at(text: str, start: int, name: str) -> bool:
    end = start + len(name)
    return text.startswith(name, start) and not text[end : end + 1].isalnum()
