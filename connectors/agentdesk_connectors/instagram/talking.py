"""Private messages: what an event of a call means, and a message as the Conversations API shows it. Pure.

Written from https://developers.facebook.com/docs/instagram-platform/: webhooks/examples and
instagram-api-with-instagram-login/conversations-api.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.inbound import (
    Automation,
    DeliveryReport,
    Happening,
    Inbound,
    Party,
    Report,
    What,
)
from agentdesk.sdk.posts import Media, Post, PostKind, Visibility, Way, Work
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.instagram.naming import KIND, MESSAGE, REACTION, STORY, TALK, named
from agentdesk_connectors.instagram.telling import content_hash, moment_of, profile_of
from agentdesk_connectors.meta.ids import graph_id
from agentdesk_connectors.meta.windows import open_until

__all__ = ["event", "said"]

_STORY_GONE = msg("A story is gone a day after it was posted, and what is shown of it here with it.").text
_MENTIONS_US = msg("They mention the account in their story.").text
_NOT_SHOWN = msg("Instagram does not say what this message is. Look at it in the app.").text
_KINDS = {"image": "image", "video": "video", "audio": "audio", "ig_reel": "video", "reel": "video"}


@dataclass(frozen=True, slots=True)
class _Talk:
    """Who speaks with whom: ``customer`` is their number, ``ours`` that the account itself wrote."""

    customer: str
    me: str
    ours: bool
    at: datetime | None


# --- events of calls ---


def event(found: Json, facts: Mapping[str, object]) -> Inbound:
    """Return what an event of the field ``messaging`` means. Raises Invalid for none that is known."""
    talk = _talk(found, facts)
    message = fields.inner(found, "message")
    if fields.flag(message, "is_deleted"):
        return _gone(talk, named(MESSAGE, graph_id(message, "mid")))
    if message:
        return _message(talk, _as_read(message), facts)
    if "message_edit" in found:
        return _edit(talk, fields.inner(found, "message_edit"), facts)
    if "postback" in found:
        pressed = fields.inner(found, "postback")
        return _message(talk, {"mid": graph_id(pressed, "mid"), "text": fields.text(pressed, "title")}, facts)
    if "reaction" in found:
        return _reaction(talk, fields.inner(found, "reaction"), facts)
    if "read" in found:
        return _read(talk, fields.inner(found, "read"))
    raise _unknown()


def _unknown() -> Invalid:
    return Invalid(msg("This is not what Instagram hands out."))


def _talk(found: Json, facts: Mapping[str, object]) -> _Talk:
    sender = graph_id(fields.inner(found, "sender"), "id")
    recipient = graph_id(fields.inner(found, "recipient"), "id")
    me = graph_id(facts, "me")
    ours = fields.flag(fields.inner(found, "message"), "is_echo") or (bool(me) and sender == me)
    customer = recipient if ours else sender
    if not customer:
        raise _unknown()
    return _Talk(customer, me or (sender if ours else recipient), ours, moment_of(found, "timestamp"))


def _as_read(message: Json) -> Json:
    """The message of a call, with its parts named alike."""
    answers = fields.inner(message, "reply_to")
    return {
        "mid": graph_id(message, "mid"),
        "text": fields.text(message, "text"),
        "media": [_attached(one) for one in fields.each(message, "attachments")],
        "mentions": any(
            fields.text(one, "type", 30) == "story_mention" for one in fields.each(message, "attachments")
        ),
        "parent": graph_id(answers, "mid"),
        "story": fields.inner(answers, "story"),
        "unsupported": fields.flag(message, "is_unsupported"),
    }


def _attached(one: Json) -> Json:
    payload = fields.inner(one, "payload")
    kind = fields.text(one, "type", 30)
    return {
        "kind": _KINDS.get(kind, "link"),
        "url": fields.web_address(payload, "url"),
        "title": fields.text(payload, "title", 500),
    }


def _edit(talk: _Talk, edited: Json, facts: Mapping[str, object]) -> Inbound:
    """A message that says something else now; what it showed besides is not told again."""
    return _message(
        talk, {"mid": graph_id(edited, "mid"), "text": fields.text(edited, "text")}, facts, edited_at=talk.at
    )


def _gone(talk: _Talk, name: str) -> Inbound:
    if not name:
        raise _unknown()
    return Inbound(
        sender=Party(KIND, talk.me if talk.ours else talk.customer),
        text="",
        content_hash="",
        sent_at=talk.at,
        references=(name,),
        happening=Happening(What.DELETED),
    )


def _reaction(talk: _Talk, found: Json, facts: Mapping[str, object]) -> Inbound:
    """A sign on a message. It is shown, but wakes nobody: there is nothing to answer."""
    about = graph_id(found, "mid")
    sign = fields.text(found, "emoji", 50) or fields.text(found, "reaction", 50)
    name = named(REACTION, about)
    if not about:
        raise _unknown()
    if fields.text(found, "action", 20) == "unreact":
        return _gone(talk, name)
    return Inbound(
        sender=_customer(talk, facts),
        text=sign or "?",
        content_hash=content_hash(name, sign),
        external_id=name,
        sent_at=talk.at,
        references=(named(MESSAGE, about),),
        automation=Automation.AUTO_REPLY,
        profile=profile_of(facts),
        post=_post(talk, parent=named(MESSAGE, about), ways=()),
    )


def _read(talk: _Talk, found: Json) -> Inbound:
    about = graph_id(found, "mid")
    if not about:
        raise _unknown()
    seen = DeliveryReport(Report.READ, (named(MESSAGE, about),), recipient=talk.customer)
    return Inbound(Party(KIND, talk.customer), "", "", sent_at=talk.at, reports=(seen,))


# --- messages as the Conversations API shows them ---


def said(found: Json, facts: Mapping[str, object]) -> Inbound:
    """Return what a message means that was read from a conversation. Raises Invalid for what is none."""
    author, me = fields.inner(found, "from"), graph_id(facts, "me")
    sender = graph_id(author, "id")
    others = [graph_id(one, "id") for one in fields.each(fields.inner(found, "to"), "data")]
    username = fields.text(author, "username", 200)
    ours = bool(sender) and (sender == me or username == fields.text(facts, "username", 200) != "")
    customer = next((one for one in others if one), "") if ours else sender
    if not customer:
        raise _unknown()
    story = fields.inner(found, "story")
    message = {
        "mid": graph_id(found, "id"),
        "text": fields.text(found, "message"),
        "media": [*_files(found), *_shares(found), *_mentioning(story)],
        "mentions": bool(fields.inner(story, "mention")),
        "parent": graph_id(fields.inner(found, "reply_to"), "mid"),
        "story": _story(story),
        "unsupported": fields.flag(found, "is_unsupported"),
    }
    talk = _Talk(customer, me, ours, moment_of(found, "created_time"))
    return _message(talk, message, facts if ours else {"who": {"username": username}, **facts})


def _story(story: Json) -> Json:
    answered = fields.inner(story, "reply_to")
    return {"id": graph_id(answered, "id"), "url": fields.web_address(answered, "link")}


def _mentioning(story: Json) -> list[Json]:
    link = fields.web_address(fields.inner(story, "mention"), "link")
    return [{"kind": "link", "url": link}] if link else []


def _files(found: Json) -> list[Json]:
    files: list[Json] = []
    for one in fields.each(fields.inner(found, "attachments"), "data"):
        image, video = fields.inner(one, "image_data"), fields.inner(one, "video_data")
        if image:
            files.append({"kind": "image", "url": fields.web_address(image, "url")})
        elif video:
            files.append({"kind": "video", "url": fields.web_address(video, "url")})
        else:
            sound = fields.text(one, "mime_type", 100).startswith("audio/")
            kind = "audio" if sound else "link"
            url = fields.web_address(one, "file_url")
            files.append({"kind": kind, "url": url, "title": fields.text(one, "name", 500)})
    return files


def _shares(found: Json) -> list[Json]:
    shared = fields.each(fields.inner(found, "shares"), "data")
    return [
        {"kind": "link", "url": fields.web_address(one, "link"), "title": fields.text(one, "name", 500)}
        for one in shared
    ]


# --- what both become ---


def _message(
    talk: _Talk, message: Json, facts: Mapping[str, object], edited_at: datetime | None = None
) -> Inbound:
    number, text = graph_id(message, "mid"), fields.text(message, "text")
    if not number:
        raise _unknown()
    parent = named(MESSAGE, graph_id(message, "parent"))
    media = _media(message)
    return Inbound(
        sender=Party(KIND, talk.me) if talk.ours else _customer(talk, facts),
        text=text,
        content_hash=content_hash(number, text),
        external_id=named(MESSAGE, number),
        sent_at=talk.at,
        to=(Party(KIND, talk.customer if talk.ours else talk.me),),
        references=(parent,) if parent else (),
        profile=profile_of({} if talk.ours else facts),
        warnings=_warnings(message, bool(text or media)),
        post=_post(
            talk,
            parent=parent,
            ways=_ways(talk, facts),
            below=_below(fields.inner(message, "story")),
            media=media,
            edited_at=edited_at,
        ),
    )


def _customer(talk: _Talk, facts: Mapping[str, object]) -> Party:
    who = fields.inner(facts, "who")
    name = fields.text(who, "name", 200) or fields.text(who, "username", 200)
    return Party(KIND, talk.customer, " ".join(name.split()))


def _post(
    talk: _Talk,
    *,
    parent: str,
    ways: tuple[Way, ...],
    below: Work | None = None,
    media: tuple[Media, ...] = (),
    edited_at: datetime | None = None,
) -> Post:
    return Post(
        kind=PostKind.REPLY if talk.ours else PostKind.MESSAGE,
        visibility=Visibility.PRIVATE,
        root=named(TALK, talk.customer),
        parent=parent,
        below=below,
        media=media,
        ways=ways,
        own=talk.ours,
        edited_at=edited_at,
    )


def _ways(talk: _Talk, facts: Mapping[str, object]) -> tuple[Way, ...]:
    if talk.at is None or talk.ours:
        return ()
    return (Way(Visibility.PRIVATE, until=open_until(talk.at, fields.flag(facts, "human_agent"))),)


def _below(story: Json) -> Work | None:
    """Our story that a message answers."""
    number = graph_id(story, "id")
    if not number:
        return None
    picture = fields.web_address(story, "url")
    return Work(named(STORY, number), picture=picture, ours=True)


def _media(message: Json) -> tuple[Media, ...]:
    found = fields.each(message, "media")
    return tuple(
        Media(fields.text(one, "kind", 20), url, title=fields.text(one, "title", 500))
        for one in found
        if (url := fields.web_address(one, "url"))
    )


def _warnings(message: Json, has_content: bool) -> tuple[str, ...]:
    mentions, story = fields.flag(message, "mentions"), fields.inner(message, "story")
    found = [_MENTIONS_US] if mentions else []
    if mentions or graph_id(story, "id"):
        found.append(_STORY_GONE)
    if fields.flag(message, "unsupported") or not has_content:
        found.append(_NOT_SHOWN)
    return tuple(found)
