"""The audit trail in tests: entries, seals, and the hand of somebody who owns the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.server.audit_sealing import seal
from agentdesk.server.leases import Lease
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry
from agentdesk.store.tables.audit import guard


def entry_of(what: str) -> Entry:
    """An entry of no meaning."""
    return Entry("admin", what, "done", "admin", data={"n": 1, "a": ["b"]})


async def add(db: Database, count: int) -> None:
    """Add entries, each in a transaction of its own."""
    for number in range(count):
        async with db.write() as conn:
            await record(conn, [entry_of(f"thing {number}")])


async def seal_all(db: Database, at_once: int = 1000) -> int:
    """Seal what is finished; returns how many entries that were."""
    return await seal(db, Lease(db, "audit", "test:1"), at_once)


async def entries(db: Database, kind: str) -> list[Row[Any]]:
    """All entries of a kind, oldest first."""
    wanted = select(audit_entry).where(audit_entry.c.kind == kind).order_by(audit_entry.c.seq)
    async with db.read() as conn:
        return list((await conn.execute(wanted)).all())


async def words_of(db: Database) -> str:
    """All that stands in the trail, as text."""
    async with db.read() as conn:
        return repr((await conn.execute(select(audit_entry))).all())


@asynccontextmanager
async def unguarded(db: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction of somebody who first takes the database's own guards away, and puts them back."""
    tables = ("audit_entry", "audit_seal")
    async with db.write() as conn:
        for table in tables:
            for name in ("stays", "remains"):
                where = f" ON {table}" if db.dialect == "postgresql" else ""
                await conn.execute(text(f"DROP TRIGGER {table}_{name}{where}"))
        yield conn
        await conn.run_sync(guard)
