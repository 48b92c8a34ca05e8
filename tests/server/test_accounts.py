"""Accounts: each on its own, noticed soon, and telling how it is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from tests.helpers.fake_connector import SERVICES, FakeService, raw_mail, unreachable
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, Unreachable
from agentdesk.server.account_context import store_secret
from agentdesk.server.admin import add_channel, set_paused
from agentdesk.store.tables import account_cursor, account_state


async def state_is(world: FakeWorld, *wanted: str) -> Any:
    """Wait until the first account is in one of the states ``wanted``, and return its row."""

    async def found() -> Any:
        (row,) = await world.rows(account_state, account_state.c.id == world.account_id)
        return row if row.state in wanted else None

    return await until(found, what=f"state {wanted}")


async def test_pausing_and_resuming_is_noticed(world: FakeWorld) -> None:
    await world.started()
    await state_is(world, "ok")
    await set_paused(world.db, "Support mail", True)
    await state_is(world, "paused")
    assert (world.service.receiving, world.service.closed) == (0, world.service.opened)
    world.service.put(raw_mail())
    await set_paused(world.db, "Support mail", False)
    await world.settled(1)
    await state_is(world, "ok")


async def test_a_new_account_is_noticed_and_a_broken_one_harms_no_other(world: FakeWorld) -> None:
    world.service.receive_script.extend([unreachable()] * 1000)
    await world.started()
    row = await state_is(world, "unreachable")
    assert row.problem == {"text": "Nobody answers.", "args": {}}
    SERVICES["second"] = second = FakeService()
    settings = {"address": "sales@desk.example", "service": "second"}
    await add_channel(world.db, world.vault, "fake", "Support", "Sales", settings, {})
    second.put(raw_mail())
    await world.settled(1)
    world.service.receive_script.clear()
    await state_is(world, "ok")


@pytest.mark.logs_error("unexpected failure")
async def test_a_bug_in_a_connector_is_told_and_survived(world: FakeWorld) -> None:
    world.service.receive_script.append(KeyError("surprise"))
    world.service.put(raw_mail())
    await world.started()
    await world.settled(1)
    await state_is(world, "ok")


async def test_a_refused_sign_in_waits_for_another_password(world: FakeWorld) -> None:
    world.service.receive_script.append(AuthFailed(msg("Wrong password."), msg("Enter it again.")))
    core = world.core(times=_patient())
    await core.start()
    row = await state_is(world, "auth_failed")
    assert row.remedy == {"text": "Enter it again.", "args": {}}
    async with world.db.write() as conn:
        await store_secret(conn, world.vault, world.account_id, "password", "another")
    await state_is(world, "ok")


def _patient() -> Any:
    from agentdesk.server.accounts import Times

    return Times(look=0.05, lease_wait=0.05, sign_in=3600.0)


async def test_a_token_that_the_connector_renews_restarts_nothing(world: FakeWorld) -> None:
    core = await world.started()
    await state_is(world, "ok")
    runner = core._supervisor._runners[world.account_id]
    assert runner._secrets is not None
    await runner._secrets.set("password", "renewed")
    world.service.put(raw_mail())
    await world.settled(1)
    assert core._supervisor._runners[world.account_id] is runner
    assert world.service.opened == 1


async def test_settings_that_cannot_be_used_are_told(world: FakeWorld) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(account_cursor).values(settings={"address": "x@y.z", "service": "gone"}))
    with pytest.MonkeyPatch.context() as patch:
        from tests.helpers import fake_connector

        def refuse(_context: Any) -> Any:
            raise Unreachable(msg("These settings cannot work."))

        patch.setattr(fake_connector, "create", refuse)
        await world.started()
        row = await state_is(world, "error")
        assert row.problem["text"] == "These settings cannot work."


@pytest.mark.logs_error("unexpected failure")
async def test_a_connector_that_cannot_even_be_made_is_told(world: FakeWorld) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(account_cursor).values(settings={"address": "x@y.z", "service": "gone"}))
    await world.started()
    row = await state_is(world, "error")
    assert row.problem["text"] == "An unexpected error stopped this channel."
    settings = {"address": "x@y.z", "service": "there"}
    SERVICES["there"] = there = FakeService()
    there.put(raw_mail())
    async with world.db.write() as conn:
        await conn.execute(update(account_cursor).values(settings=settings))
    await world.settled(1)


async def test_how_far_a_long_reading_has_come_is_shown(world: FakeWorld) -> None:
    from agentdesk.base.events import Bell
    from agentdesk.server.health import Health

    health = Health(world.db, Bell(), world.account_id, world.inbox_id, "Support mail")
    await health.progress(10, 200)
    row = await state_is(world, "reading")
    assert (row.done, row.total) == (10, 200)
    await health.caught_up()
    row = await state_is(world, "ok")
    assert row.complete_until is not None
    before = row.ver
    await health.caught_up()
    assert (await state_is(world, "ok")).ver == before
