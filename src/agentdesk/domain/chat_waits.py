"""How long a visitor has to wait: what was measured lately, and nothing where that is too little."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

__all__ = ["MEASURED", "expected", "minutes_left"]

MEASURED = timedelta(hours=2)
"""Waits that ended longer ago say nothing of now."""
_ENOUGH = 5
_SHARE = 0.75
"""Three of four did not wait longer than what is said."""
_LONGEST_MINUTES = 60
_MINUTE = timedelta(minutes=1)


def expected(answered: Sequence[timedelta], waiting: Sequence[timedelta]) -> timedelta | None:
    """Return what a wait takes, of which three quarters were not longer; None where too few were measured.

    ``answered`` are the waits that have ended lately, ``waiting`` those that go on, as long as they are by
    now: where a queue grows, what is said grows with it.
    """
    if len(answered) < _ENOUGH:
        return None
    known = sorted((*answered, *waiting))
    return known[int((len(known) - 1) * _SHARE)]


def minutes_left(whole: timedelta | None, waited: timedelta) -> int | None:
    """Return how many minutes are left of an expected wait, rounded up; None where nothing can be claimed:
    nothing was measured, it should be over by now, or it is longer than anybody should be told."""
    if whole is None or waited >= whole:
        return None
    minutes = -((waited - whole) // _MINUTE)
    return minutes if minutes <= _LONGEST_MINUTES else None
