"""Garbage goes in the thread of the window."""

from __future__ import annotations

import asyncio
import gc
import threading

from agentdesk.desktop.garbage import collect_due
from agentdesk.desktop.loop import new_loop


class _Ring:
    """Holds itself, as a widget does whose slot holds the widget, and says where it goes."""

    def __init__(self, gone: list[int]) -> None:
        self._gone, self._itself = gone, self

    def __del__(self) -> None:
        self._gone.append(threading.get_ident())


def _make_many() -> None:
    for _ in range(10):
        list(map(list, ((),) * 10_000))


async def test_no_other_thread_collects_while_the_window_lives() -> None:
    gone: list[int] = []
    _Ring(gone)
    await asyncio.to_thread(_make_many)
    assert not gone
    kept = [[] for _ in range(gc.get_threshold()[0] + 1)]
    collect_due()
    assert gone == [threading.get_ident()]
    del kept


def test_afterwards_python_collects_as_before() -> None:
    loop = new_loop()
    try:
        assert gc.isenabled()
        loop.run_until_complete(_is_off())
        assert gc.isenabled()
    finally:
        loop.close()


async def _is_off() -> None:
    assert not gc.isenabled()
