"""Direct messages: in the form of polls (``GET /2/dm_events``) and in that of the stream.

Written from https://docs.x.com/x-api/direct-messages/lookup/introduction and
/x-api/activity/event-payloads#dm-received.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import Inbound, Profile
from agentdesk.sdk.posts import Post, PostKind, Visibility
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.x.included import Included
from agentdesk_connectors.x.naming import is_id, message_id, moment_of, pair_id, profile_of, talk_id
from agentdesk_connectors.x.shown import media_of
from agentdesk_connectors.x.texts import shown_text

__all__ = ["Direct", "direct_in", "message_of"]


@dataclass(frozen=True, slots=True)
class Direct:
    """One message: its number, who wrote it, in which conversation, when, and what it says."""

    number: str
    sender: str
    conversation: str
    at: datetime | None
    content: Json
    included: Included


def message_of(value: Json, me: str) -> Inbound:
    """Return what a direct message means to the account whose number is ``me``. Raises Invalid for what is
    none."""
    found = direct_in(value)
    user = found.included.user(found.sender)
    handle = fields.text(user, "username", 50)
    said = shown_text(found.content, keep_names=True)
    own = bool(me) and found.sender == me
    return Inbound(
        sender=found.included.party(found.sender),
        text=said,
        content_hash=hashlib.sha256(f"{found.number}\0{said}".encode("utf-8", "replace")).hexdigest(),
        external_id=message_id(found.number),
        sent_at=found.at,
        profile=Profile(
            handle=f"@{handle}" if handle else "",
            url=profile_of(handle),
            picture=fields.web_address(user, "profile_image_url"),
            verified=fields.flag(user, "verified"),
        ),
        post=Post(
            kind=PostKind.REPLY if own else PostKind.MESSAGE,
            visibility=Visibility.PRIVATE,
            root=talk_id(found.conversation),
            media=media_of(found.content, found.included),
            own=own,
        ),
    )


def direct_in(value: Json) -> Direct:
    """Return the message in an answer or an event. Raises Invalid where there is none."""
    data = fields.inner(value, "data")
    found = _of_stream(fields.inner(data, "payload")) if "payload" in data else _of_poll(data, value)
    if not is_id(found.number) or not is_id(found.sender) or not found.conversation:
        raise Invalid(msg("This is neither a post nor a direct message of X."))
    return found


def _of_poll(data: Json, value: Json) -> Direct:
    number = fields.token(data, "id")
    return Direct(
        number=number,
        sender=fields.token(data, "sender_id"),
        conversation=fields.token(data, "dm_conversation_id"),
        at=fields.moment(data, "created_at") or moment_of(number),
        content=data,
        included=Included(fields.inner(value, "includes")),
    )


def _of_stream(payload: Json) -> Direct:
    """The older form: its event names the two people and not the conversation between them."""
    event = next(iter(fields.each(payload, "direct_message_events")), {})
    created = fields.inner(event, "message_create")
    number, sender = fields.token(event, "id"), fields.token(created, "sender_id")
    recipient = fields.token(fields.inner(created, "target"), "recipient_id")
    people = is_id(sender) and is_id(recipient)
    return Direct(
        number=number,
        sender=sender,
        conversation=fields.token(event, "dm_conversation_id")
        or (pair_id(sender, recipient) if people else ""),
        at=moment_of(number),
        content=_content(fields.inner(created, "message_data")),
        included=_with_file(fields.inner(created, "message_data"), payload),
    )


def _content(data: Json) -> Json:
    """What it says, in the form of polls."""
    key = fields.token(fields.inner(fields.inner(data, "attachment"), "media"), "id_str")
    return {**data, "attachments": {"media_keys": [key] if key else []}}


def _with_file(data: Json, payload: Json) -> Included:
    media = fields.inner(fields.inner(data, "attachment"), "media")
    file: Mapping[str, object] = {
        "media_key": fields.token(media, "id_str"),
        "type": fields.text(media, "type", 20),
        "url": fields.web_address(media, "media_url_https"),
        "alt_text": fields.text(media, "ext_alt_text", 5_000),
    }
    return Included({"users": payload.get("users"), "media": [file]})
