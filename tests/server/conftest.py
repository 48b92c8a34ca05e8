"""Fixtures for the server's heart: the fake channel, and a world with one account of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.helpers.fake_channel import fake_channel as fake_channel
from tests.helpers.fake_world import FakeWorld

from agentdesk.server import auth
from agentdesk.store.engine import Database

_CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_NOBODY = _CHEAP.hash("nobody's password")


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same kind of hash at a hundredth of the cost: what is tested is who gets in."""
    monkeypatch.setattr(auth, "_hasher", _CHEAP)
    monkeypatch.setattr(auth, "_NOBODY", _NOBODY)


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
