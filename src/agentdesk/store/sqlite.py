"""SQLite behind SQLAlchemy's async engine: pragmas, one writer, a few readers, and cancelling that works."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import traceback
from collections.abc import Callable, Coroutine, Sequence
from functools import cache, partial
from pathlib import Path
from threading import get_ident
from types import ModuleType
from typing import Any, TypeVar

import aiosqlite
import msgspec
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from agentdesk.store.errors import DatabaseBusy, DatabaseTooOld
from agentdesk.store.sqlite_file import as_sqlite, driver, open_file
from agentdesk.store.types import to_json

_POOL_WAIT_SECONDS = 60
_BUSY_MILLISECONDS = 10_000
_INTERRUPT_AGAIN_SECONDS = 0.02
_READERS = 4
CACHE_MB = 8
"""MB of pages that each connection keeps where nothing else is wanted."""
_CHUNK = 64
_OLDEST = (3, 38)


T = TypeVar("T")

Statement = tuple[str, Sequence[tuple[Any, ...]]]
"""One statement in SQLite's own words, and the rows of values that it is run with."""
Step = Statement | Callable[[sqlite3.Connection], object]
"""A part of a transaction: a statement, or what has to read before it knows what to write."""


class SteadyConnection(aiosqlite.Connection):
    """A connection whose statements end when their task is cancelled.

    The plain one lets the statement run on (measured: ten seconds), and may then be dropped with its
    transaction open: the next writer finds the file locked. Errors of ``driver`` come out as those of
    ``sqlite3``.
    """

    driver: ModuleType = sqlite3
    _stopped: asyncio.Future[Any] | None = None
    _at_once_in: int | None = None
    """The thread, while it carries out a coroutine with statements of this connection."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        self._opened: sqlite3.Connection | None = None

        def connect() -> sqlite3.Connection:
            self._opened = connector()
            return self._opened

        self._open = connect
        super().__init__(connect, iter_chunk_size)

    def stop(self) -> asyncio.Future[Any] | None:
        """Let the thread end; the future, the same each time, is done when it does."""
        if self._stopped is None:
            self._tx.put_nowait((None, self._close_opened))
            self._stopped = super().stop()
        return self._stopped

    def _close_opened(self) -> None:
        """Close what was opened, also where whoever asked for it was cancelled meanwhile and never had it: a
        connection that is dropped keeps its file open until the garbage collector comes by."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    async def _connect(self) -> aiosqlite.Connection:
        try:
            return await super()._connect()
        except BaseException:
            if self._stopped is not None:  # else the thread may outlive the loop it reports to
                await self._stopped
            raise

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        if _is_instant(fn, self.driver):
            return fn(*args, **kwargs)
        try:
            if self._at_once_in == get_ident():
                return fn(*args, **kwargs)
            done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._tx.put_nowait((done, partial(fn, *args, **kwargs)))
            return await done
        except asyncio.CancelledError:
            cursor = getattr(fn, "__self__", None)
            mine = cursor if isinstance(cursor, self.driver.Cursor) else None
            await self._stop_statements(self._connection, mine)
            raise
        except self.driver.Error as error:
            if isinstance(error, sqlite3.Error):
                raise
            raise as_sqlite(error) from error

    async def _stop_statements(self, connection: sqlite3.Connection, cursor: sqlite3.Cursor | None) -> None:
        """Stop what the thread has to do, and wait for it however often this task is cancelled meanwhile.

        ``cursor`` is closed then: a statement with rows left to fetch would keep the interrupt alive, which
        would stop the ROLLBACK too, and the file would stay locked.
        """
        idle: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((idle, _nothing if cursor is None else cursor.close))
        while not idle.done():
            with contextlib.suppress(self.driver.ProgrammingError):  # closed meanwhile
                connection.interrupt()  # forgotten by SQLite where the thread has not begun the statement yet
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((idle,), timeout=_INTERRUPT_AGAIN_SECONDS)

    async def rollback(self) -> None:
        """Take the transaction back, if there is one."""
        if self._connection is not None and self._connection.in_transaction:
            await self._execute(self._take_back)

    def _take_back(self) -> None:
        """Roll back, in the thread. The full-text index may keep a statement open, by which an interrupt
        outlives the one that it was meant for and stops the ROLLBACK too: a connection that is closed is
        rolled back as well."""
        assert self._connection is not None
        try:
            self._connection.rollback()
        except self.driver.OperationalError as error:
            if str(error) != "interrupted":
                raise
            self._close_opened()
            self._connection = self._open()

    @property
    def usable(self) -> bool:
        """Whether it is open and nobody has asked it to close."""
        return self._running and self._stopped is None and self._connection is not None

    async def write_at_once(self, steps: Sequence[Step]) -> None:
        """Take steps as one transaction, in a single trip to the thread."""
        await self.at_once(partial(self._transaction, steps=steps))

    def _transaction(self, connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in steps:
                if callable(step):
                    step(connection)
                else:
                    connection.executemany(*step)
            connection.execute("COMMIT")  # unlike commit(), it is prepared only once
        except BaseException:
            self._take_back()
            raise

    async def at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work``, which may be many statements, in a single trip to the thread."""
        assert self._connection is not None
        done: T = await self._execute(partial(_leaving_nothing_open, work), self._connection)
        return done

    async def all_at_once(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Carry out a coroutine, which awaits nothing but statements of this connection, in a single trip to
        the thread."""

        def carry_out(_: sqlite3.Connection) -> T:
            self._at_once_in = get_ident()
            try:
                return _carried_out(work())
            finally:
                self._at_once_in = None

        return await self.at_once(carry_out)

    async def close(self) -> None:
        """Roll back and close: a statement that somebody still holds must not keep the file locked."""
        if self._stopped is None and self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                await self._execute(self._connection.rollback)
        if self._stopped is None:
            await super().close()
        else:
            await self._stopped  # somebody has lost patience: the thread closes what is open


class Turn:
    """Lets those who want to write to one file do so one after the other, first come, first served.

    Usable in an ``async with`` statement, which raises DatabaseBusy after waiting for ``seconds``.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        if not self._lock.locked():
            await self._lock.acquire()
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._lock.acquire()
        except TimeoutError:
            raise DatabaseBusy from None

    async def __aexit__(self, *_error: object) -> None:
        self._lock.release()


def _nothing() -> None:
    pass


async def at_once(conn: AsyncConnection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run ``work`` in the transaction of ``conn``, in a single trip to its thread; SQLite only."""
    return await (await _steady(conn)).at_once(work)


async def all_at_once(conn: AsyncConnection, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Carry out a coroutine, which awaits nothing but statements of ``conn``, in a single trip to its thread:
    the way there and back costs more than most of them. SQLite only."""
    return await (await _steady(conn)).all_at_once(work)


async def _steady(conn: AsyncConnection) -> SteadyConnection:
    connection = (await conn.get_raw_connection()).driver_connection
    assert isinstance(connection, SteadyConnection)
    return connection


def _leaving_nothing_open(work: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """Do ``work``. Where it is cut short, no statement may stay behind in the story of the error: it would
    keep the interrupt alive, which would stop the ROLLBACK too."""
    try:
        return work(connection)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        raise


def _carried_out(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("this coroutine waits for something else than its connection")


def _is_instant(fn: Callable[..., Any], module: ModuleType) -> bool:
    """Whether ``fn`` makes a cursor or closes one: no work for the thread, and most of the trips to it."""
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, module.Connection):
        return fn.__name__ == "cursor"
    return isinstance(owner, module.Cursor) and fn.__name__ == "close"


def sqlite_engine(
    url: URL,
    *,
    writes: bool,
    foreign_keys: bool,
    durable: bool,
    key: bytes | None = None,
    cache_mb: int = CACHE_MB,
) -> AsyncEngine:
    """Return an engine for one file: a single connection that writes, or a few that only read.

    ``durable``: what is committed survives the loss of power (costs 0.2 ms per commit on a fast disk; all
    else being equal a batch of a hundred mails takes the same time); otherwise the last moments may be gone,
    but never a part of a transaction. ``foreign_keys`` off: rows may come before those they point to.
    ``key``: the file is encrypted with these 32 bytes. ``cache_mb``: how many MB of pages each
    connection keeps.
    """
    if key is None:
        _check_library()
    path = Path(url.database or "")
    pragmas = (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'NORMAL'}",
        "journal_size_limit=67108864",
        "temp_store=MEMORY",
        f"cache_size=-{1000 * cache_mb}",
        "secure_delete=ON",  # what is deleted is overwritten: an erased customer is gone from the file
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        f"query_only={'OFF' if writes else 'ON'}",
    )

    def connect(*_args: Any, **_options: Any) -> SteadyConnection:
        connection = SteadyConnection(partial(open_file, path, pragmas, key), _CHUNK)
        connection.driver = driver(key)
        connection._thread.daemon = True
        return connection

    engine = create_async_engine(
        url,
        connect_args={"async_creator_fn": connect},
        json_serializer=to_json,
        json_deserializer=msgspec.json.decode,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_SECONDS,
        pool_use_lifo=not writes,  # readers: a warm page cache; writers: first come, first served
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


@cache
def _check_library() -> None:
    """Raise DatabaseTooOld where Python came with a SQLite that cannot do what we ask of it."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    if sqlite3.sqlite_version_info < _OLDEST or "ENABLE_FTS5" not in options:
        raise DatabaseTooOld(f"SQLite {sqlite3.sqlite_version}", "SQLite 3.38 with FTS5")
