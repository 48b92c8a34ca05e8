"""Snoozed conversations come back when their time has come."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.log import get_logger
from agentdesk.commands.context import SYSTEM, Context
from agentdesk.commands.conversation import change_status
from agentdesk.domain.conversation import Status
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import conversation
from agentdesk.store.unit import ServerUnit

_POLL_SECONDS = 5.0
_AT_ONCE = 200
_log = get_logger(__name__)


async def wake_for_ever(db: Database, bell: Bell) -> None:
    """Open what is due, every few seconds; several servers may do it, each conversation wakes once."""
    while True:
        try:
            more = await wake_due(db, bell)
        except DatabaseError as error:
            _log.warning("waking snoozed conversations waits for the database", problem=str(error))
            more = False
        if not more:
            await asyncio.sleep(_POLL_SECONDS)


async def wake_due(db: Database, bell: Bell) -> bool:
    """Open snoozed conversations whose moment has passed; says whether there may be more."""
    now = clock.now()
    due = conversation.c.status == Status.SNOOZED, conversation.c.snoozed_until <= now
    async with db.read() as conn:
        if await conn.scalar(select(conversation.c.id).where(*due).limit(1)) is None:
            return False
    async with db.write() as conn:
        unit = ServerUnit(conn)
        context = Context(unit, SYSTEM, new_id(), now)
        rows = await conn.execute(
            select(conversation)
            .where(*due)
            .order_by(conversation.c.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        found = rows.mappings().all()
        for row in found:
            await change_status(context, row, Status.OPEN)
            await unit.update(conversation, row["id"], {"unread": True})
        await unit.flush()
    bell.ring()
    return len(found) == _AT_ONCE
