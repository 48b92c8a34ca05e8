"""From calls by Facebook to items: each thing gets the name that a poll gives it, and is not looked into more
than that takes.

Written from https://developers.facebook.com/docs/graph-api/webhooks/reference/page and
/docs/messenger-platform/reference/webhook-events/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from agentdesk.base.errors import Invalid
from agentdesk.sdk.inbound import INCOMPLETE, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.facebook.naming import is_post
from agentdesk_connectors.facebook.settings import FacebookSettings
from agentdesk_connectors.facebook.wire import change_id
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.hooks import Piece, moment_of, pieces, unreadable
from agentdesk_connectors.meta.ids import graph_id

__all__ = ["Names", "items_of"]

_EDITED = ("edited", "edit")
_SHOWN = ("hide", "unhide")
_NO_POSTS = frozenset({"reaction", "like", "event", "coupon", "offer", "milestone", "page"})
"""What a change of the feed can be about besides posts and comments."""


class Names:
    """How the things of one page are called, and the facts that each of them bears."""

    def __init__(self, settings: FacebookSettings) -> None:
        self.page = settings.page
        self.facts: dict[str, object] = {"page": settings.page, "human_agent": settings.human_agent}

    def post(self, external_id: str) -> str:
        """Return the name of a comment or a post as it was written first."""
        return f"{'post' if is_post(self.page, external_id) else 'comment'}/{external_id}"

    def edited(self, external_id: str, text: str) -> str:
        """Return the name of a later version: calls and lists both tell its text, and only calls a time."""
        return f"{self.post(external_id)}/{digest(text)}"

    def message(self, mid: str) -> str:
        """Return the name of a private message."""
        return f"message/{mid}"

    def deleted(self, external_id: str, raw: bytes = b"{}") -> RawItem:
        """Return the notice that something is gone."""
        return RawItem(f"deleted/{external_id}", raw, facts=self.facts | {"deleted": external_id})


def digest(text: str) -> str:
    """Return what tells versions of a text apart."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def items_of(names: Names, body: bytes) -> Iterator[RawItem]:
    """Yield what a call, whose signature was checked, brings of the page."""
    for piece in pieces(body, "page"):
        if not piece.part:
            yield unreadable(piece.raw, names.facts)
        elif piece.of == names.page:
            item = _item(names, piece)
            if item is not None:
                yield item


def _item(names: Names, piece: Piece) -> RawItem | None:
    try:
        found = fields.inner(fields.parse(piece.raw))
    except Invalid:
        return unreadable(piece.raw, names.facts)
    if piece.part == "changes":
        return _change(names, piece, found)
    return _event(names, piece, found)


# --- private messages ---


def _event(names: Names, piece: Piece, found: Json) -> RawItem | None:
    at = moment_of(found.get("timestamp"))
    facts = names.facts | {INCOMPLETE: True}
    if "message" in found:
        said = fields.inner(found, "message")
        mid = graph_id(said, "mid")
        if fields.flag(said, "is_deleted") and mid:
            return names.deleted(mid, piece.raw)
        name = names.message(mid)
    elif "message_edit" in found:
        said = fields.inner(found, "message_edit")
        mid = graph_id(said, "mid")
        name = f"{names.message(mid)}/{fields.number(said, 'num_edit') or digest(fields.text(said, 'text'))}"
    elif "postback" in found:
        mid = graph_id(fields.inner(found, "postback"), "mid")
        name = names.message(mid)
    else:
        return _receipt(names, piece, found, at)
    return RawItem(name, piece.raw, at, facts) if mid else unreadable(piece.raw, names.facts)


def _receipt(names: Names, piece: Piece, found: Json, at: datetime | None) -> RawItem | None:
    person = graph_id(fields.inner(found, "sender"), "id")
    for kind in ("read", "delivery"):
        mark = fields.number(fields.inner(found, kind), "watermark")
        if mark is not None and person:
            lacking = {INCOMPLETE: True} if kind == "read" else {}
            return RawItem(f"{kind}/{person}/{mark}", piece.raw, at, names.facts | lacking)
    return None  # reactions, opt-ins, and what else nobody has to answer


# --- comments and posts ---


def _change(names: Names, piece: Piece, found: Json) -> RawItem | None:
    field, value = fields.text(found, "field", 50), fields.inner(found, "value")
    if field not in ("feed", "mention"):
        return None
    external_id, verb = change_id(value), fields.text(value, "verb", 20)
    if fields.text(value, "item", 50) in _NO_POSTS:
        return None
    if not external_id:
        return unreadable(piece.raw, names.facts)
    own = graph_id(fields.inner(value, "from"), "id") == names.page
    if own and not graph_id(value, "comment_id"):
        return None  # a post of the page itself
    if verb == "remove":
        return names.deleted(external_id, piece.raw)
    facts = names.facts | ({} if own else {INCOMPLETE: True})
    at = moment_of(value.get("created_time"))
    text = fields.text(value, "message")
    if verb in _EDITED:
        edited_at = piece.at.isoformat() if piece.at is not None else ""
        return RawItem(names.edited(external_id, text), piece.raw, piece.at, facts | {"edited_at": edited_at})
    if verb in _SHOWN and text:
        stamp = int(piece.at.timestamp()) if piece.at is not None else 0
        return RawItem(f"{names.post(external_id)}/{verb}/{stamp}", piece.raw, piece.at, facts)
    return RawItem(names.post(external_id), piece.raw, at, facts) if verb == "add" else None
