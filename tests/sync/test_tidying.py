"""What was closed long ago leaves the desk's copy, in small steps, while people work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.store.tables import conversation, message
from agentdesk.store.unit import Changes
from agentdesk.sync.desk_files import DeskFiles
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.replica import Replica
from agentdesk.sync.replica_tables import base_row
from agentdesk.sync.upkeep import Upkeep
from agentdesk.sync.workbench import Workbench


class Tidied:
    """A workbench, and what it told of."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Changes] = []
        self.replica = Replica(folder / "replica.sqlite")
        outbox = Outbox(folder / "outbox.sqlite")
        self.workbench = Workbench(self.replica, outbox, self.told.append)
        self.upkeep = Upkeep(self.workbench, self.replica, outbox, DeskFiles(folder / "files"))

    async def add(self, status: str, days: int, *, resolved_days: int | None = None) -> UUID:
        """A conversation that was silent for ``days``, with one message; returns its id."""
        row_id = new_id()
        head = {"id": row_id, "status": status, "last_message_at": _ago(days), "resolved_at": None, "ver": 1}
        if resolved_days is not None:
            head["resolved_at"] = _ago(resolved_days)
        async with self.replica.write() as conn:
            await conn.execute(insert(conversation).values(**head))
            values = {"id": new_id(), "conversation_id": row_id, "ver": 1}
            await conn.execute(insert(message).values(**values))
        return row_id

    async def left(self) -> set[UUID]:
        """The conversations that are there, each with its message."""
        async with self.replica.read() as conn:
            heads = set(await conn.scalars(select(conversation.c.id)))
            assert set(await conn.scalars(select(message.c.conversation_id))) == heads
        return heads


def _ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Tidied]:
    made = Tidied(tmp_path)
    await made.workbench.open()
    yield made
    await made.workbench.close()


async def test_only_what_was_closed_and_silent_long_ago_goes(desk: Tidied) -> None:
    gone = {await desk.add("resolved", 200, resolved_days=150), await desk.add("resolved", 200)}
    stays = {
        await desk.add("open", 200),
        await desk.add("snoozed", 200),
        await desk.add("resolved", 20, resolved_days=20),
        await desk.add("resolved", 200, resolved_days=20),
    }
    assert await desk.upkeep.tidy(50)
    assert await desk.left() == stays
    assert [changes["conversation"] for changes in desk.told] == [gone]
    assert not await desk.upkeep.tidy(50)
    assert len(desk.told) == 1


async def test_a_step_is_as_small_as_asked(desk: Tidied) -> None:
    for _ in range(5):
        await desk.add("resolved", 200)
    steps = []
    while await desk.upkeep.tidy(2):
        steps.append(len(await desk.left()))
    assert steps == [3, 1, 0]


@pytest.mark.parametrize("what", ["the conversation", "a conversation", "a message"])
async def test_what_lies_under_an_own_change_stays(desk: Tidied, what: str) -> None:
    """Also under one about a customer or another conversation, which is noted as the family."""
    touched = await desk.add("resolved", 200)
    await desk.add("resolved", 200)
    async with desk.replica.write() as conn:
        inside = await conn.scalar(select(message.c.id).where(message.c.conversation_id == touched))
        row_id = inside if what == "a message" else touched
        family = touched if what == "the conversation" else new_id()
        row = {"table_name": what.split()[1], "row_id": row_id, "family": family, "wire": b""}
        await conn.execute(insert(base_row).values(**row))
    assert await desk.upkeep.tidy(50)
    assert await desk.left() == {touched}


async def test_lists_are_read_in_the_order_of_an_index(desk: Tidied) -> None:
    async with desk.replica.read() as conn:
        query = "SELECT id FROM conversation WHERE status = 'open' ORDER BY last_message_at DESC, id"
        plan = " ".join(row[3] for row in await conn.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "COVERING INDEX ix_conversation_queue" in plan
    assert "TEMP B-TREE" not in plan
