"""Holding back whoever tries too often: passwords, and the codes of second factors."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg

__all__ = ["Attempt", "Throttle", "TooManyAttempts"]

_ATTEMPTS = 5
_WINDOW_SECONDS = 60.0
_REMEMBERED = 10_000


class TooManyAttempts(AgentDeskError):
    """Sign-in is throttled for a minute."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in: when it began (the loop's time), and for whom."""

    at: float
    keys: tuple[str, ...]


class Throttle:
    """Tries of the last minute that have not succeeded, by key: an address, a person, a network peer.

    A try counts from its beginning: many at once are held back like many in turn.
    """

    def __init__(self) -> None:
        self._tries: dict[str, deque[float]] = {}

    def begin(self, *keys: str) -> Attempt:
        """Count a try. Raises TooManyAttempts, which counts for nothing."""
        now = asyncio.get_running_loop().time()
        recent = [self._recent(key, now) for key in keys]
        if any(len(tries) >= _ATTEMPTS for tries in recent):
            raise TooManyAttempts(msg("Too many attempts to sign in."), msg("Wait a minute, then try again."))
        for tries in recent:
            tries.append(now)
        return Attempt(now, keys)

    def forget(self, attempt: Attempt) -> None:
        """It succeeded: it does not count."""
        for key in attempt.keys:
            tries = self._tries.get(key)
            if tries is not None and attempt.at in tries:
                tries.remove(attempt.at)

    def _recent(self, key: str, now: float) -> deque[float]:
        if len(self._tries) > _REMEMBERED:
            self._tries = {k: v for k, v in self._tries.items() if v and now - v[-1] < _WINDOW_SECONDS}
        recent = self._tries.setdefault(key, deque())
        while recent and now - recent[0] > _WINDOW_SECONDS:
            recent.popleft()
        return recent
