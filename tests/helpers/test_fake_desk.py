"""The fake desk keeps the promises of the port that widget tests lean on."""

from __future__ import annotations

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.queries.rows import View
from agentdesk.sync.desk import DeskPort
from tests.helpers.fake_desk import NOW, FakeDesk


def _as_port(desk: FakeDesk) -> DeskPort:
    return desk  # checked by mypy: the fake is a port


async def test_two_samples_are_equal() -> None:
    one, two = _as_port(FakeDesk.sample(NOW)), _as_port(FakeDesk.sample(NOW))
    ids = await one.queue_ids(View(kind="all"))
    assert ids == await two.queue_ids(View(kind="all"))
    assert await one.queue_rows(ids) == await two.queue_rows(ids)


async def test_a_long_timeline_comes_in_pages_without_a_gap() -> None:
    desk = FakeDesk.sample(NOW)
    conversation = desk.find(4901)
    last = await desk.timeline(conversation, limit=40)
    before = await desk.timeline(conversation, before=last.messages[0].id, limit=400)
    assert last.older
    assert not before.older
    assert len(before.messages) + len(last.messages) == 150


async def test_a_held_reply_can_be_taken_back_once() -> None:
    desk = FakeDesk.sample(NOW)
    conversation = desk.find(4417)
    heard: list[set[str]] = []
    stop = desk.subscribe(lambda changes: heard.append(set(changes)))
    reply = SendReply(message_id=new_id(), conversation_id=conversation, to=(), text="Hola")
    command_id = await desk.do(reply, hold_seconds=10)
    assert [entry.state for entry in await desk.waiting()] == ["held"]
    assert await desk.undo_hold(command_id)
    assert not await desk.undo_hold(command_id)
    assert reply.message_id not in desk.world.messages
    assert any("message" in tables for tables in heard)
    stop()
    desk.emit()
    assert len([tables for tables in heard if not tables]) == 0
