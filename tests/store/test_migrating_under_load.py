"""A new version takes over while the one before goes on writing: nothing is lost, and nothing fails."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, event, text
from tests.helpers.until import until
from tests.store.older_program import SCHEMA, OlderProgram

from agentdesk.store import migrations
from agentdesk.store.engine import Database

ROUNDS = 2
_WAITS_FOR_A_TABLE = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
_STRONG = """
    SELECT relation::regclass::text FROM pg_locks
     WHERE pid = pg_backend_pid() AND locktype = 'relation'
       AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
_TABLES = (
    "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def _to_first_release(connection: Connection) -> None:
    command.upgrade(migrations.config_for(connection), SCHEMA)


class _AtWork:
    """The older program, going round and round until it is stopped."""

    def __init__(self, older: OlderProgram) -> None:
        self.older = older
        self._stopping = asyncio.Event()
        self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while not self._stopping.is_set():
            await self.older.go_round()

    async def further_rounds(self) -> None:
        """Wait until some have begun and ended since."""
        enough = self.older.rounds + ROUNDS
        await until(
            lambda: self.older.rounds >= enough or self._working.done(),
            120,
            what="the older program goes on",
        )
        if self._working.done():
            self._working.result()

    async def stop(self) -> None:
        self._stopping.set()
        await self._working


@asynccontextmanager
async def _older_at_work(url: str) -> AsyncIterator[_AtWork]:
    """The older program on the schema it made; it is stopped at the end, and has not failed then."""
    db = Database(url)
    async with db.maintain() as conn:
        await conn.run_sync(_to_first_release)
    older = OlderProgram(db)
    await older.found()
    at_work = _AtWork(older)
    try:
        yield at_work
    finally:
        try:
            await at_work.stop()
        finally:
            await db.close()


async def _check_nothing_lost(db: Database, rounds: int) -> None:
    counted = {
        "conversation": "status = 'resolved' AND priority = 'high' AND assignee_id IS NOT NULL",
        "message": "direction = 'in' OR delivery = 'sent' OR kind = 'note'",
        "outbox": "state = 'done'",
        "contact": "name = 'Round Zero'",
        "search_entry": "id <> 8000000",
    }
    expected = {"conversation": 1, "message": 3, "outbox": 1, "contact": 1, "search_entry": 3}
    async with db.read() as conn:
        for table, condition in counted.items():
            found = await conn.scalar(text(f"SELECT count(*) FROM {table} WHERE {condition}"))
            assert found == rounds * expected[table], table


async def test_the_older_program_works_on_through_every_revision(database_url: str) -> None:
    newer = Database(database_url)
    async with _older_at_work(database_url) as at_work:
        await at_work.further_rounds()
        reached = False
        while not reached:
            async with newer.maintain() as conn:
                reached = await conn.run_sync(migrations._upgrade)
            await at_work.further_rounds()
    await newer.migrate()
    await _check_nothing_lost(newer, at_work.older.rounds)
    await newer.close()


@pytest.mark.postgres
async def test_a_long_transaction_holds_up_the_migration_and_nobody_else(postgres_url: str) -> None:
    newer = Database(postgres_url)
    reader = await asyncpg.connect(postgres_url)
    async with _older_at_work(postgres_url) as at_work:
        await at_work.further_rounds()
        reading = reader.transaction()
        await reading.start()
        await reader.execute("LOCK TABLE message, conversation IN ACCESS SHARE MODE")  # as pg_dump does
        migrating = asyncio.create_task(newer.migrate())

        async def waits() -> bool:
            async with newer.read() as conn:
                return bool(await conn.scalar(text(_WAITS_FOR_A_TABLE)))

        await until(waits, what="the migration waits for the reader")
        await at_work.further_rounds()
        assert not migrating.done()
        await reading.rollback()
        await migrating
        await at_work.further_rounds()
    await reader.close()
    await _check_nothing_lost(newer, at_work.older.rounds)
    await newer.close()


@pytest.mark.postgres
async def test_each_revision_takes_all_it_needs_before_it_begins(postgres_url: str) -> None:
    db = Database(postgres_url)
    async with db.maintain() as conn:
        await conn.run_sync(_to_first_release)

    def step(connection: Connection) -> bool:
        before = set(connection.scalars(text(_TABLES)))
        held: set[str] = set()

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("DO $$ BEGIN LOCK"):
                held.update(re.findall(r"LOCK TABLE (\S+) IN", statement))

        event.listen(connection, "before_cursor_execute", note)
        reached = migrations._upgrade(connection)
        event.remove(connection, "before_cursor_execute", note)
        taken = set(connection.scalars(text(_STRONG))) & before - {"alembic_version"}
        assert taken == held
        return reached

    reached = False
    while not reached:
        async with db.maintain() as conn:
            reached = await conn.run_sync(step)
    await db.close()
