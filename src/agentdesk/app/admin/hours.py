"""``agentdesk admin hours``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from datetime import date

from agentdesk.base.errors import Invalid
from agentdesk.base.i18n import render
from agentdesk.base.text import msg
from agentdesk.domain.hours import DAYS, Span, spans_in, zone_named
from agentdesk.server import hours_settings
from agentdesk.store.engine import Database

_USUAL = "usual"


async def hours_set(db: Database, parsed: argparse.Namespace) -> int:
    """Set the time zone of an inbox, and when it is staffed on days of the week."""
    zone = None if parsed.zone is None else zone_named(parsed.zone)
    days: dict[int, tuple[Span, ...]] = {}
    for text in parsed.days:
        names, equals, times = text.partition("=")
        if not equals:
            raise Invalid(
                msg("{value} needs the form DAYS=TIMES.", value=text[:80]),
                msg("Like --days mon-fri=9:00-17:00."),
            )
        days |= dict.fromkeys(hours_settings.days_in(names), spans_in(times))
    await hours_settings.set_week(db, parsed.name, zone, days)
    return _changed(parsed.name)


async def hours_date(db: Database, parsed: argparse.Namespace) -> int:
    """Set when an inbox is staffed on one date."""
    try:
        day = date.fromisoformat(parsed.date)
    except ValueError:
        raise Invalid(msg("{value} is no date; write it like 2026-12-25.", value=parsed.date[:40])) from None
    spans = None if parsed.times == _USUAL else spans_in(parsed.times)
    await hours_settings.set_date(db, parsed.name, day, spans)
    return _changed(parsed.name)


async def hours_off(db: Database, parsed: argparse.Namespace) -> int:
    """Let an inbox be staffed at all times."""
    await hours_settings.always_open(db, parsed.name)
    return _changed(parsed.name)


async def hours_list(db: Database, parsed: argparse.Namespace) -> int:
    """Print a line for each inbox, fields separated by tabs: its name, the time zone, then the days of the
    week and the dates with their times; ``always`` alone where it has no hours."""
    for name, hours in (await hours_settings.hours_of(db)).items():
        fields = ["always"]
        if hours is not None:
            fields = [hours.zone.key]
            fields += [f"{day}={_text(spans)}" for day, spans in zip(DAYS, hours.week, strict=True)]
            fields += [f"{day.isoformat()}={_text(spans)}" for day, spans in sorted(hours.special.items())]
        sys.stdout.write("\t".join([name, *fields]) + "\n")
    return 0


def _text(spans: Iterable[Span]) -> str:
    return ",".join(f"{_clock(span.start)}-{_clock(span.end)}" for span in spans) or "closed"


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _changed(name: str) -> int:
    sys.stdout.write(render(msg("Changed {name}.", name=name)) + "\n")
    return 0
