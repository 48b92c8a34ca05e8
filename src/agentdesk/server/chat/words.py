"""The widget's words, a file for each language: a page is given its own with the settings, but English, which
is in the script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from agentdesk.base.paths import resource

__all__ = ["choose", "labels", "texts", "wished", "wishes", "words"]

_FALLBACK = "en"
_MOST_WISHES = 20
_TAG = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}"
)  # as of RFC 5646; pages name only tags that they can use


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return all texts: language (such as ``de``) → key → text. Reads files at the first call."""
    files = resource("widget/texts").glob("*.json")
    return {file.stem: msgspec.json.decode(file.read_bytes(), type=dict[str, str]) for file in sorted(files)}


def wishes(asked: str) -> tuple[str, ...]:
    """Read what a page asks for: tags with commas between them, the dearest first."""
    given = asked[:1_000].split(",")[:_MOST_WISHES]
    return tuple(tag for tag in given if _TAG.fullmatch(tag))


def wished(asked: str, accepted: str) -> tuple[str, ...]:
    """Return the languages that a reader wishes, the dearest first: what they ``asked`` for, then what their
    browser has ``accepted`` (Accept-Language, RFC 9110, 12.5.4), as it lists them."""
    tags = [one.partition(";")[0].strip() for one in accepted[:1_000].split(",")[:_MOST_WISHES]]
    return wishes(",".join([asked, *tags]))


def choose(wished: Sequence[str], allowed: Sequence[str]) -> str:
    """Return the first wish that there are words for and that the company allows; else the company's first,
    else English. ``allowed`` empty allows all.

    A later wish may name the region of the language, as times and numbers differ in it.
    """
    usable = _usable(allowed)
    found = next((tag for tag in wished if _primary(tag) in usable), None)
    if found is None:
        return next((tag for tag in allowed if _primary(tag) in usable), _FALLBACK)
    return next((tag for tag in wished if tag.startswith(f"{found}-")), found)


def words(language: str) -> Mapping[str, str]:
    """Return what the settings bring for a chosen language: nothing for what the script has itself."""
    primary = _primary(language)
    return {} if primary == _FALLBACK else texts()[primary]


def labels(allowed: Sequence[str]) -> Mapping[str, str]:
    """Return what the launcher is called, in each language that the widget can be shown in."""
    return {language: texts()[language]["open"] for language in sorted(_usable(allowed))}


def _usable(allowed: Sequence[str]) -> set[str]:
    known = set(texts())
    return known & {_primary(tag) for tag in allowed} if allowed else known


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
