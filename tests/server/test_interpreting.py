"""Interpreting: bounded in time and memory, and one message's trouble is nobody else's."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any, cast

import psutil
import pytest
from tests.helpers import fake_connector
from tests.helpers.fake_connector import raw_mail
from tests.helpers.until import until

from agentdesk.sdk.inbound import Inbound
from agentdesk.server import interpreting
from agentdesk.server.interpreting import Interpreter, Raw, is_suspicious
from agentdesk.server.meaning import Unreadable

MODULE = cast(Any, fake_connector)


@pytest.fixture
async def interpreter() -> AsyncIterator[Interpreter]:
    """One with little patience."""
    made = Interpreter(seconds=2, memory=150_000_000)
    yield made
    await made.close()


def texts(found: list[Any]) -> list[str]:
    return [one.text if isinstance(one, Inbound) else one.reason for one in found]


async def test_a_few_small_ones_need_no_process(interpreter: Interpreter) -> None:
    found = await interpreter.interpret(MODULE, [Raw(raw_mail(text=t), {}) for t in "ab"])
    assert texts(found) == ["a", "b"]
    assert interpreter._process is None


async def test_many_come_back_in_their_order(interpreter: Interpreter) -> None:
    wanted = [f"text {n}" for n in range(200)]
    found = await interpreter.interpret(MODULE, [Raw(raw_mail(text=t), {}) for t in wanted])
    assert texts(found) == wanted
    assert interpreter._process is not None


@pytest.mark.parametrize("trouble", ["hang", "greed", "unreadable", "bug"])
async def test_trouble_stays_with_the_message_that_makes_it(interpreter: Interpreter, trouble: str) -> None:
    if trouble == "greed" and sys.platform != "linux":
        pytest.skip("only Linux limits the memory of a process dependably")
    mails = [Raw(raw_mail(text=f"text {n}"), {}) for n in range(10)]
    mails.insert(4, Raw(raw_mail(trouble=trouble), {}))
    found = await interpreter.interpret(MODULE, mails)
    assert isinstance(found[4], Unreadable)
    del found[4]
    assert texts(found) == [f"text {n}" for n in range(10)]


async def test_a_worker_that_dies_is_replaced(interpreter: Interpreter) -> None:
    careful = [Raw(raw_mail(text="a"), {}, careful=True)]
    await interpreter.interpret(MODULE, careful)
    assert interpreter._process is not None
    psutil.Process(interpreter._process.pid).kill()
    found = await interpreter.interpret(MODULE, [*careful, *careful])
    assert "a" in texts(found)
    assert texts(await interpreter.interpret(MODULE, careful)) == ["a"]


async def test_an_idle_worker_ends(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreting, "_IDLE_SECONDS", 0.05)
    await interpreter.interpret(MODULE, [Raw(raw_mail(), {}, careful=True)])
    await until(lambda: interpreter._process is None)


@pytest.mark.parametrize(
    ("raw", "suspicious"),
    [
        (b"Subject: x\r\n\r\nHello", False),
        (b"", False),
        (b"x" * 1_100_000, True),
        (b"A: b\r\n" * 30_000 + b"\r\nHello", True),
        (b"Subject: x\n\n" + b"<div>" * 30_000, True),
        (b"Subject: x\n\n" + b"\n--" * 2_000, True),
    ],
)
def test_what_may_cost_more_than_it_seems_is_noticed(raw: bytes, suspicious: bool) -> None:
    assert is_suspicious(raw) is suspicious
