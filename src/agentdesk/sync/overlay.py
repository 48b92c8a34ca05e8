"""What our own commands do to the replica before the server has confirmed them.

Before the first optimistic change of a row the server's version is set aside (its *base*). With each batch
the bases come back, the server's rows are written, and the commands that are left run again in their order:
a refused command leaves no trace, and a confirmed one is dropped exactly when a batch names it.

A *family* is a conversation or a contact with all that is in it, or a person's status. Most commands touch
one; each notes which ones it touched. So only those are laid anew that a batch speaks of
(:func:`families_in`), with those that a command has tied to them (:func:`laid_anew`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import NotFound
from agentdesk.base.tasks import report_error
from agentdesk.commands import registry
from agentdesk.commands.context import Actor, Context, Refusal
from agentdesk.commands.values import Envelope, SendReply
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.store.base import SYNCED
from agentdesk.store.tables import message, user
from agentdesk.store.unit import Changes, Values, touched
from agentdesk.sync.changes import TIMELINE, add_changes
from agentdesk.sync.protocol import Batch
from agentdesk.sync.replica import put_back, take_out
from agentdesk.sync.replica_tables import base_row
from agentdesk.sync.wire_rows import to_sqlite, to_wire

__all__ = [
    "Pending",
    "Replayed",
    "ReplicaUnit",
    "apply_one",
    "desk_actor",
    "families_in",
    "laid_anew",
    "overlaps",
    "replay",
    "restore",
]

_to_msgpack = msgspec.msgpack.Encoder()
_BASES = "SELECT table_name, row_id, family, wire FROM base_row"
_DROP_BASE = "DELETE FROM base_row WHERE table_name = ? AND row_id = ?"

_FAMILY_COLUMN = {
    "conversation": "id",
    "message": "conversation_id",
    "event": "conversation_id",
    "attachment": "conversation_id",
    "contact": "id",
    "contact_identity": "contact_id",
    "contact_inbox": "contact_id",
    "mention": "conversation_id",
    "offer": "conversation_id",
    "saved_view": "id",
    "rail_order": "id",
    "availability": "id",
    "account_state": "",  # no command looks at these
    "draft": "",
}


@dataclass(slots=True)
class Pending:
    """A command that the server has not confirmed yet.

    ``refusal`` says that the replica refuses it as things stand; the server has the last word. ``contained``
    says that the server's rows have its effect already, though no batch has named it. ``families`` are the
    conversations and contacts that it names and touches; none while the replica cannot tell.
    """

    envelope: Envelope
    held_until: datetime | None = None
    refusal: Refusal | None = None
    contained: bool = False
    families: frozenset[UUID] = frozenset()

    @property
    def id(self) -> UUID:
        """The command's id."""
        return self.envelope.id


