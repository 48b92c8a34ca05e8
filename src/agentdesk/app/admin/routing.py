"""``agentdesk admin routing``."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any

from agentdesk.app.admin.console import say
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg, plural
from agentdesk.domain.routing_rules import Care, Strategy
from agentdesk.server import routing_settings as settings
from agentdesk.store.engine import Database

_LONGEST = 24 * 3600
_SHORTEST_OFFER, _LONGEST_OFFER = 10, 600


async def routing_set(db: Database, parsed: argparse.Namespace) -> int:
    """Change to whom an inbox gives what waits."""
    changes: dict[str, Any] = {}
    if parsed.strategy is not None:
        changes["strategy"] = Strategy(parsed.strategy)
    if parsed.skills is not None:
        changes["skills"] = settings.skills_in(parsed.skills)
    if parsed.skills_are is not None:
        changes["skills_are"] = Care(parsed.skills_are)
    if parsed.languages_are is not None:
        changes["languages_are"] = Care(parsed.languages_are)
    if parsed.relax_after is not None:
        changes["relax_after"] = _after(parsed.relax_after)
    if parsed.offer_within is not None:
        changes["offer_within"] = _within(parsed.offer_within)
    await settings.set_rules(db, parsed.name, changes)
    say(msg("Changed {name}.", name=parsed.name))
    return 0


async def routing_skills(db: Database, parsed: argparse.Namespace) -> int:
    """Say what a person can do and which languages they speak."""
    skills = None if parsed.skills is None else settings.skills_in(parsed.skills)
    languages = None if parsed.languages is None else settings.languages_in(parsed.languages)
    await settings.set_skills(db, parsed.email, skills, languages)
    say(msg("Changed {name}.", name=parsed.email))
    return 0


async def routing_units(db: Database, parsed: argparse.Namespace) -> int:
    """Say how many units a conversation of a channel counts."""
    await settings.set_units(db, parsed.channel, parsed.units)
    say(
        plural(
            "A conversation of {channel} counts {count} unit.",
            "A conversation of {channel} counts {count} units.",
            parsed.units,
            channel=parsed.channel,
        )
    )
    return 0


async def routing_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print lines of fields separated by tabs: ``inbox``, its name, the strategy, the needed skills, how much
    they matter, how much languages matter, after how many seconds a must is relaxed (``-``: never) and a chat
    offered to the next (``-``: it is given); ``channel``, its name, its units; ``person``, the address, the
    skills, the languages."""
    for name, rules in (await settings.rules_of(db)).items():
        times = _seconds(rules.relax_after), _seconds(rules.offer_within)
        skills = _listed(sorted(rules.skills))
        _line("inbox", name, rules.strategy, skills, rules.skills_are, rules.languages_are, *times)
    for channel, units in sorted((await settings.units_of(db)).items()):
        _line("channel", channel, str(units))
    for one in await settings.skilled(db):
        _line("person", one.email, _listed(one.skills), _listed(one.languages))
    return 0


def _after(seconds: int) -> timedelta | None:
    if not 0 <= seconds <= _LONGEST:
        raise Invalid(msg("A time to relax after is 0 (never) to {most} seconds.", most=_LONGEST))
    return timedelta(seconds=seconds) if seconds else None


def _within(seconds: int) -> timedelta | None:
    if seconds and not _SHORTEST_OFFER <= seconds <= _LONGEST_OFFER:
        raise Invalid(
            msg(
                "A chat is offered for {least} to {most} seconds.", least=_SHORTEST_OFFER, most=_LONGEST_OFFER
            )
        )
    return timedelta(seconds=seconds) if seconds else None


def _seconds(duration: timedelta | None) -> str:
    return "-" if duration is None else str(int(duration.total_seconds()))


def _listed(words: list[str] | tuple[str, ...]) -> str:
    return ",".join(words) or "-"


def _line(*fields: str) -> None:
    sys.stdout.write("\t".join(fields) + "\n")
