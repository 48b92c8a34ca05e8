"""One snapshot's changes for any number of desks: rows are loaded once, then cut to each scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.domain.conversation import RETAINED
from agentdesk.store.base import EVERYONE, PRIVATE, SHAREABLE, SYNCED, synced_tables
from agentdesk.store.fixed import Among, look_ahead
from agentdesk.store.tables import (
    applied_command,
    attachment,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    draft,
    event,
    message,
)
from agentdesk.sync.changelog import Entry, Position
from agentdesk.sync.protocol import Departure, Rows
from agentdesk.sync.scope import Scope
from agentdesk.sync.wire_rows import WireRow, microseconds, slim, to_wire

__all__ = [
    "Changed",
    "ChangedRow",
    "cut",
    "load",
    "load_contacts",
    "load_conversations",
    "load_rows",
    "pack",
    "parents_first",
]

FRAME_BYTES = 2 * 1024 * 1024
FRAME_ROWS = 2000
_IDS_PER_QUERY = 500
_ISSUERS = Among(
    select(applied_command.c.id, applied_command.c.desk_id).where(applied_command.c.desk_id.is_not(None)),
    applied_command.c.id,
)
_SCOPE_TABLES = frozenset({"inbox", "inbox_member", "user"})
_OF_CONTACT = {contact.name: "id", contact_identity.name: "contact_id"}


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row as it is now (``wire`` None: gone). ``scopes`` are those it lives in, ``left`` those the log
    names besides. ``person`` is whose it is, where it is nobody else's business."""

    table: str
    id: UUID
    wire: WireRow | None
    scopes: frozenset[str]
    left: frozenset[str]
    person: str = ""

    def shown_to(self, scope: Scope) -> bool:
        """Whether a desk of ``scope`` is sent the row."""
        if self.wire is None or (self.person and not scope.is_of(self.person)):
            return False
        return scope.covers(self.scopes)

    def leaves(self, scope: Scope) -> bool:
        """Whether a desk of ``scope`` may have had the row and must not have it any more."""
        if self.table in PRIVATE:
            stays = self.shown_to(scope) or self.table == draft.name  # which nobody has thrown away
            return scope.is_of(self.person) and (self.wire is None or not stays)
        had_it = scope.covers(self.left) or any(map(scope.is_of, self.left))
        return had_it and not self.shown_to(scope)


@dataclass(frozen=True, slots=True)
class Changed:
    """All that one snapshot showed, parents first. ``commands`` maps ids of commands to the desks that
    issued them; ``members`` says that somebody's scope may be another one now; ``people`` are those who get
    rows of their own; ``whole`` are the conversations and contacts that are in it with all that belongs to
    them, and need not be so again for whoever is sent this."""

    position: Position
    rows: tuple[ChangedRow, ...] = ()
    commands: dict[UUID, UUID] = field(default_factory=dict)
    members: bool = False
    people: frozenset[str] = frozenset()
    whole: frozenset[UUID] = frozenset()

    def concerns(self, scope: Scope) -> bool:
        """Say whether a desk of ``scope`` is sent anything of it."""
        return any(row.shown_to(scope) or row.leaves(scope) for row in self.rows)


async def load(
    conn: AsyncConnection, entries: Sequence[Entry], position: Position, whole: Set[UUID]
) -> Changed:
    """Return what ``entries`` speak of, as this snapshot shows it.

    With a conversation come its contact and, where it is older than desks keep closed ones, all that is in
    it, but for those named in ``whole``: whoever is sent this was sent them.
    """
    logged: dict[str, dict[UUID, set[str]]] = {}
    for entry in entries:
        if entry.table in SYNCED:
            logged.setdefault(entry.table, defaultdict(set))[entry.row_id].add(entry.scope)
    issuers = list({entry.command_id for entry in entries if entry.command_id is not None})
    await _look_ahead(conn, logged, issuers)
    loaded: dict[str, dict[UUID, WireRow]] = {
        name: await load_rows(conn, SYNCED[name], SYNCED[name].c.id, ids) for name, ids in logged.items()
    }
    older = await _add_older(conn, loaded, whole)
    contacts = await _add_contacts(conn, loaded, whole)
    scopes_of_contact = _scopes_of_contacts(loaded.get(contact_inbox.name, {}))
    rows = [
        _changed_row(name, row_id, loaded[name].get(row_id), by_id.get(row_id, set()), scopes_of_contact)
        for name in (table.name for table in synced_tables() if table.name in loaded)
        for by_id in [logged.get(name, {})]
        for row_id in dict.fromkeys([*by_id, *loaded[name]])
    ]
    return Changed(
        position,
        tuple(rows),
        await _issuers(conn, issuers),
        members=bool(_SCOPE_TABLES & logged.keys()),
        people=frozenset(row.person for row in rows if row.person).union(
            *(row.left for row in rows if row.table in SHAREABLE)
        ),
        whole=frozenset(older | contacts),
    )


