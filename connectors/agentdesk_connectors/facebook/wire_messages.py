"""From what Messenger tells of a page's private messages to what they mean. Pure.

Written from https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/ (messages,
message-echoes, message-edits, message-reads, message-deliveries, messaging_postbacks) and
/docs/messenger-platform/conversations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import (
    DeliveryReport,
    Happening,
    Inbound,
    Party,
    Profile,
    Report,
    What,
)
from agentdesk.sdk.posts import Media, Post, PostKind, Visibility, Way
from agentdesk_connectors import fields
from agentdesk_connectors.facebook.naming import KIND, talk_id
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.hooks import moment_of
from agentdesk_connectors.meta.ids import graph_id
from agentdesk_connectors.meta.windows import open_until

__all__ = ["interpret"]

_LONGEST_NAME = 200
_TITLE = 300
_KINDS = {"image": "image", "video": "video", "audio": "audio", "reel": "video", "ig_reel": "video"}


def interpret(found: Json, facts: Mapping[str, object]) -> Inbound:
    """Return what a message, an edit of one, a pressed button or a receipt means; see
    `agentdesk_connectors.facebook.wire.interpret`."""
    if "to" in found:
        return _asked(found, facts)
    person, own = _person(found, graph_id(facts, "page"))
    at = moment_of(found.get("timestamp"))
    if "read" in found or "delivery" in found:
        return _receipt(found, person, facts)
    if "message_edit" in found:
        said = fields.inner(found, "message_edit")
        text = fields.text(said, "text")
        return _message(graph_id(said, "mid"), person, own, text, at, facts, edited_at=at)
    if "postback" in found:
        said = fields.inner(found, "postback")
        text = fields.text(said, "title") or fields.text(said, "payload", _TITLE)
        return _message(graph_id(said, "mid"), person, own, text, at, facts)
    said = fields.inner(found, "message")
    mid = graph_id(said, "mid")
    if fields.flag(said, "is_deleted") and mid:
        return Inbound(
            Party(KIND, person), "", "", references=(mid,), happening=Happening(What.DELETED), sent_at=at
        )
    own = own or fields.flag(said, "is_echo")
    text, media = _told(said)
    reply_to = graph_id(fields.inner(said, "reply_to"), "mid")
    return _message(mid, person, own, text, at, facts, media=media, parent=reply_to)


def _person(found: Json, page: str) -> tuple[str, bool]:
    """Whose talk an event belongs to, and whether we are the one who acts."""
    sender = graph_id(fields.inner(found, "sender"), "id")
    if page and sender == page:
        return graph_id(fields.inner(found, "recipient"), "id"), True
    return sender, False


def _message(
    mid: str,
    person: str,
    own: bool,
    text: str,
    at: datetime | None,
    facts: Mapping[str, object],
    *,
    name: str = "",
    media: tuple[Media, ...] = (),
    parent: str = "",
    edited_at: datetime | None = None,
) -> Inbound:
    page = graph_id(facts, "page")
    if not mid or not person:
        raise Invalid(msg("This is not what Messenger tells of a page."))
    until = open_until(at, facts.get("human_agent") is True) if at is not None and edited_at is None else None
    hashed = hashlib.sha256(f"{mid}\0{text}".encode("utf-8", "replace"))
    return Inbound(
        sender=Party(KIND, page if own else person, name or fields.text(facts, "name", _LONGEST_NAME)),
        text=text,
        content_hash=hashed.hexdigest(),
        external_id=mid,
        sent_at=at,
        references=(parent,) if parent else (),
        profile=Profile(picture=fields.web_address(facts, "picture")),
        post=Post(
            kind=PostKind.REPLY if own else PostKind.MESSAGE,
            visibility=Visibility.PRIVATE,
            root=talk_id(page, person),
            parent=parent,
            edited_at=edited_at,
            media=media,
            ways=() if own or until is None else (Way(Visibility.PRIVATE, until),),
            own=own,
        ),
    )


def _receipt(found: Json, person: str, facts: Mapping[str, object]) -> Inbound:
    """What was read, as far as it was looked up; what has arrived is told by its ids."""
    if "read" in found:
        report, listed = Report.READ, facts
    else:
        report, listed = Report.DELIVERED, {"messages": fields.inner(found, "delivery").get("mids")}
    mids = tuple(one for one in fields.texts(listed, "messages") if graph_id(one))
    ids = mids or (f"{report.value}/{person}",)  # of what was sent elsewhere: it says nothing to anybody
    reports = tuple(DeliveryReport(report, (one,), recipient=person) for one in ids)
    return Inbound(Party(KIND, person), "", "", reports=reports)


# --- what they show ---


def _told(said: Json) -> tuple[str, tuple[Media, ...]]:
    """The text and the files of a message that a call brought."""
    text, media = fields.text(said, "text"), []
    for one in fields.each(said, "attachments"):
        kind, payload = fields.text(one, "type", 50), fields.inner(one, "payload")
        url = fields.web_address(payload, "url") or fields.web_address(one, "url")
        title = fields.text(one, "title", _TITLE) or fields.text(payload, "title", _TITLE)
        if kind == "location":
            text = "\n".join(part for part in (text, _place(fields.inner(payload, "coordinates"))) if part)
        elif url:
            media.append(Media(_KINDS.get(kind, "link"), url, title=title))
        elif title:
            text = "\n".join(part for part in (text, title) if part)
    return text, tuple(media)


def _place(coordinates: Json) -> str:
    latitude, longitude = coordinates.get("lat"), coordinates.get("long")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return ""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return ""
    return f"{latitude:.6f}, {longitude:.6f}"


def _asked(found: Json, facts: Mapping[str, object]) -> Inbound:
    """A message that was found in its conversation."""
    page = graph_id(facts, "page")
    author = fields.inner(found, "from")
    others = [graph_id(one, "id") for one in fields.each(fields.inner(found, "to"), "data")]
    sender = graph_id(author, "id")
    own = bool(page) and sender == page
    person = next((one for one in others if one != page), "") if own else sender
    media = [one for one in map(_file, fields.each(fields.inner(found, "attachments"), "data")) if one]
    if sticker := fields.web_address(found, "sticker"):
        media.append(Media("image", sticker))
    shares = fields.each(fields.inner(found, "shares"), "data")
    media += [
        Media("link", link, title=fields.text(share, "name", _TITLE))
        for share in shares
        if (link := fields.web_address(share, "link"))
    ]
    return _message(
        graph_id(found, "id"),
        person,
        own,
        fields.text(found, "message"),
        fields.moment(found, "created_time"),
        facts,
        name=" ".join(fields.text(author, "name", _LONGEST_NAME).split()),
        media=tuple(media),
    )


def _file(one: Json) -> Media | None:
    title = fields.text(one, "name", _TITLE)
    for kind, holder in (("image", "image_data"), ("video", "video_data")):
        shown = fields.inner(one, holder)
        if url := fields.web_address(shown, "url"):
            return Media(kind, url, title=title, preview=fields.web_address(shown, "preview_url"))
    url = fields.web_address(one, "file_url")
    if not url:
        return None
    sound = fields.text(one, "mime_type", 100).startswith("audio/")
    return Media("audio" if sound else "link", url, title=title)
