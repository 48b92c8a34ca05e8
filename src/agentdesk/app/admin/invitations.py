"""``agentdesk admin invitation``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from agentdesk.base.i18n import render
from agentdesk.base.text import msg
from agentdesk.domain.invitations import Rule
from agentdesk.server import invitation_settings as settings
from agentdesk.store.engine import Database


async def invitation_add(db: Database, parsed: argparse.Namespace) -> int:
    """Add an invitation to a widget."""
    texts, rule = settings.texts_in(parsed.texts), Rule(**_given(parsed))
    await settings.add(db, parsed.channel, parsed.name, texts, rule)
    sys.stdout.write(render(msg("Added {name}.", name=parsed.name)) + "\n")
    return 0


async def invitation_set(db: Database, parsed: argparse.Namespace) -> int:
    """Change an invitation."""
    texts = settings.texts_in(parsed.texts)
    await settings.change(db, parsed.channel, parsed.name, texts, _given(parsed))
    sys.stdout.write(render(msg("Changed {name}.", name=parsed.name)) + "\n")
    return 0


async def invitation_remove(db: Database, parsed: argparse.Namespace) -> int:
    """Remove an invitation."""
    await settings.remove(db, parsed.channel, parsed.name)
    sys.stdout.write(render(msg("Removed {name}.", name=parsed.name)) + "\n")
    return 0


async def invitation_list(db: Database, _parsed: argparse.Namespace) -> int:
    """Print a line for each invitation, fields separated by tabs: the channel, its name, how often it was
    shown, accepted and closed, its rule and its texts as JSON."""
    for line in await settings.list_all(db):
        counts = str(line.shown), str(line.accepted), str(line.closed)
        rule = json.dumps(msgspec.to_builtins(line.rule))
        texts = json.dumps(dict(line.texts), ensure_ascii=False)
        sys.stdout.write("\t".join([line.channel, line.name, *counts, rule, texts]) + "\n")
    return 0


def _given(parsed: argparse.Namespace) -> Mapping[str, Any]:
    """The conditions of a call."""
    given = {name: getattr(parsed, name) for name in ("after", "address", "scroll", "pages", "referrer")}
    given |= {name: None if (said := getattr(parsed, name)) is None else said == "yes" for name in _YES_OR_NO}
    return {name: value for name, value in given.items() if value is not None}


_YES_OR_NO = ("online", "returning")
