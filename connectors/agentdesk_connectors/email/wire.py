"""Raw mail to values: pure, without I/O, the same result whenever it is repeated.

:func:`interpret` never fails on content: whatever the bytes are, a readable message comes out, with warnings
where something is wrong. The bytes themselves are kept by the core, one click away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from agentdesk.base import clock
from agentdesk.sdk.inbound import Automation, Inbound, Party, ThreadToken
from agentdesk.sdk.tokens import find_tokens
from agentdesk_connectors.email import (
    addresses,
    automation,
    bodies,
    bounces,
    limits,
    mime,
    notes,
    shown,
    words,
)
from agentdesk_connectors.email.bodies import Bodies
from agentdesk_connectors.email.headers import Headers

LOOP_HEADER = "X-AgentDesk-Loop"
"""The field by which our own mail is known when it comes back."""
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to",
              "x-forwarded-to", "original-recipient")  # fmt: skip
_RECIPIENTS = ("to", "cc", "resent-to", "resent-cc", "apparently-to", "x-apparently-to", *_DELIVERED)
_CLOCK_SKEW = timedelta(days=2)


def interpret(raw: bytes, facts: Mapping[str, object]) -> Inbound:
    """Return what a mail means.

    ``raw`` is the message as it came from the server; ``facts`` may hold ``received_at`` (ISO 8601), by which
    an impossible date is recognised, and ``truncated`` or ``unfetched``, of which the agent is told. Never
    raises for anything in ``raw``; the time is in proportion to its length.
    """
    root = mime.cut(raw)
    fields = root.headers
    body = bodies.sort(root)
    if facts.get("truncated"):
        body.warn(notes.TRUNCATED)
    if facts.get("unfetched"):
        body.warn(notes.UNFETCHED)
    sender, genuine = _sender(fields, body)
    subject = words.decode(fields.get("subject"))[: limits.SUBJECT_CHARS]
    sent_at = addresses.date(fields.get("date"), _latest(fields, facts))
    if sent_at is None:
        body.warn(notes.DATE_MISSING)
    content = shown.show(body)
    kind = automation.judge(root, subject, sender.value)
    reports = bounces.reports(root, subject, sender.value or sender.name, body.texts)
    return Inbound(
        sender=sender,
        text=content.text,
        content_hash=_content_hash(fields, sender, subject, body),
        external_id=next(iter(addresses.ids(fields.get("message-id"))), ""),
        subject=subject,
        html=content.html,
        quoted_text=content.quoted_text,
        quoted_html=content.quoted_html,
        sent_at=sent_at,
        to=_list(fields, "to", body),
        cc=_list(fields, "cc", body),
        reply_to=_list(fields, "reply-to", body),
        delivered_to=_delivered_to(fields),
        references=_references(fields),
        tokens=_tokens(fields),
        attachments=content.files,
        automation=Automation.BOUNCE if reports else kind,
        reports=reports,
        remote_images=content.remote_images,
        protection=body.protection,
        warnings=tuple(body.warnings),
        sender_verified=genuine,
        loop_marker=fields.get(LOOP_HEADER.lower())[:200],
    )


def _sender(fields: Headers, body: Bodies) -> tuple[Party, bool]:
    """Return who wrote the message, and whether that can be taken at its word (one From, one address)."""
    people = [party for value in fields.all("from") for party in addresses.parties(value)]
    if not people:
        body.warn(notes.SENDER_MISSING)
        return _stand_in(fields), False
    first = people[0]
    if len(people) > 1:
        body.warn(notes.SENDER_SEVERAL)
        return first, False
    if "@" in first.name and first.value not in first.name.lower():
        body.warn(notes.SENDER_IMPERSONATES)
        return first, False
    return first, True


def _stand_in(fields: Headers) -> Party:
    for name in ("sender", "reply-to", "return-path", "envelope-from", "x-envelope-from"):
        people = addresses.parties(fields.get(name))
        if people:
            return people[0]
    return Party("email", "", words.decode(fields.get("from")).strip("<>\"' ")[: limits.DISPLAY_NAME_CHARS])


def _latest(fields: Headers, facts: Mapping[str, object]) -> datetime:
    """Return the latest believable date: a little after arrival, as the service or a server tells it."""
    told = facts.get("received_at")
    if isinstance(told, str):
        try:
            return clock.to_utc(datetime.fromisoformat(told)) + _CLOCK_SKEW
        except (ValueError, OverflowError):
            pass
    stamp = fields.get("received").rpartition(";")[2].strip()
    return (addresses.date(stamp, clock.now()) or clock.now()) + _CLOCK_SKEW


def _list(fields: Headers, name: str, body: Bodies) -> tuple[Party, ...]:
    people = [party for value in fields.all(name) for party in addresses.parties(value)]
    if len(people) >= limits.RECIPIENTS:
        body.warn(notes.TOO_MANY_RECIPIENTS)
    return tuple(dict.fromkeys(people))[: limits.RECIPIENTS]


def _delivered_to(fields: Headers) -> tuple[str, ...]:
    found = (
        address for name in _DELIVERED for value in fields.all(name) for address in addresses.addresses(value)
    )
    return tuple(dict.fromkeys(found))


def _threading_fields(fields: Headers, name: str) -> list[str]:
    """The values of a field of message ids. Python's own mail library and others write long ids as encoded
    words, which RFC 2047 (5) forbids there; they are read all the same."""
    return [words.decode(value) for value in fields.all(name)]


def _references(fields: Headers) -> tuple[str, ...]:
    found = [one for value in _threading_fields(fields, "references") for one in addresses.ids(value)]
    answered = " ".join(_threading_fields(fields, "in-reply-to")[:1])
    for one in addresses.ids(answered):
        if one not in found[-limits.REFERENCES :]:
            found.append(one)
    if len(found) > limits.REFERENCES:
        found = [found[0], *found[1 - limits.REFERENCES :]]
    return tuple(dict.fromkeys(found))


def _tokens(fields: Headers) -> tuple[ThreadToken, ...]:
    values = [value for name in _RECIPIENTS for value in fields.all(name)]
    values += [value for name in ("references", "in-reply-to") for value in _threading_fields(fields, name)]
    return find_tokens(*(value for value in values if "ad-" in value.lower()))


def _content_hash(fields: Headers, sender: Party, subject: str, body: Bodies) -> str:
    """Return a hash of what stays the same however a message travels: not its Received, not its encoding."""
    digest = hashlib.sha256()
    date = " ".join(fields.get("date").split())
    files = "\0".join(f"{file.name}\0{len(file.content)}" for file in body.files)
    for piece in (sender.value, date, subject, files, *body.texts, *body.htmls):
        digest.update(piece.strip().encode("utf-8", errors="replace"))
        digest.update(b"\0\0")
    return digest.hexdigest()
