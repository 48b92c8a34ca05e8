"""Mentions, links and tags in a text: their places are told in bytes of UTF-8, both ways.

Written from the lexicon app.bsky.richtext.facet and https://docs.bsky.app/docs/advanced-guides/post-richtext.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.naming import PROFILES, did_of, handle_of
from agentdesk_connectors.fields import Json

__all__ = ["Span", "as_html", "as_text", "facets_for", "handles_in", "mentioned", "spans_of"]

_FEATURE = "app.bsky.richtext.facet#"
_LONGEST_TAG = 64
_CLIPPED = "…"
_HANDLE = re.compile(
    r"(?:^|(?<=[\s(]))@((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]*)"
)
_LINK = re.compile(r"https?://[^\s<>\"]+")
_TAG = re.compile(r"(?:^|(?<=\s))#([^\s#.,;:!?()\[\]\"']{1,640})")
_AFTER_LINK = ".,;:!?'"


@dataclass(frozen=True, slots=True)
class Span:
    """A marked place: ``start`` to ``end`` in bytes; ``kind`` is mention, link or tag, ``value`` its DID,
    address or word."""

    start: int
    end: int
    kind: str
    value: str


# --- reading ---


def spans_of(record: Json, text: str) -> list[Span]:
    """Return the marked places of ``text``, in order; those that overlap, lie outside, or part a sign
    are left out."""
    raw = text.encode("utf-8", "replace")
    found = []
    for facet in fields.each(record, "facets"):
        index = fields.inner(facet, "index")
        start, end = fields.number(index, "byteStart"), fields.number(index, "byteEnd")
        if start is None or end is None or not start < end <= len(raw):
            continue
        if _is_within(raw, start) or _is_within(raw, end):
            continue
        found += [
            Span(start, end, kind, value)
            for kind, value in map(_feature, fields.each(facet, "features"))
            if value
        ]
    return _apart(sorted(found, key=lambda span: span.start))


def mentioned(spans: list[Span]) -> tuple[str, ...]:
    """Return the DIDs of whom a text mentions, each once."""
    return tuple(dict.fromkeys(span.value for span in spans if span.kind == "mention"))


def as_text(text: str, spans: list[Span]) -> str:
    """Return the text with whole addresses, where it shows less of them than they are."""
    return "".join(
        _address(said, span) if span and span.kind == "link" else said for said, span in _pieces(text, spans)
    )


def as_html(text: str, spans: list[Span]) -> str:
    """Return the text as HTML in which mentions, links and tags lead somewhere."""
    return "".join(_linked(said, span) for said, span in _pieces(text, spans)).replace("\n", "<br>")


def _is_within(raw: bytes, place: int) -> bool:
    """Whether a place is in the middle of a sign."""
    return place < len(raw) and raw[place] & 0xC0 == 0x80


def _feature(found: Json) -> tuple[str, str]:
    kind = fields.text(found, "$type", 100).removeprefix(_FEATURE)
    match kind:
        case "mention":
            return kind, did_of(found.get("did"))
        case "link":
            return kind, fields.web_address(found, "uri")
        case "tag":
            return kind, fields.text(found, "tag", 640)
    return kind, ""


def _apart(spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    for span in spans:
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


def _pieces(text: str, spans: list[Span]) -> list[tuple[str, Span | None]]:
    raw, place = text.encode("utf-8", "replace"), 0
    found: list[tuple[str, Span | None]] = []
    for span in spans:
        found.append((raw[place : span.start].decode("utf-8", "replace"), None))
        found.append((raw[span.start : span.end].decode("utf-8", "replace"), span))
        place = span.end
    return [*found, (raw[place:].decode("utf-8", "replace"), None)]


def _address(said: str, span: Span) -> str:
    """A link is shown without its scheme and often clipped; one that says something else keeps its words."""
    bare = span.value.partition("://")[2]
    shown = said.partition("://")[2] or said
    clipped = shown.removesuffix("...").removesuffix(_CLIPPED)
    if bare.lower().startswith(clipped.lower().rstrip("/")):
        return span.value
    return f"{said} ({span.value})"


def _linked(said: str, span: Span | None) -> str:
    if span is None:
        return escape(said)
    match span.kind:
        case "mention":
            address = PROFILES + span.value
        case "tag":
            address = "https://bsky.app/hashtag/" + quote(span.value, safe="")
        case _:
            address = span.value
    return f'<a href="{escape(address)}">{escape(said)}</a>'


# --- writing ---


def handles_in(text: str) -> tuple[str, ...]:
    """Return the handles that a text names with an @, each once."""
    found = (handle_of(name) for name in _HANDLE.findall(text))
    return tuple(dict.fromkeys(one for one in found if one))


def facets_for(text: str, known: Mapping[str, str]) -> list[dict[str, object]]:
    """Return what marks the mentions, links and tags in ``text``. ``known`` are DIDs by their handles; a
    handle that is none of them stays text."""
    found: list[tuple[int, int, dict[str, str]]] = []
    for match in _LINK.finditer(text):
        address = _ended(match[0])
        found.append((match.start(), match.start() + len(address), _made("link", "uri", address)))
    for match in _HANDLE.finditer(text):
        did = known.get(handle_of(match[1]), "")
        if did:
            found.append((match.start(1) - 1, match.end(1), _made("mention", "did", did)))
    for match in _TAG.finditer(text):
        word = match[1][:_LONGEST_TAG]
        if not word.isdigit():
            found.append((match.start(1) - 1, match.start(1) + len(word), _made("tag", "tag", word)))
    return [_facet(text, *one) for one in sorted(found, key=lambda one: one[0])]


def _ended(address: str) -> str:
    """An address without what belongs to the sentence around it."""
    address = address.rstrip(_AFTER_LINK)
    if address.endswith(")") and "(" not in address:
        address = address[:-1].rstrip(_AFTER_LINK)
    return address


def _made(kind: str, name: str, value: str) -> dict[str, str]:
    return {"$type": _FEATURE + kind, name: value}


def _facet(text: str, start: int, end: int, feature: dict[str, str]) -> dict[str, object]:
    index = {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:end].encode())}
    return {"index": index, "features": [feature]}
