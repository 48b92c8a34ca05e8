"""Holding back whoever tries too often: passwords, and the codes of second factors.

Tries are counted in the database, so that all servers on it count together.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.server.leases import database_time
from agentdesk.store.engine import Database
from agentdesk.store.tables import sign_in_try

__all__ = ["Attempt", "Throttle", "TooManyAttempts", "forget_old_tries"]

_ATTEMPTS = 5
_WINDOW_SECONDS = 60.0
_REFUSED_SECONDS = 1.0
"""For how long a server refuses without asking the database again: a flood of tries costs it nothing."""
_REMEMBERED = 10_000


class TooManyAttempts(AgentDeskError):
    """Sign-in is throttled for a minute."""

    def __init__(self) -> None:
        super().__init__(msg("Too many attempts to sign in."), msg("Wait a minute, then try again."))


class _Full(Exception):
    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self.keys = keys


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in: when it began (the database's time), and for whom, as hashes in their order."""

    at: datetime
    keys: tuple[str, ...]


class Throttle:
    """Tries of the last minute that have not succeeded, by key: an address, a person, a network peer.

    A try counts from its beginning: many at once are held back like many in turn. Keys are kept as hashes:
    what somebody types for an address may be a password.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._refused: dict[str, float] = {}

    async def begin(self, *keys: str) -> Attempt:
        """Count a try. Raises TooManyAttempts, which counts for nothing."""
        hashes = tuple(
            sorted({hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest() for key in keys})
        )
        loop_time = asyncio.get_running_loop().time()
        if any(self._refused.get(key, 0.0) > loop_time for key in hashes):
            raise TooManyAttempts
        try:
            async with self._db.write() as conn:
                return await _count(conn, hashes)
        except _Full as full:
            if len(self._refused) >= _REMEMBERED:
                self._refused.clear()
            self._refused.update(dict.fromkeys(full.keys, loop_time + _REFUSED_SECONDS))
            raise TooManyAttempts from None

    async def forget(self, attempt: Attempt) -> None:
        """It succeeded: it does not count."""
        async with self._db.write() as conn:
            for key, tries in (await _locked(conn, attempt.keys)).items():
                left = list(tries)
                if attempt.at in left:
                    left.remove(attempt.at)
                    await _put(conn, key, left)


async def forget_old_tries(conn: AsyncConnection) -> int:
    """Drop what does not count any more; returns for how many keys."""
    over = await database_time(conn) - timedelta(seconds=_WINDOW_SECONDS)
    return (await conn.execute(delete(sign_in_try).where(sign_in_try.c.last_at < over))).rowcount


async def _count(conn: AsyncConnection, keys: Sequence[str]) -> Attempt:
    make = postgresql_insert if conn.dialect.name == "postgresql" else sqlite_insert
    asked = await database_time(conn)
    rows = [{"key": key, "tries": [], "last_at": asked} for key in keys]
    await conn.execute(make(sign_in_try).on_conflict_do_nothing(index_elements=["key"]), rows)
    known = await _locked(conn, keys)
    now = await database_time(conn)  # others may have been waited for
    since = now - timedelta(seconds=_WINDOW_SECONDS)
    recent = {key: [at for at in tries if at > since] for key, tries in known.items()}
    if full := [key for key, tries in recent.items() if len(tries) >= _ATTEMPTS]:
        raise _Full(full)
    for key, tries in recent.items():
        await _put(conn, key, [*tries, now], last_at=now)
    return Attempt(now, tuple(keys))


async def _locked(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, list[datetime]]:
    """The tries by key; all who lock several take them in the same order."""
    mine = select(sign_in_try).where(sign_in_try.c.key.in_(keys)).order_by(sign_in_try.c.key)
    rows = await conn.execute(mine.with_for_update())
    return {row.key: [datetime.fromisoformat(at) for at in row.tries] for row in rows}


async def _put(conn: AsyncConnection, key: str, tries: Sequence[datetime], **more: datetime) -> None:
    values = {"tries": [at.isoformat() for at in tries], **more}
    await conn.execute(update(sign_in_try).where(sign_in_try.c.key == key).values(values))
