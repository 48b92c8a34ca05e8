"""The door to a database: SQLite alone, PostgreSQL for teams, the same to everybody who asks.

SQLite: one connection writes (``BEGIN IMMEDIATE``, without which two writers silently lose updates), a few
others read, all in WAL mode, so that readers never wait for the writer. PostgreSQL: one pool.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlalchemy import ARRAY, Text, bindparam, event, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from agentdesk.base.errors import Invalid
from agentdesk.base.events import Bell
from agentdesk.base.text import msg
from agentdesk.store import trips
from agentdesk.store.errors import DatabaseBusy, driver_errors, translated, while_connecting
from agentdesk.store.fixed import Fixed
from agentdesk.store.herald import CHANNEL, Herald, Word, has_written, words_of
from agentdesk.store.sqlite import CACHE_MB, SteadyConnection, Step, Turn, sqlite_engine
from agentdesk.store.types import to_json

Dialect = Literal["sqlite", "postgresql"]

_POOL_WAIT_SECONDS = 60
_RETURN_SECONDS = 5.0
"""How long closing waits for connections that somebody uses."""
_POSTGRES_CONNECTIONS = 10
_POSTGRES_SPARE = 10
_ANSWER_SECONDS = 75.0
"""Who has not answered by then is not there any more: PostgreSQL itself gives a statement up after 60 s."""
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

_POOLED_SETTINGS = {name: _POSTGRES_SETTINGS[name] for name in ("application_name", "timezone")}
_LIMITED = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "jit")
_LIMITS = select(*(func.set_config(name, _POSTGRES_SETTINGS[name], True) for name in _LIMITED))

_NO_LIMITS = select(*(func.set_config(name, "0", False) for name in ("statement_timeout", "lock_timeout")))

_WORDS = func.unnest(bindparam("channels", type_=ARRAY(Text)), bindparam("texts", type_=ARRAY(Text)))
_SAID = _WORDS.table_valued("channel", "words").render_derived("said")
_TELL = Fixed(select(func.pg_notify(_SAID.c.channel, _SAID.c.words)))

_Kind = Literal["writer", "reader", "snapshots"]


@dataclass(frozen=True, slots=True)
class _Engines:
    writer: AsyncEngine
    reader: AsyncEngine
    snapshots: AsyncEngine
    pooled: bool = False


class Database:
    """A database, opened when first asked. ``url`` is ``sqlite:///path`` or ``postgresql://…``.

    On SQLite ``foreign_keys`` off lets rows come in any order, and ``durable`` off lets the last moments go
    with a loss of power (never a part of a transaction): for a desk's replica, which can be fetched again.
    ``key``: its file is encrypted with these 32 bytes; where they do not fit, its use raises WrongKey.
    ``reader_cache_mb``: how many MB of pages each of its readers keeps at most.
    Raises Invalid for another kind of URL; everything else is raised when it is used: see
    :mod:`agentdesk.store.errors`.
    """

    def __init__(
        self,
        url: str,
        *,
        foreign_keys: bool = True,
        durable: bool = True,
        key: bytes | None = None,
        reader_cache_mb: int = CACHE_MB,
    ) -> None:
        self.url, self.dialect = _parse(url)
        self.voice = secrets.token_hex(8)
        """What other servers are told of this one's writing under."""
        self._driver_errors = driver_errors(self.dialect)
        self._engines: _Engines | None = None
        self._herald = Herald(self._notify) if self.dialect == "postgresql" else None
        self._lent = self._closings = 0
        self._returned = Bell()
        self._turn = Turn(_POOL_WAIT_SECONDS) if self.dialect == "sqlite" else nullcontext()
        self._writer: SteadyConnection | None = None
        if self.dialect == "sqlite":
            options = {"foreign_keys": foreign_keys, "durable": durable}
            open_sqlite = partial(sqlite_engine, self.url, **options, key=key)
            reader = open_sqlite(writes=False, cache_mb=reader_cache_mb)
            self._engines = _Engines(open_sqlite(writes=True), reader, reader)

    @property
    def path(self) -> Path | None:
        """Where the file lies (SQLite), or None."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads. ``snapshot``: all statements see the same moment (on SQLite always).

        Raises DatabaseGone, DatabaseFull or DatabaseBusy.
        """
        async with self._connection("snapshots" if snapshot else "reader") as conn:
            if snapshot:
                await self._limit(conn)
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back by any error. On return it is on the disk.

        On SQLite writers take turns; keep it short. Raises DatabaseGone, DatabaseFull or DatabaseBusy.
        """
        async with self._turn, self._connection("writer") as conn:
            has_written(conn), words_of(conn)  # of a transaction that was rolled back
            async with conn.begin():
                await self._limit(conn)
                yield conn
                await trips.carry_out(conn)
            told = [*words_of(conn), *([(CHANNEL, self.voice)] if has_written(conn) else ())]
            if told and self._herald is not None:
                self._herald.tell(told)

    async def write_at_once(self, steps: Sequence[Step]) -> None:
        """One transaction of ready steps, on SQLite only, without SQLAlchemy: what that does for a
        transaction costs more than SQLite itself, and much comes in little pieces. Raises what :meth:`write`
        raises.
        """
        self._lent += 1
        try:
            async with self._turn:
                if self._writer is None or not self._writer.usable:
                    self._writer = await self._writing_connection()
                await self._writer.write_at_once(steps)
        except self._driver_errors as error:
            known = translated(error)
            if known is None:
                raise
            raise known from error
        finally:
            self._lent -= 1
            self._returned.ring()

    @asynccontextmanager
    async def maintain(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that may rebuild tables: on SQLite foreign keys are checked at its end only, and on
        PostgreSQL a statement may take as long as it needs where its own limits are lifted."""
        if self.dialect == "postgresql":
            engine = (await self._unhurried()).writer
        else:
            engine = sqlite_engine(self.url, writes=True, foreign_keys=False, durable=True)
        try:
            async with self._connection("writer", engine) as conn, conn.begin():
                await self._limit(conn)
                yield conn
                if self.dialect == "sqlite":
                    await _check_foreign_keys(conn)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[AsyncConnection]:
        """On PostgreSQL, statements outside of any transaction, which may take as long as they need: for what
        is built while others write."""
        engines = await self._unhurried()
        try:
            async with self._connection("writer", engines.reader) as conn:
                if not engines.pooled:  # a pooler's connections have no limits of ours, and go on to others
                    await conn.execute(_NO_LIMITS)
                yield conn
        finally:
            await engines.writer.dispose()

    async def scrub(self) -> None:
        """Leave nothing in the file of what was deleted: the full-text index is written anew, and the log of
        writes (WAL) is put into the file and emptied. Nothing to do on PostgreSQL, which tidies by itself.

        Raises DatabaseBusy where somebody reads on for very long.
        """
        if self.dialect == "postgresql":
            return
        async with self.write() as conn:
            await conn.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('optimize')")
        async with self._turn, self._connection("writer") as conn:
            raw = (await conn.get_raw_connection()).driver_connection
            assert raw is not None
            async with raw.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                busy, *_ = await cursor.fetchone()
        if busy:
            raise DatabaseBusy

    async def close(self) -> None:
        """Close all connections, those in use when they come back: for them it waits, but not for ever. Asked
        again, it opens anew."""
        if self._herald is not None:
            await self._herald.close()
        self._closings += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RETURN_SECONDS):
                while self._lent:
                    await self._returned.wait(self._returned.rings)
        if self._engines is not None:
            await self._engines.reader.dispose()
            await self._engines.writer.dispose()

    async def migrate(self) -> None:
        """Bring the schema up to date; an empty database gets all of it. Safe with several starters at once.

        Raises DatabaseNewer where a newer program has been here, and what :meth:`write` raises.
        """
        from agentdesk.store import migrations

        await migrations.migrate(self)

    async def pooled(self) -> bool:
        """Whether PostgreSQL is reached through a pooler. Raises DatabaseGone."""
        async with self._connection("reader"):
            return self._engines is not None and self._engines.pooled

    @asynccontextmanager
    async def _connection(
        self, kind: _Kind, engine: AsyncEngine | None = None
    ) -> AsyncIterator[AsyncConnection]:
        connected = False
        self._lent, closings = self._lent + 1, self._closings
        try:
            engines = self._engines or await self._open()
            async with (engine or getattr(engines, kind)).connect() as conn:
                connected = True
                trips.begin(conn)
                try:
                    yield conn
                finally:
                    if self._closings > closings:  # nobody would close it: its pool is gone, or goes now
                        await conn.invalidate()
        except self._driver_errors as error:
            known = translated(error) if connected else while_connecting(error)
            if known is None:
                raise
            raise known from error
        finally:
            self._lent -= 1
            self._returned.ring()

    async def _writing_connection(self) -> SteadyConnection:
        """The connection to a SQLite file that writes: the pool has only one. To be used in a turn."""
        async with self._connection("writer") as conn:
            connection = (await conn.get_raw_connection()).driver_connection
        assert isinstance(connection, SteadyConnection)
        return connection

    async def _open(self) -> _Engines:
        pooled = await _is_pooled(self.url)
        if self._engines is None:  # still: nobody else was faster
            self._engines = _postgresql_engines(self.url, pooled=pooled, answer_seconds=_ANSWER_SECONDS)
        return self._engines

    async def _unhurried(self) -> _Engines:
        """Connections to PostgreSQL that wait for ever for an answer; to be disposed of."""
        return _postgresql_engines(self.url, pooled=await self.pooled(), answer_seconds=None)

    async def _notify(self, words: Sequence[Word]) -> None:
        channels, texts = zip(*words, strict=True)
        async with self._connection("reader") as conn:
            await _TELL.rows(conn, {"channels": channels, "texts": texts})

    async def _limit(self, conn: AsyncConnection) -> None:
        """Behind a pooler: give this transaction the limits that a connection of ours has otherwise."""
        if self._engines is not None and self._engines.pooled:
            await conn.execute(_LIMITS)


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


