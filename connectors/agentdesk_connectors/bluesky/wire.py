"""From posts and private messages as the services hand them out to what they mean. Pure, and indifferent to
what is wrong in them.

Written from the lexicons app.bsky.feed.defs (postView), app.bsky.feed.post, app.bsky.actor.defs and
chat.bsky.convo.defs. A post without what makes it one (its URI, author and record) is refused as a
whole; anything else that is missing or of another type is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.inbound import Automation, Happening, Inbound, Party, Profile, What
from agentdesk.sdk.posts import Counters, Media, Post, PostKind, Visibility, Way, Work
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.embeds import media_of, quoted_in
from agentdesk_connectors.bluesky.facets import Span, as_html, as_text, mentioned, spans_of
from agentdesk_connectors.bluesky.naming import (
    KIND,
    PROFILES,
    Uri,
    did_of,
    handle_of,
    message_id,
    page_of,
    read_uri,
    talk_id,
)
from agentdesk_connectors.email.html_clean import clean
from agentdesk_connectors.fields import Json

__all__ = ["QUOTE", "WATCHED", "interpret", "party_of", "root_and_parent", "unlabelled"]

QUOTE, WATCHED = "quote", "watched"
_LONGEST_NAME = 200
_MOST_LABELS = 20
_BELOW = 500
_NOT_OURS = msg("This is not what Bluesky hands out.")
_NO_REPLIES = msg("Its author has limited who may reply to it.")
_NO_MESSAGES = msg("They take no private messages.")
_FOLLOWED_ONLY = msg("They take private messages only from accounts that they follow.")
_BLOCKED = msg("One of the two accounts has blocked the other.")
_GROUP = msg("Several people read this talk.")


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what a post, a private message, or the notice of a deletion means.

    ``facts``: ``me`` (our DID), ``reason`` (why a post came: mention, reply, quote, watched), ``followers``
    (of its author), ``below`` (the post that it stands below), ``people`` (of a talk, by DID), ``ways`` (what
    is known of the talk), ``deleted`` (the name of what is gone). Raises Invalid for what is none of them.
    """
    gone = facts.get("deleted")
    if isinstance(gone, str) and gone:
        return _deletion(gone[:400])
    found = fields.inner(fields.parse(raw))
    return _message(found, facts) if "convoId" in found else _read_post(found, facts)


def _deletion(external: str) -> Inbound:
    """Nobody says whose it was; the core knows."""
    return Inbound(
        sender=Party(KIND, ""),
        text="",
        content_hash="",
        references=(external,),
        happening=Happening(What.DELETED),
    )


def party_of(profile: Json) -> Party | None:
    """Return who a profile stands for; None where it has no DID."""
    did = did_of(profile.get("did"))
    name = " ".join(fields.text(profile, "displayName", _LONGEST_NAME).split())
    return Party(KIND, did, name or handle_of(profile.get("handle")) or did) if did else None


def _profile(profile: Json, followers: int | None, language: str = "") -> Profile:
    did, handle = did_of(profile.get("did")), handle_of(profile.get("handle"))
    verification = fields.inner(profile, "verification")
    return Profile(
        language=language,
        handle=f"@{handle}" if handle else "",
        url=PROFILES + did if did else "",
        picture=fields.web_address(profile, "avatar"),
        followers=followers,
        verified=fields.text(verification, "verifiedStatus", 20) == "valid",
    )


def _hash(*pieces: str) -> str:
    """The same for each copy of one message."""
    return hashlib.sha256("\0".join(pieces).encode("utf-8", "replace")).hexdigest()


def _shown(text: str, spans: list[Span]) -> str:
    return clean(f"<p>{as_html(text, spans)}</p>", ()).html if text else ""


# --- posts ---


def _read_post(found: Json, facts: Mapping[str, object]) -> Inbound:
    uri, author, record = read_uri(found.get("uri")), fields.inner(found, "author"), found.get("record")
    sender = party_of(author)
    if uri is None or sender is None or not isinstance(record, Mapping):
        raise Invalid(_NOT_OURS)
    text = fields.text(record, "text")
    spans = spans_of(record, text)
    root, parent = root_and_parent(record)
    return Inbound(
        sender=sender,
        text=as_text(text, spans),
        html=_shown(text, spans),
        content_hash=_hash(str(uri), fields.text(found, "cid", 200), text),
        external_id=str(uri),
        sent_at=fields.moment(found, "indexedAt") or fields.moment(record, "createdAt"),
        to=tuple(Party(KIND, did) for did in mentioned(spans)),
        references=tuple(dict.fromkeys(one for one in (root, parent) if one)),
        automation=Automation.AUTO_GENERATED if "bot" in _labels(author) else Automation.NO,
        profile=_profile(author, fields.number(facts, "followers"), _language(record)),
        post=_post(found, facts, uri, root, parent),
    )


def root_and_parent(record: Json) -> tuple[str, str]:
    """Return with which post a thread began, and which one is answered; empty where none is."""
    reply = fields.inner(record, "reply")
    root = read_uri(fields.inner(reply, "root").get("uri"))
    parent = read_uri(fields.inner(reply, "parent").get("uri")) or root
    return (str(root or parent), str(parent)) if parent else ("", "")


