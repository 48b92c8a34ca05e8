"""A row that leaves a scope leaves the desks that may not see it any more, and reaches those that now may."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.team import Role
from agentdesk.store.tables import (
    change_log,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    event,
    message,
)
from agentdesk.store.unit import ServerUnit
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected, ids_of


async def _holds(desk: SimDesk, column: Any, *row_ids: UUID) -> None:
    """Wait until the desk holds exactly these rows."""

    async def so() -> bool:
        return await ids_of(desk, column) == set(row_ids)

    await until(so)


async def _three_desks(world: World, new_desk: NewDesk, other: UUID) -> tuple[SimDesk, SimDesk, SimDesk]:
    """One that sees the first inbox, one that sees ``other``, one that sees both; not connected."""
    await world.add_user("first", Role.AGENT, frozenset({world.inbox_id}))
    await world.add_user("second", Role.AGENT, frozenset({other}))
    await world.add_user("both", Role.AGENT, frozenset({world.inbox_id, other}))
    return await new_desk("first"), await new_desk("second"), await new_desk("both")


async def _move(world: World, conversation_id: UUID, inbox_id: UUID) -> None:
    async def work(unit: ServerUnit) -> None:
        await unit.update(conversation, conversation_id, {"inbox_id": inbox_id})
        for table in (message, event):
            children = select(table.c.id).where(table.c.conversation_id == conversation_id)
            ids = list(await unit.conn.scalars(children))
            await unit.update_many(table, {row_id: {"inbox_id": inbox_id} for row_id in ids})

    await world.write(work)


async def test_a_conversation_that_moves_leaves_the_desks_of_its_old_inbox(
    world: World, new_desk: NewDesk
) -> None:
    other, _ = await world.add_inbox("Sales")
    first, second, both = [await connected(desk) for desk in await _three_desks(world, new_desk, other)]
    moved = await world.mail("for sales, after all")
    stays = await world.mail("for support")
    await _holds(first, conversation.c.id, moved, stays)
    said = await world.write(lambda unit: world.new_message(unit, moved, "hurry"))
    await until(lambda: _has(first, message.c.id, said))
    await _move(world, moved, other)
    await _holds(first, conversation.c.id, stays)
    await _holds(second, conversation.c.id, moved)
    await _holds(both, conversation.c.id, moved, stays)
    assert said not in await ids_of(first, message.c.id)
    assert said in await ids_of(second, message.c.id)
    assert said in await ids_of(both, message.c.id)


async def _has(desk: SimDesk, column: Any, row_id: UUID) -> bool:
    return row_id in await ids_of(desk, column)


async def test_a_desk_that_was_away_hears_of_the_move_and_of_the_way_back(
    world: World, new_desk: NewDesk
) -> None:
    other, _ = await world.add_inbox("Sales")
    first, second, _both = await _three_desks(world, new_desk, other)
    moved = await world.mail("for sales, after all")
    await connected(first)
    await first.disconnect()
    await _move(world, moved, other)
    await connected(first)
    await _holds(first, conversation.c.id)
    await first.disconnect()
    await _move(world, moved, world.inbox_id)
    await connected(first)
    await _holds(first, conversation.c.id, moved)
    await connected(second)
    await _holds(second, conversation.c.id)


async def test_an_address_that_moves_to_another_customer_leaves_who_sees_only_the_first(
    world: World, new_desk: NewDesk
) -> None:
    other, other_account = await world.add_inbox("Sales")
    first, second, both = [await connected(desk) for desk in await _three_desks(world, new_desk, other)]
    here = await world.mail("here")
    there = await world.mail("there", inbox_id=other, account_id=other_account)
    async with world.db.read() as conn:
        contacts = {
            row.id: row.contact_id
            for row in await conn.execute(select(conversation.c.id, conversation.c.contact_id))
        }
        addresses = {
            row.contact_id: row.id
            for row in await conn.execute(select(contact_identity.c.id, contact_identity.c.contact_id))
        }
    mine, theirs = addresses[contacts[here]], addresses[contacts[there]]
    await _holds(first, contact_identity.c.id, mine)
    await world.write(lambda unit: unit.update(contact_identity, mine, {"contact_id": contacts[there]}))
    await _holds(first, contact_identity.c.id)
    await _holds(second, contact_identity.c.id, mine, theirs)
    await _holds(both, contact_identity.c.id, mine, theirs)


async def test_a_customer_taken_out_of_an_inbox_leaves_its_desks(world: World, new_desk: NewDesk) -> None:
    other, _ = await world.add_inbox("Sales")
    first, second, both = [await connected(desk) for desk in await _three_desks(world, new_desk, other)]
    await world.mail("here")
    async with world.db.read() as conn:
        customer = (await conn.scalars(select(contact.c.id))).one()
    link = {"id": new_id(), "contact_id": customer, "inbox_id": other}
    await world.write(lambda unit: unit.insert(contact_inbox, [link]))
    await _holds(second, contact.c.id, customer)
    await until(lambda: _known(second))
    await world.write(lambda unit: unit.delete(contact_inbox, [link["id"]]))
    for table in (contact, contact_identity, contact_inbox):
        await _holds(second, table.c.id)
    for desk in (first, both):
        assert await ids_of(desk, contact.c.id) == {customer}
        assert len(await ids_of(desk, contact_identity.c.id)) == 1


async def _known(desk: SimDesk) -> bool:
    return len(await ids_of(desk, contact_identity.c.id)) == 1


async def test_what_stays_in_its_scope_leaves_no_departure(world: World) -> None:
    one = await world.mail("stays")
    await world.write(lambda unit: unit.update(conversation, one, {"inbox_id": world.inbox_id}))
    await world.write(lambda unit: unit.update(conversation, one, {"preview": f"{clock.now()}"}))
    async with world.db.read() as conn:
        assert set(await conn.scalars(select(change_log.c.op))) == {"u"}
