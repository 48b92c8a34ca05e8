"""Who can be reached: a person with a desk that is connected to any server, or was a moment ago.

What people have chosen themselves stays as it is: a computer that sleeps makes nobody "offline".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.backoff import scattered
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.commands.availability import put_availability
from agentdesk.domain.availability import GONE_AFTER
from agentdesk.domain.team import Role
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import availability, desk, inbox, inbox_member, user
from agentdesk.store.unit import ServerUnit

__all__ = ["is_staffed", "note_absences", "note_arrivals", "see_desks", "watch_for_ever"]

LOOK_SECONDS = 60.0
"""How often a server says which desks are there; several times within ``GONE_AFTER``."""
_GATHER_SECONDS = 0.2
_log = get_logger(__name__)


async def watch_for_ever(
    db: Database, bell: Bell, connected: Callable[[], Collection[UUID]], arrivals: Bell
) -> None:
    """Note who comes, at once, and who has gone, every minute; several servers may do it. ``connected`` are
    the desks at this one; ``arrivals`` rings when one more is there."""
    loop, heard = asyncio.get_running_loop(), 0
    look_at = loop.time() + LOOK_SECONDS  # after a start everybody is given time to come back
    while True:
        heard = await arrivals.wait(heard, max(0.0, look_at - loop.time()))
        try:
            if loop.time() >= look_at:
                look_at = loop.time() + scattered(0.8 * LOOK_SECONDS, LOOK_SECONDS)
                await see_desks(db, connected())
                await note_absences(db, bell)
            await note_arrivals(db, bell)
        except DatabaseError as error:
            _log.warning("who is there cannot be noted", problem=str(error))
        await asyncio.sleep(_GATHER_SECONDS)  # many come at once when a server has started


async def see_desks(db: Database, desks: Collection[UUID]) -> None:
    """Note that these desks are connected now."""
    if desks:
        async with db.write() as conn:
            await conn.execute(update(desk).where(desk.c.id.in_(desks)).values(seen_at=clock.now()))


async def is_staffed(conn: AsyncConnection, inbox_id: UUID) -> bool:
    """Say whether the desk of somebody who works in an inbox was connected to any server lately."""
    lately = clock.now() - timedelta(seconds=2.5 * LOOK_SECONDS)
    member = inbox_member.c.inbox_id == inbox.c.id, inbox_member.c.user_id == user.c.id
    works_there = or_(user.c.role != Role.AGENT, inbox.c.everyone, exists().where(*member))
    there = (
        select(desk.c.id)
        .join(user, user.c.id == desk.c.user_id)
        .join(inbox, inbox.c.id == inbox_id)
        .where(desk.c.seen_at >= lately, user.c.active, works_there)
        .limit(1)
    )
    return await conn.scalar(there) is not None


async def note_arrivals(db: Database, bell: Bell) -> None:
    """Those who were not reachable and are seen again can be reached."""
    since = clock.now() - GONE_AFTER
    away = availability.c.unreachable_since.is_not(None)
    seen = select(desk.c.user_id).where(desk.c.seen_at >= since)
    await _note(db, bell, select(availability.c.id, null()).where(away, availability.c.id.in_(seen)))


async def note_absences(db: Database, bell: Bell) -> None:
    """Those of whom no desk has been seen for ``GONE_AFTER`` cannot be reached."""
    since = clock.now() - GONE_AFTER
    last = select(desk.c.user_id, func.max(desk.c.seen_at).label("at")).group_by(desk.c.user_id).subquery()
    seen_at = func.coalesce(last.c.at, user.c.created_at)
    gone = (
        select(user.c.id, seen_at)
        .outerjoin(last, last.c.user_id == user.c.id)
        .outerjoin(availability, availability.c.id == user.c.id)
        .where(user.c.active, availability.c.unreachable_since.is_(None), seen_at < since)
    )
    await _note(db, bell, gone)


async def _note(db: Database, bell: Bell, changed: Select[Any]) -> None:
    """Write since when the people of ``changed`` (id, moment or null) have not been reachable."""
    async with db.read() as conn:
        if not (await conn.execute(changed)).first():
            return
    async with db.write() as conn:
        unit = ServerUnit(conn)
        for user_id, since in sorted((row[0], row[1]) for row in await conn.execute(changed)):
            await put_availability(unit, user_id, {"unreachable_since": since})
        await unit.flush()
    bell.ring()
