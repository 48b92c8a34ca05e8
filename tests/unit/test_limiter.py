"""Calls to a service: no more than it allows, in turn, and visible."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from agentdesk.base import clock
from agentdesk.sdk.errors import RateLimited
from agentdesk.sdk.limiter import Limiter, Limiters, Rate, retry_after

TEN = Rate(10, 100.0)


class _Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def limiter(self) -> Limiter:
        return Limiter(lambda: self.now, self.sleep)


async def test_calls_beyond_the_allowance_wait_for_a_token() -> None:
    time = _Time()
    limiter = time.limiter()
    for _ in range(12):
        await limiter.turn("posts", TEN)
    assert sum(time.slept) == pytest.approx(20.0)


async def test_a_call_that_counts_more_takes_more_of_the_allowance() -> None:
    time = _Time()
    limiter = time.limiter()
    for _ in range(4):
        await limiter.turn("writes", TEN, points=3)
    assert sum(time.slept) == pytest.approx(20.0)
    limiter.refused("others", 5.0)
    await limiter.turn("others", TEN, points=3)
    assert sum(time.slept) == pytest.approx(25.0)


async def test_who_would_wait_too_long_is_told_at_once_how_long() -> None:
    time = _Time()
    limiter = time.limiter()
    for _ in range(10):
        await limiter.turn("posts", TEN)
    with pytest.raises(RateLimited) as limited:
        await limiter.turn("posts", TEN, patience=5.0)
    assert limited.value.retry_after == pytest.approx(10.0)
    assert time.slept == []
    await limiter.turn("others", TEN)  # another allowance


async def test_turns_are_taken_in_order_and_given_back_when_cancelled() -> None:
    gate = asyncio.Event()
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        await gate.wait()
        now += seconds

    limiter = Limiter(lambda: now, sleep)
    await limiter.turn("posts", Rate(1, 1.0))
    order: list[int] = []

    async def call(number: int) -> None:
        await limiter.turn("posts", Rate(1, 1.0))
        order.append(number)

    calls = [asyncio.ensure_future(call(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert limiter.quotas()[0].waiting == 3
    calls[1].cancel()
    gate.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert order == [0, 2]
    assert limiter.quotas()[0].waiting == 0


@pytest.mark.parametrize(
    ("prefix", "reset"),
    [("x-rate-limit-", "epoch"), ("RateLimit-", "epoch"), ("X-RateLimit-", "iso"), ("ratelimit-", "seconds")],
)
async def test_what_the_service_says_counts_from_then_on(prefix: str, reset: str) -> None:
    time = _Time()
    limiter = time.limiter()
    await limiter.turn("posts", TEN)
    until = clock.seconds_from_now(120)
    said = {
        "epoch": str(int(until.timestamp())),
        "iso": until.isoformat().replace("+00:00", "Z"),
        "seconds": "120",
    }
    headers = {f"{prefix}Limit": "300", f"{prefix}Remaining": "0", f"{prefix}Reset": said[reset]}
    limiter.heard("posts", headers)
    (quota,) = limiter.quotas()
    assert (quota.limit, quota.remaining) == (300, 0)
    assert quota.resets_at is not None
    assert abs(quota.resets_at - until) < timedelta(seconds=5)
    with pytest.raises(RateLimited) as limited:
        await limiter.turn("posts", TEN)
    assert 110 < limited.value.retry_after < 130
    await limiter.turn("posts", TEN, patience=200.0)


async def test_a_refusal_closes_until_the_time_that_it_names() -> None:
    time = _Time()
    limiter = time.limiter()
    limiter.refused("posts", 50.0)
    await limiter.turn("posts", TEN, patience=60.0)
    assert sum(time.slept) >= 50.0


@pytest.mark.parametrize(
    "headers", [{}, {"x-rate-limit-remaining": "many"}, {"x-rate-limit-reset": "9" * 40}]
)
async def test_headers_that_say_nothing_change_nothing(headers: dict[str, str]) -> None:
    limiter = _Time().limiter()
    limiter.heard("posts", headers)
    assert limiter.quotas() == ()


def test_patience_is_asked_for_in_seconds_or_by_a_date() -> None:
    assert retry_after({"Retry-After": "17"}) == 17.0
    date = clock.seconds_from_now(90).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert 80 < retry_after({"retry-after": date}) < 95
    epoch = str(int(clock.seconds_from_now(40).timestamp()))
    assert 30 < retry_after({"x-rate-limit-reset": epoch}) < 45
    assert retry_after({"Retry-After": "soon"}) == 60.0
    assert retry_after({"Retry-After": "9" * 12}) == 24 * 3600.0


def test_accounts_with_one_credential_share_its_limiter() -> None:
    limiters = Limiters()
    one = limiters.of("client-1")
    assert limiters.of("client-1") is one
    assert limiters.of("client-2") is not one
