"""A conversation that is handed to another inbox leaves the desks that do not see it, and comes whole to
those that do; whoever is asked to take one over sees who asks, and the note."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.values import AnswerOffer, Transfer
from agentdesk.domain.team import Role
from agentdesk.queries.conversation import head
from agentdesk.queries.team import offers
from agentdesk.queries.team_rows import OfferRow
from agentdesk.store.tables import contact, conversation, message
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected, ids_of


async def _holds(desk: SimDesk, column: Any, *row_ids: Any) -> None:
    async def so() -> bool:
        return await ids_of(desk, column) == set(row_ids)

    await until(so, what=f"{len(row_ids)} rows of {column}")


async def test_all_of_it_goes_to_the_desks_of_the_other_inbox(world: World, new_desk: NewDesk) -> None:
    sales, _ = await world.add_inbox("Sales")
    await world.add_user("ada", Role.AGENT, frozenset({world.inbox_id}))
    await world.add_user("bob", Role.AGENT, frozenset({sales}))
    moved, stays = await world.mail("An offer, please"), await world.mail("Help")
    ada, bob = [await connected(await new_desk(name)) for name in ("ada", "bob")]
    await _holds(ada, conversation.c.id, moved, stays)
    note = new_id()
    command = Transfer(conversation_id=moved, inbox_id=sales, note="A big one.", note_id=note)
    await ada.workbench.do(command, None)
    async with ada.replica.read() as conn:  # at once
        assert await conn.scalar(select(conversation.c.inbox_id).where(conversation.c.id == moved)) == sales
    await _holds(ada, conversation.c.id, stays)
    await _holds(bob, conversation.c.id, moved)
    assert note in await ids_of(bob, message.c.id)
    assert note not in await ids_of(ada, message.c.id)
    assert len(await ids_of(bob, contact.c.id)) == 1
    assert not ada.workbench.unsent()


async def test_who_is_asked_sees_by_whom_and_why(world: World, new_desk: NewDesk) -> None:
    ada_id, bob_id = await world.add_user("ada"), await world.add_user("bob")
    where = await world.mail()
    ada, bob = [await connected(await new_desk(name)) for name in ("ada", "bob")]
    command = Transfer(conversation_id=where, user_id=bob_id, ask=True, note="She waits.", note_id=new_id())
    await ada.workbench.do(command, None)
    async with ada.replica.read() as conn:  # at once
        shown = await head(conn, where)
    assert shown is not None
    assert (shown.asked_id, shown.asked_name) == (bob_id, "bob")

    async def asked() -> OfferRow | None:
        async with bob.replica.read() as conn:
            rows = await offers(conn, bob_id)
        return rows[0] if rows and rows[0].note else None

    row = await until(asked, what="the question")
    assert (row.from_id, row.from_name, row.note) == (ada_id, "ada", "She waits.")
    await bob.workbench.do(AnswerOffer(offer_id=row.id, conversation_id=where), None)

    async def taken() -> bool:
        async with ada.replica.read() as conn:
            now = await head(conn, where)
        return now is not None and (now.assignee_id, now.asked_id) == (bob_id, None)

    await until(taken, what="it is Bob's")
    async with bob.replica.read() as conn:
        assert await offers(conn, bob_id) == []
