"""``agentdesk admin inbox list|set``."""

from __future__ import annotations

import argparse
import sys

from agentdesk.base.i18n import render
from agentdesk.base.text import msg
from agentdesk.server import inboxes
from agentdesk.store.engine import Database


async def inbox_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print all inboxes: name, ``everyone`` or ``members``, ``routed`` or ``-``, and after how many seconds
    what was not opened goes to somebody else (``-``: never), separated by tabs."""
    for one in await inboxes.list_inboxes(db):
        who = "everyone" if one.everyone else "members"
        seconds = "-" if one.open_within is None else one.open_within
        sys.stdout.write(f"{one.name}\t{who}\t{'routed' if one.routed else '-'}\t{seconds}\n")
    return 0


async def inbox_set(db: Database, parsed: argparse.Namespace) -> int:
    """Change how an inbox is routed."""
    routed = None if parsed.routing is None else parsed.routing == "on"
    await inboxes.set_routing(db, parsed.name, routed=routed, open_within=parsed.open_within)
    sys.stdout.write(render(msg("Changed {name}.", name=parsed.name)) + "\n")
    return 0
