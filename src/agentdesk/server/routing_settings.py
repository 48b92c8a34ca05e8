"""What an administrator says of routing: rules of inboxes, units of channels, skills of people."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.availability import put_availability
from agentdesk.domain.routing_rules import Rules, rules_from, rules_to
from agentdesk.server.people import person_id
from agentdesk.store.engine import Database
from agentdesk.store.loads import channel_units
from agentdesk.store.tables import account, availability, channel_weight, inbox, user
from agentdesk.store.unit import ServerUnit

__all__ = ["Skilled", "languages_in", "rules_of", "set_rules", "set_skills", "set_units", "skilled"]
__all__ += ["skills_in", "units_of"]

_MOST_UNITS = 100
_MOST_SKILLS = 50
_LONGEST_SKILL = 60
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Skilled:
    """A person with their skills and languages."""

    email: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]


async def rules_of(db: Database) -> dict[str, Rules]:
    """Return the rules of all inboxes, by name."""
    async with db.read() as conn:
        rows = await conn.execute(
            select(inbox.c.name, inbox.c.routing).order_by(func.lower(inbox.c.name), inbox.c.id)
        )
        return {row.name: rules_from(row.routing) for row in rows}


async def set_rules(db: Database, name: str, changes: Mapping[str, Any]) -> None:
    """Change fields of an inbox's rules; a server goes by them within seconds. Raises NotFound, and Invalid
    where nothing is said."""
    if not changes:
        raise Invalid(msg("Nothing was changed."), msg("Give --strategy or another option."))
    async with db.write() as conn:
        statement = select(inbox.c.id, inbox.c.routing).where(inbox.c.name == name.strip())
        found = (await conn.execute(statement.with_for_update())).first()
        if found is None:
            raise NotFound(msg("There is no inbox named {name}.", name=name.strip()[:200]))
        changed = dataclasses.replace(rules_from(found.routing), **changes)
        unit = ServerUnit(conn)
        await unit.update(inbox, found.id, {"routing": rules_to(changed)})
        await unit.flush()


async def units_of(db: Database) -> dict[str, int]:
    """Return how many units a conversation counts, for each channel that is in use or was set."""
    async with db.read() as conn:
        used = set(await conn.scalars(select(account.c.channel)))
        return dict.fromkeys(used, 1) | await channel_units(conn)


async def set_units(db: Database, channel: str, units: int) -> None:
    """Say how many units a conversation of a channel counts. Raises Invalid where that is no number from 0
    on, and for a channel that nobody has added."""
    if not 0 <= units <= _MOST_UNITS:
        raise Invalid(msg("Units are a number from 0 to {most}.", most=_MOST_UNITS))
    known = await units_of(db)
    if channel not in known:
        there = ", ".join(sorted(known)) or "-"
        raise Invalid(
            msg("There is no channel {name}.", name=channel[:40]), msg("There are: {names}.", names=there)
        )
    async with db.write() as conn:
        unit = ServerUnit(conn)
        row_id = await conn.scalar(select(channel_weight.c.id).where(channel_weight.c.channel == channel))
        if row_id is None:
            await unit.insert(channel_weight, [{"id": new_id(), "channel": channel, "units": units}])
        else:
            await unit.update(channel_weight, row_id, {"units": units})
        await unit.flush()


async def skilled(db: Database) -> list[Skilled]:
    """Return those of the team of whom skills or languages are known, by address."""
    c = availability.c
    async with db.read() as conn:
        rows = await conn.execute(
            select(user.c.email, c.skills, c.languages)
            .join(availability, c.id == user.c.id)
            .where(user.c.active)
            .order_by(user.c.email)
        )
        return [
            Skilled(row.email, tuple(row.skills or ()), tuple(row.languages or ()))
            for row in rows
            if row.skills or row.languages
        ]


async def set_skills(
    db: Database, email: str, skills: Collection[str] | None, languages: Collection[str] | None
) -> None:
    """Say what a person can do and which languages (BCP 47) they speak; None leaves it as it is. Raises
    Invalid for somebody unknown, and where nothing is said."""
    said = {"skills": skills, "languages": languages}
    values = {name: sorted(some) for name, some in said.items() if some is not None}
    if not values:
        raise Invalid(msg("Nothing was changed."), msg("Give --skills or --languages."))
    async with db.write() as conn:
        unit = ServerUnit(conn)
        await put_availability(unit, await person_id(conn, email), values)
        await unit.flush()


def skills_in(given: str) -> frozenset[str]:
    """Return the skills in a list with commas, in lower case. Raises Invalid."""
    found = frozenset(" ".join(one.split()).lower() for one in given.split(",")) - {""}
    if len(found) > _MOST_SKILLS or any(len(one) > _LONGEST_SKILL for one in found):
        raise Invalid(msg("These are too many skills, or one is too long."))
    return found


def languages_in(given: str) -> frozenset[str]:
    """Return the languages (BCP 47) in a list with commas. Raises Invalid."""
    found = [one.strip() for one in given.split(",") if one.strip()]
    for one in found:
        if not _LANGUAGE.fullmatch(one):
            raise Invalid(
                msg("{value} is no code of a language.", value=one[:40]), msg("Write it like de or pt-BR.")
            )
    return frozenset(found)