def _post(found: Json, facts: Mapping[str, object], uri: Uri, root: str, parent: str) -> Post:
    record, me = fields.inner(found, "record"), did_of(facts.get("me"))
    viewer = fields.inner(found, "viewer")
    below = _work(fields.inner(facts, "below"), me)
    own = bool(me) and uri.did == me
    return Post(
        kind=PostKind.REPLY if own else _kind(fields.text(facts, "reason", 20), below),
        visibility=Visibility.PUBLIC,
        root=root,
        parent=parent,
        url=page_of(uri),
        warning=", ".join(_warnings(found, record)),
        counters=Counters(
            likes=fields.number(found, "likeCount"),
            replies=fields.number(found, "replyCount"),
            shares=_sum(fields.number(found, "repostCount"), fields.number(found, "quoteCount")),
        ),
        below=below,
        media=media_of(found, uri.did),
        ways=_ways(found, viewer),
        own=own,
        liked=bool(viewer.get("like")),
    )


def _kind(reason: str, below: Work | None) -> PostKind:
    if reason == WATCHED:
        return PostKind.WATCHED
    if reason == QUOTE:
        return PostKind.QUOTE
    return PostKind.MENTION if below is None else PostKind.COMMENT


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


def _language(record: Json) -> str:
    languages = record.get("langs")
    first = languages[0] if isinstance(languages, list) and languages else ""
    return first if isinstance(first, str) and len(first) <= 20 and first.isascii() else ""


def _labels(labelled: Json) -> list[str]:
    """The labels on a post or a person that hold: those that begin with ! are orders to programs, and one
    that is negated is taken back."""
    found = [one for one in fields.each(labelled, "labels")[:_MOST_LABELS] if not fields.flag(one, "neg")]
    values = (fields.text(one, "val", 100) for one in found)
    return [value for value in values if value and not value.startswith("!")]


def _warnings(found: Json, record: Json) -> list[str]:
    """What its author, or a moderation service, says of a post before one sees it."""
    own = (fields.text(one, "val", 100) for one in fields.each(fields.inner(record, "labels"), "values"))
    said = [value for value in own if value and not value.startswith("!")]
    return list(dict.fromkeys([*said, *_labels(found)]))[:_MOST_LABELS]


def unlabelled(warning: str) -> tuple[str, ...]:
    """Return the labels in a warning, as `interpret` writes it."""
    return tuple(one.strip() for one in warning.split(",") if one.strip())


def _ways(found: Json, viewer: Json) -> tuple[Way, ...]:
    """How this very post can be answered: its author says who may, there and in private."""
    ways = []
    if fields.flag(viewer, "replyDisabled"):
        ways.append(Way(Visibility.PUBLIC, refused=_NO_REPLIES))
    author = fields.inner(found, "author")
    theirs = fields.inner(author, "viewer")
    refused = _unheard(author, theirs)
    if refused is not None:
        ways.append(Way(Visibility.PRIVATE, refused=refused))
    return tuple(ways)


def _unheard(profile: Json, theirs: Json) -> Msg | None:
    """Why somebody cannot be written to in private, as far as their profile says."""
    chat = fields.inner(fields.inner(profile, "associated"), "chat")
    incoming = fields.text(chat, "allowIncoming", 20)
    if fields.flag(theirs, "blockedBy") or theirs.get("blocking"):
        return _BLOCKED
    if incoming == "none":
        return _NO_MESSAGES
    return _FOLLOWED_ONLY if incoming == "following" and not theirs.get("followedBy") else None


def _work(below: Json, me: str) -> Work | None:
    uri = read_uri(below.get("uri"))
    if uri is None:
        return None
    return Work(
        external_id=str(uri),
        text=fields.text(below, "text", _BELOW),
        author=fields.text(below, "author", _LONGEST_NAME),
        url=page_of(uri),
        at=fields.moment(below, "at"),
        ours=bool(me) and uri.did == me,
    )


# --- private messages ---


def _message(found: Json, facts: Mapping[str, object]) -> Inbound:
    convo, message = fields.token(found, "convoId"), fields.inner(found, "message")
    number, did = fields.token(message, "id"), did_of(fields.inner(message, "sender").get("did"))
    if not convo or not number or not did:
        raise Invalid(_NOT_OURS)
    profile = {"did": did, **fields.inner(fields.inner(facts, "people"), did)}
    text = fields.text(message, "text")
    spans = spans_of(message, text)
    me = did_of(facts.get("me"))
    return Inbound(
        sender=party_of(profile) or Party(KIND, did),
        text=as_text(text, spans),
        html=_shown(text, spans),
        content_hash=_hash(convo, number, text),
        external_id=message_id(convo, number),
        sent_at=fields.moment(message, "sentAt"),
        to=(Party(KIND, me),) if me and did != me else (),
        automation=Automation.AUTO_GENERATED if "bot" in _labels(profile) else Automation.NO,
        profile=_profile(profile, fields.number(profile, "followersCount")),
        post=Post(
            kind=PostKind.REPLY if did == me else PostKind.MESSAGE,
            visibility=Visibility.PRIVATE,
            root=talk_id(convo),
            url=f"https://bsky.app/messages/{convo}",
            media=_shared(message),
            ways=_talk_ways(facts, profile),
            own=bool(me) and did == me,
        ),
    )


def _shared(message: Json) -> tuple[Media, ...]:
    """The post that a private message shows."""
    quoted = quoted_in(message)
    return (quoted,) if quoted else ()


def _talk_ways(facts: Mapping[str, object], profile: Json) -> tuple[Way, ...]:
    refused = None
    if fields.flag(facts, "group"):
        refused = _GROUP
    elif fields.flag(profile, "chatDisabled"):
        refused = _NO_MESSAGES
    elif fields.flag(fields.inner(profile, "viewer"), "blockedBy") or fields.inner(profile, "viewer").get(
        "blocking"
    ):
        refused = _BLOCKED
    return (Way(Visibility.PRIVATE, refused=refused),) if refused is not None else ()
