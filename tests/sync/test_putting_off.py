"""What cannot be done yet waits by itself: one conversation holds up no other, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import Executor
from agentdesk.commands.values import AddNote, Answer, AnyCommand, Envelope, File, SetTags
from agentdesk.store.tables import conversation, message
from agentdesk.sync.overlay import Pending
from agentdesk.sync.putting_off import PutOff
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected


@dataclass
class Locked:
    """A server that cannot carry out commands about the conversation ``stuck`` until it is ``open``.
    ``done``: what it has carried out, in that order."""

    plain: Executor
    stuck: UUID
    free: UUID
    open: bool = False
    done: list[tuple[UUID, int]] = field(default_factory=list)
    refused: int = 0

    async def execute(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        about = getattr(envelope.command, "conversation_id", None)
        if about == self.stuck and not self.open:
            self.refused += 1
            return Answer(command_id=envelope.id, outcome="try_later")
        answer = await self.plain.execute(envelope, actor, desk_id)
        assert answer.outcome == "done"
        self.done.append((envelope.id, envelope.number or 0))
        return answer


@pytest.fixture
async def locked(world: World, monkeypatch: pytest.MonkeyPatch) -> Locked:
    """A server that cannot change the first of two conversations yet, which Ada answers."""
    await world.add_user("ada")
    stuck, free = await world.mail(), await world.mail()
    locked = Locked(world.executor, stuck, free)
    monkeypatch.setattr(world, "executor", locked)
    return locked


def _tags(conversation_id: UUID, *tags: str) -> SetTags:
    return SetTags(conversation_id=conversation_id, tags=tags)


async def _all_sent(desk: SimDesk) -> None:
    await until(lambda: desk.workbench.unsent() == 0, what="everything has gone up")


async def _tags_of(world: World, conversation_id: UUID) -> list[str]:
    async with world.db.read() as conn:
        found = await conn.scalar(select(conversation.c.tags).where(conversation.c.id == conversation_id))
    return list(found or ())


async def _held_up(locked: Locked, desk: SimDesk, *others: str) -> None:
    """Tag the one that cannot be changed twice, and the other with each of ``others``, which goes through."""
    await desk.workbench.do(_tags(locked.stuck, "one"), None)
    await until(lambda: locked.refused > 0, what="the server asks to try later")
    await desk.workbench.do(_tags(locked.stuck, "two"), None)
    for tag in others:
        await desk.workbench.do(_tags(locked.free, tag), None)
    await until(lambda: len(locked.done) == len(others), what="the other conversation's commands")


async def test_a_conversation_that_cannot_be_changed_yet_holds_up_no_other(
    world: World, locked: Locked, new_desk: NewDesk
) -> None:
    desk = await connected(await new_desk("ada"))
    await _held_up(locked, desk, "0", "1", "2")
    assert await _tags_of(world, locked.free) == ["2"]
    assert desk.workbench.unsent() >= 2
    locked.open = True
    await _all_sent(desk)
    assert await _tags_of(world, locked.stuck) == ["two"]
    numbers = [number for _, number in locked.done]
    assert numbers == sorted(numbers), "a number below the last one is that of a command which was done"


async def test_what_was_put_off_is_not_lost_with_the_desk(
    world: World, locked: Locked, new_desk: NewDesk
) -> None:
    desk = await connected(await new_desk("ada"))
    await _held_up(locked, desk, "other")
    await desk.reopen()
    locked.open = True
    await connected(desk)
    await _all_sent(desk)
    assert await _tags_of(world, locked.stuck) == ["two"]


async def test_a_file_that_cannot_be_sent_yet_holds_up_no_other_conversation(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add_user("ada")
    first, second = await world.mail(), await world.mail()
    desk, tried = await new_desk("ada"), 0

    async def broken(_file: File) -> None:
        nonlocal tried
        tried += 1
        raise ConnectionError("upload: 503")

    monkeypatch.setattr(desk, "_upload", broken)
    await connected(desk)
    file = File(id=new_id(), blob="b" * 64, name="plan.pdf", media_type="application/pdf", size=1)
    note = AddNote(message_id=new_id(), conversation_id=first, text="See the plan.", files=(file,))
    await desk.workbench.do(note, None)
    await until(lambda: tried > 1, what="two tries to send the file")
    await desk.workbench.do(AddNote(message_id=new_id(), conversation_id=second, text="Nothing."), None)

    async def arrived() -> bool:
        async with world.db.read() as conn:
            texts = await conn.scalars(select(message.c.text).where(message.c.kind == "note"))
            return list(texts) == ["Nothing."]

    await until(arrived, what="the note without a file")
    await until(lambda: desk.workbench.unsent() == 1, what="only the note with the file waits")


@pytest.mark.parametrize("families", [frozenset(), frozenset({UUID(int=7)})])
def test_what_may_have_to_do_with_it_waits_behind(families: frozenset[UUID]) -> None:
    stuck, other = UUID(int=7), UUID(int=8)
    put_off = PutOff()
    first, last = _pending(_tags(stuck), {stuck}), _pending(_tags(other), {other})
    behind = _pending(_tags(stuck), families)
    put_off.later(first.id)
    free, waiting = put_off.divide([first, behind, last])
    assert waiting[:2] == [first, behind]
    assert (last in free) == bool(families), "nobody knows what a command without families has to do with"
    put_off.over([first.id])
    assert put_off.divide([first, behind, last]) == ([first, behind, last], [])
    assert put_off.seconds() is None


def _pending(command: AnyCommand, families: set[UUID] | frozenset[UUID]) -> Pending:
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return Pending(envelope, families=frozenset(families))
