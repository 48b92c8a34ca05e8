"""Lists of conversations that people save: what they select, who sees them, and what they look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["ICONS", "KINDS", "arranged"]

K = TypeVar("K")

ICONS = ("bookmark", "star", "flag", "heart", "tag", "clock", "hourglass", "users", "package", "credit-card")
"""What can stand before the name of a saved view; the first is for those that name another one."""

KINDS = ("mine", "unassigned", "all", "snoozed", "resolved", "search")
"""The lists that can be saved."""


def arranged(keys: Sequence[K], order: Iterable[K]) -> list[K]:
    """Return ``keys`` as ``order`` has them; one that it does not name stays behind the one it was behind."""
    wanted = [key for key in dict.fromkeys(order) if key in set(keys)]
    for place, key in enumerate(keys):
        if key not in wanted:
            before = keys[place - 1] if place else None
            wanted.insert(wanted.index(before) + 1 if before is not None else 0, key)
    return wanted
