"""Taking up a database that was restored from an older copy, so that nothing goes out twice.

What the copy calls unsent may have gone out after it was made: it is looked up first. Leases get tokens that
no server can hold which went on with the lost original.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.executor import as_text
from agentdesk.domain.delivery import DeliveryState
from agentdesk.server.leases import database_time
from agentdesk.store.engine import Database
from agentdesk.store.tables import delivery_attempt, lease, message, outbox, server_info
from agentdesk.store.unit import ServerUnit
from agentdesk.sync.changelog import COPIED_NAME, MOVED_NAME, begin_epoch, is_copy

_AT_ONCE = 500
_LOOK_SECONDS = 1.0
TOKENS_SKIPPED = 1_000_000
"""More than any server has taken a lease since the copy was made."""


class ServerWorks(AgentDeskError):
    """A server works on the database."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            msg("The server {holder} works on this database.", holder=holder),
            msg("Stop every server first, then try again."),
        )


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was done: messages that will be looked up, leases that were freed, the new epoch."""

    looked_up: int
    leases: int
    epoch: str


async def adopt_restore(db: Database, on_wait: Callable[[float], None]) -> Adopted:
    """Take up a restored database. ``on_wait`` is told the seconds at most that a lease has still to run.

    Safe to repeat. Raises ServerWorks, having changed nothing.
    """
    await until_nobody_works(db, on_wait)
    async with db.write() as conn:
        doubtful = await _doubtful(conn)
        why = msg("The database was restored from a copy; it is being looked up.")
        await look_up_first(conn, doubtful, why)
        freed = await conn.execute(
            update(lease).values(token=lease.c.token + TOKENS_SKIPPED, expires_at=await database_time(conn))
        )
        await conn.execute(delete(server_info).where(server_info.c.name.in_((COPIED_NAME, MOVED_NAME))))
        epoch = await begin_epoch(conn)
    return Adopted(len(doubtful), freed.rowcount, epoch)


async def until_nobody_works(db: Database, on_wait: Callable[[float], None]) -> None:
    """Wait until every lease has run out. One that is renewed meanwhile belongs to a server that lives; one
    that a back-up of ours brought along is nobody's."""
    first: dict[str, datetime] | None = None
    while True:
        async with db.read() as conn:
            if await is_copy(conn):
                return
            now = await database_time(conn)
            rows = (await conn.execute(select(lease).where(lease.c.expires_at > now))).all()
        if not rows:
            return
        if first is None:
            first = {row.name: row.expires_at for row in rows}
            on_wait(max((row.expires_at - now).total_seconds() for row in rows))
        for row in rows:
            if first.get(row.name) != row.expires_at:
                raise ServerWorks(row.holder)
        await asyncio.sleep(_LOOK_SECONDS)


async def _doubtful(conn: AsyncConnection) -> list[UUID]:
    """Whatever the copy does not know to have been sent or to have failed."""
    waiting = outbox.c.state.in_(("queued", "sending", "verify"))
    unknown = message.c.delivery == DeliveryState.UNCERTAIN
    joined = select(outbox.c.message_id).join(message, message.c.id == outbox.c.message_id)
    return list(await conn.scalars(joined.where(or_(waiting, unknown)).order_by(outbox.c.created_at)))


async def look_up_first(conn: AsyncConnection, ids: Sequence[UUID], why: Msg) -> None:
    """Have messages looked up before anything is sent of them: they may have gone out. ``why`` is shown."""
    now, shown_why = clock.now(), as_text(why)
    shown = {
        "delivery": DeliveryState.VERIFY.value,
        "delivery_at": now,
        "delivery_detail": {"text": shown_why.text, "args": shown_why.args, "words": ""},
    }
    # It may have left a moment ago: a look-up finds nothing until the service has had time to show it.
    first = func.coalesce(outbox.c.first_attempt_at, outbox.c.created_at)
    verify = {"state": "verify", "next_at": now, "first_attempt_at": first, "last_attempt_at": now}
    unit = ServerUnit(conn)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        await conn.execute(update(outbox).where(outbox.c.message_id.in_(some)).values(verify))
        await conn.execute(
            update(delivery_attempt)
            .where(delivery_attempt.c.message_id.in_(some), delivery_attempt.c.ended_at.is_(None))
            .values(ended_at=now, outcome="uncertain")
        )
        await unit.update_many(message, dict.fromkeys(some, shown))
    await unit.flush()
