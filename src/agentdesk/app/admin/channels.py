"""``agentdesk admin channel``: accounts, their settings and secrets."""

from __future__ import annotations

import argparse
import json
import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from agentdesk.app.admin.console import say, typed
from agentdesk.base.errors import Invalid
from agentdesk.base.i18n import render
from agentdesk.base.text import msg
from agentdesk.server import admin
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database


async def channel_add(db: Database, parsed: argparse.Namespace) -> int:
    """Connect an account of a channel."""
    settings, secrets = _given(parsed)
    vault = await open_vault(db)
    await admin.add_channel(db, vault, parsed.channel, parsed.inbox, parsed.name, settings, secrets)
    say(msg("Added {name}.", name=parsed.name))
    return 0


async def channel_set(db: Database, parsed: argparse.Namespace) -> int:
    """Change settings or secrets of an account."""
    settings, secrets = _given(parsed)
    await admin.change_channel(db, await open_vault(db), parsed.name, settings, secrets)
    say(msg("Changed {name}.", name=parsed.name))
    return 0


async def channel_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print the accounts: name, channel, inbox, address, state and problem, separated by tabs."""
    lines = await admin.list_channels(db)
    if parsed.json:
        sys.stdout.write(json.dumps([_as_json(line) for line in lines], ensure_ascii=False, indent=2) + "\n")
        return 0
    for line in lines:
        words = (line.name, line.channel, line.inbox, line.address, line.state, line.problem)
        sys.stdout.write("\t".join(words).rstrip() + "\n")
    return 0


async def channel_test(db: Database, parsed: argparse.Namespace) -> int:
    """Try the settings of an account, and print each step."""
    passed = True
    async for step in admin.test_channel(db, await open_vault(db), parsed.name):
        passed = passed and step.ok
        remedy = f" {render(step.remedy)}" if step.remedy else ""
        state = "ok" if step.ok else "failed"
        sys.stdout.write(f"{state}\t{render(step.title)}: {render(step.found)}{remedy}\n")
        sys.stdout.flush()
    return 0 if passed else 1


async def channel_authorise(db: Database, parsed: argparse.Namespace) -> int:
    """Sign in on the provider's page."""

    async def show(address: str) -> None:
        sys.stdout.write(f"{render(msg('Sign in on this page:'))} {address}\n")
        sys.stdout.flush()
        webbrowser.open(address)

    await admin.authorise_channel(db, await open_vault(db), parsed.name, show)
    say(msg("Signed in for {name}.", name=parsed.name))
    return 0


async def channel_pause(db: Database, parsed: argparse.Namespace) -> int:
    """Let an account rest."""
    await admin.set_paused(db, parsed.name, True)
    say(msg("Paused {name}.", name=parsed.name))
    return 0


async def channel_resume(db: Database, parsed: argparse.Namespace) -> int:
    """Let an account go on."""
    await admin.set_paused(db, parsed.name, False)
    say(msg("Resumed {name}.", name=parsed.name))
    return 0


def _as_json(line: admin.ChannelLine) -> dict[str, str | None]:
    until = line.complete_until
    return {
        "name": line.name,
        "channel": line.channel,
        "inbox": line.inbox,
        "address": line.address,
        "state": line.state,
        "problem": line.problem,
        "complete_until": until.isoformat() if until else None,
    }


def _given(parsed: argparse.Namespace) -> tuple[dict[str, str], dict[str, str]]:
    """The settings and the secrets of a call."""
    settings = _pairs(parsed.settings, "--set")
    return settings, {name: _secret(name, at) for name, at in _pairs(parsed.secrets, "--secret").items()}


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise Invalid(msg("{option} needs the form NAME=VALUE.", option=option))
        pairs[key.strip()] = value
    return pairs


def _secret(name: str, source: str) -> str:
    """Read a secret from where it is said to be; never from the command line itself, which others can see."""
    kind, _, where = source.partition(":")
    if kind == "env" and where:
        value = os.environ.get(where)
        if value is None:
            raise Invalid(msg("The environment has no {name}.", name=where), field=name)
        return value
    if kind == "file" and where:
        try:
            return Path(where).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(msg("{path} cannot be read.", path=where), field=name) from error
    if source == "-":
        return typed()
    raise Invalid(msg("Give the secret {name} as env:VARIABLE, file:PATH or -.", name=name), field=name)
