"""How what the server sent is written: one transaction, and where nothing of ours has to be laid over it
again, one trip to the thread of the file."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import partial
from sqlite3 import Connection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.sqlite import Step, all_at_once, at_once
from agentdesk.store.unit import Changes
from agentdesk.sync.changes import add_changes
from agentdesk.sync.desk_drafts import GoneDrafts, gone_in
from agentdesk.sync.overlay import (
    Pending,
    Replayed,
    desk_actor,
    families_in,
    laid_anew,
    overlaps,
    replay,
    restore,
)
from agentdesk.sync.protocol import Batch
from agentdesk.sync.replica import Replica, Standing, plain, put_standing, write_batches

__all__ = ["Incoming", "Taken", "write"]

_CONFIRM = "INSERT INTO confirmed_command (id) VALUES (?) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is to be written: ``batches``, and that the replica stands at ``standing`` then. They contain our
    commands ``confirmed``; those that are ``left`` lie over them, if anything does (``overlaid``)."""

    batches: Sequence[Batch]
    standing: Standing
    confirmed: Sequence[Pending]
    left: Sequence[Pending]
    overlaid: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What changed, and the drafts that have gone with it (None: it did not speak of drafts)."""

    changes: Changes
    gone: GoneDrafts | None = None


async def write(replica: Replica, incoming: Incoming) -> Taken:
    """Write what came as one transaction. Raises DatabaseError; nothing of it is kept then."""
    about = families_in(incoming.batches)
    families = laid_anew(about, incoming.confirmed, incoming.left) if incoming.left else None
    if not (incoming.left and overlaps(families, incoming.left)):
        ready = plain(incoming.batches, incoming.standing)
        if ready is not None:
            steps: list[Step] = [*ready.steps, (_CONFIRM, _names(incoming))]
            return Taken(await _at_once(replica, steps, ready.changes, families, overlaid=incoming.overlaid))
    return await _one_by_one(replica, incoming, families)


async def _at_once(
    replica: Replica, steps: list[Step], changes: Changes, families: Set[UUID] | None, *, overlaid: bool
) -> Changes:
    def bring_back(db: Connection) -> None:
        add_changes(changes, restore(db, families))

    await replica.write_plain([bring_back, *steps] if overlaid else steps)
    return changes


async def _one_by_one(replica: Replica, incoming: Incoming, families: Set[UUID] | None) -> Taken:
    async with replica.write() as conn:
        taken, replayed = await all_at_once(conn, lambda: _written(conn, incoming, families))
    replayed.mark()
    return taken


async def _written(
    conn: AsyncConnection, incoming: Incoming, families: Set[UUID] | None
) -> tuple[Taken, Replayed]:
    replayed = Replayed()
    gone = await gone_in(conn, incoming.batches)
    changes = await at_once(conn, partial(restore, families=families)) if incoming.overlaid else {}
    add_changes(changes, await write_batches(conn, incoming.batches))
    if incoming.confirmed:
        await conn.exec_driver_sql(_CONFIRM, _names(incoming))
    await put_standing(conn, incoming.standing)
    if incoming.left:
        actor = await desk_actor(conn, incoming.standing.user_id)
        replayed = await replay(conn, incoming.left, actor, families)
    add_changes(changes, replayed.changes)
    return Taken(changes, gone), replayed


def _names(incoming: Incoming) -> list[tuple[bytes]]:
    return [(pending.id.bytes,) for pending in incoming.confirmed]
