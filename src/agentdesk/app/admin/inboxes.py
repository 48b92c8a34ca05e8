"""``agentdesk admin inbox add|list|set|access|join|leave``."""

from __future__ import annotations

import argparse
import sys

from agentdesk.app.admin.console import say
from agentdesk.base.text import msg, plural
from agentdesk.server import admin, inboxes, members
from agentdesk.store.engine import Database


async def inbox_add(db: Database, parsed: argparse.Namespace) -> int:
    """Add an inbox."""
    await admin.add_inbox(db, parsed.name)
    say(msg("Added {name}.", name=parsed.name))
    return 0


async def inbox_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print all inboxes: name, ``everyone`` or ``members``, ``routed`` or ``-``, after how many seconds what
    was not opened goes to somebody else (``-``: never), and the members, separated by tabs."""
    known = await members.list_members(db)
    for one in await inboxes.list_inboxes(db):
        who = "everyone" if one.everyone else "members"
        seconds = "-" if one.open_within is None else one.open_within
        routed = "routed" if one.routed else "-"
        theirs = ",".join(known.get(one.name, ())) or "-"
        sys.stdout.write(f"{one.name}\t{who}\t{routed}\t{seconds}\t{theirs}\n")
    return 0


async def inbox_set(db: Database, parsed: argparse.Namespace) -> int:
    """Change how an inbox is routed."""
    routed = None if parsed.routing is None else parsed.routing == "on"
    await inboxes.set_routing(db, parsed.name, routed=routed, open_within=parsed.open_within)
    say(msg("Changed {name}.", name=parsed.name))
    return 0


async def inbox_access(db: Database, parsed: argparse.Namespace) -> int:
    """Let every agent work in an inbox, or its members alone."""
    hidden = await members.open_to_everyone(db, parsed.name, parsed.who == "everyone")
    if parsed.who == "everyone":
        say(msg("Every agent works in {name}.", name=parsed.name))
    elif (await members.list_members(db)).get(parsed.name.strip()):
        say(msg("Only its members work in {name}.", name=parsed.name))
    else:
        say(msg("Only its members work in {name}, and it has none: see inbox join.", name=parsed.name))
    _say_hidden(hidden)
    return 0


async def inbox_join(db: Database, parsed: argparse.Namespace) -> int:
    """Make a person a member of an inbox."""
    await members.join(db, parsed.name, parsed.email)
    say(msg("{value} is a member of {name}.", value=parsed.email, name=parsed.name))
    return 0


async def inbox_leave(db: Database, parsed: argparse.Namespace) -> int:
    """Let a person be a member of an inbox no more."""
    hidden = await members.leave(db, parsed.name, parsed.email)
    say(msg("{value} is no member of {name} any more.", value=parsed.email, name=parsed.name))
    _say_hidden(hidden)
    return 0


def _say_hidden(count: int) -> None:
    """What is assigned to somebody who does not see it, nobody works on."""
    if count:
        say(
            plural(
                "{count} conversation there is assigned to somebody who does not see it: give it to another.",
                "{count} conversations there are assigned to people who do not see them: give them away.",
                count,
            )
        )
