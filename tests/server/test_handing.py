"""Conversations are handed to a person, who is asked first, to another inbox, or back to their queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.helpers.fake_world import FakeWorld
from tests.helpers.routed import LONG, Routed, routed_world

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import AnswerOffer, Assign, CancelTransfer, Transfer
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server import routing_settings
from agentdesk.server.admin import add_inbox, add_user
from agentdesk.server.inboxes import set_routing
from agentdesk.server.members import join, open_to_everyone
from agentdesk.store.tables import (
    audit_entry,
    contact_inbox,
    conversation,
    event,
    mention,
    message,
    offer,
)


class Held:
    """Maria has a chat, and Jonas is there as well; nothing is routed."""

    def __init__(self, routed: Routed, chat_id: UUID) -> None:
        self.routed, self.world, self.chat_id = routed, routed.world, chat_id
        self.people = {"maria": routed.maria, "jonas": routed.jonas}

    def actor(self, who: str) -> Actor:
        inboxes = frozenset({self.world.inbox_id})
        return Actor(Author.USER, self.people[who], Role.AGENT, inboxes)

    async def hand(self, who: str = "maria", **fields: Any) -> str:
        """Somebody hands the chat over; returns what the server says of it."""
        row = await self.row()
        fields.setdefault("seen_assignee_id", row.assignee_id)
        return await self.do(Transfer(conversation_id=self.chat_id, **fields), who)

    async def ask_jonas(self, **fields: Any) -> str:
        return await self.hand(user_id=self.routed.jonas, ask=True, **fields)

    async def answer(self, accepted: bool) -> str:
        """Jonas answers what he was asked last."""
        (row,) = await self.world.rows(offer, offer.c.state == "open")
        command = AnswerOffer(offer_id=row.id, conversation_id=self.chat_id, accepted=accepted)
        return await self.do(command, "jonas")

    async def do(self, command: Any, who: str = "maria") -> str:
        answer = await self.world.do(self.world.cores[0], command, self.actor(who))
        return answer.code or answer.outcome

    async def row(self) -> Any:
        (row,) = await self.world.rows(conversation, conversation.c.id == self.chat_id)
        return row

    async def stands(self) -> tuple[UUID | None, UUID | None]:
        """Who has it, and who is asked."""
        row = await self.row()
        return row.assignee_id, row.asked_id

    async def steps(self) -> list[str]:
        rows = await self.world.rows(event, event.c.kind == "transfer", order=event.c.created_at)
        return [row.data["step"] for row in rows]

    async def later(self, seconds: float) -> None:
        """As if it had been asked earlier."""
        async with self.world.db.write() as conn:
            for row in await self.world.rows(offer):
                values = {"expires_at": row.expires_at - timedelta(seconds=seconds)}
                await conn.execute(update(offer).where(offer.c.id == row.id).values(**values))


@pytest.fixture
async def held(world: FakeWorld) -> Held:
    routed = await routed_world(world)
    await set_routing(world.db, "Support", routed=False)
    first, *others = await routed.ids()
    async with world.db.write() as conn:
        chat = update(conversation).where(conversation.c.id == first)
        await conn.execute(chat.values(channel="chat", assignee_id=routed.maria))
        resolved = update(conversation).where(conversation.c.id.in_(others))
        await conn.execute(resolved.values(status="resolved"))
    return Held(routed, first)


async def test_who_is_asked_and_takes_it_has_it_and_the_note(held: Held) -> None:
    note_id = new_id()
    assert await held.ask_jonas(note="She wants her money back.", note_id=note_id) == "done"
    assert await held.stands() == (held.routed.maria, held.routed.jonas)
    (asked,) = await held.world.rows(offer)
    assert (asked.user_id, asked.from_id, asked.note_id) == (held.routed.jonas, held.routed.maria, note_id)
    assert await held.routed.place() == 0
    assert (await held.world.rows(offer))[0].state == "open"
    assert await held.answer(True) == "done"
    assert await held.stands() == (held.routed.jonas, None)
    (note,) = await held.world.messages(message.c.id == note_id)
    assert (note.kind, note.text) == ("note", "She wants her money back.")
    assert await held.steps() == ["asked"]
    entries = await held.world.rows(audit_entry, audit_entry.c.what == "transfer", order=audit_entry.c.at)
    assert [entry.conversation_id for entry in entries] == [held.chat_id]


async def test_who_declines_leaves_it_with_who_handed_it_over(held: Held) -> None:
    await held.ask_jonas()
    assert await held.answer(False) == "done"
    assert await held.stands() == (held.routed.maria, None)
    rows = await held.world.rows(event, event.c.kind == "transfer", order=event.c.created_at)
    assert rows[-1].data == {"step": "declined", "person": "Jonas", "giver_id": str(held.routed.maria)}


@pytest.mark.parametrize("how", ["late", "gone"])
async def test_who_does_not_answer_leaves_it_too(held: Held, how: str) -> None:
    await held.ask_jonas()
    if how == "late":
        await held.later(61)
    else:
        await held.routed.seen(held.routed.jonas, LONG)
    await held.routed.place()
    assert await held.stands() == (held.routed.maria, None)
    assert await held.steps() == ["asked", "missed" if how == "late" else "withdrawn"]


async def test_a_question_is_taken_back(held: Held) -> None:
    await held.ask_jonas()
    assert await held.do(CancelTransfer(conversation_id=held.chat_id), "jonas") == "done"
    assert await held.do(CancelTransfer(conversation_id=held.chat_id)) == "done"
    assert await held.answer(True) == "taken"
    await held.routed.place()
    assert [row.state for row in await held.world.rows(offer)] == ["withdrawn"]
    assert await held.stands() == (held.routed.maria, None)
    assert await held.steps() == ["asked", "cancelled"]


async def test_somebody_who_takes_it_meanwhile_has_it(held: Held) -> None:
    await held.ask_jonas()
    anna = await add_user(held.world.db, "anna@desk.example", "Anna", Role.AGENT, "long enough")
    held.people["anna"] = anna
    take = Assign(conversation_id=held.chat_id, assignee_id=anna, seen_assignee_id=held.routed.maria)
    assert await held.do(take, "anna") == "done"
    assert await held.answer(True) == "taken"
    assert await held.stands() == (anna, None)


async def test_a_chat_that_is_given_back_is_offered_to_somebody_else(held: Held) -> None:
    await set_routing(held.world.db, "Support", routed=True)
    await routing_settings.set_rules(held.world.db, "Support", {"offer_within": timedelta(seconds=30)})
    async with held.world.db.write() as conn:  # the last word was Maria's
        await conn.execute(update(conversation).values(waiting_since=None))
    assert await held.hand(note="I go home.", note_id=new_id()) == "done"
    row = await held.row()
    assert row.assignee_id is None
    assert row.waiting_since is not None
    await held.routed.place()
    rows = await held.world.rows(offer, order=offer.c.id)
    assert [(one.user_id, one.state) for one in rows] == [
        (held.routed.maria, "declined"),
        (held.routed.jonas, "open"),
    ]
    assert await held.steps() == ["returned"]


async def test_what_is_given_back_is_given_to_somebody_else(held: Held) -> None:
    async with held.world.db.write() as conn:
        await conn.execute(update(conversation).values(channel="fake"))
    await set_routing(held.world.db, "Support", routed=True)
    await held.routed.seen(held.routed.jonas, LONG)
    assert await held.hand() == "done"
    assert await held.routed.place() == 0  # only Maria is there, who gave it back
    await held.routed.seen(held.routed.jonas)
    assert await held.routed.place() == 1
    assert (await held.stands())[0] == held.routed.jonas


async def test_a_person_who_is_given_it_unasked_is_mentioned_in_the_note(held: Held) -> None:
    assert await held.hand(user_id=held.routed.jonas, note="Please call her.", note_id=new_id()) == "done"
    assert await held.stands() == (held.routed.jonas, None)
    (told,) = await held.world.rows(mention)
    assert told.user_id == held.routed.jonas
    assert not await held.world.rows(offer)


async def test_another_inbox_gets_all_of_it_and_answers_go_on_through_its_channel(held: Held) -> None:
    sales = await add_inbox(held.world.db, "Sales")
    before = await held.row()
    assert await held.hand(inbox_id=sales, note="For you.", note_id=new_id()) == "done"
    row = await held.row()
    assert (row.inbox_id, row.assignee_id, row.account_id) == (sales, None, before.account_id)
    for table in (message, event):
        rows = await held.world.rows(table, table.c.conversation_id == held.chat_id)
        assert {one.inbox_id for one in rows} == {sales}
    inside = await held.world.rows(contact_inbox, contact_inbox.c.contact_id == row.contact_id)
    assert {one.inbox_id for one in inside} == {held.world.inbox_id, sales}
    rows = await held.world.rows(event, event.c.kind == "transfer")
    assert rows[-1].data == {"step": "moved", "inbox": "Sales", "before": "Support"}
    assert await held.hand() == "gone"  # Maria does not work there


async def test_who_gets_it_works_there_and_who_gives_it_may(held: Held) -> None:
    sales = await add_inbox(held.world.db, "Sales")
    await open_to_everyone(held.world.db, "Sales", everyone=False)
    assert await held.hand(inbox_id=sales, user_id=held.routed.jonas) == "invalid"
    await join(held.world.db, "Sales", "jonas@desk.example")
    assert await held.hand(inbox_id=new_id()) == "invalid"
    assert await held.hand(user_id=held.routed.jonas, seen_assignee_id=held.routed.jonas) == "taken"
    assert await held.hand("jonas", seen_assignee_id=None) == "taken"
    assert await held.hand(inbox_id=sales, user_id=held.routed.jonas) == "done"
    assert (await held.stands())[0] == held.routed.jonas
