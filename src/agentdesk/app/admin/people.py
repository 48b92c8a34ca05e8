"""``agentdesk admin user``, ``session``, ``token`` and ``lease``."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from pathlib import Path

from agentdesk.app.admin.console import say, typed
from agentdesk.base.errors import Invalid
from agentdesk.base.i18n import render
from agentdesk.base.ids import parse_id
from agentdesk.base.text import msg, plural
from agentdesk.domain.authority import Permission
from agentdesk.domain.portraits import MOST_BYTES
from agentdesk.domain.team import Role
from agentdesk.server import admin, leases, people
from agentdesk.server.auth import Authenticator
from agentdesk.server.findings import moment_text
from agentdesk.server.people import SignIn, Token
from agentdesk.store.engine import Database


async def user_add(db: Database, parsed: argparse.Namespace) -> int:
    """Add a person, with the password that is typed."""
    await admin.add_user(db, parsed.email, parsed.name, Role(parsed.role), typed())
    say(msg("Added {name}.", name=parsed.email))
    return 0


async def user_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print everybody: address, name, role, ``active`` or ``inactive``, ``second-factor`` or ``-``, the
    permissions, and the limit of conversations, separated by tabs."""
    for one in await people.list_people(db):
        state = "active" if one.active else "inactive"
        may = ",".join(sorted(one.permissions)) or "-"
        second = "second-factor" if one.second_factor else "-"
        limit = "-" if one.capacity is None else one.capacity
        sys.stdout.write(f"{one.email}\t{one.name}\t{one.role}\t{state}\t{second}\t{may}\t{limit}\n")
    return 0


async def second_factor_off(db: Database, parsed: argparse.Namespace) -> int:
    """Let a person sign in without a second factor again."""
    if await people.drop_second_factor(db, parsed.email):
        say(msg("{name} signs in with the password alone.", name=parsed.email))
    else:
        say(msg("{name} has no second factor.", name=parsed.email))
    return 0


async def set_role(db: Database, parsed: argparse.Namespace) -> int:
    """Give a person another role."""
    await people.set_role(db, parsed.email, Role(parsed.role))
    say(msg("{name} now has the role {value}.", name=parsed.email, value=parsed.role))
    return 0


async def set_password(db: Database, parsed: argparse.Namespace) -> int:
    """Give a person another password."""
    ended = await people.set_password(db, parsed.email, typed())
    say(msg("{name} signs in with the new password.", name=parsed.email))
    _say_ended(ended)
    return 0


async def permit(db: Database, parsed: argparse.Namespace) -> int:
    """Give a person a permission that the role does not give."""
    await people.set_permission(db, parsed.email, Permission(parsed.permission), True)
    say(msg("{name} now has the permission {value}.", name=parsed.email, value=parsed.permission))
    return 0


async def deny(db: Database, parsed: argparse.Namespace) -> int:
    """Take a permission from a person that the role gives."""
    await people.set_permission(db, parsed.email, Permission(parsed.permission), False)
    say(msg("{name} no longer has the permission {value}.", name=parsed.email, value=parsed.permission))
    return 0


async def set_limit(db: Database, parsed: argparse.Namespace) -> int:
    """Say how many open conversations a person has at most."""
    capacity = _capacity(parsed.conversations)
    await people.set_capacity(db, parsed.email, capacity)
    if capacity is None:
        say(msg("{name} can have any number of open conversations.", name=parsed.email))
    else:
        say(
            plural(
                "{name} has at most {count} open conversation.",
                "{name} has at most {count} open conversations.",
                capacity,
                name=parsed.email,
            )
        )
    return 0


async def set_picture(db: Database, parsed: argparse.Namespace) -> int:
    """Give a person a picture, or take it away."""
    content = None if parsed.picture is None else await asyncio.to_thread(_start_of, parsed.picture)
    await people.set_picture(db, parsed.email, content)
    if content is None:
        say(msg("{name} has no picture.", name=parsed.email))
    else:
        say(msg("{name} has a new picture.", name=parsed.email))
    return 0


def _start_of(path: Path) -> bytes:
    """A file's content, as far as it could be a picture."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid(msg("{path} cannot be read.", path=str(path))) from error


def _capacity(given: str) -> int | None:
    if given == "none":
        return None
    if not (given.isascii() and given.isdigit()):
        raise Invalid(msg("{value} is no number of conversations.", value=given), msg("Or say none."))
    return int(given)


async def deactivate(db: Database, parsed: argparse.Namespace) -> int:
    """Let a person in no more."""
    ended = await people.set_active(db, parsed.email, False)
    say(msg("{name} cannot sign in any more.", name=parsed.email))
    _say_ended(ended)
    left = await people.count_assigned(db, parsed.email)
    if left:
        say(
            plural(
                "{count} conversation is still assigned to them: give it to somebody else.",
                "{count} conversations are still assigned to them: give them to somebody else.",
                left,
            )
        )
    return 0


async def activate(db: Database, parsed: argparse.Namespace) -> int:
    """Let a person in again."""
    await people.set_active(db, parsed.email, True)
    say(msg("{name} can sign in again.", name=parsed.email))
    return 0


async def session_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print who is signed in: address, since when, last used, id, separated by tabs."""
    for one in await people.list_sign_ins(db):
        _say_used(one.email, one)
    return 0


async def session_end(db: Database, parsed: argparse.Namespace) -> int:
    """End one sign-in, or all of a person."""
    one = parse_id(parsed.whose)
    if one is not None:
        await people.end_sign_in(db, one)
    _say_ended(1 if one is not None else await people.end_sign_ins(db, parsed.whose))
    return 0


async def token_create(db: Database, parsed: argparse.Namespace) -> int:
    """Make a token for a program; it is the last word printed."""
    token = await Authenticator(db).issue("api", admin.label(parsed.name), None)
    sys.stdout.write(f"{render(msg('Keep this token, it is shown this once:'))} {token}\n")
    return 0


async def token_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print what programs sign in with: name, since when, last used, id, separated by tabs."""
    for one in await people.list_tokens(db):
        _say_used(one.name, one)
    return 0


async def token_revoke(db: Database, parsed: argparse.Namespace) -> int:
    """Let a program in no more."""
    which = parse_id(parsed.id)
    if which is None:
        raise Invalid(msg("There is no token of that id."), msg("See token list."))
    say(msg("The token {name} is valid no more.", name=await people.revoke_token(db, which)))
    return 0


async def lease_end(db: Database, parsed: argparse.Namespace) -> int:
    """Take a lease away from the server that holds it."""
    seconds = await leases.end_held(db, parsed.name)
    say(
        plural(
            "Whoever holds it stops now; it is free after {count} second.",
            "Whoever holds it stops now; it is free after {count} seconds.",
            math.ceil(seconds),
        )
    )
    return 0


async def lease_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print what is worked on: channel, server, until when, ``held``, ``free`` or ``ended`` (by hand: free at
    that time), separated by tabs."""
    for one in await leases.list_held(db):
        state = "free" if not one.held else "ended" if one.holder == leases.NOBODY else "held"
        sys.stdout.write(f"{one.name}\t{one.holder}\t{moment_text(one.expires_at)}\t{state}\n")
    return 0


def _say_used(name: str, one: SignIn | Token) -> None:
    used = moment_text(one.last_used_at) if one.last_used_at else "-"
    sys.stdout.write(f"{name}\t{moment_text(one.since)}\t{used}\t{one.id}\n")


def _say_ended(count: int) -> None:
    say(plural("{count} sign-in has ended.", "{count} sign-ins have ended.", count))