def _address(url: URL) -> str:
    """As the driver reads it itself, so that sslmode and all else that libpq knows may stand in it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _is_pooled(url: URL) -> bool:
    """Say whether somebody stands between us and PostgreSQL, who may give us another of its processes for
    each transaction (PgBouncer): then it is not the process that greeted us that answers."""
    import asyncpg  # costs time that a desk need not spend

    try:
        connection = await asyncpg.connect(
            _address(url),
            timeout=10,
            command_timeout=10,
            statement_cache_size=0,
            server_settings=_POSTGRES_SETTINGS,
        )
    except asyncpg.ProtocolViolationError as error:
        if "startup parameter" in str(error):  # PgBouncer passes on few of them
            return True
        raise
    try:
        return bool(await connection.fetchval("SELECT pg_backend_pid()") != connection.get_server_pid())
    finally:
        connection.terminate()


async def _check_foreign_keys(conn: AsyncConnection) -> None:
    broken = (await conn.exec_driver_sql("PRAGMA foreign_key_check")).all()
    if broken:
        raise IntegrityError("PRAGMA foreign_key_check", None, Exception(repr(broken[:5])))


def _postgresql_engines(url: URL, *, pooled: bool, answer_seconds: float | None) -> _Engines:
    """Behind a pooler statements are not prepared beforehand: the next one may go to another process.

    ``answer_seconds``: how long a statement may go unanswered (None: for ever).
    """
    import asyncpg

    from agentdesk.store.postgresql import WatchedConnection, give_up_dead_line

    settings = _POOLED_SETTINGS if pooled else _POSTGRES_SETTINGS
    prepared = {"statement_cache_size": 0} if pooled else {}

    async def connect() -> Any:
        return await asyncpg.connect(
            _address(url),
            timeout=10,
            command_timeout=answer_seconds,
            connection_class=WatchedConnection,
            server_settings=settings,
            **prepared,
        )

    writer = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={
            "async_creator_fn": connect,
            **({"prepared_statement_cache_size": 0} if pooled else {}),
        },
        json_serializer=to_json,
        json_deserializer=msgspec.json.decode,
        pool_size=_POSTGRES_CONNECTIONS,
        max_overflow=_POSTGRES_SPARE,
        pool_timeout=_POOL_WAIT_SECONDS,
        pool_use_lifo=True,
    )
    event.listen(writer.sync_engine, "handle_error", give_up_dead_line)
    event.listen(writer.sync_engine, "before_cursor_execute", trips.before_statement)
    return _Engines(
        writer,
        writer.execution_options(isolation_level="AUTOCOMMIT"),
        writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        pooled,
    )
