"""What our own commands do to the replica before the server has confirmed them.

Before the first optimistic change of a row the server's version is set aside (its *base*). With each batch
the bases come back, the server's rows are written, and the commands that are left run again in their order:
a refused command leaves no trace, and a confirmed one is dropped exactly when a batch names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import NotFound
from agentdesk.commands import registry
from agentdesk.commands.context import Actor, Context, Refusal
from agentdesk.commands.values import Envelope, SendReply
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.store.base import SYNCED
from agentdesk.store.tables import message, user
from agentdesk.store.unit import Changes, Values, touched
from agentdesk.sync.replica import base_row
from agentdesk.sync.wire_rows import from_wire, to_wire

__all__ = ["Pending", "ReplicaUnit", "add_changes", "apply_one", "desk_actor", "replay", "restore"]

_to_msgpack = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class Pending:
    """A command that the server has not confirmed yet.

    ``refusal`` says that the replica refuses it as things stand; the server has the last word. ``contained``
    says that the server's rows have its effect already, though no batch has named it.
    """

    envelope: Envelope
    held_until: datetime | None = None
    refusal: Refusal | None = None
    contained: bool = False

    @property
    def id(self) -> UUID:
        """The command's id."""
        return self.envelope.id


@dataclass(slots=True)
class ReplicaUnit:
    """The desk's unit of work: sets the server's row aside before it changes one."""

    conn: AsyncConnection
    changes: Changes = field(default_factory=dict)
    optimistic: bool = True

    async def insert(self, table: Table, rows: Sequence[Values]) -> None:
        """Add ``rows`` with ``ver`` 0. A row that is there already came from the server and stays."""
        ids = [row["id"] for row in rows]
        known = set(await self.conn.scalars(select(table.c.id).where(table.c.id.in_(ids))))
        new = [{**row, **touched(table), "ver": 0} for row in rows if row["id"] not in known]
        if not new:
            return
        await self._keep_bases([{"table_name": table.name, "row_id": row["id"], "wire": None} for row in new])
        await self.conn.execute(insert(table), new)
        self.changes.setdefault(table.name, set()).update(row["id"] for row in new)

    async def update(self, table: Table, row_id: UUID, values: Values) -> None:
        """Change one row; its ``ver`` stays the server's."""
        row = (await self.conn.execute(select(table).where(table.c.id == row_id))).mappings().first()
        if row is None:
            raise NotFound
        wire = _to_msgpack.encode(to_wire(table, row))
        await self._keep_bases([{"table_name": table.name, "row_id": row_id, "wire": wire}])
        await self.conn.execute(update(table).where(table.c.id == row_id).values(**values, **touched(table)))
        self.changes.setdefault(table.name, set()).add(row_id)

    async def _keep_bases(self, bases: list[dict[str, Any]]) -> None:
        """Set rows aside; one that was set aside before keeps its first, the server's version."""
        await self.conn.execute(upsert(base_row).on_conflict_do_nothing(), bases)


async def restore(conn: AsyncConnection) -> Changes:
    """Bring all rows that were set aside back; afterwards the replica shows what the server sent."""
    changes: Changes = {}
    for name, row_id, wire in (await conn.execute(select(base_row))).all():
        table = SYNCED.get(name)
        if table is None:
            continue
        changes.setdefault(name, set()).add(row_id)
        if wire is None:
            await conn.execute(delete(table).where(table.c.id == row_id))
            continue
        values = from_wire(table, msgspec.msgpack.decode(wire))
        await conn.execute(update(table).where(table.c.id == row_id).values(**values))
    await conn.execute(delete(base_row))
    return changes


async def replay(conn: AsyncConnection, commands: Iterable[Pending], actor: Actor) -> Changes:
    """Apply commands in their order; one that is refused as things stand is left out and marked."""
    changes: Changes = {}
    for pending in commands:
        if pending.contained:
            continue
        try:
            async with conn.begin_nested():
                done = await apply_one(conn, pending, actor)
        except Refusal as refusal:
            pending.refusal = refusal
            continue
        pending.refusal = None
        add_changes(changes, done)
    return changes


async def apply_one(conn: AsyncConnection, pending: Pending, actor: Actor) -> Changes:
    """Apply one command to the replica. Raises Refusal; what it changed must then be rolled back."""
    unit = ReplicaUnit(conn)
    envelope = pending.envelope
    context = Context(unit, actor, envelope.id, envelope.issued_at)
    await registry.apply(context, envelope.command)
    if pending.held_until is not None and isinstance(envelope.command, SendReply):
        await unit.update(message, envelope.command.message_id, {"delivery": DeliveryState.HELD.value})
    return unit.changes


async def desk_actor(conn: AsyncConnection, user_id: UUID) -> Actor:
    """Return the person at this desk. The replica holds only what they may see, so no inbox is excluded."""
    role = await conn.scalar(select(user.c.role).where(user.c.id == user_id))
    return Actor(kind=Author.USER, user_id=user_id, role=Role(role or Role.AGENT), inboxes=None)


def add_changes(into: Changes, more: Changes) -> None:
    """Add ``more`` to ``into``."""
    for name, ids in more.items():
        into.setdefault(name, set()).update(ids)
