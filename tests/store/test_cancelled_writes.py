"""A task that is cancelled while it writes leaves the database free for the next writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from agentdesk.store.engine import Database


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database with one small table."""
    made = Database(database_url)
    async with made.write() as conn:
        await conn.execute(text("CREATE TABLE t (a INTEGER)"))
        await conn.execute(text("INSERT INTO t VALUES (1)"))
    yield made
    await made.close()


async def test_a_statement_with_rows_left_to_fetch_keeps_no_lock(db: Database) -> None:
    cancelled = []
    for n in range(40):
        task = asyncio.create_task(_write_on(db))
        await asyncio.sleep(0.0005 + n * 0.0003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        cancelled.append(task)  # kept: its traceback holds the cursor
        async with asyncio.timeout(5), db.write() as conn:
            await conn.execute(text("INSERT INTO t VALUES (0)"))
    assert all(task.cancelled() for task in cancelled)


async def _write_on(db: Database) -> None:
    async with db.write() as conn:
        while True:
            (await conn.execute(text("UPDATE t SET a = a + 1 WHERE a > 0 RETURNING a"))).first()
