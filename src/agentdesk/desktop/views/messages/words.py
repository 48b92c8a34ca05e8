"""What a transcript says about messages and events, as catalogue texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.locale import date_text, isolate_ltr, time_text
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.messages.act_words import ACT_ICONS, act_event
from agentdesk.desktop.views.messages.post_words import is_seen_by_others, spoken_post
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Author, Automatic
from agentdesk.domain.posts import post_of
from agentdesk.queries.rows import EventRow, MessageRow

__all__ = [
    "AUTOMATIC",
    "PROTECTION",
    "DeliveryWords",
    "catalogue_text",
    "delivery_words",
    "event_icon",
    "event_words",
    "is_unreadable",
    "reason_words",
    "spoken_name",
    "when_text",
]


@dataclass(frozen=True, slots=True)
class DeliveryWords:
    """A delivery state on screen: icon, colour role, words, and the keys of what can be done."""

    icon: str
    role: str
    text: Msg
    actions: tuple[str, ...] = ()
    trouble: bool = False


AUTOMATIC: dict[str, tuple[str, Msg]] = {
    Automatic.AUTO_REPLY: ("bot", msg("Automatic reply")),
    Automatic.AUTO_GENERATED: ("bot", msg("Written by a program")),
    Automatic.BULK: ("users", msg("Sent to many")),
    Automatic.BOUNCE: ("mail-warning", msg("Undeliverable")),
}
"""Icon and words for messages that no person wrote."""

PROTECTION: dict[str, tuple[str, Msg]] = {
    "smime-signed": ("shield-check", msg("Signed (S/MIME), not checked")),
    "smime-encrypted": ("lock", msg("Encrypted (S/MIME)")),
    "pgp-signed": ("shield-check", msg("Signed (PGP), not checked")),
    "pgp-encrypted": ("lock", msg("Encrypted (PGP)")),
}

_REASONS: dict[str, Msg] = {
    "new": msg("It answers nothing we know, so it began a conversation of its own."),
    "token": msg("It carries the signed mark of this conversation: {evidence}"),
    "references": msg("It refers to a message of this conversation: {evidence}"),
    "answered": msg("An earlier message of this conversation answers it: {evidence}"),
    "same_root": msg("It began with the same message as this conversation: {evidence}"),
    "related": msg("It refers to another conversation, but somebody else wrote it: {evidence}"),
    "flood": msg("Too many messages came from this sender at once; they are kept together here."),
    "unreadable": msg("It could not be read, so it is not known what it answers."),
    "report": msg("It reports on the delivery of a message of this conversation."),
    "written_here": msg("It was written here."),
}

_EVENT_ICONS = {
    "created": "mail",
    "assigned": "user-check",
    "status": "check",
    "priority": "chevron-up",
    "tags": "tag",
    "related": "link-2",
    "delivery": "send",
    "contact": "user-round",
    "merged": "merge",
    "unmerged": "split",
    "invited": "message-circle",
    "ended": "log-out",
    "joined": "user-plus",
    "left": "log-out",
    "rated": "star",
    "transfer": "route",
}
_SCORES = {
    "1": msg("Very bad"),
    "2": msg("Bad"),
    "3": msg("All right"),
    "4": msg("Good"),
    "5": msg("Great"),
}
_STATUS_ICONS = {"resolved": "check", "open": "rotate-ccw", "snoozed": "alarm-clock"}


def delivery_words(row: MessageRow, away: Away | None = None) -> DeliveryWords | None:
    """Return what stands below a message of ours, ``away`` being why nothing goes out at present; None where
    there is nothing to say."""
    moment = time_text(row.delivery_at) if row.delivery_at else ""
    detail = catalogue_text(row.delivery_detail)
    sending = DeliveryWords("clock", "text.muted", msg("Sending"))
    later = DeliveryWords("clock", "warn.text", msg("Not sent yet: {reason}", reason=detail or ""), ("now",))
    post = post_of(row.post)
    sent = msg("Published") if post is not None and is_seen_by_others(post) else msg("Sent")
    unsure = msg("The mail server did not confirm this one.")
    if post is not None:
        unsure = msg("The network did not confirm this one.")
    table: dict[str, DeliveryWords] = {
        DeliveryState.HELD: DeliveryWords("hourglass", "text.muted", msg("Not sent yet")),
        DeliveryState.QUEUED: later if detail is not None else sending,
        DeliveryState.SENDING: sending,
        DeliveryState.SENT: DeliveryWords("check", "text.muted", _with(sent, detail)),
        DeliveryState.DELIVERED: DeliveryWords("check-check", "text.muted", msg("Delivered")),
        DeliveryState.READ: DeliveryWords("check-check", "accent.text", msg("Read {time}", time=moment)),
        DeliveryState.VERIFY: DeliveryWords(
            "circle-help", "warn.text", msg("Finding out whether it was sent"), (), True
        ),
        DeliveryState.UNCERTAIN: DeliveryWords(
            "circle-help",
            "warn.text",
            detail or unsure,
            ("check", "arrived", "again"),
            True,
        ),
        DeliveryState.FAILED: DeliveryWords(
            "circle-alert", "bad.text", _failure(detail), ("retry", "edit"), True
        ),
    }
    if away is not None and row.delivery == DeliveryState.QUEUED:
        return DeliveryWords(away.icon, "text.muted", away.waiting)
    return table.get(row.delivery)


def _with(state: Msg, detail: Msg | None) -> Msg:
    return msg("{state}. {detail}", state=state, detail=detail) if detail is not None else state


def _failure(reason: Msg | None) -> Msg:
    return msg("Not sent: {reason}", reason=reason) if reason else msg("Not sent.")


def catalogue_text(value: Mapping[str, Any] | None) -> Msg | None:
    """Return the message in a ``{"text", "args"}`` row value."""
    if not value or not value.get("text"):
        return None
    return Msg(str(value["text"]), dict(value.get("args") or {}))


def event_icon(row: EventRow) -> str:
    """Return the icon of an event's line."""
    if row.kind == "status":
        return _STATUS_ICONS.get(str(row.data.get("status")), "check")
    if row.kind == "act":
        return ACT_ICONS.get(str(row.data.get("act")), "circle-dot")
    return _EVENT_ICONS.get(row.kind, "circle-dot")


