"""A channel in trouble is tried again when a person asks: by the server that runs it, whoever was asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.commands.values import RetryAccount
from agentdesk.domain.team import Role
from agentdesk.sdk.errors import AuthFailed
from agentdesk.server.accounts import Times
from agentdesk.server.admin import set_paused
from agentdesk.store.tables import account_state

PATIENT = Times(look=0.05, lease_wait=0.05, sign_in=3600.0)
"""Nothing is tried again by itself."""


def refused() -> AuthFailed:
    return AuthFailed(msg("Wrong password."), msg("Enter it again."))


def dana(world: FakeWorld) -> Actor:
    return replace(world.maria, role=Role.SUPERVISOR)


async def state_of(world: FakeWorld) -> Any:
    (row,) = await world.rows(account_state, account_state.c.id == world.account_id)
    return row


async def until_state(world: FakeWorld, wanted: str) -> Any:
    async def found() -> Any:
        row = await state_of(world)
        return row if row.state == wanted else None

    return await until(found, what=f"state {wanted}")


async def test_the_server_that_runs_the_account_tries_again_whichever_was_asked(world: FakeWorld) -> None:
    world.service.receive_script.extend([refused(), refused()])
    one, two = world.core("one", times=PATIENT), world.core("two", times=PATIENT)
    await one.start()
    before = await until_state(world, "auth_failed")
    await two.start()
    assert before.retry_at is None

    answer = await world.do(two, RetryAccount(account_id=world.account_id), dana(world))
    assert answer.outcome == "done"

    async def answered() -> Any:
        row = await state_of(world)
        return row if row.retried_at is not None else None

    row = await until(answered, what="it was tried again, and failed again")
    assert (row.state, row.retried_at) == ("auth_failed", row.retry_at)
    assert row.changed_at == before.changed_at  # since when it does not work is still told

    await _asked_long_ago(world)
    await world.do(two, RetryAccount(account_id=world.account_id), dana(world))

    async def works() -> bool:
        row = await state_of(world)
        return row.state == "ok" and row.retried_at == row.retry_at

    await until(works, what="it works, as was asked for last")


async def _asked_long_ago(world: FakeWorld) -> None:
    from sqlalchemy import update

    async with world.db.write() as conn:
        earlier = clock.now() - timedelta(minutes=5)
        await conn.execute(update(account_state).values(retry_at=earlier, retried_at=earlier))


async def test_several_who_ask_at_once_get_one_try(world: FakeWorld) -> None:
    world.service.receive_script.append(refused())
    core = world.core(times=PATIENT)
    await core.start()
    await until_state(world, "auth_failed")
    await core.park()  # nobody tries
    await world.do(core, RetryAccount(account_id=world.account_id), dana(world))
    asked = (await state_of(world)).retry_at
    answer = await world.do(core, RetryAccount(account_id=world.account_id), dana(world))
    assert (answer.outcome, (await state_of(world)).retry_at) == ("done", asked)


async def test_what_works_or_is_paused_is_left_alone(world: FakeWorld) -> None:
    core = await world.started()
    await until_state(world, "ok")
    await world.do(core, RetryAccount(account_id=world.account_id), dana(world))
    assert (await state_of(world)).retry_at is None
    await set_paused(world.db, "Support mail", True)
    await until_state(world, "paused")
    await world.do(core, RetryAccount(account_id=world.account_id), dana(world))
    assert (await state_of(world)).retry_at is None


@pytest.mark.parametrize("case", ["agent", "another inbox", "no such account"])
async def test_who_may_not_is_refused(world: FakeWorld, case: str) -> None:
    core = world.core()
    actor, account_id, code = dana(world), world.account_id, "gone"
    if case == "agent":
        actor, code = world.maria, "not_allowed"
    elif case == "another inbox":
        actor = replace(actor, inboxes=frozenset({new_id()}))
    else:
        account_id = new_id()
    answer = await world.do(core, RetryAccount(account_id=account_id), actor)
    assert (answer.outcome, answer.code) == ("refused", code)
