"""Rows of the queue that several ask for are read once, and anew where they may be others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from msgspec import structs

from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.row_cache import RowCache
from tests.helpers.fake_desk import FakeDesk


class _Source:
    """Answers with the rows of a desk as they were when it was asked; waits for ``gate``."""

    def __init__(self, rows: Sequence[QueueRow]) -> None:
        self.rows = {row.id: row for row in rows}
        self.asked: list[list[UUID]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, ids: Sequence[UUID]) -> list[QueueRow]:
        self.asked.append(list(ids))
        found = [self.rows[one] for one in ids if one in self.rows]
        await self.gate.wait()
        return found


@pytest.fixture
async def source() -> _Source:
    desk = FakeDesk.sample()
    rows = await desk.queue_rows((await desk.queue_ids(View(kind="all")))[:3])
    return _Source(
        [
            structs.replace(row, contact_id=UUID(int=place), failed=place == 2)
            for place, row in enumerate(rows)
        ]
    )


async def test_each_row_is_read_once_also_by_those_who_ask_at_the_same_time(source: _Source) -> None:
    cache, ids = RowCache(source.read), list(source.rows)
    both = await asyncio.gather(cache.rows(ids[:2]), cache.rows([ids[2], ids[1], ids[0]]))
    assert both == [[source.rows[one] for one in wanted] for wanted in (ids[:2], ids[::-1])]
    assert source.asked == [ids[:2], ids[2:]]


async def test_what_changes_is_read_anew(source: _Source) -> None:
    cache, ids = RowCache(source.read), list(source.rows)
    changes: list[tuple[dict[str, set[UUID]], list[UUID]]] = [
        ({"conversation": {ids[1]}}, [ids[1]]),
        ({"contact": {source.rows[ids[0]].contact_id}}, [ids[0], ids[2]]),
        ({"message": {ids[0]}}, [ids[2]]),  # it shows that a message of it was not sent
        ({"event": {ids[0]}}, []),
        ({"user": {ids[0]}}, ids),
        ({}, ids),
    ]
    await cache.rows(ids)
    for told, read in changes:
        source.asked.clear()
        cache.forget(told)
        await cache.rows(ids)
        assert source.asked == ([read] if read else []), told


async def test_what_changes_while_it_is_read_is_not_kept(source: _Source) -> None:
    cache, ids = RowCache(source.read), list(source.rows)
    source.gate.clear()
    reading = asyncio.ensure_future(cache.rows(ids))
    while not source.asked:
        await asyncio.sleep(0)
    source.rows[ids[0]] = structs.replace(source.rows[ids[0]], preview="newer")
    cache.forget({"conversation": {ids[0]}})
    source.gate.set()
    await reading
    assert [row.preview for row in await cache.rows(ids[:1])] == ["newer"]
    assert source.asked == [ids, ids[:1]]
