"""Calls by Instagram: what each piece is named, and what it lacks. Nothing is understood here.

Written from https://developers.facebook.com/docs/instagram-platform/webhooks/.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentdesk.base.errors import Invalid
from agentdesk.sdk.inbound import INCOMPLETE, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.instagram.naming import COMMENT, MENTION, MESSAGE, REACTION, named
from agentdesk_connectors.meta.hooks import Piece, unreadable
from agentdesk_connectors.meta.ids import graph_id

__all__ = ["FIELDS", "item_of"]

FIELDS = (
    "comments",
    "live_comments",
    "mentions",
    "message_edit",
    "message_reactions",
    "messages",
    "messaging_postbacks",
    "messaging_seen",
)
"""What the app has to be told of."""

_NOT_FOR_US = ("optin", "referral", "pass_thread_control", "take_thread_control", "request_thread_control")
"""Events that are no message: that a link was followed, or which app has the word."""


def item_of(piece: Piece, account: str, facts: Mapping[str, object]) -> RawItem | None:
    """Return a piece of a call as an item, under the name that a poll gives it; None for what does not
    concern the ``account``."""
    if piece.part == "standby" or (piece.of and piece.of != account):
        return None
    about = {**facts, **({"at": int(piece.at.timestamp())} if piece.at else {})}
    try:
        found = fields.inner(fields.parse(piece.raw))
    except Invalid:
        return unreadable(piece.raw, about)
    if any(name in found for name in _NOT_FOR_US) and "message" not in found:
        return None
    name = _changed(found) if piece.part == "changes" else _happened(found)
    if not name:
        return unreadable(piece.raw, about)
    return RawItem(name, piece.raw, piece.at, {**about, INCOMPLETE: True})


def _changed(found: Json) -> str:
    value = fields.inner(found, "value")
    if found.get("field") == "mentions":
        media, comment = graph_id(value, "media_id"), graph_id(value, "comment_id")
        return named(MENTION, media, comment) if comment else named(MENTION, media)
    return named(COMMENT, graph_id(value, "id"))


def _happened(found: Json) -> str:
    message, edit = fields.inner(found, "message"), fields.inner(found, "message_edit")
    at = fields.number(found, "timestamp") or 0
    if message:
        name = named(MESSAGE, graph_id(message, "mid"))
        return f"{name}/deleted" if name and fields.flag(message, "is_deleted") else name
    if edit:
        name = named(MESSAGE, graph_id(edit, "mid"))
        return name and f"{name}/edit/{fields.number(edit, 'num_edit') or at}"
    if reaction := fields.inner(found, "reaction"):
        name = named(REACTION, graph_id(reaction, "mid"))
        taken_back = "/deleted" if reaction.get("action") == "unreact" else ""
        return name and f"{name}/{at}{taken_back}"
    if read := fields.inner(found, "read"):
        name = graph_id(read, "mid")
        return name and f"read/{name}"
    return named(MESSAGE, graph_id(fields.inner(found, "postback"), "mid"))
