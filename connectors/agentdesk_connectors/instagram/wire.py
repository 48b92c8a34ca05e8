"""From what Instagram says to what it means: comments, mentions, and (in `talking`) private messages. Pure.

Written from https://developers.facebook.com/docs/instagram-platform/: webhooks/examples, private-replies,
reference/instagram-media, instagram-graph-api/reference/ig-comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import Happening, Inbound, Party, Profile, What
from agentdesk.sdk.posts import Counters, Post, PostKind, Visibility, Way, Work
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.instagram.naming import COMMENT, KIND, MEDIA, MENTION, named
from agentdesk_connectors.instagram.talking import event, said
from agentdesk_connectors.instagram.telling import content_hash, moment_of, page_of, profile_of
from agentdesk_connectors.meta.ids import graph_id
from agentdesk_connectors.meta.windows import PRIVATE_REPLY

__all__ = ["interpret"]

_LIVE = msg("Comments on a live video can be answered in private only, and while it runs.")
_HIDDEN = msg("A hidden comment cannot be answered in public. Show it again first.")
_NOT_OURS = msg("Who mentions the account elsewhere cannot be written to from there.")
_MENTIONED = msg("Instagram did not say what was written. Open the post to read it.").text
_BELOW = 2_200


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what an event of a call means, or a comment or message as it was read.

    ``facts``: ``kind`` (``comment``, ``message``: as read; else an event of a call), ``me`` (the account's
    number) and ``username``, ``at`` (when Instagram called, seconds since 1970), ``human_agent``, ``deleted``
    (the name of what is gone), and what was looked up: ``who``, ``below``, ``mention``. Raises Invalid for
    what is none of them.
    """
    gone = fields.text(facts, "deleted", 400)
    if gone:
        return _deletion(gone)
    found = fields.inner(fields.parse(raw))
    match fields.text(facts, "kind", 20):
        case "comment":
            return _comment(found, facts)
        case "message":
            return said(found, facts)
    if "field" not in found:
        return event(found, facts)
    value, name = fields.inner(found, "value"), fields.text(found, "field", 50)
    if name in ("comments", "live_comments"):
        return _comment(value, facts, live=name == "live_comments")
    if name == "mentions":
        return _mention(value, facts)
    raise Invalid(msg("This is not what Instagram hands out."))


def _deletion(external: str) -> Inbound:
    """Nobody says whose it was; the core knows."""
    nobody = Party(KIND, "")
    return Inbound(nobody, "", "", references=(external,), happening=Happening(What.DELETED))


# --- comments ---


def _comment(value: Json, facts: Mapping[str, object], live: bool = False) -> Inbound:
    number, text = graph_id(value, "id"), fields.text(value, "text")
    sender, profile = _author(value, facts)
    if not number or sender is None:
        raise Invalid(msg("This is not what Instagram hands out."))
    at = moment_of(value, "timestamp") or moment_of(facts, "at")
    parent = named(COMMENT, graph_id(value, "parent_id"))
    return Inbound(
        sender=sender,
        text=text,
        content_hash=content_hash(number, text),
        external_id=named(COMMENT, number),
        sent_at=at,
        references=(parent,) if parent else (),
        profile=profile,
        post=_post(value, facts, at, live),
    )


def _author(value: Json, facts: Mapping[str, object]) -> tuple[Party | None, Profile]:
    author = fields.inner(value, "from")
    username = fields.text(author, "username", 200) or fields.text(value, "username", 200)
    number = graph_id(author, "id") or (f"@{username}" if username else "")
    if not number:
        return None, Profile()
    return Party(KIND, number, username), profile_of(facts, username)


def _is_ours(value: Json, facts: Mapping[str, object]) -> bool:
    author, me = fields.inner(value, "from"), graph_id(facts, "me")
    if (me and graph_id(author, "id") == me) or graph_id(author, "self_ig_scoped_id"):
        return True
    username = fields.text(author, "username", 200) or fields.text(value, "username", 200)
    return bool(username) and username == fields.text(facts, "username", 200)


def _post(value: Json, facts: Mapping[str, object], at: datetime | None, live: bool) -> Post:
    own, hidden = _is_ours(value, facts), fields.flag(value, "hidden")
    below = _work(value, facts)
    parent = named(COMMENT, graph_id(value, "parent_id"))
    return Post(
        kind=PostKind.REPLY if own else PostKind.COMMENT,
        visibility=Visibility.PUBLIC,
        root=parent,
        parent=parent,
        url=below.url if below else "",
        counters=Counters(likes=fields.number(value, "like_count")),
        below=below,
        ways=_ways(at, live, hidden),
        own=own,
        hidden=hidden,
    )


def _ways(at: datetime | None, live: bool, hidden: bool) -> tuple[Way, ...]:
    until = None if live or at is None else at + PRIVATE_REPLY
    private = Way(Visibility.PRIVATE, until=until, once=True)
    why = _LIVE if live else _HIDDEN if hidden else None
    return (private,) if why is None else (private, Way(Visibility.PUBLIC, refused=why))


def _work(value: Json, facts: Mapping[str, object]) -> Work | None:
    """What a comment stands below: our own work, as far as it was looked up."""
    known, media = fields.inner(facts, "below"), fields.inner(value, "media")
    number = graph_id(known, "id") or graph_id(media, "id")
    if not number:
        return None
    return Work(
        external_id=named(MEDIA, number),
        text=fields.text(known, "caption", _BELOW) or fields.text(media, "ad_title", 500),
        author=fields.text(known, "username", 200) or fields.text(facts, "username", 200),
        url=page_of(known, "permalink"),
        at=moment_of(known, "timestamp"),
        ours=not fields.flag(known, "theirs"),
        picture=fields.web_address(known, "thumbnail_url") or fields.web_address(known, "media_url"),
    )


# --- mentions ---


def _mention(value: Json, facts: Mapping[str, object]) -> Inbound:
    """Somebody names the account below a post of theirs, or in it. The call says only where."""
    media, comment = graph_id(value, "media_id"), graph_id(value, "comment_id")
    found = fields.inner(facts, "mention")
    username = fields.text(found, "username", 200)
    if not media:
        raise Invalid(msg("This is not what Instagram hands out."))
    text = fields.text(found, "text") or fields.text(found, "caption")
    name = named(MENTION, media, comment) if comment else named(MENTION, media)
    below = _work({"media": {"id": media}}, facts) if comment else None
    return Inbound(
        sender=Party(KIND, f"@{username}" if username else "", username),
        text=text,
        content_hash=content_hash(name, text),
        external_id=name,
        sent_at=moment_of(found, "timestamp") or moment_of(facts, "at"),
        profile=profile_of(facts, username),
        warnings=() if text else (_MENTIONED,),
        post=Post(
            kind=PostKind.MENTION,
            visibility=Visibility.PUBLIC,
            url=page_of(found, "permalink") or (below.url if below else ""),
            counters=Counters(likes=fields.number(found, "like_count")),
            below=below,
            ways=(Way(Visibility.PRIVATE, refused=_NOT_OURS),),
        ),
    )
