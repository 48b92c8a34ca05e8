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
from agentdesk.store.migrations import indexes
from agentdesk.store.migrations.indexes import NewIndex

ROUNDS = 2
_WAITS_FOR_A_TABLE = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
_BUILDERS = """
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE '% INDEX CONCURRENTLY %' AND wait_event_type = 'Lock'
"""
_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_conversation_merged_into_id')"
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
async def _taken_over(url: str) -> AsyncIterator[tuple[Database, _AtWork]]:
    """A newer program's database, and the older program at work on the schema it made. That is stopped at the
    end, and then it has not failed, and all it wrote is there."""
    db, newer = Database(url), Database(url)
    async with db.maintain() as conn:
        await conn.run_sync(_to_first_release)
    older = OlderProgram(db)
    await older.found()
    at_work = _AtWork(older)
    try:
        await at_work.further_rounds()
        yield newer, at_work
    finally:
        try:
            await at_work.stop()
        finally:
            await db.close()
            await _check_nothing_lost(newer, older.rounds)
            await newer.close()


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
    async with _taken_over(database_url) as (newer, at_work):
        reached = False
        while not reached:
            reached = await migrations.step(newer)
            await at_work.further_rounds()
        await newer.migrate()


@pytest.mark.postgres
async def test_a_long_transaction_holds_up_the_migration_and_nobody_else(postgres_url: str) -> None:
    reader = await asyncpg.connect(postgres_url)
    async with _taken_over(postgres_url) as (newer, at_work):
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


@pytest.mark.postgres
async def test_indexes_are_built_while_others_write_and_anew_after_a_kill(postgres_url: str) -> None:
    aside = await asyncpg.connect(postgres_url)
    async with _taken_over(postgres_url) as (newer, at_work):
        while await aside.fetchval("SELECT version_num FROM alembic_version") != "0004":
            await migrations.step(newer)
        writing = aside.transaction()
        await writing.start()
        await aside.execute("LOCK TABLE conversation IN ROW EXCLUSIVE MODE")  # building waits for all writers

        async def builds() -> bool:
            async with newer.read() as conn:
                return await conn.scalar(text(_BUILDERS)) is not None

        async def builds_not() -> bool:
            return not await builds()

        killed = asyncio.create_task(newer.migrate())
        await until(builds, what="the index is being built")
        await at_work.further_rounds()
        killed.cancel()
        await asyncio.wait([killed])
        await aside.execute(f"SELECT pg_terminate_backend(pid) FROM ({_BUILDERS}) AS builder")
        await until(builds_not)
        assert await aside.fetchval(_VALID) is False

        migrating = asyncio.create_task(newer.migrate())
        await until(builds, what="what was left is being dropped")
        await at_work.further_rounds()
        assert not migrating.done()
        await writing.rollback()
        await migrating
        assert await aside.fetchval(_VALID) is True
        await at_work.further_rounds()
    await aside.close()


@pytest.mark.postgres
async def test_each_revision_takes_all_it_needs_before_it_begins(postgres_url: str) -> None:
    db = Database(postgres_url)
    async with db.maintain() as conn:
        await conn.run_sync(_to_first_release)

    def step(connection: Connection) -> tuple[NewIndex, ...] | None:
        before = set(connection.scalars(text(_TABLES)))
        held: set[str] = set()
        indexed: set[str] = set()

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("DO $$ BEGIN LOCK"):
                held.update(re.findall(r"LOCK TABLE (\S+) IN", statement))
            indexed.update(re.findall(r"CREATE (?:UNIQUE )?INDEX .* ON (\S+)", statement))

        event.listen(connection, "before_cursor_execute", note)
        came = migrations._upgrade(connection)
        event.remove(connection, "before_cursor_execute", note)
        taken = set(connection.scalars(text(_STRONG))) & before - {"alembic_version"}
        assert taken == held
        assert not indexed & before, "an index on a table that grows locks out writers while it is built"
        return None if came.reached else came.missing

    ahead: tuple[NewIndex, ...] | None = ()
    while ahead is not None:
        await indexes.build(db, ahead)
        async with db.maintain() as conn:
            ahead = await conn.run_sync(step)
    await db.close()
