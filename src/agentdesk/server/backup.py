"""A copy of the database while the server works: one file, consistent, and marked as a copy.

SQLite is copied here (its online back-up reads one snapshot and holds no writer up); for PostgreSQL
``pg_dump`` does the same. The key that opens stored passwords is never in the copy.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import inspect

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import msg
from agentdesk.store.engine import Database
from agentdesk.store.errors import translated
from agentdesk.store.facts import put_fact
from agentdesk.store.tables import server_info
from agentdesk.sync.changelog import COPIED_NAME

BACKED_UP_NAME = "backed_up_at"
"""The fact of the server that says when the last back-up was made; the doctor reads it."""
_BUSY_SECONDS = 30.0
_PASSWORD_VARIABLE = "PGPASSWORD"  # noqa: S105 - the name of it, not the word


async def back_up(db: Database, target: Path) -> int:
    """Copy the database to ``target``, a file that does not exist yet; returns its size in bytes.

    Nothing is there under that name unless the copy is complete. Raises Invalid where ``target`` cannot be
    used, DatabaseError, and AgentDeskError where ``pg_dump`` is missing or fails.
    """
    _check(target)
    part = target.with_name(f"{target.name}.part")
    try:
        _make_private(part)
        if db.path is not None:
            await asyncio.to_thread(_copy_sqlite, db.path, part)
        else:
            await _dump(db, part)
        size = _keep(part, target)
    except OSError as error:
        why = error.strerror or str(error)
        raise AgentDeskError(msg("{path} cannot be written: {why}.", path=str(target), why=why)) from error
    finally:
        part.unlink(missing_ok=True)
    await _note(db)
    return size


def dump_command(db: Database, target: Path) -> list[str]:
    """Return the words of the command that copies a PostgreSQL database; no password stands in them."""
    url = db.url.set(drivername="postgresql").difference_update_query(["password"])
    address = url._replace(password=None).render_as_string(hide_password=False)
    return ["pg_dump", "--format=custom", "--no-owner", f"--file={target}", address]


async def _note(db: Database) -> None:
    """Write down when the back-up was made, where the database is one of ours already."""
    async with db.write() as conn:
        if await conn.run_sync(lambda connection: inspect(connection).has_table(server_info.name)):
            await put_fact(conn, BACKED_UP_NAME, clock.now().isoformat())


def _check(target: Path) -> None:
    if target.exists():
        raise Invalid(msg("{path} exists already.", path=str(target)), msg("Choose another name."))
    if not target.parent.is_dir():
        raise Invalid(msg("There is no folder {path}.", path=str(target.parent)))


def _make_private(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _keep(part: Path, target: Path) -> int:
    """Give the finished copy its name, safe from a loss of power; returns its size."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return target.stat().st_size


def _copy_sqlite(source: Path, part: Path) -> None:
    if not source.exists():
        raise Invalid(msg("There is no database at {path}.", path=str(source)))
    try:
        with (
            contextlib.closing(sqlite3.connect(source, timeout=_BUSY_SECONDS)) as original,
            contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy,
        ):
            original.backup(copy)  # all pages in one step: one snapshot, whatever is written meanwhile
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            _mark(copy)
            if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise AgentDeskError(
                    msg("The database is damaged: its copy does not pass the check."),
                    msg("Restore an older back-up, and have the disk checked."),
                )
    except sqlite3.Error as error:
        known = translated(error)
        if known is None:
            raise
        raise known from error


def _mark(copy: sqlite3.Connection) -> None:
    """Say in the copy that it is one; a server starts on it only when it has been adopted."""
    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'server_info'").fetchone() is None:
        return
    made_at = (COPIED_NAME, clock.now().isoformat())
    copy.execute("INSERT OR REPLACE INTO server_info (name, value) VALUES (?, ?)", made_at)


async def _dump(db: Database, part: Path) -> None:
    command = dump_command(db, part)
    program = shutil.which(command[0])
    if program is None:
        shown = " ".join(dump_command(db, part.with_suffix("")))
        raise AgentDeskError(
            msg("A PostgreSQL database is copied by pg_dump, which is not installed here."),
            msg("Run this where it is: {command}", command=shown),
        )
    given = db.url.password or db.url.query.get("password")
    password = {_PASSWORD_VARIABLE: str(given)} if given else {}
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], stderr=asyncio.subprocess.PIPE, env={**os.environ, **password}
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        raise AgentDeskError(msg("pg_dump failed: {why}", why=lines[-1][:300] if lines else "?"))
