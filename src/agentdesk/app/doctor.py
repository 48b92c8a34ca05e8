"""``agentdesk doctor``: says what is wrong, in the person's language."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

from agentdesk.base.i18n import SOURCE, best_locale, render_for
from agentdesk.base.text import msg
from agentdesk.server.doctor import examine
from agentdesk.server.findings import Finding
from agentdesk.store.engine import Database

_LANGUAGE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def run(parsed: argparse.Namespace) -> int:
    """Look at everything and return the exit status: 0, or 1 where something is wrong."""
    found = asyncio.run(_examine(parsed))
    locale = _language(parsed.language)
    if parsed.json:
        lines = [json.dumps([_as_json(one, locale) for one in found], ensure_ascii=False, indent=2)]
    else:
        lines = [_as_line(one, locale) for one in found]
        lines = lines or [render_for(msg("All is well."), locale)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if any(one.wrong for one in found) else 0


async def _examine(parsed: argparse.Namespace) -> list[Finding]:
    db = Database(parsed.database)
    try:
        return await examine(db, parsed.data, parsed.tls_cert)
    finally:
        await db.close()


def _language(asked: str | None) -> str:
    """The language that was asked for, else that of the terminal."""
    wanted = asked or next((os.environ[name] for name in _LANGUAGE_VARIABLES if os.environ.get(name)), "")
    return best_locale(wanted) if wanted else SOURCE


def _as_line(one: Finding, locale: str) -> str:
    remedy = f" {render_for(one.remedy, locale)}" if one.remedy else ""
    return f"{'✗' if one.wrong else '·'} {render_for(one.words, locale)}{remedy}"


def _as_json(one: Finding, locale: str) -> dict[str, object]:
    return {
        "topic": one.topic,
        "wrong": one.wrong,
        "text": render_for(one.words, locale),
        "remedy": render_for(one.remedy, locale) if one.remedy else "",
    }
