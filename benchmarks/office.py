"""A company to measure with: a filled database, a server process, and desks without windows."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import psutil
from benchmarks.measuring import on_core
from benchmarks.world import World, build
from tests.helpers.program import Programs

from agentdesk.server.auth import Authenticator
from agentdesk.store.engine import Database
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk

__all__ = ["found", "server_process", "serving", "until_findable", "until_synced"]


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
def serving(url: str, folder: Path, *more: str, core: int | None = None) -> Iterator[str]:
    """A server process on the database, with ``more`` arguments, on one ``core`` only where that is given;
    gives its address."""
    programs = Programs(folder)
    arguments = ("server", "--database", url, "--data", str(folder / "server"), "--listen", "127.0.0.1:0")
    with on_core(core) if core is not None else nullcontext():
        program = programs.start(*arguments, *more, env={"AGENTDESK_KEY_FILE": str(folder / "key")})
    try:
        yield program.ready_sync()
    finally:
        programs.close()


def server_process(address: str) -> int:
    """The id of the process that serves on an address of this computer."""
    port = int(address.rpartition(":")[2])
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
    return next(c.pid for c in listening if c.laddr.port == port and c.pid)


async def until_synced(desk: LocalDesk, seconds: float = 120) -> None:
    """Wait until a desk is current."""
    async with asyncio.timeout(seconds):
        while desk.status.link is not Link.SYNCED:
            await asyncio.sleep(0.005)


async def until_findable(replica: Path) -> None:
    """Wait until every message in a desk's file has been indexed."""
    with contextlib.closing(sqlite3.connect(replica)) as file:
        while file.execute("SELECT 1 FROM unindexed_message LIMIT 1").fetchone():
            await asyncio.sleep(0.05)
