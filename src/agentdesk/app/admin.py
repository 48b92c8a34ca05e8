"""``agentdesk admin``: setting up from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from agentdesk.app import (
    admin_audit,
    admin_copies,
    admin_hours,
    admin_inboxes,
    admin_people,
    admin_privacy,
    admin_routing,
)
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.i18n import render
from agentdesk.base.text import msg
from agentdesk.domain.team import Role
from agentdesk.server import admin
from agentdesk.server import move as moving
from agentdesk.server.auth import Authenticator
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError


def run(parsed: argparse.Namespace) -> int:
    """Carry out one admin command and return the exit status."""
    return asyncio.run(_run(parsed))


async def _run(parsed: argparse.Namespace) -> int:
    db = Database(parsed.database)
    try:
        if parsed.subject == "backup":  # before an upgrade too: what is copied stays as it is
            return await admin_copies.backup(db, parsed)
        await db.migrate()
        if parsed.subject not in _ON_THE_OLD_ONE:
            await moving.check_not_moved(db)
        return await _recorded(db, parsed)
    finally:
        await db.close()


_ON_THE_OLD_ONE = ("adopt-restore", "audit", "move")
"""What is sensible on a database that was moved; all else would change what nobody works with."""


async def _recorded(db: Database, parsed: argparse.Namespace) -> int:
    """Carry the command out and leave a line of it in the audit trail, also where it is refused."""
    try:
        status = await _VERBS[f"{parsed.subject} {parsed.verb}".strip()](db, parsed)
    except AgentDeskError as error:
        if not isinstance(error, DatabaseError):
            await admin_audit.write_down(db, parsed, "refused")
        raise
    await admin_audit.write_down(db, parsed, "done" if status == 0 else "failed")
    return status


async def _user_add(db: Database, parsed: argparse.Namespace) -> int:
    await admin.add_user(db, parsed.email, parsed.name, Role(parsed.role), admin_people.typed())
    print(render(msg("Added {name}.", name=parsed.email)))
    return 0


async def _inbox_add(db: Database, parsed: argparse.Namespace) -> int:
    await admin.add_inbox(db, parsed.name)
    print(render(msg("Added {name}.", name=parsed.name)))
    return 0


async def _token_create(db: Database, parsed: argparse.Namespace) -> int:
    token = await Authenticator(db).issue("api", admin.label(parsed.name), None)
    print(render(msg("Keep this token, it is shown this once:")), token)
    return 0


async def _channel_add(db: Database, parsed: argparse.Namespace) -> int:
    settings, secrets = _given(parsed)
    vault = await open_vault(db)
    await admin.add_channel(db, vault, parsed.channel, parsed.inbox, parsed.name, settings, secrets)
    print(render(msg("Added {name}.", name=parsed.name)))
    return 0


async def _channel_set(db: Database, parsed: argparse.Namespace) -> int:
    settings, secrets = _given(parsed)
    await admin.change_channel(db, await open_vault(db), parsed.name, settings, secrets)
    print(render(msg("Changed {name}.", name=parsed.name)))
    return 0


async def _channel_list(db: Database, parsed: argparse.Namespace) -> int:
    lines = await admin.list_channels(db)
    if parsed.json:
        print(json.dumps([_as_json(line) for line in lines], ensure_ascii=False, indent=2))
        return 0
    for line in lines:
        print(
            f"{line.name}\t{line.channel}\t{line.inbox}\t{line.address}\t{line.state}\t{line.problem}".rstrip()
        )
    return 0


async def _channel_test(db: Database, parsed: argparse.Namespace) -> int:
    passed = True
    async for step in admin.test_channel(db, await open_vault(db), parsed.name):
        passed = passed and step.ok
        remedy = f" {render(step.remedy)}" if step.remedy else ""
        print(f"{'ok' if step.ok else 'failed'}\t{render(step.title)}: {render(step.found)}{remedy}")
    return 0 if passed else 1


async def _channel_authorise(db: Database, parsed: argparse.Namespace) -> int:
    async def show(address: str) -> None:
        print(render(msg("Sign in on this page:")), address, flush=True)
        webbrowser.open(address)

    await admin.authorise_channel(db, await open_vault(db), parsed.name, show)
    print(render(msg("Signed in for {name}.", name=parsed.name)))
    return 0


async def _channel_pause(db: Database, parsed: argparse.Namespace) -> int:
    await admin.set_paused(db, parsed.name, True)
    print(render(msg("Paused {name}.", name=parsed.name)))
    return 0


async def _channel_resume(db: Database, parsed: argparse.Namespace) -> int:
    await admin.set_paused(db, parsed.name, False)
    print(render(msg("Resumed {name}.", name=parsed.name)))
    return 0


_VERBS = {
    "user add": _user_add,
    "user list": admin_people.user_list,
    "user role": admin_people.set_role,
    "user password": admin_people.set_password,
    "user permit": admin_people.permit,
    "user deny": admin_people.deny,
    "user limit": admin_people.set_limit,
    "user second-factor": admin_people.second_factor_off,
    "user deactivate": admin_people.deactivate,
    "user activate": admin_people.activate,
    "lease list": admin_people.lease_list,
    "lease end": admin_people.lease_end,
    "session list": admin_people.session_list,
    "session end": admin_people.session_end,
    "inbox add": _inbox_add,
    "inbox set": admin_inboxes.inbox_set,
    "inbox list": admin_inboxes.inbox_list,
    "inbox access": admin_inboxes.inbox_access,
    "inbox join": admin_inboxes.inbox_join,
    "inbox leave": admin_inboxes.inbox_leave,
    "hours set": admin_hours.hours_set,
    "hours date": admin_hours.hours_date,
    "hours off": admin_hours.hours_off,
    "hours list": admin_hours.hours_list,
    "routing set": admin_routing.routing_set,
    "routing skills": admin_routing.routing_skills,
    "routing units": admin_routing.routing_units,
    "routing list": admin_routing.routing_list,
    "token create": _token_create,
    "token list": admin_people.token_list,
    "token revoke": admin_people.token_revoke,
    "channel add": _channel_add,
    "channel set": _channel_set,
    "channel list": _channel_list,
    "channel test": _channel_test,
    "channel authorise": _channel_authorise,
    "channel pause": _channel_pause,
    "channel resume": _channel_resume,
    "audit list": admin_audit.audit_list,
    "audit verify": admin_audit.audit_verify,
    "audit head": admin_audit.audit_head,
    "contact mark": admin_privacy.mark,
    "contact export": admin_privacy.export,
    "contact erase": admin_privacy.erase,
    "conversation mark": admin_privacy.hold,
    "conversation holds": admin_privacy.holds,
    "retention set": admin_privacy.retention_set,
    "retention list": admin_privacy.retention_list,
    "retention run": admin_privacy.retention_run,
    "contact erasures": admin_privacy.erasures,
    "adopt-restore": admin_copies.adopt_restore,
    "move": admin_copies.move,
}


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
        return admin_people.typed()
    raise Invalid(msg("Give the secret {name} as env:VARIABLE, file:PATH or -.", name=name), field=name)
