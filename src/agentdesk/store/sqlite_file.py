"""Opening one SQLite file, plain or encrypted (SQLCipher), so that everybody above sees one driver.

Encrypted files are read by a second driver with the interface of ``sqlite3`` but with errors of its own:
:func:`as_sqlite` makes them ours. It is imported only where a key is given.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from agentdesk.base.text import msg
from agentdesk.store.errors import DatabaseError

__all__ = ["PAGE_BYTES", "WrongKey", "as_sqlite", "driver", "is_plain", "key_literal", "open_file", "set_key"]

PAGE_BYTES = 8_192
"""Of a new file: mails are large, and twice the usual page costs a seventh less time to write."""
_PLAIN_HEADER = b"SQLite format 3\0"
_OPEN_SECONDS = 10.0
_AGAIN_SECONDS = 0.02


class WrongKey(DatabaseError):
    """An encrypted file does not open with the key that was given, or is not encrypted at all."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            msg("What this desk keeps is encrypted with another key: {name}", name=path.name),
            msg("Sign in as the person, and to the server, it belongs to. Nothing was changed."),
        )


def driver(key: bytes | None) -> ModuleType:
    """Return the module that opens files with such a key (none: plain ones)."""
    if key is None:
        return sqlite3
    from sqlcipher3 import dbapi2

    found: ModuleType = dbapi2
    return found


def open_file(path: Path, pragmas: Sequence[str], key: bytes | None = None) -> sqlite3.Connection:
    """Open the file, making it (for its owner's eyes only) where it is missing. Blocks.

    ``key`` are 32 random bytes. Raises WrongKey and what ``sqlite3`` raises.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    module = driver(key)
    connection: sqlite3.Connection | None = None
    try:
        connection = module.connect(path, isolation_level=None, check_same_thread=False)
        assert connection is not None
        if key is None:
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        else:
            set_key(connection, key)
        for pragma in pragmas:
            _set(connection, module, pragma)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if not isinstance(error, module.Error):
            raise
        known = as_sqlite(error)
        if key is not None and known.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise WrongKey(path) from None
        raise known from error
    return connection


def _set(connection: sqlite3.Connection, module: ModuleType, pragma: str) -> None:
    """Carry out a pragma. Where others open a new file at the same moment, SQLite refuses to change the kind
    of journal at once, however long it would wait for a lock otherwise."""
    last = time.monotonic() + _OPEN_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
        except module.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def set_key(connection: sqlite3.Connection, key: bytes) -> None:
    """Say with which key the file is encrypted, and read its first page. Raises the driver's errors."""
    connection.execute("PRAGMA cipher_log_level=NONE")  # it would write about a wrong key to standard error
    connection.execute(f"PRAGMA key={key_literal(key)}")
    connection.execute(f"PRAGMA cipher_page_size={PAGE_BYTES}")
    connection.execute("SELECT count(*) FROM sqlite_master")


def key_literal(key: bytes) -> str:
    """Return a key as SQLCipher takes it without stretching it first: that is for passwords."""
    return f"\"x'{key.hex()}'\""


def as_sqlite(error: BaseException) -> sqlite3.Error:
    """Return an error of either driver as the one that ``sqlite3`` has for it."""
    if isinstance(error, sqlite3.Error):
        return error
    kind = getattr(sqlite3, type(error).__name__, sqlite3.DatabaseError)
    same: sqlite3.Error = kind(*error.args)
    same.sqlite_errorcode = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    same.sqlite_errorname = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    return same


def is_plain(path: Path) -> bool:
    """Say whether there is a SQLite file that anybody can read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_PLAIN_HEADER)) == _PLAIN_HEADER
    except FileNotFoundError:
        return False
