"""Whether a person takes conversations: what they have chosen, until when, and what they have already."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

__all__ = [
    "GONE_AFTER",
    "LONGEST_AWAY",
    "LONGEST_NAME",
    "OWN_ICONS",
    "Availability",
    "has_room",
    "lasts",
    "now_is",
]

GONE_AFTER = timedelta(minutes=5)
"""A person is not reachable when none of their desks has been connected for so long."""
LONGEST_AWAY = timedelta(days=366)
"""A return time that lies farther ahead is a mistake."""


LONGEST_NAME = 60
"""Characters of the name of a status that a team has defined."""
OWN_ICONS = (
    "circle-user",
    "phone",
    "users",
    "book-open",
    "calendar",
    "hourglass",
    "clock",
    "moon",
    "sun",
    "pencil",
    "printer",
    "wrench",
    "star",
    "flag",
    "heart",
    "zap",
)
"""The icons that a team can give to its own statuses."""


class Availability(StrEnum):
    """What a person has chosen, for all their desks. The values are stored: never renamed."""

    AVAILABLE = "available"
    BUSY = "busy"
    """At the desk, but occupied otherwise: on the telephone, in a meeting."""
    BREAK = "break"
    OFFLINE = "offline"


def lasts(back_at: datetime | None, now: datetime) -> bool:
    """Say whether what a person has chosen still holds at ``now``."""
    return back_at is None or back_at > now


def now_is(chosen: str, back_at: datetime | None, now: datetime) -> Availability:
    """Return how a person stands at ``now`` who has chosen ``chosen``: available again from ``back_at`` on.

    What this program does not know counts as away.
    """
    if not lasts(back_at, now):
        return Availability.AVAILABLE
    try:
        return Availability(chosen)
    except ValueError:
        return Availability.OFFLINE


def has_room(load: int, capacity: int | None, units: int = 1) -> bool:
    """Say whether somebody with ``load`` units may be given ``units`` more; ``capacity`` None: no limit."""
    return capacity is None or load + units <= capacity
