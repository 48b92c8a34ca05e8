"""PostgreSQL behind PgBouncer: everything works, and what a pooler takes away is known and told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, text
from tests.helpers.until import until

from agentdesk.base.events import Bell
from agentdesk.server.doctor_postgres import check_notifications
from agentdesk.store.engine import Database
from agentdesk.store.migrations import indexes
from agentdesk.store.migrations.indexes import NewIndex
from agentdesk.store.tables import server_info
from agentdesk.sync.listener import Listener

TRANSACTION = pytest.mark.parametrize("pgbouncer_url", ["transaction"], indirect=True)
SESSION = pytest.mark.parametrize("pgbouncer_url", ["session"], indirect=True)


@pytest.fixture
async def db(pgbouncer_url: str) -> AsyncIterator[Database]:
    made = Database(pgbouncer_url)
    await made.migrate()
    yield made
    await made.close()


async def test_many_at_once_read_and_write_through_it(db: Database) -> None:
    async def work(number: int) -> None:
        for step in range(10):
            name = f"{number}:{step}"
            async with db.write() as conn:
                await conn.execute(server_info.insert().values(name=name, value="x"))
            async with db.read() as conn:
                found = await conn.scalar(select(server_info.c.value).where(server_info.c.name == name))
                assert found == "x"
            async with db.read(snapshot=True) as conn:
                await conn.scalar(select(func.count()).select_from(server_info))

    await asyncio.gather(*(work(number) for number in range(12)))
    assert await db.pooled()


async def test_a_transaction_keeps_its_limits_of_time(db: Database) -> None:
    limit = text("SELECT current_setting('idle_in_transaction_session_timeout')")
    async with db.write() as conn:
        assert await conn.scalar(limit) == "1min"
    async with db.read(snapshot=True) as conn:
        assert await conn.scalar(limit) == "1min"


async def test_an_index_is_built_beside_the_work_of_others(db: Database) -> None:
    async with db.write() as conn:
        await conn.execute(text("DROP INDEX ix_contact_merged_into_id"))
    one = NewIndex("ix_contact_merged_into_id", "contact", ("merged_into_id",))
    await indexes.build(db, [one])
    async with db.read() as conn:
        assert await conn.run_sync(indexes.missing, [one]) == ()


async def test_postgresql_itself_is_no_pooler(postgres_url: str) -> None:
    direct = Database(postgres_url)
    assert not await direct.pooled()
    assert await check_notifications(direct) == []
    await direct.close()


@TRANSACTION
async def test_a_swallowed_listen_is_noticed(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    listener = Listener(db, Bell().ring, answer_seconds=0.3)
    listening = asyncio.ensure_future(listener.run())
    await until(lambda: listener.hears is False)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert "notifications do not arrive" in caplog.text
    (finding,) = await check_notifications(db)
    assert "pooler" in str(finding.words)


@SESSION
async def test_a_pooler_in_session_mode_lets_servers_hear_each_other(db: Database) -> None:
    bell = Bell()
    listener = Listener(db, bell.ring)
    listening = asyncio.ensure_future(listener.run())
    await until(lambda: listener.hears)
    heard = bell.rings
    async with db.write() as conn:
        await conn.execute(text("NOTIFY agentdesk_changes"))
    await until(lambda: bell.rings > heard)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
