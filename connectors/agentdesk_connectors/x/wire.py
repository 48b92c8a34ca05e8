"""From posts and direct messages as X hands them out to what they mean. Pure, and indifferent to what is
wrong in them.

Written from https://docs.x.com/x-api/fundamentals/data-dictionary and /x-api/activity/event-payloads. What
polls bring and what the stream brings are two forms of the same; a post without what makes it one (its
number, its author) is refused as a whole, anything else that is missing or of another type is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.inbound import Automation, Happening, Inbound, Party, Profile, What
from agentdesk.sdk.posts import Counters, Post, PostKind, Visibility, Way, Work
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.x.direct import message_of
from agentdesk_connectors.x.included import Included
from agentdesk_connectors.x.naming import KIND, is_id, moment_of, page_of, profile_of
from agentdesk_connectors.x.rules import is_summoned, why_not
from agentdesk_connectors.x.shown import media_of, poll_of
from agentdesk_connectors.x.texts import count, shown_text
from agentdesk_connectors.x.vocabulary import in_older_words

__all__ = ["interpret", "post_in", "versions_of"]

_BELOW = 500
_NOTICES: Mapping[str, Msg] = {
    "encrypted": msg(
        "This is an encrypted chat. Only X's own programs can open it: read and answer it there."
    ),
    "mentions": msg("More mentions came than X still gives. Look for the older ones on X itself."),
    "messages": msg("X gives direct messages of the last 30 days only. Look for the older ones on X itself."),
    "found": msg("More posts were found than were read. Look for the older ones on X itself."),
}


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what a post, a direct message or the notice of a deletion means.

    ``facts``: ``me`` (our account's number), ``tier``, ``verified`` (whether X vouches for us), ``watched``
    (it was searched for), ``below`` (the post that it stands below), ``deleted`` (the number of a post that
    is gone), ``notice`` (what people have to look for on X itself). Raises Invalid for that last one, and for
    what is none of them.
    """
    gone = fields.token(facts, "deleted")
    if gone:
        return _deletion(gone)
    notice = _NOTICES.get(fields.text(facts, "notice", 30))
    if notice is not None:
        raise Invalid(notice)
    value = fields.inner(fields.parse(raw))
    data = fields.inner(value, "data")
    event = fields.text(data, "event_type", 50)
    if event.startswith("chat."):
        raise Invalid(_NOTICES["encrypted"])
    if event.startswith("dm.") or event == "MessageCreate":
        return message_of(value, fields.token(facts, "me"))
    post, included = post_in(value)
    if not is_id(fields.token(post, "id")) or not is_id(fields.token(post, "author_id")):
        raise Invalid(msg("This is neither a post nor a direct message of X."))
    return _post(post, included, facts)


def post_in(value: Json) -> tuple[Json, Included]:
    """Return the post in an answer or an event, and what came with it."""
    data = fields.inner(value, "data")
    if "payload" in data:
        post, beside = fields.inner(data, "payload"), fields.inner(data, "includes")
    else:
        post, beside = data, fields.inner(value, "includes")
    return in_older_words(post), Included(beside)


def versions_of(post: Json) -> tuple[str, ...]:
    """Return the numbers of all versions of a post, oldest first: each edit makes a new one."""
    listed = post.get("edit_history_tweet_ids")
    found = [fields.token(one) for one in listed[:20]] if isinstance(listed, list) else []
    known = sorted({one for one in found if is_id(one)}, key=int)
    return tuple(known) or (fields.token(post, "id"),)


# --- a post ---


def _deletion(number: str) -> Inbound:
    """X does not say whose it was; the core knows."""
    happening = Happening(What.DELETED)
    return Inbound(Party(KIND, ""), "", "", references=(number,), happening=happening)


def _post(post: Json, included: Included, facts: Mapping[str, object]) -> Inbound:
    versions = versions_of(post)
    author = included.user(fields.token(post, "author_id"))
    said = shown_text(post)
    references = _references(post, versions)
    return Inbound(
        sender=included.party(fields.token(post, "author_id")),
        text=said,
        content_hash=hashlib.sha256("\0".join((versions[-1], said)).encode("utf-8", "replace")).hexdigest(),
        external_id=versions[0],
        sent_at=moment_of(versions[0]) or fields.moment(post, "created_at"),
        to=_mentioned(post, included),
        references=references,
        automation=Automation.AUTO_GENERATED if _is_automated(author) else Automation.NO,
        profile=_profile(author, fields.text(post, "lang", 20)),
        post=_about(post, included, facts, versions),
    )


