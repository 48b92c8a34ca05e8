"""How much one visitor, or one network address, may ask of the server."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic

__all__ = ["Buckets", "Places"]

_REMEMBERED = 20_000


class Buckets:
    """A bucket of tokens for each key: ``size`` at once, then ``per_second``. Keys that were not heard of for
    long are full again, and forgotten."""

    def __init__(
        self, size: float, per_second: float, *, most: int = _REMEMBERED, now: Callable[[], float] = monotonic
    ) -> None:
        self._size = size
        self._rate = per_second
        self._most = most
        self._now = now
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Take one token: 0 where there was one, else the seconds until there will be."""
        now = self._now()
        left, at = self._left.pop(key, (self._size, now))
        left = min(self._size, left + (now - at) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._left[key] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait


class Places:
    """Counts what is held at one time by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Hashable, int] = {}

    def take(self, key: Hashable) -> bool:
        """Hold one more; False where there are too many already."""
        if self._held.get(key, 0) >= self._most:
            return False
        self._held[key] = self._held.get(key, 0) + 1
        return True

    def give_back(self, key: Hashable) -> None:
        """Hold one less."""
        left = self._held.get(key, 0) - 1
        if left > 0:
            self._held[key] = left
        else:
            self._held.pop(key, None)
