"""What a message that came in does to its conversation, and its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.arrival import Arrival, Thread
from agentdesk.commands.rows import next_moment, preview_of
from agentdesk.domain.conversation import EventKind, Status
from agentdesk.domain.message import Author, Automatic, Direction, Kind
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Post, PostKind, as_row
from agentdesk.domain.revising import EDITED
from agentdesk.sdk.inbound import Profile
from agentdesk.store import blobs

UNREADABLE = msg("This message could not be read.").text


@dataclass(frozen=True, slots=True)
class Event:
    """A line for the transcript of a conversation."""

    thread: Thread
    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=dict)
    author: Author = Author.SYSTEM
    at: datetime | None = None


def place(arrival: Arrival, events: list[Event], now: datetime) -> datetime:
    """Put a message at the end of its conversation and return the moment it gets; adds what happened to
    ``events``.

    What a program wrote reopens nothing and makes nobody wait; what comes from a flooding or blocked sender
    does not even look unread.
    """
    thread = _thread_of(arrival)
    came = min(arrival.received_at, now)
    if arrival.replaces is not None:
        thread.subject = arrival.inbound.subject
        thread.preview = _preview(arrival)
        if arrival.person is not None:
            thread.contact_id = arrival.person.id
        return came
    moment = next_moment(came, thread.last_message_at)
    if thread.created_at is None:
        _begin(arrival, thread, moment, events)
    watched = _stands(arrival, thread)
    invitation = arrival.inbound.invitation
    if invitation is not None:
        data = {"name": invitation.name, "text": invitation.text, "user_id": invitation.user_id}
        data = {name: value for name, value in data.items() if value}
        events.append(Event(thread, EventKind.INVITED, data, at=moment))
    thread.last_message_id = arrival.message_id
    thread.last_message_at = moment
    silent = arrival.flooding or (arrival.person is not None and arrival.person.blocked)
    if watched:
        thread.preview = _preview(arrival)
    elif arrival.automatic is Automatic.NO and not silent:
        _customer_wrote(thread, moment, events)
        thread.preview = _preview(arrival)
    return moment


def _stands(arrival: Arrival, thread: Thread) -> bool:
    """Say of a conversation who can read it, and whether it speaks to us; returns whether this message only
    speaks of us."""
    post = arrival.inbound.post
    watched = post is not None and post.kind is PostKind.WATCHED
    if post is not None:
        thread.visibility = post.visibility.value
    thread.watched = watched and (thread.watched or thread.last_message_id is None)
    if watched and thread.last_message_id is None:
        thread.unread = False
    return watched


def _thread_of(arrival: Arrival) -> Thread:
    if arrival.thread is None:
        raise ValueError("the rules gave this message no conversation")
    return arrival.thread


def _begin(arrival: Arrival, thread: Thread, moment: datetime, events: list[Event]) -> None:
    thread.created_at = moment
    thread.subject = arrival.inbound.subject
    thread.preview = _preview(arrival)
    thread.language = arrival.language
    blocked = arrival.person is not None and arrival.person.blocked
    thread.unread = not blocked and arrival.automatic not in (Automatic.AUTO_REPLY, Automatic.BOUNCE)
    if blocked:
        thread.status, thread.resolved_at = Status.RESOLVED.value, moment
    data: dict[str, Any] = {"channel": thread.channel}
    if arrival.inbound.profile.visit:
        data["visit"] = dict(arrival.inbound.profile.visit)
    events.append(Event(thread, EventKind.CREATED, data, at=moment))
    if thread.related_id is not None:
        data = {"conversation_id": str(thread.related_id)}
        events.append(Event(thread, EventKind.RELATED, data, at=moment))


def _customer_wrote(thread: Thread, moment: datetime, events: list[Event]) -> None:
    thread.unread = True
    thread.last_customer_at = moment
    if thread.waiting_since is None:
        thread.waiting_since = moment
    reopen(thread, events, Author.CONTACT, moment)


def happened(arrival: Arrival, now: datetime) -> Event:
    """Return the line of the transcript for what is no message: it stands below all that came before."""
    happening, thread = arrival.inbound.happening, _thread_of(arrival)
    if happening is None:
        raise ValueError("nothing has happened")
    author = Author.SYSTEM if happening.automatic else Author.CONTACT
    moment = next_moment(min(arrival.received_at, now), thread.last_message_at)
    return Event(thread, EventKind(happening.what.value), {}, author, moment)


def reopen(thread: Thread, events: list[Event], author: Author, moment: datetime) -> None:
    """Open a conversation again that was resolved or snoozed."""
    if thread.status == Status.OPEN:
        return
    thread.status = Status.OPEN.value
    thread.resolved_at = thread.snoozed_until = None
    events.append(Event(thread, EventKind.STATUS, {"status": Status.OPEN.value}, author, moment))


def _preview(arrival: Arrival) -> str:
    if arrival.end == "quarantined":
        return UNREADABLE
    post = arrival.inbound.post
    if post is not None and post.warning.strip():
        return preview_of(post.warning)  # what stands behind it is shown to who asks for it
    files = ", ".join(file.name for file in arrival.inbound.attachments)
    return preview_of(arrival.inbound.text) or preview_of(files)


def message_row(arrival: Arrival, moment: datetime) -> dict[str, Any]:
    """Return the message as a row."""
    inbound, thread = arrival.inbound, _thread_of(arrival)
    return {
        "id": arrival.message_id,
        "conversation_id": thread.id,
        "origin_id": arrival.origin_id,
        "inbox_id": thread.inbox_id,
        "account_id": arrival.source.account_id,
        "kind": Kind.MESSAGE.value,
        "direction": Direction.IN.value,
        "author": Author.CONTACT.value,
        "contact_id": arrival.person.id if arrival.person else None,
        "user_id": None,
        "sender": _party(inbound.sender),
        "to": [_party(p) for p in inbound.to],
        "cc": [_party(p) for p in inbound.cc],
        "bcc": [],
        "reply_to": [_party(p) for p in inbound.reply_to],
        "subject": inbound.subject,
        "text": inbound.text,
        "html": inbound.html,
        "quoted_text": inbound.quoted_text,
        "quoted_html": inbound.quoted_html,
        "external_id": inbound.external_id,
        "references": list(inbound.references),
        "reason": arrival.reason,
        "automatic": arrival.automatic.value,
        "remote_images": inbound.remote_images,
        "protection": inbound.protection,
        "warnings": [*inbound.warnings, *arrival.extra_warnings],
        "delivery": "",
        "delivery_detail": None,
        "delivery_at": None,
        "raw_id": arrival.raw_id,
        "revision": _revision(inbound.post),
        "post": as_row(inbound.post),
        "sent_at": inbound.sent_at,
        "created_at": moment,
    }


def _revision(post: Post | None) -> dict[str, Any] | None:
    """What was changed before it came: what it said first is not known."""
    if post is None or post.edited_at is None:
        return None
    return {"state": EDITED, "at": post.edited_at.isoformat(), "earlier": []}


def profile_row(profile: Profile) -> dict[str, Any] | None:
    """Return what a network says of somebody as their identity keeps it."""
    said = {
        "url": profile.url,
        "picture": profile.picture,
        "followers": profile.followers,
        "verified": profile.verified,
    }
    return {name: value for name, value in said.items() if value} or None


def _party(party: Party) -> dict[str, str]:
    return {"kind": party.kind, "value": party.value, "name": party.name}


def attachment_rows(arrival: Arrival, contents: dict[str, bytes]) -> list[dict[str, Any]]:
    """Return the files of a message as rows, and put their bytes into ``contents`` by hash."""
    thread = _thread_of(arrival)
    rows = []
    for position, file in enumerate(arrival.inbound.attachments):
        name = file.stored or blobs.hash_of(file.content)
        if not file.stored:
            contents[name] = file.content
        rows.append(
            {
                "id": new_id(),
                "message_id": arrival.message_id,
                "conversation_id": thread.id,
                "inbox_id": thread.inbox_id,
                "position": position,
                "blob": name,
                "size": file.stored_size if file.stored else len(file.content),
                "name": file.name,
                "media_type": file.media_type,
                "content_id": file.content_id,
                "inline": file.inline,
                "note": file.note,
                "alt": file.alt or None,
            }
        )
    return rows
