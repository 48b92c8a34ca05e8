"""Leases: one holder at a time, and a stopped one can do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, literal, select, text, update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.events import Bell
from agentdesk.server import leases, timeline
from agentdesk.server.health import Health, State
from agentdesk.server.leases import NOBODY, Lease, LeaseLost, end_held, lasting_holder, list_held
from agentdesk.store.engine import Database
from agentdesk.store.tables import account_state, lease, outbox


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """An empty database of either kind."""
    made = Database(migrated_url)
    yield made
    await made.close()


async def expire(db: Database) -> None:
    """Let the time of every lease run out, as if its holder had been stopped."""
    async with db.write() as conn:
        await conn.execute(update(lease).values(expires_at=clock.now() - timedelta(seconds=1)))


async def test_only_one_holds_a_lease_until_it_is_given_up(db: Database) -> None:
    one, two = Lease(db, "x", "one"), Lease(db, "x", "two")
    assert await one.acquire()
    assert not await two.acquire()
    await one.renew()
    await one.still_ours()
    with pytest.raises(LeaseLost):
        await two.still_ours()
    await one.release()
    assert await two.acquire()
    with pytest.raises(LeaseLost):
        await one.renew()


async def test_a_lease_that_was_taken_away_is_free_when_it_would_have_run_out(db: Database) -> None:
    one, two = Lease(db, "x", "one", seconds=60), Lease(db, "x", "two")
    await one.acquire()
    assert 0 < await end_held(db, "x") <= 60
    for step in (one.renew, one.still_ours):
        with pytest.raises(LeaseLost):
            await step()
    one.must_be_fresh()  # it may still believe that it has it: so nobody else may get it now
    assert not await two.acquire()
    assert not await one.acquire()
    (listed,) = await list_held(db)
    assert (listed.holder, listed.held) == (NOBODY, True)
    await expire(db)
    assert await two.acquire()
    await expire(db)
    for name in ("x", "y"):
        with pytest.raises(Invalid):
            await end_held(db, name)


async def test_two_that_ask_at_once_do_not_both_get_it(db: Database) -> None:
    asked = [Lease(db, "x", f"holder {n}") for n in range(6)]
    got = await asyncio.gather(*(one.acquire() for one in asked))
    assert sum(got) == 1


async def test_a_stopped_holder_writes_nothing_more(db: Database) -> None:
    one, two = Lease(db, "x", "one", seconds=0.2), Lease(db, "x", "two")
    await one.acquire()
    await expire(db)
    with pytest.raises(LeaseLost):
        async with db.write() as conn:
            await one.check(conn)
    assert await two.acquire()
    assert two.token > one.token
    with pytest.raises(LeaseLost):
        await one.keep()


async def test_after_a_crash_the_same_holder_takes_its_lease_back_at_once(db: Database) -> None:
    before, after = Lease(db, "x", "one"), Lease(db, "x", "one")
    await before.acquire()
    assert await after.acquire()
    assert after.token == before.token + 1
    with pytest.raises(LeaseLost):
        await before.still_ours()


async def test_a_lease_runs_out_by_this_computers_clock_too(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(leases, "_seconds", lambda: now)
    one = Lease(db, "x", "one", seconds=60)
    with pytest.raises(LeaseLost):
        one.must_be_fresh()
    assert await one.acquire()
    now += 59
    one.must_be_fresh()
    await one.renew()
    now += 59
    one.must_be_fresh()
    now += 1
    with pytest.raises(LeaseLost):
        one.must_be_fresh()
    with pytest.raises(LeaseLost):
        await one.keep()


async def test_how_an_account_does_is_told_by_its_holder_only(world: FakeWorld) -> None:
    one, two = (Lease(world.db, "x", name) for name in ("one", "two"))
    healths = [
        Health(world.db, Bell(), world.account_id, world.inbox_id, "Support mail", lease)
        for lease in (one, two)
    ]
    await one.acquire()
    await healths[0].connected()
    await expire(world.db)
    await two.acquire()
    await healths[1].caught_up()
    await healths[0].reading_failed(State.UNREACHABLE, LeaseLost("x"))
    (row,) = await world.rows(account_state)
    assert (row.state, row.problem) == ("ok", None)


def test_a_data_folder_has_one_holder_for_ever(tmp_path: Path) -> None:
    assert lasting_holder(tmp_path / "data", "host:1") == "host:1"
    assert lasting_holder(tmp_path / "data", "host:2") == "host:1"
    assert lasting_holder(tmp_path / "data", "elsewhere:3") == "elsewhere:3"


async def test_two_servers_never_work_on_one_account(world: FakeWorld) -> None:
    await world.started("one")
    await until(lambda: world.service.receiving == 1)
    await world.started("two")
    world.service.put(raw_mail(id="m1@x.example"))
    await world.settled(1)
    assert world.service.receiving == 1
    await world.cores[0].stop()
    await until(lambda: world.service.receiving == 1)
    (conversation,) = await world.conversations()
    message_id = await world.reply(world.cores[1], conversation.id)
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


async def test_a_holder_that_was_stopped_while_sending_leaves_the_rest_to_the_next(world: FakeWorld) -> None:
    first = await world.started("one")
    world.service.put(raw_mail(id="m1@x.example"))
    await world.settled(1)
    (conversation,) = await world.conversations()
    stopped, go_on = asyncio.Event(), asyncio.Event()

    async def stop_here(_message: object) -> None:
        world.service.on_send = None
        stopped.set()
        await go_on.wait()

    world.service.on_send = stop_here
    message_id = await world.reply(first, conversation.id)
    await stopped.wait()
    await expire(world.db)  # the first one is stopped, byte in hand
    world.service.settle_seconds = 60  # "not there" counts only after that long

    async def looked() -> bool:
        row = await world.outbox_of(message_id)
        return row.state == "verify" and row.next_at > clock.seconds_from_now(10)

    await world.started("two")
    await until(looked, what="the next one has looked for it, and will look again")
    go_on.set()  # it goes on, and its message leaves after all
    await until(lambda: world.service.sent)
    async with world.db.write() as conn:
        await conn.execute(update(outbox).values(next_at=clock.now()))
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
async def test_a_lease_ends_with_the_life_of_the_database_it_was_taken_in(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby that takes PostgreSQL's place has the lease too, and may not know what was done under it."""
    one = Lease(db, "x", "one")
    assert await one.acquire()
    first = one.timeline
    await one.renew()
    monkeypatch.setattr(timeline, "_NOW_AND_TIMELINE", select(func.clock_timestamp(), literal("00000009")))
    for step in (one.renew, one.still_ours):
        with pytest.raises(LeaseLost):
            await step()
    assert await one.acquire()
    assert (len(first), one.timeline) == (8, "00000009")
    await one.still_ours()


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
async def test_a_database_that_does_not_tell_its_life_does_all_the_same(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "_NOW_AND_TIMELINE", text("SELECT no_such_function()"))
    one = Lease(db, "x", "one")
    assert await one.acquire()
    assert one.timeline == ""
    await one.still_ours()
