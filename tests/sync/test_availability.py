"""A person's status is on all desks: their own and their colleagues', whichever inboxes these see."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import Assign, Envelope, SetAvailability, SetTags
from agentdesk.domain.team import Role
from agentdesk.queries.team import teammates
from agentdesk.queries.team_rows import TeammateRow
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.differences import differences
from tests.sync.world import SimDesk, World


async def _of(desk: SimDesk, user_id: UUID) -> TeammateRow:
    async with desk.replica.read() as conn:
        return next(row for row in await teammates(conn) if row.id == user_id)


async def _connected(desk: SimDesk) -> SimDesk:
    await desk.connect()
    await until(desk.synced.is_set)
    return desk


def _choose(state: str, ago: timedelta = timedelta(0)) -> SetAvailability:
    return SetAvailability(state=state, chosen_at=clock.now() - ago)


async def test_a_status_reaches_all_desks_and_ends_nobodys_share(world: World, new_desk: NewDesk) -> None:
    ada = await world.add_user("ada")
    await world.add_user("cat", Role.AGENT, frozenset())
    where = await world.mail()
    one, two, cat = [
        await _connected(await new_desk(token, folder))
        for token, folder in (("ada", "a1"), ("ada", "a2"), ("cat", "c"))
    ]
    ended = [len(desk.changes) for desk in (one, two, cat)]
    await one.workbench.do(_choose("busy"), None)
    assert (await _of(one, ada)).state == "busy"
    for desk in (two, cat):
        await until(lambda desk=desk: _stands(desk, ada, "busy"))
        assert (await _of(desk, ada)).takes(clock.now()) is False
    assert all(len(desk.changes) > before for desk, before in zip((one, two, cat), ended, strict=True))
    take = Assign(conversation_id=where, assignee_id=ada)
    await one.workbench.do(take, None)
    await until(lambda: _has_load(two, ada, 1))
    assert (await _of(cat, ada)).load == 0  # that desk does not see the inbox
    newcomer = await _connected(await new_desk("cat", "c2"))
    assert (await _of(newcomer, ada)).state == "busy"
    for desk in (one, two, cat, newcomer):
        assert await differences(world, desk) == []


async def _stands(desk: SimDesk, user_id: UUID, state: str) -> bool:
    return (await _of(desk, user_id)).state == state


async def _has_load(desk: SimDesk, user_id: UUID, load: int) -> bool:
    return (await _of(desk, user_id)).load == load


async def test_a_choice_made_offline_gives_way_to_a_later_one(world: World, new_desk: NewDesk) -> None:
    ada = await world.add_user("ada")
    where = await world.mail()
    here, there = [await _connected(await new_desk("ada", folder)) for folder in ("a1", "a2")]
    await here.disconnect()
    await here.workbench.do(_choose("offline", ago=timedelta(hours=1)), None)
    await here.workbench.do(SetTags(conversation_id=where, tags=("late",)), None)
    assert (await _of(here, ada)).state == "offline"
    await there.workbench.do(_choose("break"), None)
    await until(lambda: _confirmed(there))
    await _connected(here)
    await until(lambda: _confirmed(here))
    for desk in (here, there):
        await until(lambda desk=desk: _stands(desk, ada, "break"))
        assert await differences(world, desk) == []


async def _confirmed(desk: SimDesk) -> bool:
    return not desk.workbench.waiting()


async def test_changes_of_others_leave_what_waits_here_as_it_is(world: World, new_desk: NewDesk) -> None:
    """An own choice that waits lies over the server's row, also while a batch brings others'."""
    ada, bob = await world.add_user("ada"), await world.add_user("bob")
    here = await _connected(await new_desk("ada", "a1"))
    await here.disconnect()
    await here.workbench.do(_choose("break"), None)
    await world.executor.execute(
        Envelope(id=new_id(), command=_choose("busy"), issued_at=clock.now()), world.actors["bob"]
    )
    await here.reopen()
    assert (await _of(here, ada)).state == "break"
    await _connected(here)
    await until(lambda: _stands(here, bob, "busy"))
    await until(lambda: _stands(here, ada, "break"))
    await until(lambda: _same(world, here))


async def _same(world: World, desk: SimDesk) -> bool:
    return await differences(world, desk) == []
