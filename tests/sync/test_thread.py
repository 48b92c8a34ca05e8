"""The whole way: a desk is filled, hears of changes, sends commands, and sees its own come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, Envelope, SendReply, SetTags
from agentdesk.domain.party import Party
from agentdesk.store.tables import conversation, event, message
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World


async def _values(desk: SimDesk, query: Any) -> list[Any]:
    async with desk.replica.read() as conn:
        return list(await conn.scalars(query))


def _reply(conversation_id: UUID, text: str = "Good day") -> SendReply:
    return SendReply(
        message_id=new_id(),
        conversation_id=conversation_id,
        to=(Party("email", "customer@else.test", "Customer"),),
        text=text,
    )


async def test_a_desk_is_filled_and_hears_of_changes(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    first = await world.mail("before")
    desk = await new_desk("ada")
    await desk.connect()
    await until(desk.synced.is_set)
    assert await _values(desk, select(conversation.c.id)) == [first]

    second = await world.mail("after")
    await until(lambda: _values(desk, select(conversation.c.id).where(conversation.c.id == second)))
    assert set(await _values(desk, select(message.c.text))) == {"before", "after"}


async def test_a_command_goes_up_and_comes_back_once(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await new_desk("ada")
    await desk.connect()
    await until(desk.synced.is_set)

    reply = _reply(conversation_id)
    await desk.workbench.do(reply, None)
    assert await _values(desk, select(message.c.ver).where(message.c.id == reply.message_id)) == [0]
    await until(lambda: desk.workbench.unsent() == 0)
    assert await _values(desk, select(message.c.ver).where(message.c.id == reply.message_id)) == [1]
    async with world.db.read() as conn:
        found = await conn.scalars(select(message.c.id).where(message.c.direction == "out"))
        assert list(found) == [reply.message_id]


async def test_a_command_that_changes_nothing_is_confirmed_too(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await new_desk("ada")
    await desk.connect()
    await until(desk.synced.is_set)
    await desk.workbench.do(SetTags(conversation_id=conversation_id, tags=()), None)
    await until(lambda: desk.workbench.unsent() == 0)
    assert await _values(desk, select(event.c.id)) == []


@pytest.mark.logs_error("a bug of ours")
async def test_a_repeat_of_a_command_that_met_a_bug_is_refused_again(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, and a later command has been applied: the repeat is not taken for done."""
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await new_desk("ada")
    await desk.connect()
    await until(desk.synced.is_set)
    await desk.disconnect()
    reply = _reply(conversation_id, "meets a bug")
    await desk.workbench.do(reply, None)
    await desk.workbench.do(SetTags(conversation_id=conversation_id, tags=("later",)), None)
    execute = world.executor.execute

    async def buggy(envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        if envelope.command == reply:
            raise RuntimeError("a bug of ours")
        answer = await execute(envelope, actor, desk_id)
        if desk.line is not None:
            desk.line.cut()
        return answer

    monkeypatch.setattr(world.executor, "execute", buggy)
    desk.farewell = None
    await desk.connect()
    await until(lambda: desk.farewell is not None)
    monkeypatch.undo()
    await desk.connect()
    await until(lambda: desk.workbench.unsent() == 0)
    (refused,) = desk.workbench.waiting()
    assert refused.command == reply
    assert refused.answer is not None
    assert refused.answer.code == "error"
