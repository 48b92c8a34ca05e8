"""A company to measure with: a filled database, a server process, and desks without windows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.world import World, build
from tests.helpers.program import Programs

from agentdesk.server.auth import Authenticator
from agentdesk.store.engine import Database
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk

__all__ = ["World", "add_desks", "found", "serving", "until_synced"]


async def found(url: str, world: World, desks: int) -> list[str]:
    """Fill an empty database with ``world``; returns tokens that ``desks`` desks sign in with, in turn those
    of its people."""
    db = Database(url)
    try:
        await build(db, world, searchable=False)
        authenticator = Authenticator(db)
        people = (world.users[number % len(world.users)] for number in range(desks))
        return [await authenticator.issue("session", "bench", person) for person in people]
    finally:
        await db.close()


@contextmanager
def serving(url: str, folder: Path) -> Iterator[str]:
    """A server process on the database; gives its address."""
    programs = Programs(folder)
    arguments = ("server", "--database", url, "--data", str(folder / "server"), "--listen", "127.0.0.1:0")
    program = programs.start(*arguments, env={"AGENTDESK_KEY_FILE": str(folder / "key")})
    try:
        yield program.ready_sync()
    finally:
        programs.close()


def add_desks(folder: Path, address: str, tokens: list[str]) -> list[LocalDesk]:
    """Desks that have not started yet, each in a folder of its own."""
    return [LocalDesk(folder / f"desk-{n}", address, token) for n, token in enumerate(tokens)]


async def until_synced(desk: LocalDesk, seconds: float = 120) -> None:
    """Wait until a desk is current."""
    async with asyncio.timeout(seconds):
        while desk.status.link is not Link.SYNCED:
            await asyncio.sleep(0.005)


def newest(world: World, count: int) -> list[UUID]:
    """The first conversations that were made."""
    return world.conversations[:count]
