"""Databases of the store's tests, closed whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.store.rows import Desk

from agentdesk.store.engine import Database


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """A database with the whole schema: the test runs on SQLite and on PostgreSQL."""
    db = Database(migrated_url)
    yield db
    await db.close()


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    """An inbox with an account, an agent and a customer, in a transaction of its own."""
    async with db.write() as conn:
        yield await Desk(conn).build()
