"""Commands that share a transaction: each as it would be alone, and none harms another."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.helpers.fake_world import FakeWorld
from tests.store.rows import put

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands import registry
from agentdesk.commands.context import Context
from agentdesk.commands.executor import Executor
from agentdesk.commands.offer import Offer
from agentdesk.commands.together import carry_out
from agentdesk.commands.values import (
    AddNote,
    AnyCommand,
    Assign,
    Envelope,
    MarkRead,
    MergeConversations,
    SetPriority,
    SetStatus,
    SetTags,
)
from agentdesk.store.tables import (
    applied_command,
    audit_entry,
    change_log,
    contact,
    contact_inbox,
    conversation,
    desk,
    event,
    message,
)


@pytest.fixture
async def talks(world: FakeWorld) -> list[UUID]:
    """Six conversations that nobody has looked at yet."""
    given = {"inbox_id": world.inbox_id, "account_id": world.account_id, "channel": "fake"}
    state = {"status": "open", "priority": "normal", "unread": True}
    async with world.db.write() as conn:
        customer = await put(conn, contact, name="Alice")
        await put(conn, contact_inbox, contact_id=customer, inbox_id=world.inbox_id)
        return [
            await put(conn, conversation, **given, **state, contact_id=customer, number=number)
            for number in range(1, 7)
        ]


def offer(
    world: FakeWorld, command: AnyCommand, *, number: int | None = None, desk_id: UUID | None = None
) -> Offer:
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now(), number=number)
    return Offer(envelope, world.maria, desk_id)


async def at_once(world: FakeWorld, offers: list[Offer]) -> list[Any]:
    """Offer commands at the same moment to a server; returns the outcome of each, or its error."""
    executor = Executor(world.db, Bell())
    given = [executor.execute(one.envelope, one.actor, one.desk_id) for one in offers]
    answers = await asyncio.gather(*given, return_exceptions=True)
    return [one if isinstance(one, BaseException) else one.outcome for one in answers]


async def known_desk(world: FakeWorld) -> UUID:
    """A desk whose first command was carried out."""
    one, somewhere = new_id(), (await world.conversations())[0].id
    command = SetTags(conversation_id=somewhere, tags=(one.hex,))
    assert await at_once(world, [offer(world, command, number=1, desk_id=one)]) == ["done"]
    return one


async def entries(world: FakeWorld, offers: list[Offer]) -> dict[UUID, Any]:
    ids = [one.envelope.id for one in offers]
    return {row.ref: row for row in await world.rows(audit_entry, audit_entry.c.ref.in_(ids), order="seq")}


async def test_each_keeps_all_that_it_has_alone(world: FakeWorld, talks: list[UUID]) -> None:
    desks = [await known_desk(world) for _ in range(5)]
    before = {row.id: row.ver for row in await world.conversations()}
    commands: list[AnyCommand] = [
        Assign(conversation_id=talks[1], assignee_id=world.user_id),
        SetStatus(conversation_id=talks[2], status="resolved"),
        SetPriority(conversation_id=talks[3], priority="high"),
        SetTags(conversation_id=talks[4], tags=("new",)),
        MarkRead(conversation_id=talks[5]),
    ]
    offers = [
        offer(world, command, number=7, desk_id=one) for command, one in zip(commands, desks, strict=True)
    ]
    answers = await carry_out(world.db, offers)
    assert [answers[one.envelope.id].outcome for one in offers] == ["done"] * 5
    rows = {row.id: row for row in await world.conversations()}
    assert rows[talks[1]].assignee_id == world.user_id
    assert (rows[talks[2]].status, rows[talks[2]].resolved_at is not None) == ("resolved", True)
    assert (rows[talks[3]].priority, rows[talks[4]].tags, rows[talks[5]].unread) == ("high", ["new"], False)
    assert [rows[one].ver - before[one] for one in talks] == [0, 1, 1, 1, 1, 1]
    assert {row.last_number for row in await world.rows(desk)} == {7}
    log = await world.rows(change_log, change_log.c.command_id.in_(answers), order="seq")
    assert len({row.nonce for row in log}) == 1
    changed = {(row.command_id, row.row_id, row.ver) for row in log if row.table_name == "conversation"}
    assert changed == {(one.envelope.id, one.about, rows[one.about].ver) for one in offers}
    said = {row.id for row in await world.rows(event, event.c.conversation_id.in_(talks[1:]))}
    assert {row.row_id for row in log if row.table_name == "event"} == said
    trail = await entries(world, offers)
    assert [trail[one.envelope.id].desk_id for one in offers] == desks
    assert [trail[one.envelope.id].conversation_id for one in offers] == talks[1:]
    logged = len(await world.rows(change_log, order="seq"))
    assert await at_once(world, offers) == ["done"] * 5
    assert len(await world.rows(change_log, order="seq")) == logged


async def test_what_is_refused_or_done_already_leaves_its_neighbours_alone(
    world: FakeWorld, talks: list[UUID]
) -> None:
    desk_id = await known_desk(world)
    merge = MergeConversations(conversation_id=talks[0], joined_ids=(talks[1],))
    assert await at_once(world, [offer(world, merge)]) == ["done"]
    old = offer(world, MarkRead(conversation_id=talks[2]), number=1, desk_id=desk_id)
    stranger = offer(world, MarkRead(conversation_id=talks[3]), number=4, desk_id=new_id())
    nowhere = offer(world, MarkRead(conversation_id=new_id()))
    wrong = offer(world, SetPriority(conversation_id=talks[4], priority="nonsense"))
    merged = offer(world, SetPriority(conversation_id=talks[1], priority="high"))
    fine = offer(world, MarkRead(conversation_id=talks[5]))
    offers = [old, stranger, nowhere, wrong, merged, fine]
    assert set(await carry_out(world.db, offers)) == {fine.envelope.id}
    assert {row.id for row in await world.rows(applied_command)} & {o.envelope.id for o in offers} == {
        fine.envelope.id
    }
    wanted = ["already_done", "done", "refused", "refused", "done", "done"]
    assert await at_once(world, offers) == wanted
    rows = {row.id: row for row in await world.conversations()}
    assert [rows[one].unread for one in (talks[2], talks[3], talks[5])] == [True, False, False]
    assert rows[talks[0]].priority == "high"
    trail = await entries(world, offers)
    assert [trail[o.envelope.id].outcome for o in offers[1:]] == wanted[1:]
    assert old.envelope.id not in trail


async def test_one_offered_before_does_not_keep_the_others_from_being_done(
    world: FakeWorld, talks: list[UUID]
) -> None:
    before = offer(world, SetTags(conversation_id=talks[0], tags=("once",)))
    assert await at_once(world, [before]) == ["done"]
    others = [offer(world, SetTags(conversation_id=one, tags=("new",))) for one in talks[1:]]
    assert await at_once(world, [others[0], before, *others[1:]]) == ["done"] * 6
    rows = {row.id: row.tags for row in await world.conversations()}
    assert [rows[one] for one in talks] == [["once"], *[["new"]] * 5]
    assert len(await world.rows(applied_command)) == 6


@pytest.mark.logs_error("unexpected failure")
async def test_a_bug_hits_only_the_command_that_meets_it(
    world: FakeWorld, talks: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(_context: Context, _command: SetTags) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(registry._HANDLERS, SetTags, break_down)
    offers = [offer(world, MarkRead(conversation_id=one)) for one in talks]
    offers[3] = offer(world, SetTags(conversation_id=talks[3], tags=("new",)))
    answers = await at_once(world, offers)
    assert isinstance(answers.pop(3), ZeroDivisionError)
    assert answers == ["done"] * 5
    assert [row.unread for row in await world.conversations()] == [False] * 3 + [True] + [False] * 2


async def test_one_that_would_write_more_than_can_be_gathered_is_left_out(
    world: FakeWorld, talks: list[UUID]
) -> None:
    note = offer(world, AddNote(message_id=new_id(), conversation_id=talks[0], text="psst"))
    fine = offer(world, MarkRead(conversation_id=talks[1]))
    assert set(await carry_out(world.db, [note, fine])) == {fine.envelope.id}
    assert not await world.messages(message.c.kind == "note")


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
async def test_nobody_waits_for_a_neighbour_whose_conversation_is_being_worked_at(
    world: FakeWorld, talks: list[UUID]
) -> None:
    offers = [offer(world, MarkRead(conversation_id=one)) for one in talks]
    executor = Executor(world.db, Bell())
    async with world.db.write() as conn:
        await conn.execute(select(conversation.c.id).where(conversation.c.id == talks[2]).with_for_update())
        tasks = [asyncio.create_task(executor.execute(one.envelope, one.actor)) for one in offers]
        done, waits = await asyncio.wait([tasks[0], tasks[1], *tasks[3:]], timeout=30)
        assert (len(done), len(waits), tasks[2].done()) == (5, 0, False)
    assert [(await task).outcome for task in tasks] == ["done"] * 6
    assert [row.unread for row in await world.conversations()] == [False] * 6
