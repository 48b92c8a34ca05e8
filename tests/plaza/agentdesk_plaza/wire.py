"""From what Plaza writes to what it means. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import Happening, Inbound, Party, Profile, RawItem, What
from agentdesk.sdk.posts import Counters, Media, Poll, PollOption, Post, PostKind, Visibility, Way, Work

KIND = "plaza"
"""The kind of address that people have on Plaza: the number of their account, never their handle."""

_KINDS = {
    "mention": PostKind.MENTION,
    "comment": PostKind.COMMENT,
    "quote": PostKind.QUOTE,
    "message": PostKind.MESSAGE,
    "matched": PostKind.WATCHED,
}


class _Author(msgspec.Struct, frozen=True):
    id: str
    handle: str = ""
    name: str = ""
    language: str = ""
    url: str = ""
    picture: str = ""
    followers: int | None = None
    verified: bool = False


class _Picture(msgspec.Struct, frozen=True):
    url: str
    type: str = "image"
    alt: str = ""
    preview: str = ""


class _Choice(msgspec.Struct, frozen=True):
    text: str
    votes: int | None = None


class _Above(msgspec.Struct, frozen=True):
    id: str
    text: str = ""
    author: str = ""
    url: str = ""
    ours: bool = False


class PlazaPost(msgspec.Struct, frozen=True):
    """A post as Plaza writes it."""

    id: str
    author: _Author
    text: str
    at: datetime
    relation: str = "mention"
    circle: Literal["everybody", "followers", "direct"] = "everybody"
    thread: str = ""
    answers: str = ""
    url: str = ""
    warning: str = ""
    edited_at: datetime | None = None
    likes: int | None = None
    replies: int | None = None
    above: _Above | None = None
    pictures: tuple[_Picture, ...] = ()
    choices: tuple[_Choice, ...] = ()
    answerable_until: datetime | None = None
    ours: bool = False


class PlazaEvent(msgspec.Struct, frozen=True):
    """Something that happened. ``post`` is missing where ``gone`` names what was deleted."""

    seq: int
    at: datetime
    post: PlazaPost | None = None
    gone: str = ""


VISIBILITIES: Mapping[str, Visibility] = {
    "everybody": Visibility.PUBLIC,
    "followers": Visibility.LIMITED,
    "direct": Visibility.PRIVATE,
}


class _Head(msgspec.Struct, frozen=True):
    """As much of an event as its name is made of."""

    seq: int
    at: datetime | None = None


_decoder = msgspec.json.Decoder(PlazaEvent)


def interpret(raw: bytes, _facts: Mapping[str, object]) -> Inbound:
    """Return what an event means. Raises Invalid where it is none of Plaza's."""
    try:
        event = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid(msg("This is not what Plaza writes.")) from None
    if event.post is not None:
        return _posted(event.post)
    if not event.gone:
        raise Invalid(msg("This is not what Plaza writes."))
    return Inbound(Party(KIND, ""), "", "", references=(event.gone,), happening=Happening(What.DELETED))


def item_of(raw: bytes) -> RawItem:
    """Return an event as it came: one item for ever, whichever way it comes; the number is Plaza's."""
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError):  # kept, to be shown as unreadable
        return RawItem(f"unreadable:{hashlib.sha256(raw).hexdigest()}", raw)
    return RawItem(f"event:{head.seq}", raw, head.at, {"seq": head.seq})


def _posted(post: PlazaPost) -> Inbound:
    author = post.author
    return Inbound(
        sender=Party(KIND, author.id, author.name or author.handle),
        text=post.text,
        content_hash=hashlib.sha256(f"{post.id}\0{post.text}".encode(errors="replace")).hexdigest(),
        external_id=post.id,
        sent_at=post.at,
        references=tuple(dict.fromkeys(one for one in (post.thread, post.answers) if one)),
        profile=Profile(
            language=author.language,
            handle=author.handle,
            url=author.url,
            picture=author.picture,
            followers=author.followers,
            verified=author.verified,
        ),
        post=_post(post),
    )


def _post(post: PlazaPost) -> Post:
    visibility = VISIBILITIES[post.circle]
    above = post.above
    until = post.answerable_until
    return Post(
        kind=_KINDS.get(post.relation, PostKind.MENTION),
        visibility=visibility,
        root=post.thread,
        parent=post.answers,
        url=post.url,
        warning=post.warning,
        edited_at=post.edited_at,
        counters=Counters(likes=post.likes, replies=post.replies),
        below=Work(above.id, above.text, above.author, above.url, ours=above.ours) if above else None,
        media=tuple(Media(one.type, one.url, one.alt, preview=one.preview) for one in post.pictures),
        poll=Poll(tuple(PollOption(one.text, one.votes) for one in post.choices)) if post.choices else None,
        ways=(Way(visibility, until=until),) if until is not None else (),
        own=post.ours,
    )
