"""What stands in a transcript, in which order and how folded: decided without any widget."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from agentdesk.queries.rows import ConversationRow, EventRow, MessageRow, Timeline

__all__ = ["Day", "Events", "Item", "Mail", "New", "earlier", "first_new", "gone_rows", "plan"]

_OPEN_AT_END = 3
"""So many messages at the end are shown whole."""
_EVENTS_APART = 3
"""More events in a row than this become one line."""
_ALWAYS_OPEN = frozenset({"failed", "uncertain", "verify"})


@dataclass(frozen=True, slots=True)
class Day:
    """The day of what follows; ``moment`` is the first of it."""

    key: str
    moment: datetime


@dataclass(frozen=True, slots=True)
class New:
    """Above what came since the person last looked."""

    key: str = "new"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message or a note; ``folded`` to one line where it is old."""

    key: str
    row: MessageRow
    folded: bool


@dataclass(frozen=True, slots=True)
class Events:
    """One event, or several in a row that are shown as one line."""

    key: str
    rows: tuple[EventRow, ...]


Item = Day | New | Mail | Events


def plan(
    messages: Sequence[MessageRow],
    events: Sequence[EventRow],
    *,
    new_from: UUID | None = None,
    opened: Collection[UUID] = (),
) -> tuple[Item, ...]:
    """Return the entries of a transcript, oldest first.

    ``new_from`` is the first message that the person has not seen; ``opened`` are messages that stay open
    although newer ones have come.
    """
    unfolded = _open_ids(messages, new_from, opened)
    everything: list[MessageRow | EventRow] = [*messages, *events]
    rows = sorted(everything, key=lambda row: (row.created_at, not _is_beginning(row), row.id))
    items: list[Item] = []
    for day, of_day in groupby(rows, key=_local_day):
        entries = list(of_day)
        items.append(Day(f"day:{day.isoformat()}", entries[0].created_at))
        items += _entries(entries, unfolded, new_from)
    return tuple(items)


def first_new(head: ConversationRow, messages: Sequence[MessageRow], seen: UUID | None) -> UUID | None:
    """Return the first message that is new to the person.

    ``seen`` is the last message that was on screen when the conversation was left; where that is not known,
    an unread conversation is new from the customer's first message after our last one.
    """
    if seen is not None:
        known = next((position for position, row in enumerate(messages) if row.id == seen), None)
        later = messages[known + 1 :] if known is not None else ()
        return next((row.id for row in later if row.direction == "in" or row.author != "user"), None)
    if not head.unread:
        return None
    first: UUID | None = None
    for row in messages:
        if row.kind == "message":
            first = None if row.direction == "out" else first or row.id
    return first


def _open_ids(
    messages: Sequence[MessageRow], new_from: UUID | None, opened: Collection[UUID]
) -> frozenset[UUID]:
    mail = [row for row in messages if row.kind == "message"]
    last = {row.id for row in mail[-_OPEN_AT_END:]}
    trouble = {row.id for row in mail if row.delivery in _ALWAYS_OPEN}
    start = next((position for position, row in enumerate(mail) if row.id == new_from), len(mail))
    return frozenset({*last, *trouble, *(row.id for row in mail[start:]), *opened})


def _entries(
    rows: Sequence[MessageRow | EventRow], unfolded: Collection[UUID], new_from: UUID | None
) -> Iterator[Item]:
    for is_event, group in groupby(rows, key=lambda row: isinstance(row, EventRow)):
        if is_event:
            yield from _events([row for row in group if isinstance(row, EventRow)])
            continue
        for row in group:
            if not isinstance(row, MessageRow):
                continue
            if row.id == new_from:
                yield New()
            yield Mail(str(row.id), row, row.kind == "message" and row.id not in unfolded)


def _events(rows: Sequence[EventRow]) -> Iterator[Events]:
    if len(rows) > _EVENTS_APART:
        yield Events(f"events:{rows[0].id}", tuple(rows))
    else:
        for row in rows:
            yield Events(str(row.id), (row,))


def _is_beginning(row: MessageRow | EventRow) -> bool:
    """Whether a conversation begins with ``row``: it has the moment of the first message and stands above."""
    return isinstance(row, EventRow) and row.kind == "created"


def _local_day(row: MessageRow | EventRow) -> date:
    return row.created_at.astimezone().date()


def earlier(known: Mapping[UUID, EventRow], page: Sequence[MessageRow]) -> dict[UUID, EventRow]:
    """Return the known events from before a page of messages. What a command of one's own has written is
    replaced by the server's, which has another id; so those of the page itself are only what was read."""
    start = page[0].created_at if page else None
    return {row.id: row for row in known.values() if start is not None and row.created_at < start}


def gone_rows(known: Sequence[MessageRow], timeline: Timeline) -> list[UUID]:
    """Which of the known messages are no longer there: those within the page that it does not have."""
    there = {row.id for row in timeline.messages}
    start = timeline.messages[0].created_at if timeline.older and timeline.messages else None
    return [row.id for row in known if row.id not in there and (start is None or row.created_at >= start)]
