from __future__ import annotations

import asyncio

import pytest

from tests.helpers.until import until, until_sync


async def test_until_returns_what_the_predicate_answers() -> None:
    answers = iter([None, "", "there"])
    assert await until(lambda: next(answers)) == "there"


async def test_until_lets_the_loop_run() -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, done.set)
    assert await until(done.is_set)


async def test_until_awaits_coroutine_functions() -> None:
    answers = iter([False, True])

    async def asked() -> bool:
        return next(answers)

    assert await until(asked)


async def test_until_says_what_never_came() -> None:
    with pytest.raises(AssertionError, match=r"the mail did not become true within 0.02 s.* was \[\]"):
        await until(list, 0.02, what="the mail")


def test_until_sync() -> None:
    answers = iter([0, 0, 7])
    assert until_sync(lambda: next(answers)) == 7
    with pytest.raises(AssertionError, match="the end"):
        until_sync(list, 0.02, what="the end")
