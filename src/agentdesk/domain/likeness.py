"""Signs that two customers are one person, each weighed: nobody is joined by them, a person decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

__all__ = ["WEIGHTS", "Clue", "Evidence", "Named", "bare_handle", "named_in"]

_MOST = 20
_LONGEST_TEXT = 20_000
_SHORTEST_HANDLE = 4
_FEWEST_DIGITS = 7
_MAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PAGE = re.compile(r"https?://[^\s<>\"']{3,500}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w/])\+?\d[\d\s()./-]{5,20}\d(?!\w)")
_TRAILING = ".,;:!?)]}»”/"


class Clue(StrEnum):
    """What speaks for it."""

    MAIL = "mail"
    """One of them wrote the other's mail address."""
    PHONE = "phone"
    """One of them wrote the other's telephone number."""
    PAGE = "page"
    """One of them named the other's own page on a network."""
    HANDLE = "handle"
    """The same handle on another network: others may have taken it."""
    NAME = "name"
    """The same name: it proves nothing."""


WEIGHTS = {Clue.MAIL: 8, Clue.PHONE: 8, Clue.PAGE: 6, Clue.HANDLE: 3, Clue.NAME: 1}
"""How much each speaks for it."""


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sign: ``value`` is what both have, ``network`` where the other has it."""

    clue: Clue
    value: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """Addresses that texts name, in the form in which identities are compared."""

    mails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    pages: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.mails or self.phones or self.pages)


def named_in(texts: Iterable[str]) -> Named:
    """Return the addresses, numbers and pages that ``texts`` name; at most 20 of each."""
    mails: dict[str, None] = {}
    phones: dict[str, None] = {}
    pages: dict[str, None] = {}
    for text in texts:
        beginning = text[:_LONGEST_TEXT]
        pages.update((found.rstrip(_TRAILING).lower(), None) for found in _PAGE.findall(beginning))
        rest = _PAGE.sub(" ", beginning)
        mails.update((found.rstrip(_TRAILING).lower(), None) for found in _MAIL.findall(rest))
        digits = (re.sub(r"\D", "", found) for found in _PHONE.findall(_MAIL.sub(" ", rest)))
        phones.update((found, None) for found in digits if len(found) >= _FEWEST_DIGITS)
    first = (frozenset(list(found)[:_MOST]) for found in (mails, phones, pages))
    return Named(*first)


def bare_handle(handle: str) -> str:
    """Return a handle without its server, in lower case: ``@Ana@social.example`` is ``ana``; empty where it
    is too short to mean anything, or a mail address."""
    name = handle.strip().lower()
    if "@" in name.lstrip("@") and not name.startswith("@"):
        return ""
    bare = name.lstrip("@").partition("@")[0]
    if bare.count(".") > 1:  # a name of the net, which some networks have for handles
        bare = bare.partition(".")[0]
    return bare if len(bare) >= _SHORTEST_HANDLE and not bare.isdigit() else ""
