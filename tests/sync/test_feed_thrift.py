"""A desk that nothing concerns is left alone: each frame costs it a transaction, and there are many desks."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from agentdesk.base.ids import new_id
from agentdesk.sync import changelog, feed
from agentdesk.sync.changelog import Cursor, Position
from agentdesk.sync.feed import Subscription
from agentdesk.sync.protocol import Batch, decode_from_server
from agentdesk.sync.scope import Scope
from tests.helpers.until import until
from tests.sync.world import World


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
    monkeypatch.setattr(feed, "_CURSOR_SECONDS", -1.0)
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
