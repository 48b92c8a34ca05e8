"""Conversations that desks do not keep: given whole on demand, within their scope, in step with changes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, SendReply
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.queries.rows import View
from agentdesk.store import search
from agentdesk.store.tables import audit_entry, contact, contact_identity, conversation, message
from agentdesk.store.unit import ServerUnit
from agentdesk.sync import archive
from agentdesk.sync.desk_archive import Unavailable
from agentdesk.sync.older import OlderPage, OlderWish
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.differences import differences
from tests.sync.world import SimDesk, World, connected, ids_of

RESOLVED = OlderWish(view=View(kind="resolved"))


def _search(words: str) -> OlderWish:
    return OlderWish(view=View(kind="search", text=words))


async def _old(world: World, text: str, days: int = 200, **fields: Any) -> UUID:
    """A conversation that was resolved and silent for ``days``, found by its text."""
    at = clock.now() - timedelta(days=days)
    made = await world.mail(text, at=at, status="resolved", **fields)
    async with world.db.write() as conn:
        row = (await conn.execute(select(message).where(message.c.conversation_id == made))).one()
        await search.index_messages(conn, [(row.id, made, row.inbox_id, text)])
    return made


async def _synced(desk: SimDesk) -> SimDesk:
    await connected(desk)
    await until(lambda: desk.archive.connected)
    return desk


async def _contact_of(world: World, conversation_id: UUID) -> UUID:
    async with world.db.read() as conn:
        wanted = select(conversation.c.contact_id).where(conversation.c.id == conversation_id)
        return (await conn.execute(wanted)).scalar_one()


async def _move(world: World, conversation_id: UUID, inbox_id: UUID) -> None:
    async def work(unit: ServerUnit) -> None:
        await unit.update(conversation, conversation_id, {"inbox_id": inbox_id})
        wanted = select(message.c.id).where(message.c.conversation_id == conversation_id)
        for message_id in list(await unit.conn.scalars(wanted)):
            await unit.update(message, message_id, {"inbox_id": inbox_id})

    await world.write(work)


# --- what is given ---


async def test_they_come_in_pages_the_newest_first_and_whole(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PAGE", 2)
    await world.add_user("ada")
    old = [await _old(world, f"old {days}", days) for days in (400, 300, 200)]
    kept = {await world.mail("open"), await _old(world, "closed lately", 10)}
    desk = await _synced(await new_desk("ada"))
    assert await ids_of(desk, conversation.c.id) == kept

    first = await desk.archive.ask(RESOLVED)
    assert first.ids == (old[2], old[1])
    assert await ids_of(desk, conversation.c.id) == kept | {old[2], old[1]}
    assert await ids_of(desk, message.c.text) == {"open", "closed lately", "old 200", "old 300"}
    assert await ids_of(desk, contact_identity.c.contact_id) == await ids_of(desk, contact.c.id)
    second = await desk.archive.ask(OlderWish(view=RESOLVED.view, after=first.following))
    assert (second.ids, second.following) == ((old[0],), "")
    assert await differences(world, desk) == []


async def test_an_answer_is_cut_where_conversations_are_long(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_MOST_MESSAGES", 1)
    await world.add_user("ada")
    old = [await _old(world, f"old {days}", days) for days in (300, 200)]
    desk = await _synced(await new_desk("ada"))
    first = await desk.archive.ask(RESOLVED)
    assert first.ids == (old[1],)
    second = await desk.archive.ask(OlderWish(view=RESOLVED.view, after=first.following))
    assert (second.ids, second.following) == ((old[0],), "")


async def test_a_search_goes_over_the_whole_history(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PAGE", 1)
    await world.add_user("ada")
    farther = await _old(world, "a broken lamp", 300)
    nearer = await _old(world, "the lamp again", 200)
    await _old(world, "a chair", 250)
    await _old(world, "a lamp of last week", 7)
    desk = await _synced(await new_desk("ada"))
    first = await desk.archive.ask(_search("lamp"))
    assert first.ids == (nearer,)
    second = await desk.archive.ask(OlderWish(view=_search("lamp").view, after=first.following))
    assert (second.ids, second.following) == ((farther,), "")
    assert (await desk.archive.ask(_search("table"))).ids == ()


async def test_a_search_for_very_common_words_says_how_far_it_came(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_COMMON", 1)
    monkeypatch.setattr(search, "_LOOKED_AT", 2)
    await world.add_user("ada")
    lamp = await _old(world, "a lamp", 400)
    between = await _old(world, "a chair", 300)
    await _old(world, "a table", 200)
    await _old(world, "a lamp of last week", 7)
    desk = await _synced(await new_desk("ada"))
    first = await desk.archive.ask(_search("lamp "))
    assert (first.ids, first.back_to) == ((), await _last_at(world, between))
    second = await desk.archive.ask(OlderWish(view=_search("lamp ").view, after=first.following))
    assert (second.ids, second.following, second.back_to) == ((lamp,), "", None)


async def _last_at(world: World, conversation_id: UUID) -> Any:
    async with world.db.read() as conn:
        return await conn.scalar(
            select(conversation.c.last_message_at).where(conversation.c.id == conversation_id)
        )


async def test_what_a_customer_wrote_long_ago(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    old = await _old(world, "long ago")
    contact_id = await _contact_of(world, old)
    await world.mail("now", contact_id=contact_id)
    await _old(world, "somebody else")
    desk = await _synced(await new_desk("ada"))
    assert (await desk.archive.ask(OlderWish(contact_id=contact_id))).ids == (old,)
    assert (await desk.archive.ask(OlderWish(ids=(old,)))).ids == (old,)


# --- to whom ---


async def test_nothing_of_other_inboxes_is_given(world: World, new_desk: NewDesk) -> None:
    other, other_account = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    mine = await _old(world, "for cat")
    contact_id = await _contact_of(world, mine)
    place = {"inbox_id": other, "account_id": other_account}
    theirs = await _old(world, "not for cat", contact_id=contact_id, **place)
    desk = await _synced(await new_desk("cat"))
    for wish in (RESOLVED, _search("cat"), OlderWish(contact_id=contact_id), OlderWish(ids=(mine, theirs))):
        assert (await desk.archive.ask(wish)).ids == (mine,)
    assert await ids_of(desk, message.c.text) == {"for cat"}
    assert await differences(world, desk) == []

    world.actors["cat"] = world.actor("cat", frozenset({other}))  # not yet noticed by anybody
    assert (await desk.archive.ask(RESOLVED)).ids == (theirs,)
    assert await ids_of(desk, message.c.text) == {"not for cat"}


async def test_who_may_not_look_back_is_told_so(world: World, new_desk: NewDesk) -> None:
    await world.add_user("cat", Role.AGENT)
    await _old(world, "old")
    actor = world.actors["cat"]
    world.actors["cat"] = type(actor)(
        actor.kind, actor.user_id, actor.role, actor.inboxes, exceptions={"history": False}
    )
    desk = await _synced(await new_desk("cat"))
    with pytest.raises(Unavailable, match="left to some"):
        await desk.archive.ask(RESOLVED)
    assert await ids_of(desk, conversation.c.id) == set()


async def test_what_is_given_of_marked_customers_is_written_down(world: World, new_desk: NewDesk) -> None:
    ada = await world.add_user("ada")
    marked, plain = await _old(world, "marked"), await _old(world, "plain")
    contact_id = await _contact_of(world, marked)
    await world.write(lambda unit: unit.update(contact, contact_id, {"sensitive": True}))
    desk = await _synced(await new_desk("ada"))
    assert set((await desk.archive.ask(RESOLVED)).ids) == {marked, plain}
    async with world.db.read() as conn:
        entries = (await conn.execute(select(audit_entry).where(audit_entry.c.kind == "read"))).all()
    (entry,) = entries
    assert (entry.what, entry.user_id, entry.desk_id) == ("older", ada, desk.workbench.desk_id)
    assert (entry.conversation_id, entry.contact_id) == (marked, contact_id)


async def test_nonsense_is_refused_and_the_connection_goes_on(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    desk = await _synced(await new_desk("ada"))
    for wish in (
        OlderWish(),
        OlderWish(view=View(kind="mine")),
        OlderWish(view=View(kind="resolved"), contact_id=new_id()),
        OlderWish(view=View(kind="search", text="a" * 501)),
        OlderWish(view=View(kind="resolved"), after="nonsense"),
        OlderWish(ids=tuple(new_id() for _ in range(26))),
    ):
        with pytest.raises(Unavailable):
            await desk.archive.ask(wish)
    assert (await desk.archive.ask(RESOLVED)).ids == ()


# --- in step with the changes ---


async def test_they_are_kept_current_and_leave_with_their_inbox(world: World, new_desk: NewDesk) -> None:
    other, _ = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    old = [await _old(world, f"old {number}") for number in range(2)]
    desk = await _synced(await new_desk("cat"))
    await desk.archive.ask(RESOLVED)
    await world.write(lambda unit: unit.update(conversation, old[0], {"tags": ["x"]}))
    await until(lambda: differences_gone(world, desk))
    await _move(world, old[1], other)

    async def left() -> bool:
        return await ids_of(desk, conversation.c.id) == {old[0]}

    await until(left)
    assert await ids_of(desk, message.c.conversation_id) == {old[0]}


async def differences_gone(world: World, desk: SimDesk) -> bool:
    return await differences(world, desk) == []


async def test_what_leaves_while_it_is_being_read_does_not_come_back(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The departure is on its way to the desk before the answer is."""
    other, _ = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    moving, staying = await _old(world, "moving"), await _old(world, "staying")
    desk = await _synced(await new_desk("cat"))
    load, moved = archive.load_conversations, False

    async def slowly(conn: Any, ids: Any) -> Any:
        nonlocal moved
        loaded = await load(conn, ids)
        if not moved:
            moved = True
            await _move(world, moving, other)
            heard = len(desk.changes)
            await world.mail("what the feed has read after it")
            await until(lambda: len(desk.changes) > heard)
        return loaded

    monkeypatch.setattr(archive, "load_conversations", slowly)
    assert (await desk.archive.ask(RESOLVED)).ids == (staying,)
    assert "moving" not in await ids_of(desk, message.c.text)
    assert await differences(world, desk) == []


