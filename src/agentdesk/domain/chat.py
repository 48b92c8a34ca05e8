"""Rules of live chat: how long a visitor may wait for an answer."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

__all__ = ["ANSWER_GOAL", "CHANNEL", "Pace", "pace"]

CHANNEL = "chat"
"""The channel of conversations whose customer sits before a web page."""
ANSWER_GOAL = timedelta(minutes=2)
_SOON = ANSWER_GOAL * 3 / 4


class Pace(StrEnum):
    """How a wait stands against :data:`ANSWER_GOAL`; soon is when a quarter of the time is left."""

    ON_TRACK = "on_track"
    DUE_SOON = "due_soon"
    MISSED = "missed"


def pace(waited: timedelta) -> Pace:
    """Return how somebody stands who has waited for so long."""
    if waited >= ANSWER_GOAL:
        return Pace.MISSED
    return Pace.DUE_SOON if waited >= _SOON else Pace.ON_TRACK
