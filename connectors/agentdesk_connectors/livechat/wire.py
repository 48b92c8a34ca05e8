"""From what a visitor handed in to what it means. Pure: the server has checked who it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import (
    DeliveryReport,
    Happening,
    Inbound,
    InboundAttachment,
    Invitation,
    Party,
    Profile,
    Rating,
    Report,
    What,
)

__all__ = ["KIND", "interpret"]

KIND = "chat"
"""The kind of address that visitors have."""
EMAIL = "email"
"""The kind of the address to which an answer goes where nobody was there."""


class _Visitor(msgspec.Struct, frozen=True):
    """Who wrote: ``identity`` is proven by the session, the rest is as they typed it."""

    identity: str
    name: str = ""
    email: str = ""
    topic: str = ""
    language: str = ""
    time_zone: str = ""
    url: str = ""
    title: str = ""
    referrer: str = ""


class _File(msgspec.Struct, frozen=True):
    """A file that the server has taken from the page and looked at; ``blob`` is its SHA-256."""

    name: str
    media_type: str
    size: int
    blob: str


class _Invited(msgspec.Struct, frozen=True):
    """What the server's page has asked the visitor, in the name of somebody or by itself."""

    name: str
    text: str
    user_id: str = ""


class _Message(msgspec.Struct, frozen=True, tag_field="kind", tag="message"):
    """``id`` is the same however often it was handed in; ``after`` that of the visitor's message before it,
    empty for their first one. ``mail``: it was left while nobody was there, and is answered by email, from
    this address of ours."""

    id: str
    after: str
    visitor: _Visitor
    text: str
    at: datetime
    files: tuple[_File, ...] = ()
    mail: str = ""
    invited: _Invited | None = None


class _Seen(msgspec.Struct, frozen=True, tag_field="kind", tag="seen"):
    """Messages of ours that have reached the visitor's page, or were on their screen."""

    visitor: _Visitor
    state: Literal["delivered", "read"]
    keys: tuple[str, ...]


class _Ended(msgspec.Struct, frozen=True, tag_field="kind", tag="ended"):
    """The chat has ended; ``after`` is the visitor's last message, ``silent`` that nobody has ended it."""

    after: str
    visitor: _Visitor
    at: datetime
    silent: bool = False


class _Rated(msgspec.Struct, frozen=True, tag_field="kind", tag="rated"):
    """How the visitor finds a ``chat``; ``after`` is as above."""

    after: str
    visitor: _Visitor
    at: datetime
    chat: str
    score: int
    effort: int | None = None
    text: str = ""


class _Edited(msgspec.Struct, frozen=True, tag_field="kind", tag="edited"):
    """The visitor has changed their message ``id``, which says ``text`` now."""

    id: str
    visitor: _Visitor
    text: str
    at: datetime


class _Deleted(msgspec.Struct, frozen=True, tag_field="kind", tag="deleted"):
    """The visitor has taken their message ``id`` back."""

    id: str
    visitor: _Visitor
    at: datetime


_Item = _Message | _Seen | _Ended | _Rated | _Edited | _Deleted
_decoder: msgspec.json.Decoder[_Item] = msgspec.json.Decoder(_Item)


def interpret(raw: bytes, _facts: Mapping[str, object]) -> Inbound:
    """Return what ``raw`` means. Raises Invalid where it is nothing that our server writes."""
    try:
        item = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid(msg("This is not what a chat page hands in.")) from None
    match item:
        case _Message():
            return _message(item)
        case _Seen():
            return _seen(item)
        case _Ended():
            return _happened(item.visitor, item.after, item.at, Happening(What.ENDED, automatic=item.silent))
        case _Rated():
            rating = Rating(item.chat, item.score, item.effort, item.text)
            return _happened(item.visitor, item.after, item.at, Happening(What.RATED, rating=rating))
        case _Edited():
            return _happened(item.visitor, item.id, item.at, Happening(What.EDITED, text=item.text))
        case _Deleted():
            return _happened(item.visitor, item.id, item.at, Happening(What.DELETED))


def _message(item: _Message) -> Inbound:
    visitor = item.visitor
    visit = {
        "page": visitor.url,
        "title": visitor.title,
        "referrer": visitor.referrer,
        "email": visitor.email,
    }
    return Inbound(
        sender=Party(KIND, visitor.identity, visitor.name),
        text=item.text,
        content_hash=hashlib.sha256(f"{visitor.identity}\0{item.text}".encode()).hexdigest(),
        external_id=item.id,
        subject=visitor.topic,
        sent_at=clock.to_utc(item.at),
        to=(Party(EMAIL, item.mail),) if item.mail else (),
        reply_to=(Party(EMAIL, visitor.email.lower(), visitor.name),) if item.mail else (),
        references=(item.after,) if item.after else (),
        attachments=tuple(
            InboundAttachment(one.name, one.media_type, b"", stored=one.blob, stored_size=one.size)
            for one in item.files
        ),
        invitation=_invitation(item.invited),
        profile=Profile(
            language=visitor.language,
            time_zone=visitor.time_zone,
            visit={name: value for name, value in visit.items() if value},
        ),
    )


def _invitation(invited: _Invited | None) -> Invitation | None:
    return Invitation(invited.name, invited.text, invited.user_id) if invited is not None else None


def _seen(item: _Seen) -> Inbound:
    report = Report.READ if item.state == "read" else Report.DELIVERED
    name = item.visitor.name
    return Inbound(
        sender=Party(KIND, item.visitor.identity, name),
        text="",
        content_hash="",
        reports=tuple(DeliveryReport(report, (key,), recipient=name) for key in item.keys),
    )


def _happened(visitor: _Visitor, after: str, at: datetime, happening: Happening) -> Inbound:
    return Inbound(
        sender=Party(KIND, visitor.identity, visitor.name),
        text="",
        content_hash="",
        references=(after,),
        sent_at=clock.to_utc(at),
        happening=happening,
    )