def event_words(row: EventRow) -> Msg:
    """Return the line of an event: who did what."""
    who = row.user_name
    match row.kind:
        case "created":
            return _began(row.data)
        case "assigned":
            return _assigned(row, who)
        case "status":
            return _status(row, who)
        case "priority":
            return msg("{who} set the priority to {priority}", who=who, priority=_priority(row.data))
        case "tags":
            return _tags(row.data, who)
        case "related":
            return _related(row.data)
        case "delivery":
            return _delivery_decision(row.data, who)
        case "invited":
            return _invited(row.data)
        case "ended":
            return _ended(row, who)
        case "transfer":
            return _handing(row.data, who)
        case "joined":
            return msg("{who} joined the chat", who=who)
        case "left":
            return msg("{who} left the chat", who=who)
        case "act":
            return act_event(row.data, who)
        case "rated":
            return _rated(row.data)
        case "merged" | "unmerged":
            return _merging(row, who)
    return msg("{who} changed something", who=who) if who else msg("Something changed")


def _began(data: Mapping[str, Any]) -> Msg:
    visit = data.get("visit")
    page = str(visit.get("page") or "") if isinstance(visit, Mapping) else ""
    if not page:
        return msg("Conversation began")
    return msg("Conversation began on {page}", page=isolate_ltr(page.partition("://")[2] or page))


def _assigned(row: EventRow, who: str) -> Msg:
    whom = str(row.data.get("assignee") or "")
    if not whom:
        return msg("{who} put it back for everybody", who=who) if who else msg("Back for everybody")
    if row.author == Author.SYSTEM:
        return msg("Assigned to {whom} automatically", whom=whom)
    if not who:
        return msg("Assigned to {whom}", whom=whom)
    mine = row.user_id is not None and str(row.user_id) == str(row.data.get("assignee_id"))
    if taken_from := str(row.data.get("taken_from") or ""):
        if mine:
            return msg("{who} took the chat over from {whom}", who=who, whom=taken_from)
        return msg("{who} gave the chat back to {whom}", who=who, whom=whom)
    if mine:
        return msg("{who} took it", who=who)
    return msg("{who} assigned it to {whom}", who=who, whom=whom)


def _handing(data: Mapping[str, Any], who: str) -> Msg:
    person, inbox = str(data.get("person") or "?"), str(data.get("inbox") or "?")
    before = str(data.get("before") or "?")
    match data.get("step"):
        case "asked":
            return msg("{who} asked {person} to take it over", who=who, person=person)
        case "declined":
            return msg("{person} declined to take it over", person=person)
        case "missed":
            return msg("{person} did not answer whether they take it over", person=person)
        case "withdrawn":
            return msg("{person} went away before they took it over", person=person)
        case "cancelled":
            return msg("{who} does not ask {person} any more", who=who, person=person)
        case "moved":
            return msg("{who} moved it from {before} to {inbox}", who=who, before=before, inbox=inbox)
    return msg("{who} gave it back to the queue", who=who)


def _status(row: EventRow, who: str) -> Msg:
    data, status = row.data, row.data.get("status")
    if status == "resolved":
        return msg("{who} resolved it", who=who) if who else msg("Resolved")
    if status == "snoozed":
        until = _until(data)
        return msg("{who} snoozed it until {until}", who=who, until=until)
    if who:
        return msg("{who} reopened it", who=who)
    return (
        msg("Reopened, because the customer wrote") if row.author == "contact" else msg("Back in the queue")
    )