def _references(post: Json, versions: tuple[str, ...]) -> tuple[str, ...]:
    """Where the thread began, then what is answered; of a quote, what it quotes."""
    root, parent = fields.token(post, "conversation_id"), _named(post, "replied_to")
    found = [root, parent] if parent else [_named(post, "quoted")]
    return tuple(dict.fromkeys(one for one in found if is_id(one) and one not in versions))


def _named(post: Json, kind: str) -> str:
    """The number of the post that it answers (``replied_to``) or quotes (``quoted``)."""
    named = (one for one in fields.each(post, "referenced_tweets") if one.get("type") == kind)
    return fields.token(next(named, {}), "id")


def _mentioned(post: Json, included: Included) -> tuple[Party, ...]:
    mentions = fields.each(fields.inner(post, "entities"), "mentions")[:50]
    numbers = (fields.token(one, "id") for one in mentions)
    return tuple(dict.fromkeys(included.party(one) for one in numbers if is_id(one)))


def _about(post: Json, included: Included, facts: Mapping[str, object], versions: tuple[str, ...]) -> Post:
    me, author = fields.token(facts, "me"), fields.token(post, "author_id")
    quoted = included.post(_named(post, "quoted"))
    parent = _named(post, "replied_to")
    root = fields.token(post, "conversation_id") if parent else ""
    below = _work(fields.inner(facts, "below"), me) or _work_above(post, included, me)
    visibility = _visibility(included.user(author))
    return Post(
        kind=_kind(facts, quoted, below, author, me),
        visibility=visibility,
        root=(root or parent) if root not in versions else parent,
        parent=parent,
        url=page_of(fields.text(included.user(author), "username", 50), versions[-1]),
        edited_at=moment_of(versions[-1]) if len(versions) > 1 else None,
        counters=Counters(
            likes=count(post, "like_count"),
            replies=count(post, "reply_count"),
            shares=count(post, "retweet_count"),
            views=count(post, "impression_count"),
        ),
        below=below,
        media=media_of(post, included),
        poll=poll_of(post, included),
        ways=_ways(post, quoted, facts, me),
        own=bool(me) and author == me,
    )


def _visibility(author: Json) -> Visibility:
    """Posts of protected accounts are for their followers."""
    return Visibility.LIMITED if fields.flag(author, "protected") else Visibility.PUBLIC


def _kind(facts: Mapping[str, object], quoted: Json, below: Work | None, author: str, me: str) -> PostKind:
    if me and author == me:
        return PostKind.REPLY
    if fields.flag(facts, "watched"):
        return PostKind.WATCHED
    if me and fields.token(quoted, "author_id") == me:
        return PostKind.QUOTE
    return PostKind.MENTION if below is None else PostKind.COMMENT


def _ways(post: Json, quoted: Json, facts: Mapping[str, object], me: str) -> tuple[Way, ...]:
    refused = why_not(
        post,
        summoned=is_summoned(post, quoted, me),
        tier=fields.text(facts, "tier", 30),
        verified=fields.flag(facts, "verified"),
    )
    return (Way(Visibility.PUBLIC, refused=refused),) if refused is not None else ()


def _work_above(post: Json, included: Included, me: str) -> Work | None:
    """What it quotes; else the post that it answers, where the thread began with that one."""
    quoted, parent = _named(post, "quoted"), _named(post, "replied_to")
    above = quoted or (parent if parent == fields.token(post, "conversation_id") else "")
    found = included.post(above)
    author = fields.token(found, "author_id")
    if not found or author == fields.token(post, "author_id"):
        return None
    user = included.user(author)
    shown = {
        "id": above,
        "text": shown_text(found),
        "author": fields.text(user, "name", 200),
        "author_id": author,
        "handle": fields.text(user, "username", 50),
    }
    return _work(shown, me)


def _work(below: Json, me: str) -> Work | None:
    number = fields.token(below, "id")
    if not is_id(number):
        return None
    return Work(
        external_id=number,
        text=fields.text(below, "text", _BELOW),
        author=fields.text(below, "author", 200),
        url=page_of(fields.text(below, "handle", 50), number),
        at=moment_of(number),
        ours=bool(me) and fields.token(below, "author_id") == me,
    )


# --- its author ---


def _is_automated(user: Json) -> bool:
    """Whether the account says of itself that a program runs it."""
    return fields.text(fields.inner(user, "affiliation"), "description", 50) == "Automated"


def _profile(user: Json, language: str) -> Profile:
    handle = fields.text(user, "username", 50)
    return Profile(
        language=language if language not in ("und", "zxx", "qme", "qst", "art") else "",
        handle=f"@{handle}" if handle else "",
        url=profile_of(handle),
        picture=fields.web_address(user, "profile_image_url"),
        followers=count(user, "followers_count"),
        verified=fields.flag(user, "verified"),
    )
