"""Telling desks what was erased, until each has said that nothing is left there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import select, update

from agentdesk.base import clock
from agentdesk.base.backoff import scattered
from agentdesk.store.engine import Database
from agentdesk.store.tables import contact, erasure, erasure_desk
from agentdesk.sync.protocol import Erase, encode

__all__ = ["LOOK_SECONDS", "Erasures"]

LOOK_SECONDS = 20.0
"""How often a connected desk is told again; it may have to wait until a file is let go."""


class Erasures:
    """What one connected desk has still to remove."""

    def __init__(self, db: Database, desk_id: UUID) -> None:
        self._db = db
        self._desk_id = desk_id

    async def tell(self, put: Callable[[bytes], Awaitable[None]]) -> None:
        """Tell the desk through ``put``, for as long as it is connected. Raises DatabaseError."""
        open_ones = (
            select(erasure.c.id, erasure.c.contact_id, contact.c.ver)
            .join(erasure_desk, erasure_desk.c.erasure_id == erasure.c.id)
            .join(contact, contact.c.id == erasure.c.contact_id)
            .where(erasure_desk.c.desk_id == self._desk_id, erasure_desk.c.confirmed_at.is_(None))
            .order_by(erasure.c.id)
        )
        while True:
            async with self._db.read() as conn:
                rows = (await conn.execute(open_ones)).all()
            for row in rows:
                await put(encode(Erase(erasure_id=row.id, contact_id=row.contact_id, ver=row.ver)))
            await asyncio.sleep(scattered(0.75 * LOOK_SECONDS, LOOK_SECONDS))

    async def confirmed(self, erasure_id: UUID) -> None:
        """The desk says that nothing is left. Raises DatabaseError."""
        mine = erasure_desk.c.erasure_id == erasure_id, erasure_desk.c.desk_id == self._desk_id
        still_open = erasure_desk.c.confirmed_at.is_(None)
        async with self._db.write() as conn:
            await conn.execute(update(erasure_desk).where(*mine, still_open).values(confirmed_at=clock.now()))