async def _look_ahead(
    conn: AsyncConnection, logged: Mapping[str, Collection[UUID]], issuers: Sequence[UUID]
) -> None:
    """Ask in one trip what :func:`load` asks of a few entries."""
    few = {name: list(ids) for name, ids in logged.items() if len(ids) <= _IDS_PER_QUERY}
    asked = [_rows_by(SYNCED[name], SYNCED[name].c.id).of(ids) for name, ids in few.items()]
    if 0 < len(issuers) <= _IDS_PER_QUERY:
        asked.append(_ISSUERS.of(issuers))
    await look_ahead(conn, *asked)


async def load_rows(
    conn: AsyncConnection, table: Table, column: Any, ids: Collection[UUID]
) -> dict[UUID, WireRow]:
    """Return the rows of ``table`` whose ``column`` is among ``ids``, by id, in travelling form."""
    found: dict[UUID, WireRow] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        chunk = wanted[start : start + _IDS_PER_QUERY]
        for row in await _rows_by(table, column).rows(conn, chunk):
            found[row["id"]] = to_wire(table, row)
    return found


@cache
def _rows_by(table: Table, column: Column[Any]) -> Among:
    return Among(select(table), column)


async def load_conversations(conn: AsyncConnection, ids: Collection[UUID]) -> dict[str, dict[UUID, WireRow]]:
    """Return conversations with all that is in them: rows by table and id, in travelling form."""
    heads = await load_rows(conn, conversation, conversation.c.id, ids)
    loaded: dict[str, dict[UUID, WireRow]] = {str(conversation.name): heads}
    for table in (message, event, attachment):
        loaded[table.name] = await load_rows(conn, table, table.c.conversation_id, heads)
    return loaded


async def load_contacts(conn: AsyncConnection, ids: Collection[UUID]) -> dict[str, dict[UUID, WireRow]]:
    """Return customers with their addresses and the inboxes that they have written to."""
    loaded = {str(contact.name): await load_rows(conn, contact, contact.c.id, ids)}
    for table in (contact_identity, contact_inbox):
        loaded[table.name] = await load_rows(conn, table, table.c.contact_id, ids)
    return loaded


def parents_first(loaded: dict[str, dict[UUID, WireRow]], scope: Scope) -> list[tuple[str, WireRow]]:
    """Return loaded rows as (table name, row) pairs in the order in which they can be written; of the inboxes
    that a customer has written to only those of ``scope``."""
    return [
        (str(table.name), row)
        for table in synced_tables()
        for row in loaded.get(table.name, {}).values()
        if table is not contact_inbox or scope.covers((row["inbox_id"].hex(),))
    ]


def cut(changed: Changed, scope: Scope) -> Iterator[tuple[tuple[Rows, ...], tuple[Departure, ...]]]:
    """Return what of ``changed`` a desk of ``scope`` is sent, in pieces that fit into frames, parents first.

    Departures come with the last piece, children first. There is always at least one piece.
    """
    pieces = pack((row.table, row.wire) for row in changed.rows if row.wire and row.shown_to(scope))
    departures = tuple(
        Departure(str(row.table), row.id) for row in reversed(changed.rows) if row.leaves(scope)
    )
    held: tuple[Rows, ...] = ()
    for piece in pieces:
        if held:
            yield held, ()
        held = piece
    yield held, departures


def pack(rows: Iterable[tuple[str, WireRow]]) -> Iterator[tuple[Rows, ...]]:
    """Gather (table name, row) pairs into pieces of at most FRAME_ROWS rows and about FRAME_BYTES bytes."""
    piece: dict[str, list[WireRow]] = {}
    count = size = 0
    for name, whole in rows:
        row, weight = slim(whole)
        if count and (count >= FRAME_ROWS or size + weight > FRAME_BYTES):
            yield _rows_of(piece)
            piece, count, size = {}, 0, 0
        piece.setdefault(name, []).append(row)
        count, size = count + 1, size + weight
    if count:
        yield _rows_of(piece)


