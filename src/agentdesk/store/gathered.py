"""What several commands write in one transaction, gathered and then written kind by kind.

Ten commands that each write four rows so cost the database four statements instead of forty.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ClauseElement, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.bulk import insert_many
from agentdesk.store.herald import note_written
from agentdesk.store.tables import change_log, conversation, event
from agentdesk.store.unit import ServerUnit, Values, change_of, scope_columns, touched

__all__ = ["Gathered", "GatheringUnit", "Unfit"]

_Row = dict[str, Any]


class Unfit(Exception):
    """A command writes more than can be gathered: it needs a transaction of its own."""


class GatheringUnit(ServerUnit):
    """The authority's unit for one command among several. It writes nothing: what it gathers can be thrown
    away without a trace.

    ``held`` are the conversations that the transaction has locked, as they are; of these, only the one that
    the command is about may change, and lines may be added to transcripts. Everything else raises Unfit.
    """

    def __init__(self, conn: AsyncConnection, command_id: UUID, held: dict[UUID, Mapping[str, Any]]) -> None:
        super().__init__(conn, command_id)
        self._held = held
        self._events: list[_Row] = []
        self._updates: list[tuple[tuple[str, ...], _Row]] = []

    async def insert(self, table: Table, rows: Sequence[Values]) -> None:
        """Gather lines for a transcript."""
        if table is not event:
            raise Unfit(table.name)
        stamps = touched(table)
        for row in rows:
            self._events.append({**row, **stamps, "ver": 1})
            await self._note(table, row["id"], 1, row)

    async def update(self, table: Table, row_id: UUID, values: Values) -> None:
        """Gather the change of a conversation that is held."""
        before = self._held.get(row_id) if table is conversation else None
        moving = any(column.name in values for column in scope_columns(table))
        if before is None or moving or any(isinstance(value, ClauseElement) for value in values.values()):
            raise Unfit(table.name)
        written = {**values, **touched(table)}
        new = {f"new_{name}": value for name, value in written.items()}
        self._updates.append((tuple(written), {**new, "row_id": row_id}))
        after = self._held[row_id] = {**before, **written, "ver": before["ver"] + 1}
        await self._note(table, row_id, after["ver"], after)

    async def update_many(self, table: Table, rows: Mapping[UUID, Values]) -> None:
        """Nothing of the kind can be gathered."""
        raise Unfit(table.name)

    async def delete(self, table: Table, row_ids: Collection[UUID]) -> None:
        """Nothing of the kind can be gathered."""
        raise Unfit(table.name)

    def give(self, gathered: Gathered) -> None:
        """Hand over what was gathered, when the command has succeeded."""
        gathered.take(self._updates, self._events, self._log)


class Gathered:
    """What the commands of one transaction write."""

    def __init__(self) -> None:
        self._updates: dict[tuple[str, ...], list[_Row]] = {}
        self._events: list[_Row] = []
        self._log: list[_Row] = []
        self._nonce = secrets.randbits(62) or 1

    def take(
        self, updates: Sequence[tuple[tuple[str, ...], _Row]], events: Sequence[_Row], log: Sequence[_Row]
    ) -> None:
        """Add what one command has gathered."""
        for names, values in updates:
            self._updates.setdefault(names, []).append(values)
        self._events.extend(events)
        self._log.extend({**entry, "nonce": self._nonce} for entry in log)

    async def write(self, conn: AsyncConnection) -> None:
        """Write it all. Called once, right before the commit."""
        for names, rows in self._updates.items():
            await change_of(conversation, names).each(conn, rows)
        await insert_many(conn, event, self._events)
        if self._log:
            await insert_many(conn, change_log, self._log)
            note_written(conn)
