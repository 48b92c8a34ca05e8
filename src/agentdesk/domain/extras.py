"""What a message offers besides its text: short answers to choose from, and cards that lead to a page.

People write them at the end of a text, in double brackets, one line or several::

    Did that help?
    [[Yes]] [[No]]
    [[How to return a desk | https://shop.example/returns | Within 30 days, at no cost.]]

so that drafts and templates carry them like any words. A message's ``extras`` is None, or
``{"choices": ["Yes", "No"], "cards": [{"title", "url", "summary"}, …]}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agentdesk.domain.cleaning import one_line

__all__ = [
    "LONGEST_CHOICE",
    "MOST_CHOICES",
    "Card",
    "Extras",
    "extras_of",
    "last_address",
    "parted",
    "spelled_out",
    "together",
]

MOST_CHOICES = 10
LONGEST_CHOICE = 80
_MOST_CARDS = 5
_LONGEST_TITLE = 120
_LONGEST_SUMMARY = 300
_LONGEST_URL = 2_000
_PIECE = re.compile(r"\[\[([^\[\]\n]+)\]\]")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_LINE = re.compile(r"\s*(?:\[\[[^\[\]\n]+\]\]\s*)+")


@dataclass(frozen=True, slots=True)
class Card:
    """A page to go to."""

    title: str
    url: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Extras:
    """What stands below a text."""

    choices: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.choices or self.cards)

    def as_row(self) -> dict[str, Any] | None:
        """Return it as a message keeps it."""
        if not self:
            return None
        cards = [{"title": one.title, "url": one.url, "summary": one.summary} for one in self.cards]
        return {"choices": list(self.choices), "cards": cards}


def extras_of(row: Mapping[str, Any] | None) -> Extras:
    """Read what a message keeps, or what somebody hands in: what cannot be used is left out."""
    if not row:
        return Extras()
    cards = (_card(one) for one in _listed(row, "cards") if isinstance(one, Mapping))
    choices = (one_line(str(one), LONGEST_CHOICE).strip() for one in _listed(row, "choices"))
    kept = tuple(dict.fromkeys(one for one in choices if one))[:MOST_CHOICES]
    return Extras(kept, tuple(one for one in cards if one is not None)[:_MOST_CARDS])


def parted(text: str) -> tuple[str, Extras]:
    """Return a text without what is written at its end in double brackets, and that."""
    lines = text.rstrip().split("\n")
    end = len(lines)
    while end and (_LINE.fullmatch(lines[end - 1]) or not lines[end - 1].strip()):
        end -= 1
    pieces = _PIECE.findall("\n".join(lines[end:]))
    if not pieces:
        return text, Extras()
    fields = [[part.strip() for part in piece.split("|")] for piece in pieces]
    cards = [dict(zip(("title", "url", "summary"), one, strict=False)) for one in fields if len(one) > 1]
    found = extras_of({"choices": [one[0] for one in fields if len(one) == 1], "cards": cards})
    return "\n".join(lines[:end]).rstrip(), found


def last_address(text: str) -> str:
    """Return the last address of a web page that stands in a text; empty where there is none."""
    found = [one.rstrip(".,;:!?)") for one in _ADDRESS.findall(text)]
    return next((one for one in reversed(found) if _is_address(one)), "")


def together(text: str, extras: Extras) -> str:
    """Return text and extras as people write them: the other way round."""
    cards = [f"[[{' | '.join(filter(None, (one.title, one.url, one.summary)))}]]" for one in extras.cards]
    answers = " ".join(f"[[{one}]]" for one in extras.choices)
    return "\n".join(filter(None, (text.rstrip(), *cards, answers)))


def spelled_out(text: str, extras: Extras) -> str:
    """Return a text that says all of it in words, for those who can see nothing else."""
    cards = [" – ".join(filter(None, (one.title, one.summary, one.url))) for one in extras.cards]
    listed = [f"• {one}" for one in (*cards, *extras.choices)]
    return "\n\n".join(filter(None, (text.rstrip(), "\n".join(listed))))


def _listed(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name)
    return list(value) if isinstance(value, list | tuple) else []


def _card(given: Mapping[str, Any]) -> Card | None:
    title, summary = (one_line(str(given.get(name) or ""), 400).strip() for name in ("title", "summary"))
    url = str(given.get("url") or "").strip()
    if not _is_address(url):
        return None
    return Card((title or urlsplit(url).netloc)[:_LONGEST_TITLE], url, summary[:_LONGEST_SUMMARY])


def _is_address(url: str) -> bool:
    """Whether it leads to a page of the web, and hides nothing before its host."""
    if len(url) > _LONGEST_URL or not url.isprintable() or any(sign in url for sign in ' "<>[]|\\'):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
