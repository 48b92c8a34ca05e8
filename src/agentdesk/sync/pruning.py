"""Dropping what is old of the change log."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import String, cast, delete, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.store.facts import put_fact
from agentdesk.store.tables import change_log, server_info
from agentdesk.store.types import Xid
from agentdesk.sync.changelog import START_NAME, where_now

__all__ = ["prune"]

_DAY_PREFIX = "change_log_day:"


async def prune(conn: AsyncConnection, days: int) -> int:
    """Drop entries older than ``days`` (to the day it is called on); returns how many went.

    To be called at least once a day in a writing transaction: each first call of a day notes where the log
    stands, and only what lay before a note that is old enough is dropped.
    """
    today = clock.now().date()
    now = await where_now(conn)
    await put_fact(conn, f"{_DAY_PREFIX}{today.isoformat()}", f"{now.at}:{now.seq}", keep=True)
    oldest_kept = f"{_DAY_PREFIX}{(today - timedelta(days=days)).isoformat()}"
    notes = (
        await conn.execute(
            select(server_info.c.name, server_info.c.value)
            .where(server_info.c.name.like(f"{_DAY_PREFIX}%"), server_info.c.name <= oldest_kept)
            .order_by(server_info.c.name.desc())
        )
    ).all()
    if not notes:
        return 0
    at, seq = (int(part) for part in notes[0].value.split(":"))
    before = (
        change_log.c.xid < cast(literal(str(at), String), Xid)
        if conn.dialect.name == "postgresql"
        else change_log.c.seq < at
    )
    gone = await conn.execute(delete(change_log).where(before, change_log.c.seq < seq))
    await put_fact(conn, START_NAME, str(at))
    older = [note.name for note in notes[1:]]
    await conn.execute(delete(server_info).where(server_info.c.name.in_(older)))
    return gone.rowcount
