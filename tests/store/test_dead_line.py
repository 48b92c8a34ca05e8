"""A line to PostgreSQL that swallows all bytes: nobody hears that it is dead, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from sqlalchemy import text
from tests.helpers.postgres import PostgresServer
from tests.helpers.proxy import Proxy
from tests.helpers.until import until

from agentdesk.store import engine
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseGone
from agentdesk.store.fixed import Fixed

_ASKED = text("SELECT 1")


async def _works(db: Database) -> bool:
    """Whether a question is answered; on a busy machine even a good line may be slower than allowed here."""
    try:
        async with db.read() as conn:
            return bool(await conn.scalar(_ASKED))
    except DatabaseGone:
        return False


@pytest.fixture
async def line(
    postgres: PostgresServer,
    postgres_url: str,
    new_proxy: Callable[[int], Proxy],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Database, Proxy]]:
    """A database behind a line, which is given up when it says nothing for a moment."""
    monkeypatch.setattr(engine, "_ANSWER_SECONDS", 0.5)
    proxy = new_proxy(postgres.port)
    db = Database(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/"))
    await until(partial(_works, db))
    yield db, proxy
    proxy.heal()
    await db.close()


@pytest.mark.parametrize("kind", ["read", "snapshot", "write"])
async def test_a_question_that_nobody_answers_is_given_up(line: tuple[Database, Proxy], kind: str) -> None:
    db, proxy = line
    proxy.trouble.stall = True
    made = proxy.connections
    with pytest.raises(DatabaseGone):
        async with db.write() if kind == "write" else db.read(snapshot=kind == "snapshot") as conn:
            await conn.execute(_ASKED)
    proxy.heal()
    await until(partial(_works, db))
    assert proxy.connections > made


async def test_a_line_that_dies_within_a_transaction_is_given_up(line: tuple[Database, Proxy]) -> None:
    db, proxy = line

    async def ask_the_driver_itself() -> None:
        async with db.write() as conn:
            await conn.execute(_ASKED)
            proxy.trouble.stall = True
            await Fixed(_ASKED).rows(conn, {})

    with pytest.raises(DatabaseGone):
        await ask_the_driver_itself()
    proxy.heal()
    await until(partial(_works, db))


async def test_a_commit_that_nobody_answers_is_given_up(line: tuple[Database, Proxy]) -> None:
    db, proxy = line

    async def commit_into_silence() -> None:
        async with db.write() as conn:
            await conn.execute(text("SELECT pg_current_xact_id()"))
            proxy.trouble.stall = True

    with pytest.raises(DatabaseGone):
        await commit_into_silence()
    proxy.heal()
    await until(partial(_works, db))


async def test_a_caller_who_loses_patience_is_not_told_of_a_dead_line(line: tuple[Database, Proxy]) -> None:
    db, _ = line
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), db.read() as conn:
            await conn.execute(text("SELECT pg_sleep(0.4)"))


async def test_long_work_of_a_migration_is_waited_for(line: tuple[Database, Proxy]) -> None:
    db, _ = line
    async with db.maintain() as conn:
        await conn.execute(text("SELECT pg_sleep(0.7)"))


async def test_the_system_watches_the_line(line: tuple[Database, Proxy]) -> None:
    db, _ = line
    async with db.read() as conn:
        raw = (await conn.get_raw_connection()).driver_connection
        assert raw is not None
        watched = raw._transport.get_extra_info("socket")
        assert watched.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert watched.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
