"""Mentions reach those who are meant, on all their desks and on nobody else's."""

from __future__ import annotations

import functools
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, Envelope, Mention, SeeMentions
from agentdesk.domain.team import Role
from agentdesk.queries.queue import counts, queue_ids
from agentdesk.queries.rows import Counts, View
from agentdesk.queries.team import unseen_mentions
from agentdesk.store.tables import conversation, event, inbox, inbox_member, mention, message
from agentdesk.store.unit import ServerUnit
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.differences import differences
from tests.sync.world import SimDesk, World, connected

MENTIONS = View(kind="mentions")


async def _counts(desk: SimDesk) -> Counts:
    async with desk.replica.read() as conn:
        return await counts(conn, desk.workbench.standing.user_id)


async def _list(desk: SimDesk) -> list[UUID]:
    async with desk.replica.read() as conn:
        return await queue_ids(conn, MENTIONS, desk.workbench.standing.user_id)


async def _texts(desk: SimDesk) -> list[tuple[str, str]]:
    async with desk.replica.read() as conn:
        rows = await unseen_mentions(conn, desk.workbench.standing.user_id)
    return [(row.author_name, row.text) for row in rows]


async def _held(desk: SimDesk) -> int:
    async with desk.replica.read() as conn:
        return await conn.scalar(select(func.count()).select_from(mention)) or 0


def _note(where: UUID, text: str, *mentions: Mention) -> AddNote:
    return AddNote(message_id=new_id(), conversation_id=where, text=text, mentions=mentions)


async def _arrives(desk: SimDesk, message_id: UUID) -> None:
    await until(lambda: any(message_id in changes.get("message", ()) for changes in desk.changes))


async def test_who_is_mentioned_sees_it_on_each_desk_until_they_have_looked(
    world: World, new_desk: NewDesk
) -> None:
    await world.add_user("ada")
    bob = await world.add_user("bob")
    await world.add_user("cleo")
    where = await world.mail()
    ada, here, there, cleo = [
        await connected(await new_desk(token, folder))
        for token, folder in (("ada", "a"), ("bob", "b1"), ("bob", "b2"), ("cleo", "c"))
    ]
    note = _note(where, "@bob please look", Mention("user", bob, "bob"))
    await ada.workbench.do(note, None)
    for desk in (here, there):
        await until(functools.partial(_texts, desk))
        assert await _texts(desk) == [("ada", "@bob please look")]
        assert await _list(desk) == [where]
        assert ((await _counts(desk)).mentions, (await _counts(desk)).mentions_unseen) == (1, 1)
    await here.workbench.do(SeeMentions(conversation_id=where), None)
    assert await _texts(here) == []

    async def seen() -> bool:
        return not await _texts(there)

    await until(seen)
    assert await _list(there) == [where]
    assert ((await _counts(there)).mentions, (await _counts(there)).mentions_unseen) == (1, 0)
    await _arrives(cleo, note.message_id)
    assert [await _held(desk) for desk in (ada, cleo)] == [0, 0]
    async with world.db.read() as conn:
        stored = await conn.scalar(select(message.c.mentions).where(message.c.id == note.message_id))
    assert stored == [{"kind": "user", "id": str(bob), "name": "bob"}]


async def test_an_inbox_is_everybody_who_may_see_it_but_the_author(world: World, new_desk: NewDesk) -> None:
    people = {name: await world.add_user(name, Role.AGENT) for name in ("ada", "bob", "cleo")}
    people["dora"] = await world.add_user("dora", Role.SUPERVISOR)
    closed, account_id = await world.add_inbox("Billing")

    async def close(unit: Any) -> None:
        await unit.update(inbox, closed, {"everyone": False})
        rows = [{"id": new_id(), "inbox_id": closed, "user_id": people[name]} for name in ("ada", "bob")]
        await unit.insert(inbox_member, rows)

    await world.write(close)
    where = await world.mail(inbox_id=closed, account_id=account_id)
    ada = await connected(await new_desk("ada"))
    await ada.workbench.do(_note(where, "@Billing look", Mention("inbox", closed, "Billing")), None)
    await until(lambda: ada.workbench.unsent() == 0)
    async with world.db.read() as conn:
        told = set(await conn.scalars(select(mention.c.user_id)))
    assert told == {people["bob"], people["dora"]}


async def test_whoever_would_not_see_the_note_cannot_be_mentioned(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    bob = await world.add_user("bob", Role.AGENT)
    closed, account_id = await world.add_inbox("Billing")
    await world.write(lambda unit: unit.update(inbox, closed, {"everyone": False}))
    where = await world.mail(inbox_id=closed, account_id=account_id)
    ada = await connected(await new_desk("ada"))
    for one in (Mention("user", bob, "bob"), Mention("inbox", world.inbox_id, "Support")):
        answer = await _offered(world, _note(where, "psst", one))
        assert (answer.outcome, answer.code) == ("refused", "invalid")
        assert answer.reason is not None
        assert answer.reason.args["name"] == one.name
    assert await _held(ada) == 0


async def _offered(world: World, command: AddNote) -> Any:
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    return await world.executor.execute(envelope, world.actors["ada"])


async def test_one_in_a_conversation_that_goes_elsewhere_goes_with_it(
    world: World, new_desk: NewDesk
) -> None:
    await world.add_user("ada")
    cleo = await world.add_user("cleo", Role.AGENT, frozenset({world.inbox_id}))
    elsewhere, _ = await world.add_inbox("Returns")
    where = await world.mail("It arrived broken.")
    ada, desk = await connected(await new_desk("ada")), await connected(await new_desk("cleo"))
    await ada.workbench.do(_note(where, "Look at this", Mention("user", cleo, "Cleo")), None)

    async def is_held() -> bool:
        return await _held(desk) == 1

    await until(is_held)

    async def work(unit: ServerUnit) -> None:
        for table in (conversation, message, event, mention):
            column = table.c.id if table is conversation else table.c.conversation_id
            for row_id in list(await unit.conn.scalars(select(table.c.id).where(column == where))):
                await unit.update(table, row_id, {"inbox_id": elsewhere})

    await world.write(work)

    async def is_gone() -> bool:
        return await differences(world, desk) == []

    await until(is_gone, 5)
    assert await _held(desk) == 0
