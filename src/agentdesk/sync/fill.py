"""The first fill of a desk: where it begins, then everything it needs to work offline, page by page.

The position in the log is taken first, in the same snapshot as the list of conversations; whatever changes
while the pages are read comes again through the log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.domain.conversation import RETAINED, Status
from agentdesk.store.base import PRIVATE, SHAREABLE, SYNCED
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    account,
    account_state,
    availability,
    channel_weight,
    contact,
    contact_inbox,
    conversation,
    inbox,
    inbox_member,
    own_status,
    portrait,
    template,
    user,
)
from agentdesk.sync.changelog import Position, where_now
from agentdesk.sync.protocol import Rows
from agentdesk.sync.scope import Scope
from agentdesk.sync.snapshot import load_contacts, load_conversations, load_rows, pack, parents_first
from agentdesk.sync.wire_rows import WireRow, to_wire

__all__ = ["Fill", "Page", "begin"]

_FIRST_PAGE = 50
_PAGE = 200
_SMALL = (user, availability, own_status, channel_weight, inbox, inbox_member, template, account, portrait)
_REFERRED = frozenset({user.name, inbox.name, account.name, contact.name})
_REFERENCES: tuple[tuple[str, Table], ...] = (
    ("assignee_id", user),
    ("inbox_id", inbox),
    ("account_id", account),
)


Snapshot = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a connection whose statements all see the same moment."""


@dataclass(frozen=True, slots=True)
class Page:
    """One piece of a fill; after it ``done`` of ``total`` conversations have been sent."""

    rows: tuple[Rows, ...]
    done: int
    total: int


@dataclass(slots=True)
class Fill:
    """A fill under way: what is still to be sent, and what was. ``scope`` is what the desk lacks of
    ``whole``, which is all that it may see."""

    position: Position
    scope: Scope
    whole: Scope
    conversations: list[UUID]
    _sent: dict[str, set[bytes]] = field(default_factory=dict)

    async def pages(self, snapshot: Snapshot) -> AsyncIterator[Page]:
        """Read page after page, each in a snapshot of its own; there is always at least one."""
        total = len(self.conversations)
        async with snapshot() as conn:
            first = list(pack(self._noted(await self._small(conn))))
        for rows in first or [()]:
            yield Page(rows, 0, total)
        done = 0
        while done < total:
            ids = self.conversations[done : done + (_PAGE if done else _FIRST_PAGE)]
            async with snapshot() as conn:
                pieces = list(pack(self._noted(await self._conversations(conn, ids))))
            done += len(ids)
            for number, rows in enumerate(pieces, 1):
                yield Page(rows, done if number == len(pieces) else done - len(ids), total)

    async def _small(self, conn: AsyncConnection) -> list[tuple[str, WireRow]]:
        found: list[tuple[str, WireRow]] = []
        for table in _SMALL:
            found += await _all_of(conn, select(table), table)
        states = select(account_state).where(self.scope.of(account_state.c.inbox_id))
        found += await _all_of(conn, states, account_state)
        if self.scope.person is not None:
            for table in (SYNCED[name] for name in sorted(PRIVATE)):
                own = select(table).where(table.c.user_id == self.scope.person)
                found += await _all_of(conn, own.where(self.scope.of(table.c.inbox_id)), table)
        for table in (SYNCED[name] for name in sorted(SHAREABLE)):
            found += await _all_of(conn, select(table).where(self._shared_or_own(table)), table)
        if self.scope != self.whole:  # customers whom the desk knows already are known here too
            known = select(conversation.c.contact_id).where(self.whole.of(conversation.c.inbox_id))
            here = self.scope.of(contact_inbox.c.inbox_id), contact_inbox.c.contact_id.in_(known)
            found += await _all_of(conn, select(contact_inbox).where(*here), contact_inbox)
        return found

    def _shared_or_own(self, table: Table) -> ColumnElement[bool]:
        own = table.c.user_id == self.scope.person if self.scope.person is not None else false()
        if "inbox_id" not in table.c:
            return own
        here = or_(table.c.inbox_id.is_(None), self.scope.of(table.c.inbox_id))
        return or_(own, and_(table.c.user_id.is_(None), here))

    async def _conversations(self, conn: AsyncConnection, ids: Collection[UUID]) -> list[tuple[str, WireRow]]:
        loaded = await load_conversations(conn, ids)
        heads = loaded[conversation.name].values()
        for column, table in _REFERENCES:
            loaded[table.name] = await load_rows(conn, table, table.c.id, self._unsent(table, column, heads))
        loaded |= await load_contacts(conn, self._unsent(contact, "contact_id", heads))
        return parents_first(loaded, self.whole)

    def _unsent(self, table: Table, column: str, heads: Collection[WireRow]) -> set[UUID]:
        wanted = {row[column] for row in heads if row[column] is not None}
        return {UUID(bytes=value) for value in wanted - self._sent.get(table.name, set())}

    def _noted(self, rows: list[tuple[str, WireRow]]) -> list[tuple[str, WireRow]]:
        for name, row in rows:
            if name in _REFERRED:
                self._sent.setdefault(name, set()).add(row["id"])
        return rows


async def begin(db: Database, scope: Scope, whole: Scope, now: datetime | None = None) -> Fill:
    """Return a fill of ``scope``, a part of ``whole``: open conversations newest first, then closed ones of
    the last 90 days."""
    columns = conversation.c
    since = (now or clock.now()) - RETAINED
    mine = select(columns.id).where(scope.of(columns.inbox_id))
    newest = (columns.last_message_at.desc(), columns.id.desc())
    recent = or_(columns.last_message_at >= since, columns.resolved_at >= since)
    still_open = mine.where(columns.status != Status.RESOLVED).order_by(*newest)
    closed = mine.where(columns.status == Status.RESOLVED).where(recent).order_by(*newest)
    async with db.read(snapshot=True) as conn:
        position = await where_now(conn)
        ids = [*(await conn.scalars(still_open)), *(await conn.scalars(closed))]
    return Fill(position, scope, whole, ids)


async def _all_of(conn: AsyncConnection, query: Any, table: Table) -> list[tuple[str, WireRow]]:
    rows = (await conn.execute(query)).mappings()
    return [(table.name, to_wire(table, row)) for row in rows]
