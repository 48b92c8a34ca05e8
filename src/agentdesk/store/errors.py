"""What can go wrong with a database, told in one sentence each, and how drivers' errors become that."""

from __future__ import annotations

import asyncio
import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg


class DatabaseError(AgentDeskError):
    """The database cannot do its work at present. Nothing of the transaction was kept, unless the connection
    broke during the commit itself: whoever must know repeats under the same command id."""


class DatabaseGone(DatabaseError):
    """The database cannot be reached, or its file cannot be used."""


class DatabaseFull(DatabaseError):
    """There is no room left."""

    def __init__(self) -> None:
        super().__init__(
            msg("There is no room left on the database's disk."),
            msg("Free some space; work goes on by itself."),
        )


class DatabaseBusy(DatabaseError):
    """Somebody else held what was needed for too long; to be tried again."""

    def __init__(self) -> None:
        super().__init__(msg("The database is busy."), msg("It is tried again shortly."))


class DatabaseNewer(DatabaseError):
    """The schema was made by a newer version of the program: it is ``found``, and we know up to ``known``."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            msg(
                "This database was made by a newer AgentDesk: its schema is {found}, and this version"
                " knows those up to {known}.",
                found=found,
                known=known,
            ),
            msg("Install that version or a newer one; nothing was changed."),
        )


class DatabaseTooOld(DatabaseError):
    """The database program lacks what we need."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            msg("{found} is too old for AgentDesk.", found=found),
            msg("It needs {needed} or newer.", needed=needed),
        )


_SQLITE_HINTS: dict[int, Msg] = {
    sqlite3.SQLITE_READONLY: msg("The file or its folder is write-protected."),
    sqlite3.SQLITE_CANTOPEN: msg("Check that the folder exists and may be written to."),
    sqlite3.SQLITE_PERM: msg("Check that the file may be read and written."),
    sqlite3.SQLITE_IOERR: msg("The disk reported an error; check it."),
    sqlite3.SQLITE_NOTADB: msg("The file is not a database; choose another one."),
    sqlite3.SQLITE_CORRUPT: msg("The file is damaged; restore it from a backup."),
}
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_POSTGRES_HINTS: dict[str, Msg] = {
    "28P01": msg("The database did not accept the password."),
    "28000": msg("The database did not accept the user."),
    "3D000": msg("There is no database of that name; create it first."),
    "42501": msg("The database user lacks a permission."),
}
# Serialisation failure, deadlock, lock or statement time-out, too many connections.
_POSTGRES_BUSY = {"40001", "40P01", "55P03", "57014", "53300"}
# Connection failures, shutdown, crash, start-up in progress, cut while idle.
_POSTGRES_GONE = ("08", "57P", "25P03")

_UNREACHABLE = msg("Check that the database server runs; the connection is made again by itself.")


def gone(hint: Msg = _UNREACHABLE) -> DatabaseGone:
    """Return the error for a database that cannot be used, with ``hint`` as the remedy."""
    return DatabaseGone(msg("The database cannot be reached."), hint)


def translated(error: BaseException) -> DatabaseError | None:
    """Return our error for a driver's one, or None where it is none of the known failures.

    Broken rules (a unique key, a foreign key) and mistakes in SQL are not translated: they belong to the
    caller.
    """
    if isinstance(error, DatabaseError):
        return None
    if isinstance(error, PoolTimeout):
        return DatabaseBusy()
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _from_sqlite(error.orig)
        return _from_postgres(error)
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error)
    return None


def driver_errors(dialect: str) -> tuple[type[Exception], ...]:
    """Return all that a driver may raise; plain ones of the system only while it makes a connection."""
    common = (SQLAlchemyError, OSError, asyncio.TimeoutError)
    if dialect == "sqlite":
        return (*common, sqlite3.Error)
    import asyncpg  # costs time that a desk need not spend

    # A ValueError: the address makes no sense to it.
    return (*common, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)


def while_connecting(error: BaseException) -> DatabaseError | None:
    """Return our error for whatever kept a connection from being made, or None where it is unknown."""
    if known := translated(error):
        return known
    if isinstance(error, OSError) and error.filename is not None:
        return gone(_SQLITE_HINTS[sqlite3.SQLITE_CANTOPEN])
    if isinstance(error, OSError | asyncio.TimeoutError):
        return gone()
    if isinstance(error, DBAPIError | ValueError):  # for instance a parameter that the driver does not know
        cause = error.orig if isinstance(error, DBAPIError) else error
        return gone(msg("Check its address: {problem}", problem=str(cause)))
    sqlstate = getattr(error, "sqlstate", None)
    return _from_sqlstate(sqlstate) if isinstance(sqlstate, str) else None


def _from_sqlite(error: sqlite3.Error) -> DatabaseError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_BUSY:
        return DatabaseBusy()
    if code == sqlite3.SQLITE_FULL:
        return DatabaseFull()
    return gone(_SQLITE_HINTS[code]) if code in _SQLITE_HINTS else None


def _from_postgres(error: DBAPIError) -> DatabaseError | None:
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    known = _from_sqlstate(sqlstate)
    if known is None and error.connection_invalidated:
        return gone()
    return known


def _from_sqlstate(sqlstate: str) -> DatabaseError | None:
    if sqlstate == "53100":
        return DatabaseFull()
    if sqlstate in _POSTGRES_BUSY:
        return DatabaseBusy()
    if sqlstate in _POSTGRES_HINTS:
        return gone(_POSTGRES_HINTS[sqlstate])
    return gone() if sqlstate.startswith(_POSTGRES_GONE) else None
