"""``agentdesk admin backup``, ``adopt-restore`` and ``move``."""

from __future__ import annotations

import argparse
import math
from contextlib import ExitStack
from pathlib import Path

from agentdesk.app.admin.console import say
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg, plural
from agentdesk.server import backup as backups
from agentdesk.server import move as moving
from agentdesk.server import restore
from agentdesk.server.keys import key_place
from agentdesk.store.engine import Database
from agentdesk.store.lock import FolderLock

_MEGABYTE = 1_000_000


async def backup(db: Database, parsed: argparse.Namespace) -> int:
    """Copy the database into one file, and say where its key lies, which is not in it."""
    size = await backups.back_up(db, parsed.file)
    say(
        msg(
            "The database is copied to {path} ({size} MB).",
            path=str(parsed.file),
            size=f"{size / _MEGABYTE:.1f}",
        )
    )
    place = await key_place(db)
    if place is not None:
        say(
            msg(
                "Stored passwords need the key file {path}; keep a copy of it too, somewhere else.",
                path=str(place),
            )
        )
    return 0


async def adopt_restore(db: Database, parsed: argparse.Namespace) -> int:
    """Take up a restored database and say what was done."""
    folder = _folder(db, parsed)
    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(FolderLock(folder))
        done = await restore.adopt_restore(db, _tell_waiting)
    say(msg("The restored database is taken up; the server may start."))
    if done.looked_up:
        say(
            plural(
                "{count} message was not known to be sent: it is looked up among the sent mail first.",
                "{count} messages were not known to be sent: they are looked up among the sent mail first.",
                done.looked_up,
            )
        )
    else:
        say(msg("No message was waiting to be sent."))
    say(msg("Every desk is filled anew; what was written there and is not in the copy is offered again."))
    say(msg("People, passwords and sign-ins are as they were when the copy was made; check them."))
    return 0


async def move(db: Database, parsed: argparse.Namespace) -> int:
    """Move a server to PostgreSQL, tell of each table, and say what is to be done then."""
    folder = _folder(db, parsed)
    if folder is None:
        raise Invalid(msg("A server is moved from SQLite to PostgreSQL."))
    target = Database(parsed.to)
    try:
        with FolderLock(folder):  # a server without channels can be told by nothing else
            if target.dialect == "postgresql":
                await target.migrate()
            rows = await moving.move(db, target, _tell_table, _tell_waiting)
        place = await key_place(target)
    finally:
        await target.close()
    say(plural("{count} row is moved and compared.", "{count} rows are moved and compared.", rows))
    if place is not None:
        say(msg("The key that opens stored passwords now lies at {path} too.", path=str(place)))
    say(msg("Start the server with the new database; desks keep what was written and are filled anew."))
    say(msg("No server starts on the old database any more. Keep it until you have made a back-up."))
    return 0


def _folder(db: Database, parsed: argparse.Namespace) -> Path | None:
    """The server's folder: as it was given, else the one where a SQLite database lies."""
    if parsed.data is not None or db.path is None:
        given: Path | None = parsed.data
        return given
    return db.path.parent


def _tell_table(moved: moving.MovedTable) -> None:
    say(plural("{name}: {count} row", "{name}: {count} rows", moved.rows, name=moved.name))


def _tell_waiting(seconds: float) -> None:
    say(
        plural(
            "Making sure that no server works on it; this takes up to {count} second.",
            "Making sure that no server works on it; this takes up to {count} seconds.",
            math.ceil(seconds),
        )
    )
