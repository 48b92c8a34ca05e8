"""A desk is sent nothing that it need not have: each frame costs it a transaction, each row a look, and there
are many desks."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.store.errors import DatabaseBusy
from agentdesk.store.tables import contact, contact_inbox, conversation
from agentdesk.sync import changelog, feed, snapshot
from agentdesk.sync.changelog import Cursor, Position
from agentdesk.sync.protocol import Batch, decode_from_server
from agentdesk.sync.scope import Scope
from agentdesk.sync.subscription import Subscription
from tests.helpers.until import until
from tests.sync.world import World

_REST = 3600.0


async def _joined(world: World, inbox_id: UUID, desk_id: UUID | None = None) -> Subscription:
    subscription = Subscription(desk_id or new_id(), Scope(frozenset({inbox_id})))
    async with world.db.read(snapshot=True) as conn:
        now = await changelog.where_now(conn)
    await world.feed.join(subscription, now, _nothing)
    await _next(subscription)
    return subscription


async def _nothing(_frames: list[bytes]) -> None:
    raise AssertionError("there was nothing to catch up with")


async def _next(subscription: Subscription) -> Batch:
    async with asyncio.timeout(10):
        frame = await subscription.next()
    assert frame is not None
    batch = decode_from_server(frame)
    assert isinstance(batch, Batch)
    return batch


async def test_what_does_not_concern_a_desk_moves_its_position_only(world: World) -> None:
    other_id, _ = await world.add_inbox("Sales")
    here, elsewhere = await _joined(world, world.inbox_id), await _joined(world, other_id)
    before = elsewhere.position
    await world.mail("Hello")
    assert (await _next(here)).rows
    assert elsewhere.position.seq > before.seq
    assert not elsewhere._frames
    for one in (here, elsewhere):
        world.feed.leave(one)


async def test_now_and_then_it_is_given_a_newer_cursor(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other_id, _ = await world.add_inbox("Sales")
    elsewhere = await _joined(world, other_id)
    monkeypatch.setattr("agentdesk.sync.subscription._CURSOR_SECONDS", -1.0)
    before = elsewhere.position
    await world.mail("Hello")
    batch = await _next(elsewhere)
    assert not batch.rows
    assert Cursor.parse(batch.cursor).position.seq > before.seq
    world.feed.leave(elsewhere)


def test_a_command_is_named_once() -> None:
    desk_id, command_id, unseen = new_id(), new_id(), new_id()
    mine = Subscription(desk_id, Scope(None))
    mine.put([], Position(1), {command_id})
    mine.name({command_id, unseen})
    assert mine.to_name() == {unseen}


async def test_what_was_to_be_named_is_not_lost_where_a_scope_ends_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, command_id = await _joined(world, world.inbox_id), new_id()
    read = world.feed._read_on

    async def ends_meanwhile(*arguments: Any) -> Any:
        changed = await read(*arguments)
        mine.end("scope")
        return changed

    monkeypatch.setattr(world.feed, "_read_on", ends_meanwhile)
    mine.name({command_id})
    world.feed.wake()
    await until(lambda: mine.ended)
    assert await mine.next() is None
    assert mine.to_name() == {command_id}
    world.feed.leave(mine)


async def _tag(world: World, conversation_id: UUID) -> None:
    await world.write(lambda unit: unit.update(conversation, conversation_id, {"tags": [new_id().hex]}))


def _tables(batch: Batch) -> set[str]:
    return {rows.table for rows in batch.rows}


async def test_a_customer_is_sent_once_and_then_what_changes_of_them(world: World) -> None:
    desk, contact_id = await _joined(world, world.inbox_id), new_id()
    await world.write(lambda unit: world._contact(unit, contact_id, world.inbox_id, clock.now()))
    of_the_customer = _tables(await _next(desk))
    assert of_the_customer == {"contact", "contact_identity", "contact_inbox"}
    conversation_id = await world.mail(contact_id=contact_id)
    assert _tables(await _next(desk)) == {"conversation", "message"}
    await world.write(lambda unit: unit.update(contact, contact_id, {"name": "Ada"}))
    assert "contact" in _tables(await _next(desk))

    newcomer = await _joined(world, world.inbox_id)  # who may not know the customer
    await _tag(world, conversation_id)
    for one in (desk, newcomer):
        assert _tables(await _next(one)) == {"conversation", *of_the_customer}
    await _tag(world, conversation_id)
    assert _tables(await _next(desk)) == {"conversation"}
    for one in (desk, newcomer):
        world.feed.leave(one)


async def test_a_customer_who_enters_another_inbox_is_sent_to_those_who_see_that(world: World) -> None:
    other_id, _ = await world.add_inbox("Sales")
    here, there = await _joined(world, world.inbox_id), await _joined(world, other_id)
    contact_id = new_id()
    await world.write(lambda unit: world._contact(unit, contact_id, world.inbox_id, clock.now()))
    await _next(here)
    link = {"id": new_id(), "contact_id": contact_id, "inbox_id": other_id}
    await world.write(lambda unit: unit.insert(contact_inbox, [link]))
    assert _tables(await _next(there)) == {"contact", "contact_identity", "contact_inbox"}
    for one in (here, there):
        world.feed.leave(one)


async def test_what_could_not_be_read_to_the_end_has_not_been_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = clock.now() - timedelta(days=400)
    conversation_id = await world.mail("Long ago", at=long_ago, status="resolved")
    desk = await _joined(world, world.inbox_id)
    issuers, failures = snapshot._issuers, [DatabaseBusy()]

    async def fails_once(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await issuers(*arguments)

    monkeypatch.setattr(snapshot, "_issuers", fails_once)
    await _tag(world, conversation_id)
    assert {"conversation", "message", "contact"} <= _tables(await _next(desk))
    assert not failures
    world.feed.leave(desk)


async def test_what_comes_while_the_feed_rests_travels_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, sleep = await _joined(world, world.inbox_id), asyncio.sleep
    resting, rested = asyncio.Event(), asyncio.Event()

    async def rest(seconds: float) -> None:
        if seconds == _REST:
            resting.set()
            await rested.wait()
        await sleep(min(seconds, 0.01))

    monkeypatch.setattr(feed, "_rest", lambda *_: _REST)
    monkeypatch.setattr(asyncio, "sleep", rest)
    world.feed.wake()
    await resting.wait()
    made = {await world.mail(f"Number {number}") for number in range(3)}
    rested.set()
    batch = await _next(desk)
    heads = [row for rows in batch.rows if rows.table == "conversation" for row in rows.rows]
    assert {UUID(bytes=row["id"]) for row in heads} == made
    world.feed.leave(desk)


def test_the_feed_rests_the_longer_the_more_desks_it_has_just_told() -> None:
    assert feed._rest(2, 0.0) <= 0.001
    assert feed._rest(100, 0.0) == pytest.approx(0.05)
    assert feed._rest(5000, 0.02) == pytest.approx(0.08)
    assert feed._rest(5000, 0.2) == 0.0
