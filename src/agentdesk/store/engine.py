"""The door to a database: SQLite alone, PostgreSQL for teams, the same to everybody who asks.

SQLite: one connection writes (``BEGIN IMMEDIATE``, without which two writers silently lose updates), a few
others read, all in WAL mode, so that readers never wait for the writer. PostgreSQL: one pool.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.store.errors import DatabaseBusy, driver_errors, translated, while_connecting
from agentdesk.store.sqlite import sqlite_engine
from agentdesk.store.types import to_json

Dialect = Literal["sqlite", "postgresql"]

_POOL_WAIT_SECONDS = 60
_POSTGRES_CONNECTIONS = 10
_POSTGRES_SPARE = 10
_POSTGRES_SETTINGS = {
    "application_name": "agentdesk",
    "timezone": "UTC",
    "statement_timeout": "60000",
    "lock_timeout": "10000",
    "idle_in_transaction_session_timeout": "60000",
    "jit": "off",
    # A plan made for any word, or any state, is a bad one for most: searching took 80 ms instead of one.
    "plan_cache_mode": "force_custom_plan",
}


class Database:
    """A database, opened when first asked. ``url`` is ``sqlite:///path`` or ``postgresql://…``.

    On SQLite ``foreign_keys`` off lets rows come in any order, and ``durable`` off lets the last moments go
    with a loss of power (never a part of a transaction): for a desk's replica, which can be fetched again.
    Raises Invalid for another kind of URL; everything else is raised when it is used: see
    :mod:`agentdesk.store.errors`.
    """

    def __init__(self, url: str, *, foreign_keys: bool = True, durable: bool = True) -> None:
        self.url, self.dialect = _parse(url)
        self._driver_errors = driver_errors(self.dialect)
        if self.dialect == "sqlite":
            open_sqlite = partial(sqlite_engine, self.url, foreign_keys=foreign_keys, durable=durable)
            self._writer = open_sqlite(writes=True)
            self._reader = self._snapshots = open_sqlite(writes=False)
        else:
            self._writer = _postgresql_engine(self.url)
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
            self._snapshots = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def path(self) -> Path | None:
        """Where the file lies (SQLite), or None."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads. ``snapshot``: all statements see the same moment (on SQLite always).

        Raises DatabaseGone, DatabaseFull or DatabaseBusy.
        """
        async with self._connection(self._snapshots if snapshot else self._reader) as conn:
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back by any error. On return it is on the disk.

        On SQLite writers take turns; keep it short. Raises DatabaseGone, DatabaseFull or DatabaseBusy.
        """
        async with self._connection(self._writer) as conn, conn.begin():
            yield conn

    @asynccontextmanager
    async def maintain(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that may rebuild tables: on SQLite foreign keys are checked at its end only."""
        if self.dialect == "postgresql":
            async with self.write() as conn:
                yield conn
            return
        engine = sqlite_engine(self.url, writes=True, foreign_keys=False, durable=True)
        try:
            async with self._connection(engine) as conn, conn.begin():
                yield conn
                broken = (await conn.exec_driver_sql("PRAGMA foreign_key_check")).all()
                if broken:
                    raise IntegrityError("PRAGMA foreign_key_check", None, Exception(repr(broken[:5])))
        finally:
            await engine.dispose()

    async def scrub(self) -> None:
        """Leave nothing in the file of what was deleted: the full-text index is written anew, and the log of
        writes (WAL) is put into the file and emptied. Nothing to do on PostgreSQL, which tidies by itself.

        Raises DatabaseBusy where somebody reads on for very long.
        """
        if self.dialect == "postgresql":
            return
        async with self.write() as conn:
            await conn.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('optimize')")
        async with self._connection(self._writer) as conn:
            raw = (await conn.get_raw_connection()).driver_connection
            assert raw is not None
            async with raw.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                busy, *_ = await cursor.fetchone()
        if busy:
            raise DatabaseBusy

    async def close(self) -> None:
        """Close all connections. Asked again, it opens anew."""
        await self._reader.dispose()
        await self._writer.dispose()

    async def migrate(self) -> None:
        """Bring the schema up to date; an empty database gets all of it. Safe with several starters at once.

        Raises DatabaseNewer where a newer program has been here, and what :meth:`write` raises.
        """
        from agentdesk.store import migrations

        await migrations.migrate(self)

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connected = False
        try:
            async with engine.connect() as conn:
                connected = True
                yield conn
        except self._driver_errors as error:
            known = translated(error) if connected else while_connecting(error)
            if known is None:
                raise
            raise known from error


def _parse(url: str) -> tuple[URL, Dialect]:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    backend = parsed.drivername.split("+")[0] if parsed else ""
    if parsed and backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite+aiosqlite"), "sqlite"
    if parsed and backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg"), "postgresql"
    raise Invalid(
        msg("This is not the address of a database."),
        msg("Write sqlite:///path/of/a/file or postgresql://user:password@host/name."),
        field="database",
    )


def _postgresql_engine(url: URL) -> AsyncEngine:
    import asyncpg  # costs time that a desk need not spend

    # The driver reads the address itself, so that sslmode and all else that libpq knows may stand in it.
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def connect() -> Any:
        return await asyncpg.connect(address, timeout=10, server_settings=_POSTGRES_SETTINGS)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        json_serializer=to_json,
        json_deserializer=msgspec.json.decode,
        pool_size=_POSTGRES_CONNECTIONS,
        max_overflow=_POSTGRES_SPARE,
        pool_timeout=_POOL_WAIT_SECONDS,
        pool_use_lifo=True,
    )
