"""Merging at the desks: shown at once, offline, by two at the same time, and against what colleagues do."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Refusal
from agentdesk.commands.values import (
    AddNote,
    EditContact,
    MergeContacts,
    MergeConversations,
    SetPriority,
    SetTags,
    UnmergeContacts,
    UnmergeConversations,
)
from agentdesk.domain.team import Role
from agentdesk.store.base import SYNCED
from agentdesk.store.search import find_conversations
from agentdesk.store.tables import contact, contact_identity, conversation, event, message
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected

_TIMES = ("updated_at",)


async def _said(desk: SimDesk, conversation_id: UUID) -> list[str]:
    async with desk.replica.read() as conn:
        here = message.c.conversation_id == conversation_id
        return list(await conn.scalars(select(message.c.text).where(here).order_by(message.c.created_at)))


async def _becomes(desk: SimDesk, conversation_id: UUID, *texts: str) -> None:
    async def so() -> bool:
        return await _said(desk, conversation_id) == list(texts)

    await until(so, what=f"{conversation_id} holds {texts}")


async def _same_as_server(world: World, desk: SimDesk) -> None:
    """Wait until nothing waits to be sent and every conversation, message and event is as the server's."""

    async def so() -> bool:
        if desk.workbench.unsent():
            return False
        for table in (conversation, message, event):
            columns = [column for column in SYNCED[table.name].c if column.name not in _TIMES]
            async with world.db.read() as conn:
                theirs = (await conn.execute(select(*columns).order_by(table.c.id))).all()
            async with desk.replica.read() as conn:
                if (await conn.execute(select(*columns).order_by(table.c.id))).all() != theirs:
                    return False
        return True

    await until(so, what="the desk shows what the server has")


@pytest.fixture
async def pair(world: World) -> tuple[UUID, UUID]:
    await world.add_user("ada")
    await world.add_user("bob")
    return await world.mail("first"), await world.mail("second")


