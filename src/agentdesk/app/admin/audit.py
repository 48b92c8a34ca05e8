"""``agentdesk admin audit list|verify|head``, and the entry that every admin command leaves."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from agentdesk.app.admin.console import say
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg, plural
from agentdesk.domain.cleaning import storable
from agentdesk.server import audit_reading
from agentdesk.server.findings import moment_text
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database

_QUIET = {"audit verify", "audit head"}
_NAMES = (
    "email",
    "whose",
    "who",
    "id",
    "name",
    "role",
    "inbox",
    "channel",
    "permission",
    "kind",
    "days",
    "file",
)
"""Options that may be written down: whom and what a command was about, no settings and no secrets."""
_LONGEST = 200


async def write_down(db: Database, parsed: argparse.Namespace, outcome: str) -> None:
    """Record an admin command. One that only proves the trail leaves none."""
    what = f"{parsed.subject} {parsed.verb}".strip()
    if what in _QUIET:
        return
    data = {
        name: storable(str(value), _LONGEST)
        for name in _NAMES
        if parsed.subject != "contact" and isinstance(value := getattr(parsed, name, None), str | int)
    }
    data["account"] = _account()
    async with db.write() as conn:
        await record(conn, [Entry("admin", what, outcome, "admin", data=data)])


async def audit_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print entries, the oldest first."""
    since = _moment(parsed.since) if parsed.since else None
    wanted = audit_reading.Wanted(
        person=parsed.person, conversation=parsed.conversation, since=since, limit=parsed.limit
    )
    for line in await audit_reading.lines(db, wanted):
        text = json.dumps(_as_json(line), ensure_ascii=False) if parsed.json else _as_text(line)
        sys.stdout.write(text + "\n")
    return 0


async def audit_verify(db: Database, parsed: argparse.Namespace) -> int:
    """Check the chain; the status is 1 where it does not hold."""
    anchors = [audit_reading.Head.parse(parsed.head)] if parsed.head else []
    for path in parsed.against:
        anchors += audit_reading.read_notes(_text_of(path))
    found = await audit_reading.verify(db, *anchors)
    for trouble in found.troubles:
        say(trouble)
    if not found.troubles:
        say(plural("{count} seal holds.", "All {count} seals hold.", found.seals))
    say(plural("{count} entry is proven by them.", "{count} entries are proven by them.", found.entries))
    if found.unsealed:
        say(plural("{count} entry is not sealed yet.", "{count} entries are not sealed yet.", found.unsealed))
    return 1 if found.troubles else 0


async def audit_head(db: Database, _parsed: argparse.Namespace) -> int:
    """Print the newest seal as ``number:digest``, to be kept elsewhere."""
    head = await audit_reading.head(db)
    if head is None:
        raise Invalid(msg("Nothing is sealed yet; a server does so every minute."))
    sys.stdout.write(head.text() + "\n")
    return 0


def _as_json(line: audit_reading.Line) -> dict[str, Any]:
    entry = line.entry
    ids = {
        name: str(entry[name])
        for name in ("user_id", "desk_id", "contact_id", "conversation_id", "ref")
        if entry[name]
    }
    return {
        "seq": line.seq,
        "at": line.at.isoformat(),
        "kind": entry["kind"],
        "what": entry["what"],
        "outcome": entry["outcome"],
        "actor": entry["actor"],
        "person": line.person,
        **ids,
        "data": entry["data"],
    }


def _as_text(line: audit_reading.Line) -> str:
    entry = line.entry
    who = line.person or entry["data"].get("account") or entry["actor"]
    about = entry["conversation_id"] or entry["contact_id"] or ""
    parts = (line.seq, moment_text(line.at), who, entry["kind"], entry["what"], entry["outcome"], about)
    return "\t".join(str(part) for part in parts)


def _moment(given: str) -> datetime:
    try:
        return datetime.fromisoformat(given).astimezone()
    except ValueError:
        raise Invalid(msg("{value} is no date; write it like 2026-03-31.", value=given)) from None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(msg("{path} cannot be read.", path=str(path))) from error


def _account() -> str:
    """Who is signed in to this computer, as far as the system tells."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