@dataclass(slots=True)
class ReplicaUnit:
    """The desk's unit of work: sets the server's row aside before it changes one."""

    conn: AsyncConnection
    family: UUID
    changes: Changes = field(default_factory=dict)
    touched: set[UUID] = field(default_factory=set)
    optimistic: bool = True

    async def insert(self, table: Table, rows: Sequence[Values]) -> None:
        """Add ``rows`` with ``ver`` 0. A row that is there already came from the server and stays."""
        ids = [row["id"] for row in rows]
        known = set(await self.conn.scalars(select(table.c.id).where(table.c.id.in_(ids))))
        new = [{**row, **touched(table), "ver": 0} for row in rows if row["id"] not in known]
        if not new:
            return
        await self._keep_bases(table, [(row["id"], None) for row in new])
        await self.conn.execute(insert(table), new)
        self._note_families(table, *new)
        self.changes.setdefault(table.name, set()).update(row["id"] for row in new)
        if table is message:
            self.changes.setdefault(TIMELINE, set()).update(row["conversation_id"] for row in new)

    async def update(self, table: Table, row_id: UUID, values: Values) -> None:
        """Change one row; its ``ver`` stays the server's."""
        row = (await self.conn.execute(select(table).where(table.c.id == row_id))).mappings().first()
        if row is None:
            raise NotFound
        wire = _to_msgpack.encode(to_wire(table, row))
        await self._keep_bases(table, [(row_id, wire)])
        await self.conn.execute(update(table).where(table.c.id == row_id).values(**values, **touched(table)))
        self._note_families(table, row, {**row, **values})
        self.changes.setdefault(table.name, set()).add(row_id)

    async def update_many(self, table: Table, rows: Mapping[UUID, Values]) -> None:
        """Change several rows; those that are not there are left out."""
        for row_id, values in rows.items():
            with contextlib.suppress(NotFound):
                await self.update(table, row_id, values)

    async def delete(self, table: Table, row_ids: Collection[UUID]) -> None:
        """Remove rows; those that are not there do not matter."""
        found = (await self.conn.execute(select(table).where(table.c.id.in_(row_ids)))).mappings().all()
        if not found:
            return
        await self._keep_bases(table, [(row["id"], _to_msgpack.encode(to_wire(table, row))) for row in found])
        await self.conn.execute(delete(table).where(table.c.id.in_(row_ids)))
        self._note_families(table, *found)
        self.changes.setdefault(table.name, set()).update(row["id"] for row in found)

    def _note_families(self, table: Table, *rows: Mapping[Any, Any]) -> None:
        column = _FAMILY_COLUMN.get(table.name)
        if column:
            self.touched.update(row[column] for row in rows)

    async def _keep_bases(self, table: Table, bases: list[tuple[UUID, bytes | None]]) -> None:
        """Set rows aside; one that was set aside before keeps its first, the server's version."""
        rows = [
            {"table_name": table.name, "row_id": row_id, "family": self.family, "wire": wire}
            for row_id, wire in bases
        ]
        await self.conn.execute(upsert(base_row).on_conflict_do_nothing(), rows)


def restore(db: sqlite3.Connection, families: Set[UUID] | None) -> Changes:
    """Bring the rows of ``families`` (None: all) that were set aside back, as the server sent them."""
    changes: Changes = {}
    for name, row_id, family, wire in db.execute(_BASES).fetchall():
        table = SYNCED.get(name)
        if table is None or (families is not None and UUID(bytes=family) not in families):
            continue
        changes.setdefault(name, set()).add(UUID(bytes=row_id))
        if table is message:
            changes.setdefault(TIMELINE, set()).add(UUID(bytes=family))
        if wire is None:
            db.execute(take_out(table), (row_id,))
        else:
            db.execute(put_back(table), to_sqlite(table, msgspec.msgpack.decode(wire)))
        db.execute(_DROP_BASE, (name, row_id))
    return changes


@dataclass(slots=True)
class Replayed:
    """What a replay changed, and how each of its commands fared: to be marked once that is committed."""

    changes: Changes = field(default_factory=dict)
    fared: list[tuple[Pending, Refusal | None]] = field(default_factory=list)

    def mark(self) -> None:
        """Note at each command whether the replica refuses it."""
        for pending, refusal in self.fared:
            pending.refusal = refusal


async def replay(
    conn: AsyncConnection, commands: Iterable[Pending], actor: Actor, families: Set[UUID] | None
) -> Replayed:
    """Apply the commands about ``families`` (None: all) in their order.

    One that is refused as things stand is left out.
    """
    replayed = Replayed()
    for pending in commands:
        await find_families(conn, pending)
        elsewhere = families is not None and pending.families and families.isdisjoint(pending.families)
        if pending.contained or elsewhere:
            continue
        try:
            async with conn.begin_nested():
                done = await apply_one(conn, pending, actor)
        except Refusal as refusal:
            replayed.fared.append((pending, refusal))
            continue
        except Exception as error:
            if _of_the_disk(error):
                raise
            # one command's bug must not keep all changes out; what it did is rolled back
            report_error(error, f"replay of {type(pending.envelope.command).__name__}")
            continue
        replayed.fared.append((pending, None))
        add_changes(replayed.changes, done)
    return replayed


