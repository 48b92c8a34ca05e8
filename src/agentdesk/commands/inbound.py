"""Recording what came in: contacts, conversations, messages, files and events, a batch in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from agentdesk.base.ids import new_id
from agentdesk.commands.arrival import Arrival, Person, Thread
from agentdesk.commands.bounces import apply_report
from agentdesk.commands.inviting import give_to_inviters
from agentdesk.commands.numbers import reserve_numbers
from agentdesk.commands.placing import Event, attachment_rows, happened, message_row, place
from agentdesk.commands.ratings import rates, write_ratings
from agentdesk.commands.revisions import revises, write_revisions
from agentdesk.store import blobs, search
from agentdesk.store.bulk import insert_many
from agentdesk.store.fixed import Fixed
from agentdesk.store.tables import (
    attachment,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    event,
    ingest_ledger,
    message,
    raw_item,
)
from agentdesk.store.unit import ServerUnit

_REMEMBERED = ("message", "report", "happened", "ignored")
_STATES = {"message": "done", "report": "done", "happened": "done", "ignored": "done", "revised": "done"}

_END = {
    name: bindparam(f"new_{name}", type_=raw_item.c[name].type) for name in ("state", "problem", "message_id")
}
_SETTLE = Fixed(
    update(raw_item)
    .where(raw_item.c.id == bindparam("item", type_=raw_item.c.id.type), raw_item.c.state == "new")
    .values(_END)
)

_THREAD_COLUMNS = (
    "contact_id",
    "subject",
    "preview",
    "status",
    "language",
    "unread",
    "waiting_since",
    "last_message_id",
    "last_message_at",
    "last_customer_at",
    "resolved_at",
    "snoozed_until",
    "visibility",
    "watched",
)


async def record(
    unit: ServerUnit,
    arrivals: Sequence[Arrival],
    now: datetime,
    fresh: Mapping[UUID, Mapping[str, Any]],
) -> None:
    """Write what the rules decided about ``arrivals``, in their order, and settle their raw items.

    ``now`` is the moment of recording (UTC); ``fresh`` are the rows of raw items that are still to be stored,
    by id. Raises IntegrityError where another server recorded the same
    customer or message at the same moment: decide and record the batch again.
    """
    shown = [a for a in arrivals if a.thread is not None and not a.settled]
    events: list[Event] = []
    rows = []
    for arrival in arrivals:
        if arrival.end == "happened" and not (rates(arrival) or revises(arrival)):
            events.append(happened(arrival, now))
        elif arrival.thread is not None and not arrival.settled:
            moment = place(arrival, events, now)
            rows.append(message_row(arrival, moment))
    await _contacts(unit, shown, now)
    reports = [(arrival, sent, report) for arrival in arrivals for sent, report in arrival.reports]
    for arrival, sent, report in reports:
        events.extend(await apply_report(unit, arrival, sent, report, now))
    await _threads(unit, [*(a.thread for a in shown), *(sent.thread for _, sent, _ in reports)])
    await _messages(unit, shown, rows)
    await _files(unit, shown, now)
    events += await give_to_inviters(unit, shown)
    await unit.insert(event, [_event_row(e, now) for e in events])
    await write_ratings(unit, arrivals, now)
    await write_revisions(unit, arrivals)
    await _settle(unit, arrivals, now, fresh)


async def _contacts(unit: ServerUnit, shown: Sequence[Arrival], now: datetime) -> None:
    people = {id(a.person): (a.person, a.source.inbox_id) for a in shown if a.person is not None}
    new = [person for person, _ in people.values() if person.is_new]
    await unit.insert(contact, [_contact_row(person, now) for person in new])
    await unit.insert(
        contact_inbox,
        [
            {"id": new_id(), "contact_id": person.id, "inbox_id": inbox_id}
            for person, inbox_id in people.values()
            if person.enters
        ],
    )
    await unit.insert(contact_identity, [_identity_row(person, now) for person in new])
    for person, _ in people.values():
        if person.renamed:
            await unit.update(contact, person.id, {"name": person.name})
        if person.changed and not person.is_new:
            await unit.update(contact_identity, person.identity_id, person.changed)


def _contact_row(person: Person, now: datetime) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "company": "",
        "place": "",
        "language": person.language,
        "time_zone": person.time_zone,
        "notes": "",
        "fields": {},
        "blocked": False,
        "created_at": now,
    }


def _identity_row(person: Person, now: datetime) -> dict[str, Any]:
    return {
        "id": person.identity_id,
        "contact_id": person.id,
        "kind": person.kind,
        "value": person.value,
        "display": person.display,
        "verified": person.verified,
        "bouncing": None,
        "profile": person.profile,
        "created_at": now,
    }


async def _threads(unit: ServerUnit, touched: Sequence[Thread | None]) -> None:
    threads = {thread.id: thread for thread in touched if thread is not None}
    new = [thread for thread in threads.values() if thread.is_new]
    if new:
        first = await reserve_numbers(unit.conn, len(new))
        for number, thread in enumerate(new, first):
            thread.number = number
        await unit.insert(conversation, [_thread_row(thread) for thread in new])
    known = [thread for thread in threads.values() if not thread.is_new and any(_changed(thread))]
    columns = {name for thread in known for name in _changed(thread)}
    await unit.update_many(conversation, {t.id: {name: getattr(t, name) for name in columns} for t in known})


def _changed(thread: Thread) -> Iterator[str]:
    return (name for name in _THREAD_COLUMNS if thread.before[name] != getattr(thread, name))


def _thread_row(thread: Thread) -> dict[str, Any]:
    return {
        **{name: getattr(thread, name) for name in _THREAD_COLUMNS},
        "id": thread.id,
        "inbox_id": thread.inbox_id,
        "account_id": thread.account_id,
        "channel": thread.channel,
        "number": thread.number,
        "priority": thread.priority,
        "assignee_id": None,
        "tags": [],
        "first_reply_at": None,
        "related_id": thread.related_id,
        "root": thread.root,
        "created_at": thread.created_at,
    }


async def _messages(unit: ServerUnit, shown: Sequence[Arrival], rows: Sequence[Mapping[str, Any]]) -> None:
    fresh = [row for arrival, row in zip(shown, rows, strict=True) if arrival.replaces is None]
    await unit.insert(message, fresh)
    for arrival, row in zip(shown, rows, strict=True):
        if arrival.replaces is not None:
            kept = ("id", "conversation_id", "origin_id", "inbox_id", "created_at")
            await unit.update(message, arrival.replaces, {k: v for k, v in row.items() if k not in kept})
    entries = [
        (row["id"], row["conversation_id"], row["inbox_id"], _search_text(arrival, row))
        for arrival, row in zip(shown, rows, strict=True)
    ]
    await search.index_messages(unit.conn, entries, fresh=len(fresh) == len(rows))


def _search_text(arrival: Arrival, row: Mapping[str, Any]) -> str:
    sender = arrival.inbound.sender
    files = [file.name for file in arrival.inbound.attachments]
    return search.search_text(row["subject"], row["text"], (sender.name, sender.value, *files))


async def _files(unit: ServerUnit, shown: Sequence[Arrival], now: datetime) -> None:
    contents: dict[str, bytes] = {}
    rows: list[dict[str, Any]] = []
    for arrival in shown:
        rows.extend(attachment_rows(arrival, contents))
    if contents:
        await blobs.put_many(unit.conn, contents, now)
    await unit.insert(attachment, rows)


def _event_row(happened: Event, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "conversation_id": happened.thread.id,
        "inbox_id": happened.thread.inbox_id,
        "kind": happened.kind.value,
        "author": happened.author.value,
        "user_id": None,
        "data": dict(happened.data),
        "created_at": happened.at or now,
    }


async def _settle(
    unit: ServerUnit, arrivals: Sequence[Arrival], now: datetime, fresh: Mapping[UUID, Mapping[str, Any]]
) -> None:
    """Give each raw item its one end, and remember what was taken in: for ever, also once it is deleted."""
    if not arrivals:
        return
    ends = {arrival.raw_id: _end_of(arrival) for arrival in arrivals}
    await insert_many(unit.conn, raw_item, [{**row, **ends.pop(raw_id)} for raw_id, row in fresh.items()])
    stored = [
        {"item": raw_id, **{f"new_{name}": value for name, value in end.items()}}
        for raw_id, end in ends.items()
    ]
    await _SETTLE.each(unit.conn, stored)
    keys = {(a.source.inbox_id, a.key_hash) for a in arrivals if a.key_hash and a.end in _REMEMBERED}
    if keys:
        rows = [{"inbox_id": inbox_id, "key_hash": key, "created_at": now} for inbox_id, key in keys]
        await insert_many(unit.conn, ingest_ledger, rows)


def _end_of(arrival: Arrival) -> dict[str, Any]:
    return {
        "state": _STATES.get(arrival.end, arrival.end),
        "problem": arrival.problem,
        "message_id": arrival.message_id if arrival.end in ("message", "quarantined") else None,
    }
