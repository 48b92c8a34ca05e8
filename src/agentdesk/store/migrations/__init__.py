"""The schema's history, one tree for both databases, run inside the program: nobody calls ``alembic``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from agentdesk.base.log import get_logger
from agentdesk.store.errors import DatabaseNewer, DatabaseTooOld

if TYPE_CHECKING:
    from alembic.config import Config

    from agentdesk.store.engine import Database

_log = get_logger(__name__)

HEAD = "0008"
"""The newest revision: lets a start with nothing to do skip loading Alembic."""

# One has a descending column, the other is only on PostgreSQL (SQLite has the virtual table instead).
_ODD_INDEXES = {"ix_conversation_queue", "ix_search_entry_words"}
_OLDEST_SERVER = (13,)  # the first with transaction ids that never wrap (xid8)
_LOCK = 0x4167656E744465  # PostgreSQL: one migration at a time; freed with the transaction


async def migrate(db: Database) -> None:
    """Bring ``db`` to :data:`HEAD`, in one transaction. Raises DatabaseNewer."""
    async with db.read() as conn:
        if await conn.run_sync(_version) == HEAD:
            return
    async with db.maintain() as conn:
        await conn.run_sync(_upgrade)


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


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        _check_server(connection)
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = _version(connection)
    if version == HEAD:  # another starter was faster
        return
    config = config_for(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise DatabaseNewer
    command.upgrade(config, "head")
    _log.info("database migrated", before=version, after=HEAD)


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
