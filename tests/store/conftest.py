"""Databases of the store's tests, closed whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agentdesk.store.engine import Database


@pytest.fixture
async def empty_db(database_url: str) -> AsyncIterator[Database]:
    """A database without any table: the test runs on SQLite and on PostgreSQL."""
    db = Database(database_url)
    yield db
    await db.close()


@pytest.fixture
async def db(empty_db: Database) -> Database:
    """A database with the whole schema: the test runs on SQLite and on PostgreSQL."""
    await empty_db.migrate()
    return empty_db
