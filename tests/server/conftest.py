"""Fixtures for the server's heart: the fake channel, and a world with one account of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.helpers.fake_channel import fake_channel as fake_channel
from tests.helpers.fake_world import FakeWorld

from agentdesk.store.engine import Database


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """A database of either kind with all tables."""
    made = Database(migrated_url)
    yield made
    await made.close()


@pytest.fixture
async def world(migrated_url: str, tmp_path: Path, fake_channel: None) -> AsyncIterator[FakeWorld]:
    """A database of either kind with one inbox and one account; what was started is stopped afterwards."""
    made = await FakeWorld.make(Database(migrated_url), tmp_path)
    yield made
    await made.close()