async def test_an_answer_to_an_older_one_wakes_it_up_on_every_desk(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    await world.add_user("bob")
    old = await _old(world, "long ago")
    ada, bob = await _synced(await new_desk("ada")), await _synced(await new_desk("bob"))
    await ada.archive.ask(RESOLVED)
    to = (Party("email", "customer@else.test", "Customer"),)
    await ada.workbench.do(SendReply(message_id=new_id(), conversation_id=old, to=to, text="here I am"), None)
    await until(lambda: ada.workbench.unsent() == 0)

    async def whole() -> bool:
        return await ids_of(bob, message.c.text) == {"long ago", "here I am"}

    await until(whole)
    for desk in (ada, bob):
        assert await differences(world, desk) == []


async def test_who_was_away_gets_one_whole_that_has_changed(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    old = await _old(world, "long ago")
    desk = await _synced(await new_desk("ada"))
    await desk.disconnect()
    await world.write(lambda unit: unit.update(conversation, old, {"tags": ["x"]}))
    await _synced(desk)
    assert await ids_of(desk, message.c.text) == {"long ago"}
    assert await differences(world, desk) == []


async def test_a_command_about_one_that_the_desk_does_not_hold(world: World, new_desk: NewDesk) -> None:
    """It was filled anew while the command waited: the server has the last word, and then the desk has it."""
    await world.add_user("ada")
    old = await _old(world, "long ago")
    desk = await _synced(await new_desk("ada"))
    await desk.archive.ask(RESOLVED)
    await desk.disconnect()
    await desk.workbench.do(AddNote(message_id=new_id(), conversation_id=old, text="noted"), None)
    async with world.db.write() as conn:
        await conn.execute(update(conversation).where(conversation.c.id == old).values(ver=7))
    world.feed.epoch = "another"
    await desk.connect()
    await until(lambda: desk.workbench.unsent() == 0)
    assert [waiting.state for waiting in desk.workbench.waiting()] == []
    await until(lambda: differences_gone(world, desk))
    assert await ids_of(desk, message.c.text) == {"long ago", "noted"}


# --- how long they stay ---


async def _is_whole(desk: SimDesk) -> bool:
    return await ids_of(desk, message.c.text) == {"long ago"}


async def test_they_stay_while_they_are_used_and_then_leave(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add_user("ada")
    old = await _old(world, "long ago")
    desk = await _synced(await new_desk("ada"))
    await desk.archive.ask(RESOLVED)
    assert not await desk.upkeep.tidy()
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await desk.upkeep.tidy()
    assert await ids_of(desk, conversation.c.id) == set()

    # Somebody changes it twice: the server has sent it whole once, and does not know that it left again.
    for _ in range(2):
        await world.write(lambda unit: unit.update(conversation, old, {"tags": [str(new_id())]}))
        await until(lambda: _is_whole(desk))
        assert await differences(world, desk) == []
        later += timedelta(days=2)
        assert await desk.upkeep.tidy()


async def test_who_has_no_connection_is_told_so(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add_user("ada")
    desk = await new_desk("ada")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await desk.archive.ask(RESOLVED)
    await _synced(desk)
    line = desk.line
    assert line is not None
    arrived, over = asyncio.Event(), asyncio.Event()

    async def read_late(*_ask: Any) -> OlderPage:
        arrived.set()
        await over.wait()
        return OlderPage()

    monkeypatch.setattr(archive, "_page", read_late)
    asked = asyncio.create_task(desk.archive.ask(RESOLVED))
    await until(arrived.is_set)
    line.cut()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await asked
    over.set()


async def test_a_server_of_before_is_asked_nothing(
    world: World, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentdesk.sync.endpoint._ABILITIES", ())
    await world.add_user("ada")
    desk = await connected(await new_desk("ada"))

    async def answer() -> str:
        with pytest.raises(Unavailable) as error:
            await desk.archive.ask(RESOLVED)
        return str(error.value)

    async def connected_too() -> bool:
        return "cannot be reached" not in await answer()

    await until(connected_too)
    assert "has to be updated" in await answer()
