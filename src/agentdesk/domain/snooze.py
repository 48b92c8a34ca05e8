"""When a conversation comes back: the usual choices, and what a person types (fri 8am, in 2 hours)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

__all__ = ["Choice", "SnoozeKind", "choices", "typed"]

MORNING = time(9)
EVENING = time(17)
_LATER_HOURS = 3
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_IN = re.compile(r"(?:in\s+)?(\d{1,4})\s*(m|h|d|w)[a-z]*")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")
_LONGEST = timedelta(days=366)


class SnoozeKind(StrEnum):
    """The choices that are always offered."""

    LATER_TODAY = "later_today"
    TOMORROW = "tomorrow"
    NEXT_WEEK = "next_week"
    NEXT_MONTH = "next_month"


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice and the moment it means, in the person's own time."""

    kind: SnoozeKind
    until: datetime


def choices(now: datetime) -> tuple[Choice, ...]:
    """Return what can be chosen at ``now`` (aware, in the person's time zone), the nearest first."""
    later = _at(now, EVENING) if now.time() < time(14) else _rounded(now + timedelta(hours=_LATER_HOURS))
    monday = now + timedelta(days=7 - now.weekday())
    month = now + timedelta(days=30)
    found = [
        Choice(SnoozeKind.TOMORROW, _at(now + timedelta(days=1), MORNING)),
        Choice(SnoozeKind.NEXT_WEEK, _at(monday, MORNING)),
        Choice(SnoozeKind.NEXT_MONTH, _at(month, MORNING)),
    ]
    if later.date() == now.date():
        found.insert(0, Choice(SnoozeKind.LATER_TODAY, later))
    return tuple(found)


def typed(text: str, now: datetime) -> datetime | None:
    """Return the moment that ``text`` means at ``now``; None where it means none, or one that is past.

    Understood are spans ("in 2 hours", "3d", "1 week") and a day with or without a clock time ("fri 8am",
    "tomorrow", "15:30"). A clock time alone is the next one.
    """
    words = " ".join(text.casefold().split())
    span = _IN.fullmatch(words)
    if span is not None:
        found: datetime | None = now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    else:
        found = _day_and_clock(words, now)
    return found if found is not None and now < found <= now + _LONGEST else None


def _day_and_clock(words: str, now: datetime) -> datetime | None:
    first, _, rest = words.partition(" ")
    day = _day(first, now)
    clock = _clock(rest if day is not None else words)
    if day is None:
        if clock is None:
            return None
        today = _at(now, clock)
        return today if today > now else _at(now + timedelta(days=1), clock)
    if rest and clock is None:
        return None
    return _at(day, clock or MORNING)


def _day(word: str, now: datetime) -> datetime | None:
    if word in ("today", "tomorrow"):
        return now + timedelta(days=word == "tomorrow")
    place = next(
        (number for number, name in enumerate(_WEEKDAYS) if len(word) > 2 and word.startswith(name)), None
    )
    if place is None:
        return None
    return now + timedelta(days=(place - now.weekday() - 1) % 7 + 1)


def _clock(words: str) -> time | None:
    match = _CLOCK.fullmatch(words)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3] and not 1 <= hour <= 12:
        return None
    if match[3]:
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _at(day: datetime, clock: time) -> datetime:
    return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


def _rounded(moment: datetime) -> datetime:
    """To the full hour."""
    return moment.replace(minute=0, second=0, microsecond=0)
