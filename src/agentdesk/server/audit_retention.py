"""Letting old parts of the audit trail go, whole seals from the beginning: the rest can still be proven."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.facts import put_fact
from agentdesk.store.tables import audit_entry, audit_seal
from agentdesk.store.tables.audit import KEPT_FROM

__all__ = ["drop_sealed", "sealed_before"]

_SEALS_AT_ONCE = 50


async def sealed_before(db: Database, before: datetime) -> int:
    """Return how many entries were sealed before a moment."""
    counted = select(func.coalesce(func.sum(audit_seal.c.count), 0)).where(audit_seal.c.sealed_at < before)
    async with db.read() as conn:
        return int(await conn.scalar(counted) or 0)


async def drop_sealed(db: Database, before: datetime) -> int:
    """Drop the entries that were sealed before a moment, with their seals; returns how many entries went.

    The newest seal always stays. An entry of the trail names the last seal that went; verification begins
    there.
    """
    dropped = 0
    while True:
        async with db.write() as conn:
            count = await _drop_some(conn, before)
        if not count:
            return dropped
        dropped += count


async def _drop_some(conn: AsyncConnection, before: datetime) -> int:
    columns = audit_seal.c
    newest = select(func.max(columns.number)).scalar_subquery()
    old = select(audit_seal).where(columns.sealed_at < before, columns.number < newest)
    found = await conn.execute(old.order_by(columns.number).limit(_SEALS_AT_ONCE))
    seals = found.mappings().all()
    if not seals:
        return 0
    await put_fact(conn, KEPT_FROM, str(max(seal["last_seq"] for seal in seals) + 1))
    for seal in seals:
        for first, last in seal["ranges"]:
            await conn.execute(delete(audit_entry).where(audit_entry.c.seq.between(first, last)))
    await conn.execute(delete(audit_seal).where(columns.number <= seals[-1]["number"]))
    await put_fact(conn, KEPT_FROM, "0")
    count = sum(seal["count"] for seal in seals)
    data = {"through": f"{seals[-1]['number']}:{seals[-1]['digest']}", "count": count}
    await record(conn, [Entry("retention", "audit", "done", "system", data=data)])
    return int(count)
