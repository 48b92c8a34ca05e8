"""What a desk does at once, and what becomes of it where it is cut off meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SetTags
from agentdesk.store.sqlite import Statement
from agentdesk.store.unit import Changes
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.protocol import PROTOCOL, Batch, Rows, Welcome
from agentdesk.sync.replica import Replica
from agentdesk.sync.workbench import Workbench
from tests.helpers.until import until

_INBOX = new_id()


def _batch(cursor: str, ver: int) -> Batch:
    return Batch(cursor=cursor, rows=(Rows("inbox", ({"id": _INBOX.bytes, "name": cursor, "ver": ver},)),))


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


async def test_who_is_cut_off_after_the_commit_tells_and_asks_for_it_again(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, write = asyncio.Event(), desk.replica.write_plain

    async def is_cut_off(statements: Sequence[Statement]) -> None:
        await write(statements)
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
    assert desk.standing.cursor == "first"

    await desk.take_in([_batch("second", 2)])  # it comes again, and does no harm
    assert desk.standing.cursor == "second"
    assert await desk.replica.standing() == desk.standing


async def test_a_command_may_go_up_as_soon_as_it_is_kept(
    desk: _Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = new_id()
    row = {"id": conversation_id.bytes, "inbox_id": _INBOX.bytes, "status": "open", "ver": 1}
    await desk.take_in([Batch(cursor="second", rows=(Rows("conversation", (row,)),))])
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
        (envelope,) = desk.to_push((), 10)
        assert not doing.done()
        may_end.set()
        assert await doing == envelope.id
