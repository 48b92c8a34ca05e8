"""Who goes at once, who waits, and who goes together: without a database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import SYSTEM
from agentdesk.commands.offer import Offer
from agentdesk.commands.values import Answer, Envelope, MarkRead
from agentdesk.commands.waiting import Waiting
from agentdesk.store.errors import DatabaseBusy


def offer(about: UUID | None = None, desk_id: UUID | None = None) -> Offer:
    command = MarkRead(conversation_id=about or new_id())
    return Offer(Envelope(id=new_id(), command=command, issued_at=clock.now()), SYSTEM, desk_id)


class Server:
    """Notes who is carried out how; nothing ends before ``open`` is set."""

    def __init__(self, *, refuses: Sequence[Offer] = (), breaks: Exception | None = None) -> None:
        self.open = asyncio.Event()
        self.alone: list[Offer] = []
        self.groups: list[list[Offer]] = []
        self._refuses = refuses
        self._breaks = breaks
        self.waiting = Waiting(self._alone, self._together)

    async def begin(self, *offers: Offer) -> list[asyncio.Task[Answer]]:
        """Offer commands at the same moment, and let what can begin do so."""
        tasks = [asyncio.create_task(self.waiting.answer(one)) for one in offers]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks

    async def _alone(self, one: Offer) -> Answer:
        self.alone.append(one)
        await self.open.wait()
        return Answer(command_id=one.envelope.id, outcome="alone")

    async def _together(self, offers: Sequence[Offer]) -> dict[UUID, Answer]:
        self.groups.append(list(offers))
        await self.open.wait()
        if self._breaks is not None:
            raise self._breaks
        ids = [one.envelope.id for one in offers if one not in self._refuses]
        return {one: Answer(command_id=one, outcome="together") for one in ids}


async def outcomes(tasks: Sequence[asyncio.Task[Answer]]) -> list[str]:
    return [answer.outcome for answer in await asyncio.gather(*tasks)]


async def test_where_little_is_to_be_done_each_goes_alone() -> None:
    server = Server()
    first = await server.begin(offer())
    second = await server.begin(offer())
    assert len(server.alone) == 2
    server.open.set()
    assert await outcomes([*first, *second]) == ["alone", "alone"]
    assert server.groups == []


async def test_those_that_come_while_others_run_go_together() -> None:
    server = Server()
    running = [*await server.begin(offer()), *await server.begin(offer())]
    waiting = await server.begin(*(offer() for _ in range(40)))
    assert server.groups == []
    server.open.set()
    assert await outcomes(running) == ["alone"] * 2
    assert await outcomes(waiting) == ["together"] * 40
    assert [len(group) for group in server.groups] == [32, 8]


async def test_no_two_of_a_group_are_about_one_conversation_or_from_one_desk() -> None:
    server, talk, desk_id = Server(), new_id(), new_id()
    same = [offer(talk), offer(talk), offer(desk_id=desk_id), offer(desk_id=desk_id), offer(talk, desk_id)]
    tasks = await server.begin(*same)
    server.open.set()
    assert await outcomes(tasks[:4]) == ["together"] * 4
    assert await outcomes(tasks[4:]) == ["alone"]
    assert server.groups == [[same[0], same[2]], [same[1], same[3]]]
    assert server.alone == [same[4]]


async def test_those_that_a_group_leaves_out_go_alone() -> None:
    left_out = offer()
    server = Server(refuses=[left_out])
    tasks = await server.begin(offer(), left_out, offer())
    server.open.set()
    assert await outcomes(tasks) == ["together", "alone", "together"]


async def _fails(error: Exception) -> None:
    server = Server(breaks=error)
    tasks = await server.begin(offer(), offer(), offer())
    server.open.set()
    assert await outcomes(tasks) == ["alone"] * 3
    assert len(server.groups) == 1


@pytest.mark.parametrize("error", [DatabaseBusy(), IntegrityError("INSERT", None, Exception("known"))])
async def test_where_a_group_fails_all_of_it_go_alone(error: Exception) -> None:
    await _fails(error)


@pytest.mark.logs_error("unexpected failure")
async def test_a_fault_of_ours_hits_nobody_who_only_came_along_and_is_told() -> None:
    await _fails(ZeroDivisionError())


async def test_whoever_gives_up_waiting_is_not_carried_out() -> None:
    server = Server()
    running = [*await server.begin(offer()), *await server.begin(offer())]
    stays, goes = offer(), offer()
    tasks = await server.begin(stays, goes)
    tasks[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    server.open.set()
    assert await outcomes([*running, tasks[0]]) == ["alone"] * 3
    assert goes not in server.alone
    assert server.groups == []


async def test_whoever_is_held_up_keeps_nobody_waiting_for_long() -> None:
    server = Server()
    held_up = [*await server.begin(offer()), *await server.begin(offer())]
    later = await server.begin(offer())
    await until(lambda: len(server.alone) == 3, what="the third began")
    server.open.set()
    assert await outcomes([*held_up, *later]) == ["alone"] * 3
