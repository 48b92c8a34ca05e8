"""From posts as a server hands them out to what they mean. Pure, and indifferent to what is wrong in them.

Written from https://docs.joinmastodon.org/entities/ (Status, Notification, Account, MediaAttachment, Poll).
A post without what makes it one (its number, its author) is refused as a whole; anything else that is missing
or of another type is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import Automation, Happening, Inbound, Party, Profile, What
from agentdesk.sdk.posts import Counters, Media, Poll, PollOption, Post, PostKind, Visibility, Work
from agentdesk_connectors import fields
from agentdesk_connectors.email.html_clean import clean
from agentdesk_connectors.email.html_text import to_text
from agentdesk_connectors.fields import Json
from agentdesk_connectors.mastodon.naming import KIND, external_id, full_address, talk_id

__all__ = ["VISIBILITIES", "interpret", "plain_text", "status_in", "values"]

VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "unlisted": Visibility.PUBLIC,
    "private": Visibility.LIMITED,
    "direct": Visibility.PRIVATE,
}
"""Who can read a post. What a server calls otherwise ("list", "local") is taken to be limited."""

_LONGEST_NAME = 200
_MOST_MENTIONS = 50
_MOST_ANCESTORS = 100
_BELOW = 500
_KINDS = {"image": "image", "video": "video", "gifv": "video", "audio": "audio"}
_NAME_LINK = re.compile(r'<a href="[^"]*">([@#][^<\s]*)</a>')


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what a post, the notification of one, or the notice of a deletion means.

    ``facts``: ``domain``, ``me`` (our account's number), ``ancestors`` (numbers of the posts that it answers,
    oldest first), ``talk`` (number of the private conversation), ``below`` (the post that it stands below),
    ``deleted`` (the number of a post that is gone), ``watched`` (the watch list found it). Raises Invalid for
    what is none of them.
    """
    domain = fields.text(facts, "domain", 300)
    gone = fields.token(facts, "deleted")
    if gone:
        return _deletion(external_id(domain, gone))
    status = status_in(fields.parse(raw))
    number, sender = fields.token(status, "id"), _party(domain, fields.inner(status, "account"))
    if not number or sender is None:
        raise Invalid(msg("This is not what a Mastodon server hands out."))
    html, text = _content(fields.text(status, "content"))
    post = _post(status, facts, domain)
    ancestors = tuple(external_id(domain, one) for one in _ancestors(status, facts))
    account = fields.inner(status, "account")
    return Inbound(
        sender=sender,
        text=text,
        html=html,
        content_hash=_content_hash(number, status),
        external_id=external_id(domain, number),
        sent_at=fields.moment(status, "created_at"),
        to=_mentioned(domain, status),
        references=ancestors,
        automation=Automation.AUTO_GENERATED if fields.flag(account, "bot") else Automation.NO,
        profile=_profile(account, sender.value, fields.text(status, "language", 20)),
        post=post,
    )


def status_in(value: object) -> Json:
    """Return the post in a notification or a conversation; ``value`` itself where it is one."""
    found = fields.inner(value)
    for name in ("status", "last_status"):
        if name in found:
            return fields.inner(found, name)
    return found


def values(raw: bytes) -> Json:
    """Return the values of an object in JSON; none where it is no such thing."""
    try:
        return fields.inner(fields.parse(raw))
    except Invalid:
        return {}


def plain_text(content: str) -> str:
    """Return the text of a post's HTML."""
    return _content(content)[1]


# --- the parts ---


def _deletion(external: str) -> Inbound:
    """Nobody says whose it was; the core knows."""
    return Inbound(
        sender=Party(KIND, ""),
        text="",
        content_hash="",
        references=(external,),
        happening=Happening(What.DELETED),
    )


def _content(html: str) -> tuple[str, str]:
    """The post as sanitised HTML, and as text, in which names and tags are just that."""
    cleaned = clean(html, ())
    shown = cleaned.html + cleaned.quoted
    return shown, to_text(_NAME_LINK.sub(r"\1", shown))


def _content_hash(number: str, status: Json) -> str:
    """The same for each copy of one version of a post."""
    pieces = (number, fields.text(status, "edited_at", 50), fields.text(status, "content"))
    said = fields.text(status, "spoiler_text")
    return hashlib.sha256("\0".join((*pieces, said)).encode("utf-8", "replace")).hexdigest()


def _party(domain: str, account: Json) -> Party | None:
    address = full_address(domain, fields.text(account, "acct", 500))
    if not address:
        return None
    name = " ".join(fields.text(account, "display_name", _LONGEST_NAME).split())
    return Party(KIND, address, name or fields.text(account, "username", _LONGEST_NAME))