async def test_one_desk_merges_and_the_other_follows(
    world: World, new_desk: NewDesk, pair: tuple[UUID, UUID]
) -> None:
    first, second = pair
    ada, bob = await connected(await new_desk("ada")), await connected(await new_desk("bob"))
    await ada.workbench.do(MergeConversations(conversation_id=first, joined_ids=(second,)), None)
    assert await _said(ada, first) == ["first", "second"], "shown at once"
    await _becomes(bob, first, "first", "second")
    await _same_as_server(world, ada)
    await _same_as_server(world, bob)
    async with bob.replica.read() as conn:
        assert await find_conversations(conn, "second", inboxes=None) == [first]
    await bob.workbench.do(UnmergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await _becomes(ada, second, "second")
    for desk in (ada, bob):
        await _same_as_server(world, desk)


async def test_a_merge_that_waits_is_laid_over_whatever_comes(
    world: World, new_desk: NewDesk, pair: tuple[UUID, UUID]
) -> None:
    first, second = pair
    ada = await connected(await new_desk("ada"))
    await ada.disconnect()
    await ada.workbench.do(SetTags(conversation_id=second, tags=("mine",)), None)
    await ada.workbench.do(MergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await ada.workbench.do(SetPriority(conversation_id=second, priority="high"), None)
    await ada.workbench.do(AddNote(message_id=new_id(), conversation_id=second, text="noted"), None)
    async with ada.replica.read() as conn:
        assert await find_conversations(conn, "second", inboxes=None) == [first]
        row = (await conn.execute(select(conversation).where(conversation.c.id == first))).one()
    assert (row.tags, row.priority) == (["mine"], "high")
    await world.write(lambda unit: world.new_message(unit, second, "second, later"))
    await world.write(lambda unit: world.new_message(unit, first, "first, later"))
    await ada.reopen()
    assert "second" in await _said(ada, first)
    await connected(ada)
    await _becomes(ada, first, "first", "second", "second, later", "first, later", "noted")
    await _same_as_server(world, ada)
    await ada.workbench.do(UnmergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await _becomes(ada, second, "second", "second, later", "noted")
    await _same_as_server(world, ada)


async def test_what_was_done_offline_to_one_that_was_merged_meanwhile(
    world: World, new_desk: NewDesk, pair: tuple[UUID, UUID]
) -> None:
    first, second = pair
    ada, bob = await connected(await new_desk("ada")), await connected(await new_desk("bob"))
    await ada.disconnect()
    await ada.workbench.do(SetTags(conversation_id=second, tags=("offline",)), None)
    await ada.workbench.do(AddNote(message_id=new_id(), conversation_id=second, text="noted"), None)
    await bob.workbench.do(MergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await _same_as_server(world, bob)
    await connected(ada)
    await _becomes(bob, first, "first", "second", "noted")
    await _same_as_server(world, ada)
    await _same_as_server(world, bob)
    async with world.db.read() as conn:
        tags = await conn.scalar(select(conversation.c.tags).where(conversation.c.id == first))
    assert tags == ["offline"]


async def test_two_merge_the_same_one_and_the_second_is_told(
    world: World, new_desk: NewDesk, pair: tuple[UUID, UUID]
) -> None:
    first, second = pair
    third = await world.mail("third")
    ada, bob = await connected(await new_desk("ada")), await connected(await new_desk("bob"))
    await ada.disconnect()
    await ada.workbench.do(MergeConversations(conversation_id=third, joined_ids=(second,)), None)
    await bob.workbench.do(MergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await _same_as_server(world, bob)
    await connected(ada)
    (refused,) = await until(lambda: [w for w in ada.workbench.waiting() if w.state == "refused"])
    assert refused.answer is not None
    assert refused.answer.code == "merged"
    await _becomes(ada, first, "first", "second")
    await _same_as_server(world, ada)
    with pytest.raises(Refusal):
        await ada.workbench.do(MergeConversations(conversation_id=third, joined_ids=(second,)), None)


async def test_a_merge_across_inboxes_reaches_the_right_desks(world: World, new_desk: NewDesk) -> None:
    sales, sales_account = await world.add_inbox("Sales")
    await world.add_user("both", Role.AGENT, frozenset({world.inbox_id, sales}))
    await world.add_user("support", Role.AGENT, frozenset({world.inbox_id}))
    await world.add_user("sales", Role.AGENT, frozenset({sales}))
    first = await world.mail("first")
    second = await world.mail("second", inbox_id=sales, account_id=sales_account)
    both, support, seller = [await connected(await new_desk(name)) for name in ("both", "support", "sales")]
    await _becomes(seller, second, "second")
    await both.workbench.do(MergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await _becomes(support, first, "first", "second")
    await _becomes(seller, second)
    async with seller.replica.read() as conn:
        assert list(await conn.scalars(select(message.c.id))) == [], "nothing of it is left at the desk"
        assert list(await conn.scalars(select(conversation.c.status))) == ["merged"]
    async with support.replica.read() as conn:
        assert list(await conn.scalars(select(conversation.c.id))) == [first]
        assert len(list(await conn.scalars(select(contact.c.id)))) == 1
    await both.workbench.do(UnmergeConversations(conversation_id=first, joined_ids=(second,)), None)
    await _becomes(support, first, "first")
    await _becomes(seller, second, "second")
    await _same_as_server(world, both)


async def test_customers_are_merged_and_parted_at_two_desks(world: World, new_desk: NewDesk) -> None:
    sales, sales_account = await world.add_inbox("Sales")
    await world.add_user("both", Role.AGENT, frozenset({world.inbox_id, sales}))
    await world.add_user("seller", Role.AGENT, frozenset({sales}))
    first = await world.mail("first")
    second = await world.mail("second", inbox_id=sales, account_id=sales_account)
    async with world.db.read() as conn:
        rows = await conn.execute(select(conversation.c.id, conversation.c.contact_id))
        owners = {row.id: row.contact_id for row in rows}
    both, seller = await connected(await new_desk("both")), await connected(await new_desk("seller"))
    merge = MergeContacts(contact_id=owners[first], joined_id=owners[second])
    await both.disconnect()
    await both.workbench.do(merge, None)
    await both.workbench.do(EditContact(contact_id=owners[second], fields={"place": "Leeds"}), None)
    await both.workbench.do(SetTags(conversation_id=second, tags=("offline",)), None)
    async with both.replica.read() as conn:
        assert set(await conn.scalars(select(conversation.c.contact_id))) == {owners[first]}
    await world.write(lambda unit: world.new_message(unit, second, "second, later"))
    await connected(both)
    await _same_as_server(world, both)

    async def known() -> list[str]:
        async with seller.replica.read() as conn:
            here = contact.c.id == owners[first]
            return list(await conn.scalars(select(contact.c.place).where(here)))

    async def at_sales() -> bool:
        return await known() == ["Leeds"]

    await until(at_sales, what="the desks of the other inbox know the one who stays")
    back = UnmergeContacts(contact_id=owners[first], joined_id=owners[second])
    await both.workbench.do(back, None)
    await _same_as_server(world, both)

    async def gone() -> bool:
        return await known() == []

    await until(gone, what="and know them no more")
    async with seller.replica.read() as conn:
        assert list(await conn.scalars(select(conversation.c.contact_id))) == [owners[second]]
        assert set(await conn.scalars(select(contact_identity.c.contact_id))) == {owners[second]}
