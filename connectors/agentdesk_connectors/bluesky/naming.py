"""Names: people are DIDs, posts are at-URIs, and the keys of our own records are made from our ids.

Written from https://atproto.com/specs/did, /handle, /at-uri-scheme and /tid.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID

from agentdesk_connectors import fields

__all__ = [
    "KIND",
    "LIKES",
    "POSTS",
    "PROFILES",
    "ChatMessage",
    "Uri",
    "chat_message",
    "did_of",
    "handle_of",
    "message_id",
    "page_of",
    "read_uri",
    "talk_id",
    "talk_of",
    "tid_for",
    "tid_from",
]

KIND = "bluesky"
"""The kind of address that people on this network have: a DID."""
POSTS = "app.bsky.feed.post"
LIKES = "app.bsky.feed.like"
PROFILES = "https://bsky.app/profile/"

_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]{1,250}")
_HANDLE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_RECORD = re.compile(r"at://(did:[a-z]+:[^/\s]{1,250})/([a-zA-Z0-9.-]{3,317})/([a-zA-Z0-9._~:-]{1,512})")
_TALK = re.compile(r"chat/([a-zA-Z0-9_-]{1,200})(?:/([a-zA-Z0-9_-]{1,200}))?")
_SIGNS = "234567abcdefghijklmnopqrstuvwxyz"
_TID_SIGNS = 13
_CLOCK_BITS = 10
_TIME_BITS = 53
_INVALID_HANDLE = "handle.invalid"


@dataclass(frozen=True, slots=True)
class Uri:
    """A record: whose, in which collection, under which key."""

    did: str
    collection: str
    rkey: str

    def __str__(self) -> str:
        return f"at://{self.did}/{self.collection}/{self.rkey}"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A private message: its talk (conversation) and its own id there."""

    convo: str
    id: str


def read_uri(value: object) -> Uri | None:
    """Return the record that an at-URI names; None for anything else."""
    found = _RECORD.fullmatch(value) if isinstance(value, str) and len(value) <= 400 else None
    return Uri(*found.groups()) if found and did_of(found[1]) else None


def did_of(value: object) -> str:
    """Return ``value`` where it is a DID; "" otherwise."""
    return value if isinstance(value, str) and _DID.fullmatch(value) else ""


def handle_of(value: object) -> str:
    """Return a handle in lower case, without its @; "" for what is none, or is no longer valid."""
    if not isinstance(value, str) or len(value) > 300:
        return ""
    found = value.strip().lower().removeprefix("@")
    return found if len(found) <= 253 and found != _INVALID_HANDLE and _HANDLE.fullmatch(found) else ""


def page_of(uri: Uri) -> str:
    """Return where a post can be looked at: by the DID, which stays when the handle changes."""
    return f"{PROFILES}{uri.did}/post/{uri.rkey}"


# --- private messages ---


def talk_id(convo: str) -> str:
    """Return the name of a private talk."""
    return f"chat/{convo}"


def message_id(convo: str, number: str) -> str:
    """Return the name of a private message for ever."""
    return f"chat/{convo}/{number}"


def talk_of(external: str) -> str:
    """Return the talk in the name of one, or of a message in it; "" for any other name."""
    found = _TALK.fullmatch(external)
    return fields.token(found[1]) if found else ""


def chat_message(external: str) -> ChatMessage | None:
    """Return the private message that a name of ours stands for."""
    found = _TALK.fullmatch(external)
    return ChatMessage(found[1], found[2]) if found and found[2] else None


# --- keys of our own records ---


def tid_for(message: UUID) -> str:
    """Return the record key of a message: the time in its UUIDv7 as a TID, always the same. The microseconds
    and the clock's number are taken from the UUID's random bits."""
    number = message.int
    micros = (number >> 80) * 1_000 + (number >> 10) % 1_000
    return _tid(micros, number)


def tid_from(text: str) -> str:
    """Return a record key that is the same for the same ``text``: what is done twice stands once."""
    digest = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:9])
    return _tid(digest >> _CLOCK_BITS, digest)


def _tid(micros: int, clock: int) -> str:
    value = (micros & ((1 << _TIME_BITS) - 1)) << _CLOCK_BITS | clock & ((1 << _CLOCK_BITS) - 1)
    return "".join(_SIGNS[value >> 5 * place & 31] for place in reversed(range(_TID_SIGNS)))
