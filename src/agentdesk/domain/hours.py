"""When an inbox is staffed: spans of the week in a time zone, with holidays; and when it opens next.

A moment belongs to the spans as a clock on the wall there shows it (Python's ``zoneinfo``, IANA names). On
the day on which clocks are put back, a span that covers the hour that comes twice holds for both; on the day
on which they are put forward, what lies in the hour that is left out begins at its end.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agentdesk.base.errors import Invalid
from agentdesk.base.text import Msg, msg

__all__ = [
    "DAYS",
    "Hours",
    "Span",
    "hours_from",
    "hours_to",
    "is_open",
    "next_opening",
    "spans_in",
    "zone_named",
]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOK_DAYS = 400
"""How far ahead an opening is looked for: more than a year of holidays is no plan."""
_MOST_SPANS = 12
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``start`` up to and without ``end``, in minutes since midnight; 1440 is the end of the day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """``week`` has the spans of each day (0: Monday), in order; ``special`` those of single dates, which take
    the place of the day's: none on a holiday."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...] = ((),) * 7
    special: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def on(self, day: date) -> tuple[Span, ...]:
        """Return the spans of a date."""
        special = self.special.get(day)
        return self.week[day.weekday()] if special is None else special


def is_open(hours: Hours | None, now: datetime) -> bool:
    """Say whether an inbox is staffed at ``now``; one without hours always is."""
    if hours is None:
        return True
    local = now.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    return any(span.start <= minute < span.end for span in hours.on(local.date()))


def next_opening(hours: Hours | None, now: datetime) -> datetime | None:
    """Return the first moment (UTC) after ``now`` at which an inbox opens; None where it is open, or does not
    open within 400 days."""
    if hours is None or is_open(hours, now):
        return None
    return next((moment for moment in _openings(hours, now) if moment > now), None)


def _openings(hours: Hours, now: datetime) -> Iterator[datetime]:
    first = now.astimezone(hours.zone).date()
    for ahead in range(_LOOK_DAYS):
        day = first + timedelta(days=ahead)
        found = {moment for span in hours.on(day) for moment in _begins(hours.zone, day, span)}
        yield from sorted(found)


def _begins(zone: ZoneInfo, day: date, span: Span) -> Iterator[datetime]:
    """The moments at which a span begins: two where its first minute comes twice and it was over between."""
    wall = datetime.combine(day, time(span.start // 60, span.start % 60), zone)
    for fold in (0, 1):
        moment = wall.replace(fold=fold).astimezone(UTC)
        shown = moment.astimezone(zone)
        if shown.replace(tzinfo=None, fold=0) != wall.replace(tzinfo=None, fold=0):  # left out on that day
            moment = _after_gap(zone, moment)
            shown = moment.astimezone(zone)
        minute = shown.hour * 60 + shown.minute
        if shown.date() == day and span.start <= minute < span.end:
            yield moment


def _after_gap(zone: ZoneInfo, moment: datetime) -> datetime:
    """The moment at which clocks jump, near one that no clock shows."""
    before, after = moment - timedelta(hours=3), moment + timedelta(hours=3)
    was = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == was:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def spans_in(given: str) -> tuple[Span, ...]:
    """Return the spans in a text like ``9:00-12:30,13:30-17:00``; ``closed`` is none, ``all`` the whole day.

    Raises Invalid where one is not understood, ends before it begins, or lies over another one.
    """
    words = given.strip().lower()
    if words == "closed":
        return ()
    if words == "all":
        return (Span(0, _MIDNIGHT),)
    spans = sorted(_span_in(one.strip()) for one in words.split(","))
    for one, following in itertools.pairwise(spans):
        if following.start < one.end:
            raise Invalid(msg("{value}: two of the times overlap.", value=given[:80]))
    if len(spans) > _MOST_SPANS:
        raise Invalid(msg("A day has {count} spans at most.", count=_MOST_SPANS))
    return tuple(spans)


def _span_in(word: str) -> Span:
    found = _SPAN.fullmatch(word)
    if found is None:
        raise Invalid(msg("{value} is no time of a day.", value=word[:40] or "-"), _HOW)
    hour, minute, end_hour, end_minute = map(int, found.groups())
    span = Span(hour * 60 + minute, end_hour * 60 + end_minute)
    if minute > 59 or end_minute > 59 or span.end > _MIDNIGHT:
        raise Invalid(msg("{value} is no time of a day.", value=word), _HOW)
    if span.start >= span.end:
        raise Invalid(
            msg("{value} ends before it begins.", value=word),
            msg("Past midnight, give the rest to the next day: 22:00-24:00 and 0:00-2:00."),
        )
    return span


_HOW: Msg = msg("Write it like 9:00-12:30,13:30-17:00, or closed, or all.")


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Raises Invalid."""
    try:
        return ZoneInfo(name.strip())
    except (KeyError, OSError, ValueError):
        raise Invalid(
            msg("{value} is no time zone.", value=name[:64]), msg("Write it like Europe/Berlin.")
        ) from None


def hours_to(hours: Hours) -> dict[str, Any]:
    """Return what is stored of ``hours``."""
    return {
        "zone": hours.zone.key,
        "week": [[[span.start, span.end] for span in spans] for spans in hours.week],
        "special": {
            day.isoformat(): [[span.start, span.end] for span in spans]
            for day, spans in sorted(hours.special.items())
        },
    }


def hours_from(stored: Mapping[str, Any] | None) -> Hours | None:
    """Return the hours in what is stored with an inbox; None where there are none, or where this computer
    does not know the time zone: an inbox is rather staffed at all times than never."""
    if not stored:
        return None
    try:
        zone = ZoneInfo(stored["zone"])
    except (KeyError, OSError, ValueError):
        return None
    return Hours(
        zone=zone,
        week=tuple(_spans(spans) for spans in stored["week"]),
        special={date.fromisoformat(day): _spans(spans) for day, spans in stored["special"].items()},
    )


def _spans(stored: Any) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in stored)
