"""Calls to a service, no more of them than it allows: a token bucket for each allowance, corrected by what
the service says of itself with each answer.

One :class:`Limiter` belongs to one credential; accounts that share a credential share its limiter.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from weakref import WeakValueDictionary

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.errors import RateLimited
from agentdesk.sdk.posts import Quota

__all__ = ["Limiter", "Limiters", "Rate", "retry_after"]

_SPELLINGS = ("x-rate-limit-", "x-ratelimit-", "ratelimit-")
_LONGEST_PAUSE = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Rate:
    """``calls`` within ``seconds``, as the service's documents say."""

    calls: int
    seconds: float


@dataclass(slots=True)
class _Bucket:
    rate: Rate
    tokens: float
    filled_at: float
    closed_until: float = 0.0
    resets_at: datetime | None = None
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def fill(self, now: float) -> None:
        gained = (now - self.filled_at) * self.rate.calls / self.rate.seconds
        self.tokens, self.filled_at = min(float(self.rate.calls), self.tokens + gained), now

    def pause(self, now: float, ahead: int, points: int) -> float:
        """Seconds until there are ``points`` tokens for whoever comes after ``ahead`` others."""
        self.fill(now)
        closed = max(0.0, self.closed_until - now)
        lacking = max(0.0, min(points, self.rate.calls) + ahead - self.tokens)
        return max(closed, lacking * self.rate.seconds / self.rate.calls)


class Limiter:
    """The allowances of one credential, by name."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._buckets: dict[str, _Bucket] = {}

    async def turn(self, name: str, rate: Rate, patience: float = 30.0, points: int = 1) -> None:
        """Wait for the turn to make one call, first come first served; may be cancelled.

        ``rate`` holds until the service has said something else; the call takes ``points`` of it. Raises
        RateLimited at once where it would take longer than ``patience`` seconds.
        """
        bucket = self._buckets.setdefault(name, _Bucket(rate, float(rate.calls), self._now()))
        pause = bucket.pause(self._now(), bucket.waiting, points)
        if pause > patience:
            raise RateLimited(msg("The network allows no more for now."), pause)
        bucket.waiting += 1
        try:
            async with bucket.turn:
                while (pause := bucket.pause(self._now(), 0, points)) > 0:
                    await self._sleep(pause)
                bucket.tokens -= points
        finally:
            bucket.waiting -= 1

    def heard(self, name: str, headers: Mapping[str, str]) -> None:
        """Take in what an answer's ``headers`` say of the allowance ``name``; nothing where they are silent.

        Understood are ``limit``, ``remaining`` and ``reset`` (seconds since 1970, seconds from now, or ISO
        8601) after ``x-rate-limit-``, ``x-ratelimit-`` or ``ratelimit-``.
        """
        told = {key.lower(): value for key, value in headers.items()}
        for spelling in _SPELLINGS:
            remaining = _number(told.get(f"{spelling}remaining"))
            if remaining is not None:
                limit = _number(told.get(f"{spelling}limit"))
                self.told(name, remaining, _moment(told.get(f"{spelling}reset")), limit)
                return

    def told(self, name: str, remaining: int, resets_at: datetime | None, limit: int | None = None) -> None:
        """Take in what the service says of an allowance in its own way; ``resets_at`` in UTC."""
        now = self._now()
        bucket = self._buckets.setdefault(name, _Bucket(Rate(limit or 1, 900.0), 1.0, now))
        bucket.fill(now)
        if limit:
            bucket.rate = Rate(limit, bucket.rate.seconds)
        bucket.resets_at = resets_at
        bucket.tokens = float(remaining)
        if remaining == 0 and resets_at is not None:
            self._close(bucket, (resets_at - clock.now()).total_seconds())
            bucket.tokens = 1.0  # the first call when it opens tells how many there are

    def refused(self, name: str, seconds: float) -> None:
        """Take in that the service refused a call, and asks for ``seconds`` of patience."""
        bucket = self._buckets.setdefault(name, _Bucket(Rate(1, max(seconds, 1.0)), 0.0, self._now()))
        self._close(bucket, seconds)
        bucket.resets_at = clock.seconds_from_now(min(seconds, _LONGEST_PAUSE))

    def quotas(self) -> tuple[Quota, ...]:
        """Return what is left of each allowance."""
        now = self._now()
        found = []
        for name, bucket in self._buckets.items():
            bucket.fill(now)
            left = 0 if bucket.closed_until > now else max(0, int(bucket.tokens))
            found.append(Quota(name, bucket.rate.calls, left, bucket.resets_at, bucket.waiting))
        return tuple(found)

    def _close(self, bucket: _Bucket, seconds: float) -> None:
        bucket.closed_until = self._now() + min(max(seconds, 0.0), _LONGEST_PAUSE)


class Limiters:
    """The limiters of a process, by credential; each lives as long as somebody uses it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, Limiter] = WeakValueDictionary()

    def of(self, credential: str) -> Limiter:
        """Return the limiter of a credential. Give no secret: a client's id, or an account's."""
        found = self._known.get(credential)
        if found is None:
            found = self._known[credential] = Limiter()
        return found


def retry_after(headers: Mapping[str, str], otherwise: float = 60.0) -> float:
    """Return how many seconds a refusing answer asks to wait (RFC 9110, 10.2.3: seconds, or a date), or until
    when its allowance is used up; ``otherwise`` where it says nothing usable."""
    told = {key.lower(): value for key, value in headers.items()}
    said = told.get("retry-after", "")
    if (seconds := _number(said)) is not None:
        return min(float(seconds), _LONGEST_PAUSE)
    until = _date(said) or next((m for s in _SPELLINGS if (m := _moment(told.get(f"{s}reset")))), None)
    if until is None:
        return otherwise
    return min(max((until - clock.now()).total_seconds(), 1.0), _LONGEST_PAUSE)


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _moment(text: str | None) -> datetime | None:
    number = _number(text)
    try:
        if number is not None and number > 1_000_000_000:
            return datetime.fromtimestamp(number, UTC)
        if number is not None:
            return clock.now() + timedelta(seconds=number)
        return clock.to_utc(datetime.fromisoformat(text)) if text else None
    except (ValueError, OverflowError, OSError):
        return None


def _date(text: str) -> datetime | None:
    try:
        return clock.to_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError):
        return None
