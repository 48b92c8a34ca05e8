"""``agentdesk admin contact mark|export|erase|erasures``, ``conversation mark|holds``, ``retention …``."""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Sequence

from agentdesk.app.admin.console import say
from agentdesk.base.errors import Invalid
from agentdesk.base.i18n import render
from agentdesk.base.text import msg, plural
from agentdesk.commands.context import SYSTEM
from agentdesk.commands.values import MarkContact, MarkConversation
from agentdesk.server import privacy, retention
from agentdesk.server.exporting import export_contact
from agentdesk.server.findings import moment_text
from agentdesk.server.naming import Naming, named_elsewhere, views_left, views_named_after
from agentdesk.store.engine import Database

_MOST_DIGITS = 9
_WORDS = {"yes": True, "no": False, None: None}


async def mark(db: Database, parsed: argparse.Namespace) -> int:
    """Mark a customer as sensitive, or put them under a legal hold."""
    contact_id = await privacy.find_contact(db, parsed.contact)
    marks = MarkContact(
        contact_id=contact_id, sensitive=_WORDS[parsed.sensitive], legal_hold=_WORDS[parsed.hold]
    )
    await privacy.do(db, marks)
    say(msg("Changed {name}.", name=str(contact_id)))
    return 0


async def hold(db: Database, parsed: argparse.Namespace) -> int:
    """Put a single conversation under a legal hold, or lift it."""
    async with db.read() as conn:
        conversation_id = await privacy.conversation_id(conn, parsed.conversation)
    held = bool(_WORDS[parsed.hold])
    await privacy.do(db, MarkConversation(conversation_id=conversation_id, legal_hold=held))
    say(msg("Changed {name}.", name=parsed.conversation))
    return 0


async def holds(db: Database, _parsed: argparse.Namespace) -> int:
    """Print the numbers of conversations that are under a legal hold."""
    for number in await privacy.held_conversations(db):
        sys.stdout.write(f"{number}\n")
    return 0


async def erase(db: Database, parsed: argparse.Namespace) -> int:
    """Erase a customer for ever, and name the conversations with others that name them; ``--dry-run`` does
    only that."""
    contact_id = await privacy.find_contact(db, parsed.contact)
    views = await views_named_after(db, contact_id)
    if parsed.dry_run:
        _say_elsewhere(await named_elsewhere(db, contact_id))
        _say_views(list(views.values()))
        return 0
    if not parsed.yes:
        raise Invalid(
            msg("This erases all that was said with this customer. It cannot be undone."),
            msg("Add --yes to do it."),
        )
    elsewhere = await named_elsewhere(db, contact_id)
    done = await privacy.erase(db, contact_id, f"{socket.gethostname()}:admin-{os.getpid()}")
    messages = done.counts.get("messages", 0)
    say(plural("Erased {count} message.", "Erased {count} messages.", messages))
    _say_desks(done)
    say(msg("Back-ups made before still hold all of it."))
    _say_elsewhere(elsewhere)
    left = await views_left(db, views)
    _say_views([words for view_id, words in views.items() if view_id in left])
    return 0


def _say_views(views: Sequence[str]) -> None:
    """Saved searches for somebody's name stay: they may mean somebody else."""
    if views:
        say(
            plural(
                "{count} saved view names this customer; look at it yourself (name, whose it is, * shared):",
                "{count} saved views name this customer; look at them yourself (name, whose, * shared):",
                len(views),
            )
        )
    for one in views:
        sys.stdout.write(f"  {one}\n")


def _say_elsewhere(namings: Sequence[Naming]) -> None:
    """What stands in conversations with others stays: a person decides."""
    if not namings:
        say(msg("No conversation with somebody else names this customer."))
        return
    say(
        plural(
            "{count} conversation with somebody else names this customer; look at it yourself:",
            "{count} conversations with others name this customer; look at them yourself:",
            len({one.number for one in namings}),
        )
    )
    for one in namings:
        sys.stdout.write(f"  #{one.number}\t{one.excerpt}\n")


async def export(db: Database, parsed: argparse.Namespace) -> int:
    """Write everything about a customer into a ZIP that only its owner may read."""
    contact_id = await privacy.find_contact(db, parsed.contact)
    try:
        with os.fdopen(os.open(parsed.to, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as file:
            counts = await export_contact(db, contact_id, SYSTEM, file)
    except OSError as error:
        raise Invalid(
            msg("{path} cannot be written: {why}.", path=str(parsed.to), why=error.strerror or "?"),
            msg("Name a file that does not exist yet."),
        ) from error
    say(plural("Exported {count} message.", "Exported {count} messages.", counts["messages"]))
    return 0


async def erasures(db: Database, parsed: argparse.Namespace) -> int:
    """List erasures, and the desks that may still hold a copy; the status is 1 while there are any."""
    found = await privacy.list_erasures(db)
    for one in found:
        if parsed.json:
            sys.stdout.write(json.dumps(_as_json(one)) + "\n")
            continue
        state = moment_text(one.done_at) if one.done_at else render(msg("running"))
        sys.stdout.write(f"{one.contact_id}\t{moment_text(one.asked_at)}\t{state}\n")
        _say_desks(one)
    return 1 if any(one.open_ones or one.done_at is None for one in found) else 0


def _say_desks(one: privacy.Erasure) -> None:
    if one.done_at is None:
        return
    if not one.open_ones:
        say(plural("{count} desk has confirmed it.", "All {count} desks have confirmed it.", one.desks))
        return
    say(
        plural(
            "{count} desk has not confirmed it yet:",
            "{count} desks have not confirmed it yet:",
            len(one.open_ones),
        )
    )
    for desk in one.open_ones:
        sys.stdout.write(f"  {desk.person}\t{moment_text(desk.seen_at)}\t{desk.desk_id}\n")


def _as_json(one: privacy.Erasure) -> dict[str, object]:
    return {
        "id": str(one.id),
        "contact_id": str(one.contact_id),
        "asked_at": one.asked_at.isoformat(),
        "done_at": one.done_at.isoformat() if one.done_at else None,
        "counts": one.counts,
        "desks": one.desks,
        "open": [
            {"person": desk.person, "desk_id": str(desk.desk_id), "seen_at": desk.seen_at.isoformat()}
            for desk in one.open_ones
        ],
    }


async def retention_set(db: Database, parsed: argparse.Namespace) -> int:
    """Make, change or take away a rule."""
    days = None if parsed.days == "never" else _days(parsed.days)
    await retention.set_rule(db, parsed.kind, days, parsed.inbox or "")
    return await retention_list(db, parsed)


async def retention_list(db: Database, _parsed: argparse.Namespace) -> int:
    """Print the rules: inbox (``*``: all that have none of their own), kind, days, separated by tabs."""
    for rule in await retention.list_rules(db):
        sys.stdout.write(f"{rule.inbox or '*'}\t{rule.kind}\t{rule.days}\n")
    return 0


async def retention_run(db: Database, parsed: argparse.Namespace) -> int:
    """Carry out the rules now, or only count what would go."""
    for kind, count in (await retention.run(db, dry_run=parsed.dry_run)).items():
        sys.stdout.write(f"{kind}\t{count}\n")
    return 0


def _days(given: str) -> int:
    if not given.isdecimal() or len(given) > _MOST_DIGITS:
        raise Invalid(msg("Give a number of days, or never."), field="days")
    return int(given)
