"""Calls by the network at an address of ours: proven, split, and not understood yet.

Written from https://developers.facebook.com/docs/graph-api/webhooks/getting-started. The signature covers the
body as it came. The network repeats a call that was not answered with 200, for hours: what it brings has
the same ``source_id`` each time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.hooks import HookAnswer, HookCall
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors.meta.ids import graph_id

__all__ = ["Piece", "challenge", "moment_of", "pieces", "signed", "unreadable"]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_SIGNATURE = "x-hub-signature-256"
_PARTS = ("messaging", "changes", "standby")


class _Call(msgspec.Struct):
    object: str
    entry: list[msgspec.Raw]


class _Entry(msgspec.Struct):
    id: str | int
    time: int | float = 0
    messaging: list[msgspec.Raw] = []
    changes: list[msgspec.Raw] = []
    standby: list[msgspec.Raw] = []


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that a call tells. ``part`` is ``messaging``, ``changes`` or ``standby`` (another app has the
    word), or "" for what could not be split further; ``of`` the id of the page or account it is about, and
    ``at`` when the network noticed it (UTC)."""

    part: str
    raw: bytes
    of: str = ""
    at: datetime | None = None


def challenge(call: HookCall, verify_token: str) -> HookAnswer:
    """Return the answer to the network's question whether this address is ours. Raises Rejected for anybody
    else's, and where no verify token was given."""
    given = call.query.get("hub.verify_token", "")
    asked = call.query.get("hub.challenge", "")
    known = verify_token and hmac.compare_digest(given.encode(), verify_token.encode())
    if not known or call.query.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(asked):
        raise Rejected(msg("This call does not know the verify token."))
    return HookAnswer(body=asked)


def signed(call: HookCall, app_secret: str) -> None:
    """Raise Rejected unless the app with this secret has signed the body as it came."""
    expected = "sha256=" + hmac.new(app_secret.encode(), call.body, hashlib.sha256).hexdigest()
    given = call.headers.get(_SIGNATURE, "")
    if not app_secret or not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Rejected(msg("This call is not signed by the app."))


def pieces(body: bytes, of_object: str) -> Iterator[Piece]:
    """Yield each thing that a call tells about ``of_object`` (``page``, ``instagram``), as it came; what
    cannot be split is one piece."""
    try:
        call = msgspec.json.decode(body, type=_Call)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield Piece("", body)
        return
    if call.object == of_object:
        for entry in call.entry:
            yield from _split(bytes(entry))


def _split(raw: bytes) -> Iterator[Piece]:
    try:
        entry = msgspec.json.decode(raw, type=_Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield Piece("", raw)
        return
    of, at = graph_id(entry.id), moment_of(entry.time)
    for part in _PARTS:
        for one in getattr(entry, part):
            yield Piece(part, bytes(one), of, at)


def moment_of(value: object) -> datetime | None:
    """Return a moment that the network writes as seconds or milliseconds since 1970, in UTC."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e14:
        return None
    return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)


def unreadable(raw: bytes, facts: Mapping[str, object]) -> RawItem:
    """Return what has no id as an item, to be kept and shown as unreadable."""
    return RawItem(f"unreadable/{hashlib.sha256(raw).hexdigest()}", raw, facts=facts)
