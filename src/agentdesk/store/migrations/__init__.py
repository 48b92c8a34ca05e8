"""The schema's history, one tree for both databases, run inside the program: nobody calls ``alembic``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, inspect, text

from agentdesk.base.backoff import Backoff
from agentdesk.base.log import get_logger
from agentdesk.store.errors import DatabaseBusy, DatabaseNewer, DatabaseTooOld
from agentdesk.store.migrations.indexes import NewIndex, build, missing

if TYPE_CHECKING:
    from alembic.config import Config

    from agentdesk.store.engine import Database

_log = get_logger(__name__)

HEAD = "0025"
"""The newest revision: lets a start with nothing to do skip loading Alembic."""

# One has a descending column, the other is only on PostgreSQL (SQLite has the virtual table instead).
_ODD_INDEXES = {"ix_conversation_queue", "ix_search_entry_words"}
_OLDEST_SERVER = (13,)  # the first with transaction ids that never wrap (xid8)
_LOCK = 0x4167656E744465  # PostgreSQL: one migration at a time; freed with the transaction
# Longer than PostgreSQL's deadlock_timeout, after which a waiter sends autovacuum away from a table.
_ONE_TABLE = "1200ms"
# Shorter than that: whoever holds one of the tables and waits for another finds no deadlock, but goes on.
_ALL_TABLES = "400ms"
_AGAIN = Backoff(0.5, 5.0)
_TELL_EVERY = 12


class _Step(NamedTuple):
    """How far one transaction came: at the end, or held up by indexes that must be built before."""

    reached: bool
    missing: tuple[NewIndex, ...] = ()


async def migrate(db: Database) -> None:
    """Bring ``db`` to :data:`HEAD`: an empty database and SQLite in one transaction, PostgreSQL in one for
    each revision, while servers of the version before work on. Where somebody holds a table for long, it
    steps back and comes again, as long as it takes. Raises DatabaseNewer.
    """
    async with db.read() as conn:
        if await conn.run_sync(_version) == HEAD:
            return
    failures = 0
    while True:
        try:
            if await step(db):
                return
        except DatabaseBusy:
            if db.dialect == "sqlite":
                raise
            if failures % _TELL_EVERY == 0:
                _log.warning("the migration waits for a long transaction of somebody else")
            failures += 1
            await asyncio.sleep(_AGAIN.delay(failures))


async def step(db: Database) -> bool:
    """Go one step of :func:`migrate`; returns whether :data:`HEAD` is reached. Raises DatabaseBusy too."""
    async with db.maintain() as conn:
        came = await conn.run_sync(_upgrade)
    if came.missing:
        await build(db, came.missing)
    return came.reached


def hold(*changed: str, referenced: Collection[str] = ()) -> None:
    """Take what a revision changes, before it changes anything; ``referenced``: tables that new foreign keys
    point to. Called first in each ``upgrade`` that touches tables which were there before.

    A statement that waits for a table holds up all that come after it, also those that only read: so it waits
    for a moment only, first for each table alone and then for all of them. Raises a lock or statement
    time-out of the driver (DatabaseBusy), and nothing was changed.
    """
    from alembic import op

    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    locks = [f"LOCK TABLE {quote(name)} IN ACCESS EXCLUSIVE MODE" for name in changed]
    locks += [f"LOCK TABLE {quote(name)} IN SHARE ROW EXCLUSIVE MODE" for name in referenced]
    connection.execute(text(f"SET LOCAL lock_timeout = '{_ONE_TABLE}'"))
    for lock in locks:
        alone = connection.begin_nested()
        connection.execute(text(lock))
        alone.rollback()  # lets go of the table
    connection.execute(text(f"SET LOCAL statement_timeout = '{_ALL_TABLES}'"))
    # As one statement, so that the limit is for all of them.
    body = "; ".join(locks)
    connection.execute(text(f"DO $$ BEGIN {body}; END $$"))
    connection.execute(text("SET LOCAL statement_timeout = 0"))


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def config_for(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to ``connection``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> _Step:
    """Go one transaction's way towards :data:`HEAD`."""
    from alembic import command
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        _check_server(connection)
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = _version(connection)
    if version == HEAD:  # another starter was faster
        return _Step(reached=True)
    config = config_for(connection)
    scripts = {script.revision: script for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in scripts:
        raise DatabaseNewer(version, HEAD)
    stepwise = version is not None and connection.dialect.name == "postgresql"
    if stepwise:
        following = next(script.module for script in scripts.values() if script.down_revision == version)
        unbuilt = missing(connection, getattr(following, "INDEXES", ()))
        if unbuilt:
            return _Step(reached=False, missing=unbuilt)
    command.upgrade(config, "+1" if stepwise else "head")
    after = _version(connection)
    _log.info("database migrated", before=version, after=after)
    return _Step(reached=after == HEAD)


def _check_server(connection: Connection) -> None:
    version = connection.dialect.server_version_info or (0,)
    if version < _OLDEST_SERVER:
        raise DatabaseTooOld(f"PostgreSQL {version[0]}", f"PostgreSQL {_OLDEST_SERVER[0]}")


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out what SQLite makes by itself for the search index."""
    return not (kind == "table" and name is not None and name.startswith("search_index"))


def include_object(_item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Leave out the indexes that Alembic cannot compare; a test compares them as the databases tell them."""
    return not (kind == "index" and name in _ODD_INDEXES)
