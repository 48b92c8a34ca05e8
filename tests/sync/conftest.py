"""A world and its desks, closed in the right order after each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.sync.world import SimDesk, World

NewDesk = Callable[..., Awaitable[SimDesk]]


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    """A server on each of the two databases."""
    made = await World.start(migrated_url)
    yield made
    await made.close()


@pytest.fixture
async def new_desk(world: World, tmp_path: Path) -> AsyncIterator[NewDesk]:
    """Makes desks: ``await new_desk("ada")`` is signed in, open, and not connected yet. Another folder is
    another desk of the same person."""
    async with AsyncExitStack() as stack:

        async def make(token: str, folder: str = "") -> SimDesk:
            desk = SimDesk(world, tmp_path / (folder or token), token)
            desk.folder.mkdir()
            await desk.open()
            stack.push_async_callback(desk.close)
            return desk

        yield make
