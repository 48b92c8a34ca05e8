"""Saved views and the order of the rail: on all desks of a person, shared with others, and gone from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AnyCommand, ArrangeRail, Envelope, RemoveView, SaveView, ViewQuery
from agentdesk.domain.team import Role
from agentdesk.queries import team
from tests.helpers.until import until
from tests.sync.differences import differences
from tests.sync.world import SimDesk, World

NewDesk = Callable[..., Awaitable[SimDesk]]
URGENT = ViewQuery(kind="all", priority="urgent", tags=("Refund",), order="due")


def _save(view_id: UUID, name: str = "Urgent", **values: Any) -> SaveView:
    return SaveView(view_id=view_id, name=name, icon="flag", query=URGENT, **values)


async def _names(desk: SimDesk) -> list[str]:
    me = desk.world.actors[desk.token].user_id
    async with desk.replica.read() as conn:
        return [row.name for row in await team.saved_views(conn, me)]


async def _connected(desks: list[SimDesk]) -> list[SimDesk]:
    for desk in desks:
        await desk.connect()
    for desk in desks:
        await until(lambda desk=desk: desk.workbench.standing.cursor, what="the desk is filled")
    return desks


async def _in_step(world: World, desks: list[SimDesk], **wanted: list[str]) -> None:
    """Wait until the desk in each folder shows the views that are named, and has what the server shows it."""
    for desk in (desk for desk in desks if desk.folder.name in wanted):

        async def shows(desk: SimDesk = desk) -> bool:
            right = await _names(desk) == wanted[desk.folder.name] and desk.workbench.unsent() == 0
            return right and not await differences(world, desk)

        await until(shows, what=f"{desk.folder.name} shows {wanted[desk.folder.name]}")


@pytest.fixture
async def desks(world: World, new_desk: NewDesk) -> list[SimDesk]:
    """Two desks of the supervisor Ada, one of the supervisor Bob, and one of the agent Cat in one inbox."""
    await world.add_user("ada")
    await world.add_user("bob")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    folders = (("ada", "ada"), ("ada", "ada2"), ("bob", "bob"), ("cat", "cat"))
    return await _connected([await new_desk(token, folder) for token, folder in folders])


async def test_ones_own_view_is_on_all_ones_desks_and_no_others(world: World, desks: list[SimDesk]) -> None:
    ada, _ada2, _bob, cat = desks
    mine, cats = new_id(), new_id()
    await ada.workbench.do(_save(mine), None)
    assert await _names(ada) == ["Urgent"]  # at once
    await cat.workbench.do(_save(cats, "Cat's"), None)
    await _in_step(world, desks, ada=["Urgent"], ada2=["Urgent"], bob=[], cat=["Cat's"])
    await ada.workbench.do(_save(mine, "Very urgent"), None)
    await ada.workbench.do(ArrangeRail(keys=("all", "mine")), None)
    await _in_step(world, desks, ada=["Very urgent"], ada2=["Very urgent"], bob=[], cat=["Cat's"])
    for desk in desks:
        me = world.actors[desk.token].user_id
        async with desk.replica.read() as conn:
            keys = await team.rail_keys(conn, me)
        assert keys == (["all", "mine"] if desk.token == "ada" else [])
    await ada.workbench.do(RemoveView(view_id=mine), None)
    await _in_step(world, desks, ada=[], ada2=[])
    await desks[1].workbench.do(RemoveView(view_id=mine, removed=False), None)
    await _in_step(world, desks, ada=["Very urgent"], ada2=["Very urgent"])


async def test_a_view_goes_from_one_audience_to_another(world: World, desks: list[SimDesk]) -> None:
    ada = desks[0]
    view_id = new_id()
    other, _account = await world.add_inbox("Billing")
    await ada.workbench.do(_save(view_id, shared=True), None)
    everybody = ["Urgent"]
    await _in_step(world, desks, ada=everybody, ada2=everybody, bob=everybody, cat=everybody)
    await ada.workbench.do(_save(view_id, shared=True, inbox_id=other), None)  # where Cat does not work
    await _in_step(world, desks, ada=everybody, ada2=everybody, bob=everybody, cat=[])
    await ada.workbench.do(_save(view_id), None)
    await _in_step(world, desks, ada=everybody, ada2=everybody, bob=[], cat=[])
    await ada.workbench.do(_save(view_id, shared=True, inbox_id=world.inbox_id), None)
    await _in_step(world, desks, ada=everybody, ada2=everybody, bob=everybody, cat=everybody)
    await desks[2].workbench.do(_save(view_id), None)  # Bob makes it his own
    await _in_step(world, desks, ada=[], ada2=[], bob=everybody, cat=[])


async def test_a_new_desk_is_given_what_is_its_persons_business(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    other, _account = await world.add_inbox("Billing")
    audiences = {"own": {}, "all": {"shared": True}, "here": {"inbox_id": world.inbox_id, "shared": True}}
    audiences["there"] = {"inbox_id": other, "shared": True}
    for name, values in audiences.items():
        assert (await _offered(world, "ada", _save(new_id(), name, **values))).outcome == "done"
    assert (await _offered(world, "ada", ArrangeRail(keys=("all",)))).outcome == "done"
    made = await _connected([await new_desk("ada"), await new_desk("cat")])
    await _in_step(world, made, ada=["all", "here", "own", "there"], cat=["all", "here"])


async def _offered(world: World, who: str, command: AnyCommand) -> Any:
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return await world.executor.execute(envelope, world.actors[who])


async def test_who_may_not_is_refused(world: World) -> None:
    for name in ("ada", "bob"):
        await world.add_user(name)
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    other, _account = await world.add_inbox("Billing")
    own, shared, there = new_id(), new_id(), new_id()
    await _offered(world, "ada", _save(own))
    await _offered(world, "ada", _save(shared, shared=True))
    await _offered(world, "ada", _save(there, shared=True, inbox_id=other))
    bad = msgspec.structs.replace(URGENT, kind="stolen")
    empty_search = ViewQuery(kind="search", text=" ")
    for who, command, code in (
        ("cat", _save(new_id(), shared=True), "not_allowed"),
        ("cat", _save(shared), "not_allowed"),
        ("cat", RemoveView(view_id=shared), "not_allowed"),
        ("cat", RemoveView(view_id=there), "gone"),  # nobody learns that it exists
        ("bob", _save(own, "mine now"), "gone"),
        ("bob", RemoveView(view_id=own), "gone"),
        ("bob", RemoveView(view_id=new_id()), "gone"),
        ("ada", _save(new_id(), shared=True, inbox_id=new_id()), "gone"),
        ("ada", _save(own, "  "), "invalid"),
        ("ada", msgspec.structs.replace(_save(own), query=bad), "invalid"),
        ("ada", msgspec.structs.replace(_save(own), query=empty_search), "invalid"),
    ):
        answer = await _offered(world, who, command)
        assert (answer.outcome, answer.code) == ("refused", code), (who, command)
    assert (await _offered(world, "bob", RemoveView(view_id=shared))).outcome == "done"
