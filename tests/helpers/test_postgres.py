from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from tests.helpers.postgres import PostgresServer


async def test_each_test_gets_an_empty_database(postgres: PostgresServer, postgres_url: str) -> None:
    other = postgres.create_database()
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE greeting (words text)")
    stranger = await asyncpg.connect(postgres.url(other))
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert await connection.fetchval(tables) == 1
    assert await stranger.fetchval(tables) == 0
    await connection.close()
    await stranger.close()
    postgres.drop_database(other)


async def test_a_wrong_password_is_refused(postgres_url: str, postgres: PostgresServer) -> None:
    wrong = postgres_url.replace("://agentdesk:", "://agentdesk:x")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_committed_rows_outlive_a_restart(postgres: PostgresServer, postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE greeting (words text); INSERT INTO greeting VALUES ('你好')")
    postgres.stop()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncpg.connect(postgres_url)
    postgres.start()
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SELECT words FROM greeting") == "你好"
    await connection.close()


def test_database_url_runs_on_both(database_url: str, tmp_path: Path) -> None:
    assert database_url.startswith((f"sqlite:///{tmp_path}", "postgresql://agentdesk:"))


async def test_a_migrated_database_is_a_copy_of_its_own(migrated_url: str) -> None:
    from sqlalchemy import select

    from agentdesk.store.engine import Database
    from agentdesk.store.tables import inbox

    database = Database(migrated_url)
    async with database.write() as connection:
        assert (await connection.execute(select(inbox))).all() == []
    await database.close()
