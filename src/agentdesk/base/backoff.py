"""Waiting with jitter, so that many do not act at once, and longer after each failure."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds: ``first`` doubled per attempt up to ``longest``, each scattered by half."""

    first: float = 1.0
    longest: float = 300.0

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait before try number ``attempt`` (1 = the first repeat)."""
        full = min(self.longest, self.first * float(2 ** min(attempt - 1, 32)))
        return scattered(full * 0.5, full)


def scattered(least: float, most: float) -> float:
    """Return seconds to wait, anything between ``least`` and ``most``."""
    return random.uniform(least, most)  # noqa: S311 - scatter, not secrecy