def _mentioned(domain: str, status: Json) -> tuple[Party, ...]:
    found = (_party(domain, one) for one in fields.each(status, "mentions")[:_MOST_MENTIONS])
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _ancestors(status: Json, facts: Mapping[str, object]) -> list[str]:
    """Numbers of the posts above, oldest first; of what nobody could look up, the parent alone."""
    known = facts.get("ancestors")
    found = [fields.token(one) for one in known] if isinstance(known, list | tuple) else []
    found = [one for one in found if one]
    parent = fields.token(status, "in_reply_to_id")
    if parent and parent not in found:
        found.append(parent)
    return found if len(found) <= _MOST_ANCESTORS else [found[0], *found[1 - _MOST_ANCESTORS :]]


def _profile(account: Json, address: str, language: str) -> Profile:
    return Profile(
        language=language,
        handle=f"@{address}",
        url=fields.web_address(account, "url"),
        picture=fields.web_address(account, "avatar_static") or fields.web_address(account, "avatar"),
        followers=fields.number(account, "followers_count"),
    )


# --- what posts have besides ---


def _post(status: Json, facts: Mapping[str, object], domain: str) -> Post:
    ancestors = _ancestors(status, facts)
    visibility = VISIBILITIES.get(fields.text(status, "visibility", 20), Visibility.LIMITED)
    below = _work(fields.inner(facts, "below"), domain)
    return Post(
        kind=_kind(visibility, below, facts, status),
        visibility=visibility,
        root=_root(visibility, ancestors, fields.token(facts, "talk"), domain),
        parent=external_id(domain, ancestors[-1]) if ancestors else "",
        url=fields.web_address(status, "url") or fields.web_address(status, "uri"),
        warning=fields.text(status, "spoiler_text", 5_000).strip(),
        edited_at=fields.moment(status, "edited_at"),
        counters=Counters(
            likes=fields.number(status, "favourites_count"),
            replies=fields.number(status, "replies_count"),
            shares=fields.number(status, "reblogs_count"),
        ),
        below=below,
        media=_media(status),
        poll=_poll(fields.inner(status, "poll")),
        own=_is_own(facts, fields.inner(status, "account")),
        liked=fields.flag(status, "favourited"),
    )


def _is_own(facts: Mapping[str, object], account: Json) -> bool:
    me = fields.token(facts, "me")
    return bool(me) and fields.token(account, "id") == me


def _kind(visibility: Visibility, below: Work | None, facts: Json, status: Json) -> PostKind:
    if _is_own(facts, fields.inner(status, "account")):
        return PostKind.REPLY
    if fields.flag(facts, "watched"):
        return PostKind.WATCHED
    if visibility is Visibility.PRIVATE:
        return PostKind.MESSAGE
    if _is_own(facts, fields.inner(_quoted(status), "account")):
        return PostKind.QUOTE
    return PostKind.MENTION if below is None else PostKind.COMMENT


def _quoted(status: Json) -> Json:
    """The post that another one quotes (since 4.4), where it may be seen."""
    return fields.inner(fields.inner(status, "quote"), "quoted_status")


def _root(visibility: Visibility, ancestors: list[str], talk: str, domain: str) -> str:
    if visibility is Visibility.PRIVATE and talk:
        return talk_id(domain, talk)
    return external_id(domain, ancestors[0]) if ancestors else ""


def _work(below: Json, domain: str) -> Work | None:
    number = fields.token(below, "id")
    if not number:
        return None
    return Work(
        external_id=external_id(domain, number),
        text=fields.text(below, "text", _BELOW),
        author=fields.text(below, "author", _LONGEST_NAME),
        url=fields.web_address(below, "url"),
        at=fields.moment(below, "at"),
        ours=fields.flag(below, "ours"),
    )


def _media(status: Json) -> tuple[Media, ...]:
    """Files, and the page that a post leads to. A file that is still being fetched has no address yet."""
    found = []
    for one in fields.each(status, "media_attachments"):
        url = fields.web_address(one, "url") or fields.web_address(one, "remote_url")
        kind = _KINDS.get(fields.text(one, "type", 20), "link")
        if url:
            preview = fields.web_address(one, "preview_url")
            found.append(Media(kind, url, fields.text(one, "description", 5_000), preview=preview))
    quoted = _quoted(status)
    address = fields.web_address(quoted, "url")
    if address:
        found.append(Media("link", address, title=plain_text(fields.text(quoted, "content"))[:_BELOW]))
    card = fields.inner(status, "card")
    address = fields.web_address(card, "url")
    if address:
        title, picture = fields.text(card, "title", _BELOW), fields.web_address(card, "image")
        alt = fields.text(card, "image_description", 5_000)
        found.append(Media("link", address, alt, title, picture))
    return tuple(found)


def _poll(found: Json) -> Poll | None:
    options = fields.each(found, "options")
    if not options:
        return None
    answers: list[Any] = [
        PollOption(fields.text(one, "title", _BELOW), fields.number(one, "votes_count")) for one in options
    ]
    return Poll(tuple(answers), fields.moment(found, "expires_at"))