def _rows_of(piece: dict[str, list[WireRow]]) -> tuple[Rows, ...]:
    return tuple(Rows(str(name), tuple(rows)) for name, rows in piece.items())


async def _add_older(
    conn: AsyncConnection, loaded: dict[str, dict[UUID, WireRow]], whole: Set[UUID]
) -> set[UUID]:
    """A conversation from before the retained days may be unknown to a desk: it travels with its content,
    also where only something in it has changed. Returns which ones do, besides those that are ``whole``."""
    before = microseconds(clock.now() - RETAINED)
    heads = loaded.setdefault(conversation.name, {})
    inside = {
        UUID(bytes=row["conversation_id"])
        for table in (message, event, attachment)
        for row in loaded.get(table.name, {}).values()
    }
    untouched = await load_rows(conn, conversation, conversation.c.id, inside - heads.keys())
    heads.update({row_id: row for row_id, row in untouched.items() if row["created_at"] < before})
    older = {row_id for row_id, row in heads.items() if row["created_at"] < before} - whole
    for table in (message, event, attachment) if older else ():
        extra = await load_rows(conn, table, table.c.conversation_id, older)
        loaded.setdefault(table.name, {}).update(extra)
    return older


async def _add_contacts(
    conn: AsyncConnection, loaded: dict[str, dict[UUID, WireRow]], whole: Set[UUID]
) -> set[UUID]:
    """The contacts of changed conversations, and of contacts the inboxes that decide who sees them.

    A contact that is ``whole`` comes only where something of it has changed, or it enters another inbox: that
    is in the log. Returns those that come with all that belongs to them.
    """
    entered = {UUID(bytes=row["contact_id"]) for row in loaded.get(conversation.name, {}).values()} - whole
    entered |= {UUID(bytes=row["contact_id"]) for row in loaded.get(contact_inbox.name, {}).values()}
    changed = set(loaded.get(contact.name, {}))
    changed |= {UUID(bytes=row["contact_id"]) for row in loaded.get(contact_identity.name, {}).values()}
    if entered:
        for table, column in (
            (contact, contact.c.id),
            (contact_identity, contact_identity.c.contact_id),
        ):
            loaded.setdefault(table.name, {}).update(await load_rows(conn, table, column, entered))
    if entered or changed:
        found = await load_rows(conn, contact_inbox, contact_inbox.c.contact_id, entered | changed)
        loaded.setdefault(contact_inbox.name, {}).update(found)
    return entered


def _scopes_of_contacts(links: dict[UUID, WireRow]) -> dict[bytes, frozenset[str]]:
    scopes: dict[bytes, set[str]] = defaultdict(set)
    for link in links.values():
        scopes[link["contact_id"]].add(link["inbox_id"].hex())
    return {contact_id: frozenset(found) for contact_id, found in scopes.items()}


def _changed_row(
    table: str,
    row_id: UUID,
    wire: WireRow | None,
    logged: set[str],
    scopes_of_contact: dict[bytes, frozenset[str]],
) -> ChangedRow:
    person = next(iter(logged)) if table in PRIVATE else ""
    if wire is None:
        return ChangedRow(table, row_id, None, frozenset(), frozenset(logged), person)
    if person:
        return ChangedRow(
            table, row_id, wire, frozenset({wire["inbox_id"].hex()}), frozenset(), wire["user_id"].hex()
        )
    scopes = frozenset({EVERYONE})
    if table in SHAREABLE:
        person = wire["user_id"].hex() if wire["user_id"] else ""
        inbox_id = None if person else wire.get("inbox_id")
        scopes = frozenset({inbox_id.hex()}) if inbox_id else scopes
        return ChangedRow(table, row_id, wire, scopes, frozenset(logged) - scopes - {person}, person)
    if table in _OF_CONTACT:
        scopes = scopes_of_contact.get(wire[_OF_CONTACT[table]], frozenset())
    elif EVERYONE not in logged and "inbox_id" in wire:
        scopes = frozenset({wire["inbox_id"].hex()})
    return ChangedRow(table, row_id, wire, scopes, frozenset(logged) - scopes)


async def _issuers(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    issuers: dict[UUID, UUID] = {}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        found = await _ISSUERS.rows(conn, ids[start : start + _IDS_PER_QUERY])
        issuers.update({row["id"]: row["desk_id"] for row in found})
    return issuers
