"""``agentdesk admin backup`` and ``adopt-restore``."""

from __future__ import annotations

import argparse
import math
import sys
from contextlib import ExitStack

from agentdesk.base.i18n import render
from agentdesk.base.text import Msg, msg, plural
from agentdesk.server import backup as backups
from agentdesk.server import restore
from agentdesk.server.keys import key_place
from agentdesk.store.engine import Database
from agentdesk.store.lock import FolderLock

_MEGABYTE = 1_000_000


async def backup(db: Database, parsed: argparse.Namespace) -> int:
    """Copy the database into one file, and say where its key lies, which is not in it."""
    size = await backups.back_up(db, parsed.file)
    _say(
        msg(
            "The database is copied to {path} ({size} MB).",
            path=str(parsed.file),
            size=f"{size / _MEGABYTE:.1f}",
        )
    )
    place = await key_place(db)
    if place is not None:
        _say(
            msg(
                "Stored passwords need the key file {path}; keep a copy of it too, somewhere else.",
                path=str(place),
            )
        )
    return 0


async def adopt_restore(db: Database, parsed: argparse.Namespace) -> int:
    """Take up a restored database and say what was done."""
    with ExitStack() as stack:
        if parsed.data is not None:
            stack.enter_context(FolderLock(parsed.data))
        done = await restore.adopt_restore(db, _tell_waiting)
    _say(msg("The restored database is taken up; the server may start."))
    if done.looked_up:
        _say(
            plural(
                "{count} message was not known to be sent: it is looked up among the sent mail first.",
                "{count} messages were not known to be sent: they are looked up among the sent mail first.",
                done.looked_up,
            )
        )
    else:
        _say(msg("No message was waiting to be sent."))
    _say(msg("Every desk is filled anew; what was written there and is not in the copy is offered again."))
    _say(msg("People, passwords and sign-ins are as they were when the copy was made; check them."))
    return 0


def _tell_waiting(seconds: float) -> None:
    _say(
        plural(
            "Making sure that no server works on it; this takes up to {count} second.",
            "Making sure that no server works on it; this takes up to {count} seconds.",
            math.ceil(seconds),
        )
    )


def _say(message: Msg) -> None:
    sys.stdout.write(render(message) + "\n")
    sys.stdout.flush()
