"""Servers on one PostgreSQL tell each other of their commits afterwards; what is lost is found by looking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from agentdesk.base.ids import new_id
from agentdesk.store.errors import DatabaseBusy
from agentdesk.store.herald import Herald
from agentdesk.store.unit import ServerUnit
from agentdesk.sync import changelog
from agentdesk.sync.scope import Scope
from agentdesk.sync.subscription import Subscription
from tests.helpers.until import until
from tests.sync.world import World

ON_POSTGRES = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
_NEVER = 3600.0

Server = Callable[..., Awaitable[World]]


@pytest.fixture
async def server(migrated_url: str) -> AsyncIterator[Server]:
    """Starts servers on one database; those after the first find what it has begun."""
    async with AsyncExitStack() as stack:

        async def start(poll_seconds: float, *, begin: bool) -> World:
            world = await World.start(migrated_url, poll_seconds=poll_seconds, begin=begin)
            stack.push_async_callback(world.close)
            return world

        yield start


async def _listening(world: World) -> Subscription:
    assert world.feed.listener is not None
    await until(lambda: world.feed.listener and world.feed.listener.hears)
    desk = Subscription(new_id(), Scope(None))
    async with world.db.read(snapshot=True) as conn:
        now = await changelog.where_now(conn)
    await world.feed.join(desk, now, _nothing)
    return desk


async def _nothing(_frames: list[bytes]) -> None:
    raise AssertionError("there was nothing to catch up with")


@ON_POSTGRES
async def test_another_server_is_told_of_a_commit(server: Server) -> None:
    writer, reader = await server(_NEVER, begin=True), await server(_NEVER, begin=False)
    desk = await _listening(reader)
    before = desk.position.seq
    await writer.mail()
    await until(lambda: desk.position.seq > before)


@ON_POSTGRES
async def test_a_change_that_nobody_was_told_of_is_found_all_the_same(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[World] = []

    async def lose(_words: object) -> None:
        lost.append(writer)

    writer, reader = await server(_NEVER, begin=True), await server(0.2, begin=False)
    desk = await _listening(reader)
    assert writer.db._herald is not None
    monkeypatch.setattr(writer.db._herald, "_send", lose)
    before = desk.position.seq
    await writer.mail()
    await until(lambda: desk.position.seq > before)
    assert lost


@ON_POSTGRES
async def test_what_was_rolled_back_or_changed_nothing_is_not_told(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[World] = []

    async def tell(_words: object) -> None:
        told.append(world)

    async def fail() -> None:
        async with world.db.write() as conn:
            unit = ServerUnit(conn)
            await world.new_conversation(unit, "Never written")
            await unit.flush()
            raise ZeroDivisionError

    world = await server(_NEVER, begin=True)
    assert world.db._herald is not None
    await world.db._herald.close()
    monkeypatch.setattr(world.db._herald, "_send", tell)
    with pytest.raises(ZeroDivisionError):
        await fail()
    async with world.db.write() as conn:
        await ServerUnit(conn).flush()
    await world.db._herald.close()
    assert not told
    await world.mail()
    await world.db._herald.close()
    assert told == [world]


async def test_many_commits_share_one_message_and_a_failure_ends_nothing() -> None:
    told: list[int] = []

    async def send(_words: object) -> None:
        told.append(len(told))
        if len(told) == 1:
            raise DatabaseBusy

    herald = Herald(send)
    for _ in range(100):
        herald.tell([("channel", "text")])
    await until(lambda: told)
    herald.tell([("channel", "text")])
    await herald.close()
    assert told == [0, 1]
