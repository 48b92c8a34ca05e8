"""Leases: what may be done by one server only is done by whoever holds its row.

A row, never a lock of the database's own: a stopped process would keep that for ever. The token is raised by
each new holder; every write of a holder asks whether its token still stands, so that one that was stopped for
an hour cannot do harm when it goes on. What leaves for the outside cannot ask the database at its last
moment: it asks this computer's clock, by which the lease ends no later than by the database's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import msg
from agentdesk.server.timeline import TIMELINE, now_and_timeline, tells_timeline
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError, DatabaseGone
from agentdesk.store.fixed import Asked, Fixed
from agentdesk.store.tables import account, lease
from agentdesk.store.types import Moment

LEASE_SECONDS = 30.0
NOBODY = "-"
"""The holder of a lease that was taken away and is not free yet."""
_RENEWALS = 3
"""How often a lease is renewed within its length."""
_RETRY_SECONDS = 1.0
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def _mine(*columns: ColumnElement[Any]) -> Fixed:
    """The statement that reads a lease, if it is still that of its holder, and keeps it so."""
    name = lease.c.name == bindparam("name", type_=lease.c.name.type)
    token = lease.c.token == bindparam("token", type_=lease.c.token.type)
    return Fixed(select(lease.c.expires_at, *columns).where(name, token).with_for_update(read=True))


_NOW = func.clock_timestamp(type_=Moment()).label("now")
_MINE = _mine()
_MINE_NOW = _mine(_NOW)
_MINE_AND_TIMELINE = _mine(_NOW, TIMELINE.label("timeline"))


class LeaseLost(AgentDeskError):
    """Somebody else holds the lease now: stop at once, write nothing more."""

    def __init__(self, name: str) -> None:
        super().__init__(msg("Another server has taken over {name}.", name=name))


class Lease:
    """One lease as one holder sees it.

    ``holder`` names a server's data folder for ever, and only one process works on that: after a crash it
    takes its own leases back at once, with a new token. The database's clock decides what has expired.
    """

    def __init__(self, db: Database, name: str, holder: str, *, seconds: float = LEASE_SECONDS) -> None:
        self._db = db
        self.name = name
        self._holder = holder
        self._length = timedelta(seconds=seconds)
        self._good_until = 0.0
        self._tells_timeline: bool | None = None
        self.token = 0
        self.timeline = ""
        """In which life of the database it was taken; empty where that cannot be known."""

    async def acquire(self) -> bool:
        """Take the lease where nobody holds it; returns whether it is ours now."""
        asked = _seconds()
        if self._tells_timeline is None:
            self._tells_timeline = await tells_timeline(self._db)
        try:
            async with self._db.write() as conn:
                taken = await self._take(conn)
        except IntegrityError:  # somebody made the row at the same moment
            return False
        if taken:
            self._good_until = asked + self._length.total_seconds()
        return taken

    async def _take(self, conn: AsyncConnection) -> bool:
        now, self.timeline = await self._moment(conn)
        row = (
            await conn.execute(
                select(lease.c.holder, lease.c.token, lease.c.expires_at)
                .where(lease.c.name == self.name)
                .with_for_update()
            )
        ).first()
        if row is not None and row.holder != self._holder and row.expires_at > now:
            return False
        values = {"holder": self._holder, "expires_at": now + self._length}
        if row is None:
            await conn.execute(insert(lease).values(name=self.name, token=1, **values))
            self.token = 1
        else:
            self.token = row.token + 1
            await conn.execute(
                update(lease).where(lease.c.name == self.name).values(token=self.token, **values)
            )
        return True

    async def renew(self) -> None:
        """Keep the lease for another while. Raises LeaseLost."""
        asked = _seconds()
        async with self._db.write() as conn:
            now = await self._now(conn)
            kept = await conn.execute(
                update(lease)
                .where(lease.c.name == self.name, lease.c.token == self.token, lease.c.expires_at > now)
                .values(expires_at=now + self._length)
            )
        if kept.rowcount != 1:
            raise LeaseLost(self.name)
        self._good_until = asked + self._length.total_seconds()

    async def _now(self, conn: AsyncConnection) -> datetime:
        """What time it is for the database. Raises LeaseLost where another one has taken its place: that one
        may not know what was done under this lease."""
        now, timeline = await self._moment(conn)
        self._must_be_of(timeline)
        return now

    def _must_be_of(self, timeline: str) -> None:
        if timeline != self.timeline:
            problem = DatabaseGone(msg("A standby has taken the database's place."))
            raise LeaseLost(self.name) from problem

    async def _moment(self, conn: AsyncConnection) -> tuple[datetime, str]:
        if self._tells_timeline:
            return await now_and_timeline(conn)
        return await database_time(conn), ""

    def must_be_fresh(self) -> None:
        """Raise LeaseLost where the lease may have run out. Asks nobody: for the last moment before a step
        that cannot be taken back."""
        if _seconds() >= self._good_until:
            raise LeaseLost(self.name)

    def asks(self, conn: AsyncConnection) -> Asked:
        """Return what :meth:`check` asks the database."""
        mine = {"name": self.name, "token": self.token}
        if conn.dialect.name == "sqlite":
            return _MINE, mine
        return (_MINE_AND_TIMELINE if self._tells_timeline else _MINE_NOW), mine

    async def check(self, conn: AsyncConnection) -> None:
        """Raise LeaseLost unless the lease is ours, now and until the transaction of ``conn`` ends."""
        question, mine = self.asks(conn)
        found = await question.first(conn, mine)
        if conn.dialect.name == "sqlite":
            now, timeline = clock.now(), ""
        else:
            now, timeline = (found["now"], found.get("timeline", "")) if found else (clock.now(), "")
        if found is not None:
            self._must_be_of(timeline)
        if found is None or found["expires_at"] <= now:
            raise LeaseLost(self.name)

    async def still_ours(self) -> None:
        """Raise LeaseLost unless the lease is ours at this moment; asked before each call to the outside."""
        async with self._db.read() as conn:
            now = await self._now(conn)
            mine = lease.c.name == self.name, lease.c.token == self.token
            expires_at = await conn.scalar(select(lease.c.expires_at).where(*mine))
        if expires_at is None or expires_at <= now:
            raise LeaseLost(self.name)

    async def release(self) -> None:
        """Let others have it at once."""
        self._good_until = 0.0
        async with self._db.write() as conn:
            mine = lease.c.name == self.name, lease.c.token == self.token
            await conn.execute(update(lease).where(*mine).values(expires_at=await database_time(conn)))

    async def keep(self) -> None:
        """Renew for ever. Raises LeaseLost, with the database's error as its cause where that did not answer
        until the lease had run out."""
        every = self._length.total_seconds() / _RENEWALS
        problem: DatabaseError | None = None
        while True:
            pause = every if problem is None else min(every, _RETRY_SECONDS)
            await asyncio.sleep(min(pause, max(0.0, self._good_until - _seconds())))
            if _seconds() >= self._good_until:
                raise LeaseLost(self.name) from problem
            try:
                async with asyncio.timeout(self._good_until - _seconds()):
                    await self.renew()
                problem = None
            except TimeoutError:
                problem = DatabaseGone(msg("The database does not answer."))
            except DatabaseError as error:
                problem = error


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it stands: the channel's name (or the lease's own), and who had it last."""

    name: str
    holder: str
    expires_at: datetime
    held: bool


