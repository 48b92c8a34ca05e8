"""What a desk does at once, and what becomes of it where it is cut off meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SetTags
from agentdesk.store.sqlite import Step
from agentdesk.store.tables import conversation, event
from agentdesk.store.unit import Changes
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.protocol import PROTOCOL, Batch, Rows, Welcome
from agentdesk.sync.replica import Replica
from agentdesk.sync.replica_tables import base_row
from agentdesk.sync.workbench import Workbench
from tests.helpers.until import until

_INBOX = new_id()


def _batch(cursor: str, ver: int) -> Batch:
    return Batch(cursor=cursor, rows=(Rows("inbox", ({"id": _INBOX.bytes, "name": cursor, "ver": ver},)),))


def _conversation(row_id: UUID, ver: int, status: str = "open", **values: Any) -> dict[str, Any]:
    return {"id": row_id.bytes, "inbox_id": _INBOX.bytes, "status": status, "ver": ver, **values}


def _conversations(cursor: str, *rows: dict[str, Any]) -> Batch:
    return Batch(cursor=cursor, rows=(Rows("conversation", rows),))


class _Desk(Workbench):
    """A workbench that remembers what it told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Changes] = []
        self.replica = Replica(folder / "replica.sqlite")
        super().__init__(self.replica, Outbox(folder / "outbox.sqlite"), self.told.append)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[_Desk]:
    """A desk that has been filled."""
    made = _Desk(tmp_path)
    await made.open()
    welcome = Welcome(
        protocol=PROTOCOL,
        program="",
        epoch="e",
        user_id=new_id(),
        workspace="",
        fresh=True,
        last_number=0,
    )
    await made.welcome(welcome)
    await made.take_in([_batch("first", 1)])
    yield made
    await made.close()


async def test_who_is_cut_off_after_the_commit_tells_and_stands_where_the_file_does(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, write = asyncio.Event(), desk.replica.write_plain

    async def is_cut_off(steps: Sequence[Step]) -> None:
        await write(steps)
        written.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(desk.replica, "write_plain", is_cut_off)
        task = asyncio.create_task(desk.take_in([_batch("second", 2)]))
        await written.wait()
        desk.told.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert desk.told == [{"inbox": {_INBOX}}]
    assert desk.standing.cursor == "second"  # a server that was rolled back to "first" is noticed by it
    assert await desk.replica.standing() == desk.standing


async def test_who_is_cut_off_before_the_commit_stands_where_they_stood(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def is_cut_off(steps: Sequence[Step]) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(desk.replica, "write_plain", is_cut_off)
        task = asyncio.create_task(desk.take_in([_batch("second", 2)]))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert desk.standing.cursor == "first"
    await desk.take_in([_batch("second", 2)])
    assert desk.standing.cursor == "second"


async def test_what_comes_with_a_command_of_ours_brings_all_back_that_it_had_changed(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, touched = new_id(), new_id()
    await desk.take_in([_conversations("second", _conversation(ours, 1), _conversation(touched, 1))])
    command_id = await desk.do(SetTags(conversation_id=ours, tags=("a",)), None)
    monkeypatch.setattr(desk.replica, "write", None)  # one trip to the thread, or none of it is written
    told = msgspec.structs.replace(
        _conversations("third", _conversation(touched, 2, status="resolved")), own=(command_id,)
    )
    await desk.take_in([told])

    async with desk.replica.read() as conn:
        rows = await conn.execute(select(conversation.c.id, conversation.c.tags, conversation.c.status))
        assert {row.id: (row.tags, row.status) for row in rows} == {
            ours: ([], "open"),  # the server took it, and it changed nothing there
            touched: ([], "resolved"),
        }
        assert list(await conn.scalars(select(event.c.id))) == []
        assert list(await conn.scalars(select(base_row.c.row_id))) == []
    assert desk.unsent() == 0
    assert (await desk.replica.standing()).cursor == "third"


async def test_what_is_as_new_stays_and_what_is_newer_is_written(desk: _Desk) -> None:
    row_id = new_id()
    steps: list[tuple[dict[str, Any], tuple[str, list[str], int]]] = [
        (_conversation(row_id, 2, tags=["first"]), ("open", ["first"], 2)),
        (_conversation(row_id, 2, "resolved", tags=["as new"]), ("open", ["first"], 2)),
        (_conversation(row_id, 1, "resolved", tags=["older"]), ("open", ["first"], 2)),
        (_conversation(row_id, 3, tags=["newer"]), ("open", ["newer"], 3)),
        (_conversation(row_id, 4, "snoozed", updated_at=5), ("snoozed", [], 4)),
    ]
    c = conversation.c
    for comes, stands in steps:
        await desk.take_in([_conversations("x", comes)])
        async with desk.replica.read() as conn:
            assert (await conn.execute(select(c.status, c.tags, c.ver))).one() == stands
            assert list(await conn.exec_driver_sql("PRAGMA integrity_check")) == [("ok",)]


async def test_a_change_writes_no_index_in_which_a_row_keeps_its_place(desk: _Desk, tmp_path: Path) -> None:
    row_id, log = new_id(), tmp_path / "replica.sqlite-wal"
    await desk.take_in([_conversations("0", _conversation(row_id, 1, updated_at=1))])
    sizes = [log.stat().st_size]
    for ver, status in ((2, "open"), (3, "resolved")):
        await desk.take_in([_conversations("1", _conversation(row_id, ver, status=status, updated_at=ver))])
        sizes.append(log.stat().st_size)
    kept, moved = sizes[1] - sizes[0], sizes[2] - sizes[1]
    assert kept < moved


async def test_a_command_may_go_up_as_soon_as_it_is_kept(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = new_id()
    await desk.take_in([_conversations("second", _conversation(conversation_id, 1))])
    may_end, write, heard = asyncio.Event(), desk.replica.write, desk.news.rings

    @asynccontextmanager
    async def takes_long() -> AsyncIterator[AsyncConnection]:
        async with write() as conn:
            yield conn
            await may_end.wait()

    with monkeypatch.context() as patched:
        patched.setattr(desk.replica, "write", takes_long)
        doing = asyncio.create_task(desk.do(SetTags(conversation_id=conversation_id, tags=("a",)), None))
        await until(lambda: desk.news.rings > heard)
        (envelope,) = await desk.to_push((), 10)
        assert not doing.done()
        may_end.set()
        assert await doing == envelope.id
