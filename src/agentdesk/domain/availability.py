"""Whether a person takes conversations: what they have chosen, until when, and what they have already."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

__all__ = ["GONE_AFTER", "LONGEST_AWAY", "Availability", "has_room", "now_is"]

GONE_AFTER = timedelta(minutes=5)
"""A person is not reachable when none of their desks has been connected for so long."""
LONGEST_AWAY = timedelta(days=366)
"""A return time that lies farther ahead is a mistake."""


class Availability(StrEnum):
    """What a person has chosen, for all their desks. The values are stored: never renamed."""

    AVAILABLE = "available"
    BUSY = "busy"
    """At the desk, but occupied otherwise: on the telephone, in a meeting."""
    BREAK = "break"
    OFFLINE = "offline"


def now_is(chosen: str, back_at: datetime | None, now: datetime) -> Availability:
    """Return how a person stands at ``now`` who has chosen ``chosen``: available again from ``back_at`` on.

    What this program does not know counts as away.
    """
    if back_at is not None and back_at <= now:
        return Availability.AVAILABLE
    try:
        return Availability(chosen)
    except ValueError:
        return Availability.OFFLINE


def has_room(load: int, capacity: int | None, units: int = 1) -> bool:
    """Say whether somebody with ``load`` units may be given ``units`` more; ``capacity`` None: no limit."""
    return capacity is None or load + units <= capacity
