"""From what Facebook tells of a page to what it means. Pure, and indifferent to what is wrong in it.

Written from https://developers.facebook.com/docs/graph-api/webhooks/reference/page (feed, mention) and
/docs/graph-api/reference/comment, /post. What is told by a call and what is found by asking look different
and mean the same. A post without its id is refused as a whole; anything else that is missing is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import Happening, Inbound, Party, Profile, What
from agentdesk.sdk.posts import Counters, Media, Post, PostKind, Visibility, Way, Work
from agentdesk_connectors import fields
from agentdesk_connectors.facebook import wire_messages
from agentdesk_connectors.facebook.naming import KIND
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.hooks import moment_of
from agentdesk_connectors.meta.ids import graph_id
from agentdesk_connectors.meta.windows import PRIVATE_REPLY

__all__ = ["change_id", "interpret"]

_LONGEST_NAME = 200
_BELOW = 500
_FILMS = ("video", "animated_image")


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what an item means.

    ``facts``: ``page`` (our number), ``human_agent``, ``deleted`` (the id of what is gone), ``edited_at``,
    ``below`` (the post that a comment stands below), ``name`` and ``picture`` of the sender, ``messages``
    (ids of ours that were read). Raises Invalid for what nobody can read.
    """
    gone = graph_id(facts, "deleted")
    if gone:
        return Inbound(Party(KIND, ""), "", "", references=(gone,), happening=Happening(What.DELETED))
    found = fields.inner(fields.parse(raw))
    if "field" in found:
        return _changed(found, facts)
    if "sender" in found or "to" in found:
        return wire_messages.interpret(found, facts)
    return _asked(found, facts)


def change_id(value: Json) -> str:
    """Return the id of the comment or post that a change is about; "" where it has none."""
    return graph_id(value, "comment_id") or graph_id(value, "post_id")


# --- told by a call ---


def _changed(change: Json, facts: Mapping[str, object]) -> Inbound:
    value = fields.inner(change, "value")
    post_id, comment_id = graph_id(value, "post_id"), graph_id(value, "comment_id")
    author = dict(fields.inner(value, "from")) or {
        "id": value.get("sender_id"),
        "name": value.get("sender_name"),
    }
    picture = fields.web_address(value, "photo") or fields.web_address(value, "link")
    film = fields.web_address(value, "video")
    media = [Media("video", film)] if film else [Media("image", picture)] if picture else []
    mentioned = fields.text(change, "field", 50) == "mention"
    return _read(
        external_id=change_id(value),
        post_id=post_id if comment_id else "",
        parent=graph_id(value, "parent_id"),
        author=author,
        text=fields.text(value, "message"),
        at=moment_of(value.get("created_time")),
        url=fields.web_address(fields.inner(value, "post"), "permalink_url"),
        media=tuple(media),
        hidden=fields.text(value, "verb", 20) == "hide",
        mentioned=mentioned,
        facts=facts,
    )


# --- found by asking ---


def _asked(found: Json, facts: Mapping[str, object]) -> Inbound:
    below = fields.inner(facts, "below")
    post_id = graph_id(below, "id")
    return _read(
        external_id=graph_id(found, "id"),
        post_id=post_id,
        parent=graph_id(fields.inner(found, "parent"), "id"),
        author=fields.inner(found, "from"),
        text=fields.text(found, "message"),
        at=fields.moment(found, "created_time"),
        url=fields.web_address(found, "permalink_url"),
        media=_attached(found),
        hidden=fields.flag(found, "is_hidden"),
        mentioned=False,
        facts=facts,
        counters=Counters(
            likes=fields.number(found, "like_count"), replies=fields.number(found, "comment_count")
        ),
        liked=fields.flag(found, "user_likes"),
    )


def _attached(found: Json) -> tuple[Media, ...]:
    """What a comment shows; of a post its picture."""
    attachment = fields.inner(found, "attachment")
    kind = fields.text(attachment, "type", 50)
    media = fields.inner(attachment, "media")
    picture = fields.web_address(fields.inner(media, "image"), "src")
    title = fields.text(attachment, "title", _BELOW)
    url = fields.web_address(attachment, "url")
    whole = fields.web_address(found, "full_picture")
    if any(kind.startswith(one) for one in _FILMS) and url:
        return (Media("video", url, title=title, preview=picture),)
    if kind in ("photo", "sticker") and picture:
        return (Media("image", picture, title=title),)
    if url:
        return (Media("link", url, title=title, preview=picture),)
    return (Media("image", whole),) if whole else ()


# --- both ---


def _read(
    *,
    external_id: str,
    post_id: str,
    parent: str,
    author: Mapping[str, object],
    text: str,
    at: datetime | None,
    url: str,
    media: tuple[Media, ...],
    hidden: bool,
    mentioned: bool,
    facts: Mapping[str, object],
    counters: Counters | None = None,
    liked: bool = False,
) -> Inbound:
    if not external_id:
        raise Invalid(msg("This is not what Facebook tells of a page."))
    page = graph_id(facts, "page")
    sender = _party(author, facts, external_id)
    own = bool(page) and sender.value == page
    below = _work(fields.inner(facts, "below"), page) if post_id else None
    above = tuple(dict.fromkeys(one for one in (post_id, parent) if one and one != external_id))
    kind = PostKind.REPLY if own else PostKind.MENTION if mentioned or not above else PostKind.COMMENT
    return Inbound(
        sender=sender,
        text=text,
        content_hash=hashlib.sha256(f"{external_id}\0{text}".encode("utf-8", "replace")).hexdigest(),
        external_id=external_id,
        sent_at=at,
        references=above,
        profile=Profile(picture=fields.web_address(facts, "picture")),
        post=Post(
            kind=kind,
            visibility=Visibility.PUBLIC,
            root=above[0] if above else "",
            parent=above[-1] if above else "",
            url=url,
            edited_at=fields.moment(facts, "edited_at"),
            counters=counters,
            below=below,
            media=media,
            ways=() if own or at is None else (Way(Visibility.PRIVATE, at + PRIVATE_REPLY, once=True),),
            own=own,
            liked=liked,
            hidden=hidden,
        ),
    )


def _party(author: Mapping[str, object], facts: Mapping[str, object], external_id: str) -> Party:
    """Who wrote it. Of some people the network does not say who they are: each of their posts is by nobody
    else."""
    name = " ".join(fields.text(author, "name", _LONGEST_NAME).split())
    return Party(
        KIND,
        graph_id(author, "id") or f"unknown/{external_id}",
        name or fields.text(facts, "name", _LONGEST_NAME),
    )


def _work(below: Json, page: str) -> Work | None:
    external_id = graph_id(below, "id")
    if not external_id:
        return None
    author = fields.inner(below, "from")
    return Work(
        external_id=external_id,
        text=fields.text(below, "message", _BELOW),
        author=fields.text(author, "name", _LONGEST_NAME),
        url=fields.web_address(below, "permalink_url"),
        at=fields.moment(below, "created_time"),
        ours=bool(page) and graph_id(author, "id") == page,
        picture=fields.web_address(below, "full_picture"),
    )
