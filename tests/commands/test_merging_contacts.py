"""Customers who become one and part again, with what came from each of their addresses meanwhile."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import EditContact, MarkContact, MergeContacts, UnmergeContacts
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.queries import contact as contacts
from agentdesk.server import privacy
from agentdesk.server.core import ServerCore
from agentdesk.store.tables import contact, contact_identity, conversation, message

_OWN = ("merged_into_id", "merge", "ver", "updated_at")


class Tom:
    """One person with two addresses: ``work`` and ``home`` are the customers they are known as."""

    def __init__(self, world: FakeWorld, core: ServerCore, work: UUID, home: UUID) -> None:
        self.world, self.core, self.work, self.home = world, core, work, home

    async def merge(self, actor: Actor | None = None) -> Any:
        return await self.world.do(self.core, MergeContacts(contact_id=self.work, joined_id=self.home), actor)

    async def unmerge(self) -> Any:
        return await self.world.do(self.core, UnmergeContacts(contact_id=self.work, joined_id=self.home))

    async def row(self, contact_id: UUID) -> Any:
        return (await self.world.rows(contact, contact.c.id == contact_id))[0]

    async def topics(self, contact_id: UUID) -> list[str]:
        rows = await self.world.rows(conversation, conversation.c.contact_id == contact_id)
        return sorted(row.subject for row in rows)

    async def addresses(self, contact_id: UUID) -> list[str]:
        rows = await self.world.rows(contact_identity, contact_identity.c.contact_id == contact_id)
        return sorted(row.value for row in rows)


@pytest.fixture
async def tom(world: FakeWorld) -> Tom:
    core = await world.started()
    for count, sender in enumerate(("tom@work.example", "tom@home.example"), 1):
        world.service.put(
            raw_mail(sender, id=f"t{count}@x.example", name="Tom Baker", subject=f"Topic {count}")
        )
        await world.settled(count)
    first, second = await world.conversations()
    return Tom(world, core, first.contact_id, second.contact_id)


async def test_what_is_taken_from_the_one_who_joins_goes_with_them_again(tom: Tom) -> None:
    world = tom.world
    await world.do(tom.core, EditContact(contact_id=tom.work, fields={"name": "T. Baker", "place": "Leeds"}))
    await world.do(tom.core, EditContact(contact_id=tom.home, fields={"place": "York"}))
    merge = MergeContacts(contact_id=tom.work, joined_id=tom.home, take=("name", "company", "ver"))
    assert (await world.do(tom.core, merge)).outcome == "done"
    stays = await tom.row(tom.work)
    assert (stays.name, stays.place, stays.company) == ("Tom Baker", "Leeds", "")
    assert (await tom.unmerge()).outcome == "done"
    assert (await tom.row(tom.work)).name == "T. Baker"


async def test_addresses_conversations_and_what_is_known_are_together(tom: Tom) -> None:
    world = tom.world
    known = {"company": "Bakery", "notes": "Likes rye", "Number": "K-1"}
    await world.do(tom.core, EditContact(contact_id=tom.home, fields=known))
    await world.do(tom.core, EditContact(contact_id=tom.work, fields={"notes": "VIP"}))
    assert (await tom.merge()).outcome == "done"
    assert (await tom.merge()).outcome == "done"
    stays = await tom.row(tom.work)
    assert (stays.company, stays.notes, stays.fields) == ("Bakery", "VIP\n\nLikes rye", {"Number": "K-1"})
    assert await tom.addresses(tom.work) == ["tom@home.example", "tom@work.example"]
    assert await tom.topics(tom.work) == ["Topic 1", "Topic 2"]
    async with world.db.read() as conn:
        detail = await contacts.detail(conn, tom.home)
    assert detail is not None
    assert (detail.id, [one.id for one in detail.merged], detail.similar) == (tom.work, [tom.home], ())
    world.service.put(raw_mail("tom@home.example", id="t3@x.example", subject="Topic 3"))
    await world.settled(3)
    assert await tom.topics(tom.work) == ["Topic 1", "Topic 2", "Topic 3"]
    await world.do(tom.core, EditContact(contact_id=tom.home, fields={"place": "Leeds"}))
    assert (await tom.row(tom.work)).place == "Leeds", "what is said of the one is said of the other"


async def test_parting_sorts_what_came_since_by_its_address(tom: Tom) -> None:
    world = tom.world
    await world.do(tom.core, EditContact(contact_id=tom.home, fields={"company": "Bakery", "notes": "Rye"}))
    before = [{k: v for k, v in row._mapping.items() if k not in _OWN} for row in await world.rows(contact)]
    await tom.merge()
    for count, sender in ((3, "tom@home.example"), (4, "tom@work.example")):
        world.service.put(raw_mail(sender, id=f"t{count}@x.example", subject=f"Topic {count}"))
        await world.settled(count)
    assert (await tom.unmerge()).outcome == "done"
    assert (await tom.unmerge()).outcome == "done"
    after = [{k: v for k, v in row._mapping.items() if k not in _OWN} for row in await world.rows(contact)]
    assert after == before
    assert await tom.topics(tom.work) == ["Topic 1", "Topic 4"]
    assert await tom.topics(tom.home) == ["Topic 2", "Topic 3"]
    assert await tom.addresses(tom.home) == ["tom@home.example"]
    authors = {row.subject: row.contact_id for row in await world.rows(message)}
    assert (authors["Topic 3"], authors["Topic 4"]) == (tom.home, tom.work)


async def test_what_was_said_since_stays(tom: Tom) -> None:
    world = tom.world
    await world.do(tom.core, EditContact(contact_id=tom.home, fields={"company": "Bakery", "place": "Leeds"}))
    await tom.merge()
    await world.do(tom.core, EditContact(contact_id=tom.work, fields={"company": "Bakery Ltd"}))
    await tom.unmerge()
    stays = await tom.row(tom.work)
    assert (stays.company, stays.place) == ("Bakery Ltd", "")


async def test_a_legal_hold_goes_with_what_moves(tom: Tom) -> None:
    async with tom.world.db.write() as conn:
        await conn.execute(update(contact).where(contact.c.id == tom.home).values(legal_hold=True))
    await tom.merge()
    assert (await tom.row(tom.work)).legal_hold
    await privacy.do(tom.world.db, MarkContact(contact_id=tom.home, legal_hold=False))
    await tom.unmerge()
    assert [(await tom.row(one)).legal_hold for one in (tom.work, tom.home)] == [True, True]


async def test_who_comes_second_or_may_not_is_told(tom: Tom) -> None:
    world = tom.world
    world.service.put(raw_mail("tom@third.example", id="t3@x.example", subject="Topic 3"))
    await world.settled(3)
    third = (await world.conversations())[2].contact_id
    assert (await tom.merge(Actor(Author.USER, world.user_id, Role.AGENT, None, {"merge": False}))).code == (
        "not_allowed"
    )
    stranger = Actor(Author.USER, world.user_id, Role.AGENT, frozenset({new_id()}))
    assert (await tom.merge(stranger)).code == "gone"
    await tom.merge()
    late = MergeContacts(contact_id=third, joined_id=tom.home)
    assert (await world.do(tom.core, late)).code == "merged"
    itself = MergeContacts(contact_id=third, joined_id=third)
    assert (await world.do(tom.core, itself)).code == "invalid"
