"""What an administrator says of the hours of inboxes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from agentdesk.base.errors import Invalid, NotFound
from agentdesk.base.text import msg
from agentdesk.domain.hours import DAYS, Hours, Span, hours_from, hours_to
from agentdesk.store.engine import Database
from agentdesk.store.tables import inbox
from agentdesk.store.unit import ServerUnit

__all__ = ["always_open", "days_in", "hours_of", "set_date", "set_week"]

_MOST_DATES = 400


async def hours_of(db: Database) -> dict[str, Hours | None]:
    """Return the hours of all inboxes, by name; None: it is always staffed."""
    async with db.read() as conn:
        rows = await conn.execute(
            select(inbox.c.name, inbox.c.hours).order_by(func.lower(inbox.c.name), inbox.c.id)
        )
        return {row.name: hours_from(row.hours) for row in rows}


async def set_week(db: Database, name: str, zone: ZoneInfo | None, days: dict[int, tuple[Span, ...]]) -> None:
    """Set the time zone of an inbox, and the spans of days of the week (0: Monday); the others stay, or are
    closed where nothing was said yet. Raises NotFound, and Invalid where nothing is said, or no zone yet."""
    if zone is None and not days:
        raise Invalid(msg("Nothing was changed."), msg("Give --days mon-fri=9:00-17:00, or --zone."))

    def change(hours: Hours | None) -> Hours:
        where = zone or (hours.zone if hours is not None else None)
        if where is None:
            raise Invalid(msg("In which time zone?"), msg("Give --zone, like --zone Europe/Berlin."))
        before = hours or Hours(zone=where)
        week = tuple(days.get(day, before.week[day]) for day in range(7))
        return Hours(zone=where, week=week, special=before.special)

    await _change(db, name, change)


async def set_date(db: Database, name: str, day: date, spans: tuple[Span, ...] | None) -> None:
    """Set the spans of one date (none: a holiday), or, with None, let it be like any other. Raises NotFound,
    and Invalid where the inbox has no hours."""

    def change(hours: Hours | None) -> Hours:
        if hours is None:
            raise Invalid(
                msg("{name} has no hours yet.", name=name), msg("Give the days of the week first: hours set.")
            )
        special = {one: spans_of for one, spans_of in hours.special.items() if one != day}
        if spans is not None:
            special[day] = spans
        if len(special) > _MOST_DATES:
            raise Invalid(msg("An inbox has {count} dates of its own at most.", count=_MOST_DATES))
        return Hours(zone=hours.zone, week=hours.week, special=special)

    await _change(db, name, change)


async def always_open(db: Database, name: str) -> None:
    """Forget the hours of an inbox: it is always staffed. Raises NotFound."""
    await _change(db, name, lambda _hours: None)


async def _change(db: Database, name: str, change: Callable[[Hours | None], Hours | None]) -> None:
    async with db.write() as conn:
        statement = select(inbox.c.id, inbox.c.hours).where(inbox.c.name == name.strip())
        found = (await conn.execute(statement.with_for_update())).first()
        if found is None:
            raise NotFound(msg("There is no inbox named {name}.", name=name.strip()[:200]))
        changed = change(hours_from(found.hours))
        unit = ServerUnit(conn)
        await unit.update(inbox, found.id, {"hours": None if changed is None else hours_to(changed)})
        await unit.flush()


def days_in(given: str) -> list[int]:
    """Return the days of the week in a text like ``mon-fri`` or ``sat,sun`` (0: Monday). Raises Invalid."""
    found: list[int] = []
    for part in given.strip().lower().split(","):
        first, _hyphen, last = part.strip().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise Invalid(msg("{value} is no day of the week.", value=part[:40] or "-"), _DAYS_HINT)
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [(start + ahead) % 7 for ahead in range((end - start) % 7 + 1)]
    return found


_DAYS_HINT = msg("Write days like mon, mon-fri or sat,sun.")