def _related(data: Mapping[str, Any]) -> Msg:
    number = data.get("number")
    if number:
        return msg("It may belong to conversation #{number}", number=number)
    return msg("It may belong to another conversation")


def _merging(row: EventRow, who: str) -> Msg:
    number, subject = row.data.get("number") or "?", str(row.data.get("subject") or "")
    if row.kind == "merged":
        return msg("{who} merged #{number} “{subject}” into this", who=who, number=number, subject=subject)
    return msg("{who} split this and #{number} “{subject}” again", who=who, number=number, subject=subject)


def _invited(data: Mapping[str, Any]) -> Msg:
    name, text = str(data.get("name") or "?"), str(data.get("text") or "")
    if data.get("user_id"):
        asked = msg("{name} invited the visitor to chat", name=name)
        return msg("{what}: “{text}”", what=asked, text=text) if text else asked
    if not text:
        return msg("The visitor answered the invitation {name}", name=name)
    return msg("The visitor answered the invitation {name}: “{text}”", name=name, text=text)


def _ended(row: EventRow, who: str) -> Msg:
    if who:
        return msg("{who} ended the chat", who=who)
    if row.author == Author.CONTACT:
        return msg("The visitor ended the chat")
    return msg("The chat ended by itself: nobody wrote for long")


def _rated(data: Mapping[str, Any]) -> Msg:
    score = _SCORES.get(str(data.get("score")), msg("no answer"))
    said = str(data.get("text") or "")
    effort = data.get("effort")
    what = score if effort is None else msg("{score}, ease {effort} of 7", score=score, effort=int(effort))
    if said:
        return msg("The visitor rated the chat: {what} – “{text}”", what=what, text=said)
    return msg("The visitor rated the chat: {what}", what=what)


def _until(data: Mapping[str, Any]) -> str:
    try:
        return when_text(datetime.fromisoformat(str(data.get("until"))))
    except ValueError:
        return "?"


def _priority(data: Mapping[str, Any]) -> Msg:
    names = {"low": msg("low"), "normal": msg("normal"), "high": msg("high"), "urgent": msg("urgent")}
    return names.get(str(data.get("priority")), msg("normal"))


def _tags(data: Mapping[str, Any], who: str) -> Msg:
    added, removed = (", ".join(map(str, data.get(key) or ())) for key in ("added", "removed"))
    if added and removed:
        return msg("{who} added {added} and removed {removed}", who=who, added=added, removed=removed)
    if removed:
        return msg("{who} removed the tag {tags}", who=who, tags=removed)
    return msg("{who} added the tag {tags}", who=who, tags=added)


def _delivery_decision(data: Mapping[str, Any], who: str) -> Msg:
    match data.get("delivery"):
        case "failed":
            return msg("A message was not delivered")
        case "uncertain":
            return msg("It is not known whether a message was delivered")
        case "queued":
            return msg("{who} had a message sent again", who=who)
        case "sent":
            return msg("{who} confirmed that a message arrived", who=who)
        case "verify":
            return msg("{who} asked whether a message was sent", who=who)
    return msg("The delivery of a message changed")


def reason_words(row: MessageRow) -> Msg:
    """Return why a message is in its conversation."""
    rule = str(row.reason.get("rule") or "")
    text = _REASONS.get(rule, msg("No reason was noted."))
    return Msg(text.text, {"evidence": str(row.reason.get("evidence") or "")})


def is_unreadable(row: MessageRow) -> bool:
    """Say whether the message stands for something that came and could not be interpreted."""
    return str(row.reason.get("rule") or "") == "unreadable"


def spoken_name(row: MessageRow) -> Msg:
    """Return how a screen reader announces a message."""
    time, name = time_text(row.created_at), row.author_name or (row.sender.name if row.sender else "")
    if row.kind == "note":
        whom = row.whispered_to
        if whom is None:
            return msg("Internal note by {name}, only your team, {time}", name=name, time=time)
        return msg("{name} whispers to {whom}, only your team, {time}", name=name, whom=whom.name, time=time)
    post = post_of(row.post)
    if post is not None:
        return spoken_post(row, post)
    if row.direction == "out":
        return msg("{name} answered by email at {time}", name=name, time=time)
    return msg("{name} wrote by email at {time}", name=name, time=time)


def when_text(moment: datetime, now: datetime | None = None) -> str:
    """Return day and time of ``moment`` in short form: 27 Nov 09:00."""
    reference = now or moment
    return f"{date_text(moment, reference)} {time_text(moment)}"


def changes_words(count: int) -> Msg:
    """Return the line that stands for several events."""
    return plural("{count} change", "{count} changes", count)
