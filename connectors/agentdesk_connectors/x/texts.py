"""The words of a post: X hands them out with short addresses, marked up, and with names before them."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

from agentdesk_connectors.fields import Json, each, inner, number, text, web_address

__all__ = ["count", "letters", "links_in", "shown_text"]

_NAMES_FIRST = re.compile(r"(?:@\w{1,15}\s+)+")
_SCHEME = re.compile(r"^https?://")
_ADDRESS = re.compile(r"https?://\S+")
_SHORT = re.compile(r"https://t\.co/\w{1,20}")


def links_in(post: Json) -> list[Json]:
    """Return the addresses in a post, as X describes them; long posts have theirs apart."""
    long = each(inner(inner(post, "note_tweet"), "entities"), "urls")
    return long or each(inner(post, "entities"), "urls")


def shown_text(post: Json, *, keep_names: bool = False) -> str:
    """Return what a post says, as people see it: whole addresses, no address of its own pictures, and without
    the names that X puts before an answer (unless ``keep_names``)."""
    long = text(inner(post, "note_tweet"), "text")
    said = long or text(post, "text")
    if not keep_names and _begins_later(post):
        said = _NAMES_FIRST.sub("", said, count=1) if _NAMES_FIRST.match(said) else said
    for link in links_in(post):
        short, whole = text(link, "url", 200), web_address(link, "expanded_url")
        if _SHORT.fullmatch(short):
            said = said.replace(short, "" if _is_picture(link, whole) else (whole or short))
    return html.unescape(said).strip()


def letters(said: str, links: Iterable[str] = ()) -> str:
    """Return what stays the same of a text on its way through X: no blanks and marks of direction, no names
    before it, and none of its addresses (X completes and rewrites them; ``links`` are what it found)."""
    bare = unicodedata.normalize("NFC", said).strip().casefold()
    bare = _NAMES_FIRST.sub("", f"{bare} ", count=1) if bare.startswith("@") else bare
    for link in sorted(map(str.casefold, links), key=len, reverse=True):
        for written in (link, _SCHEME.sub("", link), _SCHEME.sub("", link).rstrip("/")):
            bare = bare.replace(written, " ") if written else bare
    visible = (one for one in _ADDRESS.sub("", bare) if unicodedata.category(one) not in ("Cc", "Cf"))
    return "".join("".join(visible).split())


def _begins_later(post: Json) -> bool:
    """Whether what is shown begins after names."""
    span = post.get("display_text_range")
    begin = span[0] if isinstance(span, list) and span else 0
    return isinstance(begin, int) and begin > 0


def _is_picture(link: Json, whole: str) -> bool:
    """Whether an address leads to a file of the post itself."""
    if text(link, "media_key", 100):
        return True
    return "/status/" in whole and whole.rpartition("/status/")[2].partition("/")[2][:6] in (
        "photo/",
        "video/",
    )


def count(post: Json, name: str) -> int | None:
    """Return one of a post's public figures."""
    return number(inner(post, "public_metrics"), name)
