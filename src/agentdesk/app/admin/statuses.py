"""``agentdesk admin status``."""

from __future__ import annotations

import argparse
import sys

from agentdesk.app.admin.console import say
from agentdesk.base.text import msg
from agentdesk.domain.availability import Availability
from agentdesk.server import statuses
from agentdesk.store.engine import Database


async def status_set(db: Database, parsed: argparse.Namespace) -> int:
    """Define a status of the team, or change one."""
    kind = None if parsed.kind is None else Availability(parsed.kind)
    await statuses.put_status(db, parsed.name, kind, parsed.icon, parsed.minutes)
    say(msg("Changed {name}.", name=parsed.name))
    return 0


async def status_retire(db: Database, parsed: argparse.Namespace) -> int:
    """Offer a status no more."""
    await statuses.retire_status(db, parsed.name)
    say(msg("Nobody can choose {name} any more. Who has it keeps it.", name=parsed.name))
    return 0


async def status_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print a line for each status, fields separated by tabs: its name, what it counts as, its icon, how many
    minutes it lasts (``-``: until another one is chosen), and ``retired`` or ``-``."""
    for one in await statuses.list_statuses(db):
        minutes = "-" if one.minutes is None else str(one.minutes)
        fields = one.name, one.kind, one.icon, minutes, "retired" if one.retired else "-"
        sys.stdout.write("\t".join(fields) + "\n")
    return 0