async def apply_one(conn: AsyncConnection, pending: Pending, actor: Actor) -> Changes:
    """Apply one command to the replica. Raises Refusal; what it changed must then be rolled back."""
    primary = await find_families(conn, pending) or pending.id
    unit = ReplicaUnit(conn, primary)
    envelope = pending.envelope
    context = Context(unit, actor, envelope.id, envelope.issued_at, sent_since=envelope.sent_since)
    await registry.apply(context, envelope.command)
    if pending.held_until is not None and isinstance(envelope.command, SendReply):
        await unit.update(message, envelope.command.message_id, {"delivery": DeliveryState.HELD.value})
    pending.families = pending.families | unit.touched | {primary}
    return unit.changes


def _of_the_disk(error: Exception) -> bool:
    """Whether the whole transaction has failed, and not only the command in it."""
    return isinstance(error, DBAPIError | sqlite3.Error) and not isinstance(error, IntegrityError)


async def find_families(conn: AsyncConnection, pending: Pending) -> UUID | None:
    """Note which conversations and contacts a command names, and return the one it is about; None where the
    replica cannot tell."""
    command = pending.envelope.command
    about: UUID | None = getattr(command, "conversation_id", None) or getattr(command, "contact_id", None)
    message_id = getattr(command, "message_id", None)
    if about is None and message_id is not None:
        about = await conn.scalar(select(message.c.conversation_id).where(message.c.id == message_id))
    if about is not None:
        joined = {*getattr(command, "joined_ids", ()), getattr(command, "joined_id", about)}
        pending.families = pending.families | {about} | joined
    return about


def families_in(batches: Iterable[Batch]) -> set[UUID] | None:
    """Return which conversations and contacts the server's changes are about; None where they may concern
    any command (people, inboxes, accounts, departures, an inbox that was revoked)."""
    families: set[UUID] = set()
    for batch in batches:
        if batch.within is not None:
            return None
        if any(_FAMILY_COLUMN.get(departure.table) != "" for departure in batch.departures):
            return None
        for rows in batch.rows:
            column = _FAMILY_COLUMN.get(rows.table)
            if column is None:
                return None
            if column:
                families.update(UUID(bytes=row[column]) for row in rows.rows)
    return families


def overlaps(families: Set[UUID] | None, commands: Iterable[Pending]) -> bool:
    """Whether one of the commands lies, or may lie, over rows of ``families`` (None: of anything)."""
    if families is None:
        return True
    return any(not command.families or not families.isdisjoint(command.families) for command in commands)


def laid_anew(
    families: Set[UUID] | None, gone: Iterable[Pending], left: Iterable[Pending]
) -> set[UUID] | None:
    """Return what is to be laid anew where ``families`` change and the commands ``gone`` go: all that the
    commands which are ``left`` tie to it. None (everything) where one of those that go is not known."""
    if families is None:
        return None
    found = set(families)
    for pending in gone:
        if not pending.families:
            return None
        found |= pending.families
    ties = [pending.families for pending in left if len(pending.families) > 1]
    grown = True
    while grown:
        reached = [tie for tie in ties if not found.isdisjoint(tie) and not tie <= found]
        found.update(*reached)
        grown = bool(reached)
    return found


async def desk_actor(conn: AsyncConnection, user_id: UUID | None) -> Actor:
    """Return the person at this desk. The replica holds only what they may see, so no inbox is excluded."""
    user_id = user_id or UUID(int=0)
    found = await conn.execute(select(user.c.role, user.c.permissions).where(user.c.id == user_id))
    row = found.first()
    role, exceptions = (Role(row.role), row.permissions) if row is not None else (Role.AGENT, {})
    return Actor(kind=Author.USER, user_id=user_id, role=role, inboxes=None, exceptions=exceptions)