async def list_held(db: Database) -> list[Held]:
    """Return all leases by name, those that have run out among them."""
    async with db.read() as conn:
        now = await database_time(conn)
        channels = {
            f"account:{row.id}": row.name for row in await conn.execute(select(account.c.id, account.c.name))
        }
        rows = await conn.execute(select(lease))
        found = [
            Held(channels.get(row.name, row.name), row.holder, row.expires_at, row.expires_at > now)
            for row in rows
        ]
    return sorted(found, key=lambda one: one.name)


async def end_held(db: Database, name: str) -> float:
    """Take a lease, named as :func:`list_held` does, away from whoever holds it.

    The holder stops at its next step. Nobody gets it before it would have run out: until then the holder may
    believe that it has it (see :meth:`Lease.must_be_fresh`). Returns after how many seconds it is free.
    Raises Invalid where nobody holds a lease of that name.
    """
    async with db.write() as conn:
        now = await database_time(conn)
        channel = await conn.scalar(select(account.c.id).where(account.c.name == name))
        own = f"account:{channel}" if channel is not None else name
        ended = await conn.execute(
            update(lease)
            .where(lease.c.name == own, lease.c.expires_at > now)
            .values(holder=NOBODY, token=lease.c.token + 1)
            .returning(lease.c.expires_at)
        )
        row = ended.first()
    if row is None:
        raise Invalid(msg("No server holds {name}.", name=name), msg("See lease list."))
    return float((row.expires_at - now).total_seconds())


def lasting_holder(data_dir: Path, proposed: str) -> str:
    """Return the holder (``host:id``) that works on ``data_dir``: the same after each start.

    ``proposed`` is kept there the first time, and again where the folder was copied to another host.
    """
    path = data_dir / "holder"
    host = proposed.rpartition(":")[0]
    with contextlib.suppress(FileNotFoundError):
        known = path.read_text("utf-8").strip()
        if known and known.rpartition(":")[0] == host:
            return known
    data_dir.mkdir(parents=True, exist_ok=True)
    path.write_text(proposed, "utf-8")
    return proposed


async def database_time(conn: AsyncConnection) -> datetime:
    """What time it is for the database: one clock for all servers. A SQLite file has only one server."""
    if conn.dialect.name == "sqlite":
        return clock.now()
    return clock.to_utc((await conn.execute(select(func.clock_timestamp()))).scalar_one())


def _seconds() -> float:
    """A clock of this computer that nobody sets and that, where there is one, goes on while it sleeps."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)
