"""From one order of the list to another: the single rows that come, go and move, and how many that are."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

__all__ = ["SINGLE_STEPS", "Step", "count_steps"]

SINGLE_STEPS = 200
"""Up to this many moves and inserts are told one by one; more are told as a change of the whole layout."""


class Step(NamedTuple):
    """A row goes from its ``old`` place to its ``new`` one among the others; None: it was, or is, in none."""

    id: UUID
    old: int | None
    new: int | None


def count_steps(old: list[UUID], new: list[UUID]) -> int:
    """A cheap upper bound of the changes between two orders: what differs between common start and end."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    changed = max(len(old), len(new)) - start - end
    if changed <= SINGLE_STEPS:
        return changed
    # One row that jumped far makes a long stretch of one-place shifts: count the jumps, not the shifts.
    gone = len(set(old) ^ set(new))
    return gone + (1 if gone + 1 < SINGLE_STEPS and _is_one_jump(old, new) else changed)


def _is_one_jump(old: list[UUID], new: list[UUID]) -> bool:
    common = set(old) & set(new)
    left = [one for one in old if one in common]
    right = [one for one in new if one in common]
    differs = [place for place in range(len(left)) if left[place] != right[place]]
    if not differs:
        return True
    first, last = differs[0], differs[-1]
    return left[first + 1 : last + 1] == right[first:last] or left[first:last] == right[first + 1 : last + 1]
