"""Erasing a customer: nothing of what was said is left anywhere, and what counts stays."""

from __future__ import annotations

import subprocess
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.postgres import find_binaries
from tests.server.trail import entries

from agentdesk.base.clock import now
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import (
    AddNote,
    EditContact,
    EraseContact,
    MarkContact,
    MarkConversation,
    SaveView,
    SendReply,
    ViewQuery,
)
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server import erasing, privacy
from agentdesk.server.core import ServerCore
from agentdesk.server.leases import Lease
from agentdesk.server.naming import named_elsewhere, views_left, views_named_after
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    attachment,
    blob,
    contact,
    contact_identity,
    conversation,
    desk,
    erasure,
    message,
    outbox,
    raw_item,
    saved_view,
    search_entry,
)

ZELDA = "zelda.marker@customer.example"
MARKERS = ("heliotrope", "zelda", "xylophone", "quagmire")
"""Stand only in what Zelda wrote, or what was written about her."""


@pytest.fixture
async def core(world: FakeWorld) -> ServerCore:
    """A server that has taken in two messages of Zelda's and one of Alice's, and answered both."""
    core = await world.started()
    files = [("xylophone.txt", "a heliotrope file")]
    world.service.put(raw_mail(ZELDA, id="z1@x", name="Zelda Marker", text="heliotrope one", files=files))
    world.service.put(raw_mail(ZELDA, id="z2@x", name="Zelda Marker", subject="quagmire", text="two"))
    world.service.put(raw_mail(ZELDA, id="z2@x", name="Zelda Marker", subject="quagmire", text="two"))
    world.service.put(raw_mail("alice@customer.example", id="a1@x", name="Alice", text="harmless"))
    await world.settled(4)
    for name, text in (("zelda", "Dear Zelda, heliotrope"), ("alice", "Dear Alice")):
        for row in await of(world, name):
            to = (Party("email", f"{name}.marker@customer.example"),)
            await world.delivered(await world.reply(core, row.id, text=text, to=to), "sent")
    note = AddNote(message_id=new_id(), conversation_id=(await of(world, "zelda"))[0].id, text="about zelda")
    await world.do(core, note)
    await world.do(
        core, EditContact(contact_id=await contact_of(world), fields={"notes": "xylophone", "pet": "zelda"})
    )
    return core


async def of(world: FakeWorld, name: str) -> Any:
    """The conversations of a customer."""
    known = select(contact_identity.c.contact_id).where(contact_identity.c.value.like(f"{name}%"))
    return await world.rows(conversation, conversation.c.contact_id.in_(known), order=conversation.c.number)


async def contact_of(world: FakeWorld, who: str = ZELDA) -> UUID:
    return await privacy.find_contact(world.db, who)


def lease(db: Database) -> Lease:
    return Lease(db, "erasure", "test:1")


@pytest.fixture
def boss(world: FakeWorld) -> Actor:
    return Actor(Author.USER, world.user_id, Role.ADMIN, None)


async def bytes_of(db: Database) -> bytes:
    """All that the database holds, as it lies on the disk (SQLite) or in a dump (PostgreSQL)."""
    if db.path is not None:
        return b"".join(path.read_bytes() for path in db.path.parent.glob(db.path.name + "*"))
    binaries = find_binaries()
    assert binaries is not None
    program = str(binaries / "pg_dump")
    address = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run([program, "--inserts", address], capture_output=True, check=True).stdout


def found_in(content: bytes) -> list[str]:
    """Which markers occur, also where bytes are written as hexadecimal digits."""
    lower = content.lower()
    return [m for m in MARKERS if m.encode() in lower or m.encode().hex().encode() in lower]


async def save(world: FakeWorld, core: ServerCore, boss: Actor, name: str, text: str) -> None:
    """Save a search, for everybody."""
    query = ViewQuery(kind="search", text=text)
    saving = SaveView(view_id=new_id(), name=name, icon="star", query=query, shared=True)
    assert (await world.do(core, saving, boss)).outcome == "done"


async def test_nothing_is_left_of_what_was_said(world: FakeWorld, core: ServerCore, boss: Actor) -> None:
    await save(world, core, boss, "Zelda's heliotropes", f"from:{ZELDA.upper()} lamp")
    await save(world, core, boss, "Alice", "alice.marker@customer.example")
    await core.stop()
    before = await bytes_of(world.db)
    assert found_in(before) == list(MARKERS)
    counted = {table.name: len(await world.rows(table)) for table in (conversation, message, contact)}
    times = [(row.id, row.created_at, row.direction) for row in await world.messages()]
    who = await contact_of(world)
    assert (await world.do(core, EraseContact(contact_id=who), boss)).outcome == "done"
    assert await erasing.carry_out(world.db, Bell(), lease(world.db), portion=2) == 1
    await world.db.close()

    assert found_in(await bytes_of(world.db)) == []
    assert {t.name: len(await world.rows(t)) for t in (conversation, message, contact)} == counted
    assert [(row.id, row.created_at, row.direction) for row in await world.messages()] == times
    (alices,) = await of(world, "alice")
    assert {m.text for m in await world.messages(message.c.conversation_id == alices.id)} == {
        "harmless",
        "Dear Alice",
    }
    assert {row.conversation_id for row in await world.rows(search_entry)} == {alices.id}
    assert not await world.rows(attachment)
    assert [row.name for row in await world.rows(saved_view)] == ["Alice"]
    used = {row.blob for row in await world.rows(raw_item)} - {""}
    assert {row.hash for row in await world.rows(blob, order=blob.c.hash)} == used
    erased = (await world.rows(contact, contact.c.id == who))[0]
    assert (erased.name, erased.notes, erased.fields, erased.erased_at is None) == ("", "", {}, False)
    (entry,) = await entries(world.db, "erasure")
    assert (entry.contact_id, entry.data["messages"], entry.data["files"]) == (who, 5, 1)


async def test_it_goes_on_where_a_kill_left_it(world: FakeWorld, core: ServerCore, boss: Actor) -> None:
    await core.stop()
    who = await contact_of(world)
    await world.do(core, EraseContact(contact_id=who), boss)

    class Killed(BaseException):
        pass

    class Bomb(Bell):
        left = 2

        def ring(self) -> None:
            self.left -= 1
            if not self.left:
                raise Killed

    with pytest.raises(Killed):
        await erasing.carry_out(world.db, Bomb(), lease(world.db), portion=1)
    (row,) = await world.rows(erasure)
    assert row.state == "running"
    assert found_in(await bytes_of(world.db))
    assert await erasing.carry_out(world.db, Bell(), lease(world.db), portion=1) == 1
    (row,) = await world.rows(erasure)
    assert (row.state, row.counts["messages"], row.counts["files"]) == ("done", 5, 1)
    assert found_in(await bytes_of(world.db)) == []
    assert await erasing.carry_out(world.db, Bell(), lease(world.db)) == 0


async def test_who_else_names_the_customer_is_listed_and_left(
    world: FakeWorld, core: ServerCore, boss: Actor
) -> None:
    who = await contact_of(world)
    assert await named_elsewhere(world.db, who) == []
    (alice,) = await of(world, "alice")
    for text in ("Zelda Marker called about this", f"ask {ZELDA}", "a marker for Zelda"):
        await world.do(core, AddNote(message_id=new_id(), conversation_id=alice.id, text=text))
    found = await named_elsewhere(world.db, who)
    assert [one.number for one in found] == [alice.number] * 2
    assert [one.excerpt for one in found] == ["Zelda Marker called about this", f"ask {ZELDA}"]
    for name, text in (("Zelda Marker", "lamp"), ("hers", f"to:{ZELDA}"), ("Markers", "zelda lamp")):
        await save(world, core, boss, name, text)
    views = await views_named_after(world.db, who)
    assert list(views.values()) == ["Zelda Marker\t*", "hers\t*"]
    await world.do(core, EraseContact(contact_id=who), boss)
    assert await erasing.carry_out(world.db, Bell(), lease(world.db)) == 1
    notes = await world.messages(message.c.conversation_id == alice.id, message.c.kind == "note")
    assert len([note for note in notes if "Zelda" in note.text]) == 2
    assert [views[one] for one in await views_left(world.db, views)] == ["Zelda Marker\t*"]
    assert {row.name for row in await world.rows(saved_view)} == {"Zelda Marker", "Markers"}


async def test_other_spellings_numbers_and_handles_are_found_with_the_words_around(
    world: FakeWorld, core: ServerCore
) -> None:
    who = await contact_of(world)
    known = {"contact_id": who, "display": "", "verified": False, "created_at": now(), "ver": 1}
    async with world.db.write() as conn:
        for kind, value in (("phone", "+49 151 23456789"), ("chat", "@zelda_m")):
            await conn.execute(insert(contact_identity).values(id=new_id(), kind=kind, value=value, **known))
        await conn.execute(update(contact).where(contact.c.id == who).values(name="Zélda Ann Müller"))
    (alice,) = await of(world, "alice")
    naming = (
        "MUELLER, Zelda: see her file",
        "Müller Zelda",
        "call 0151 / 2345 6789 " + "and then wait " * 20,
        "x " * 100 + "(+49)151-23456789",
        "write to zelda_m there",
    )
    for text in (*naming, "Ann Müller", "0151 2345678", "zelda"):
        await world.do(core, AddNote(message_id=new_id(), conversation_id=alice.id, text=text))
    found = [one.excerpt for one in await named_elsewhere(world.db, who)]
    assert len(found) == len(naming)
    assert found[:2] == ["MUELLER, Zelda: see her file", "Müller Zelda"]
    assert (found[2][:24], found[2][-1]) == ("call 0151 / 2345 6789 an", "…")
    assert (found[3][:4], found[3][-18:]) == ("…x x", " (+49)151-23456789")
    assert found[4] == "write to zelda_m there"


async def test_whom_one_may_not_erase(world: FakeWorld, core: ServerCore, boss: Actor) -> None:
    who = await contact_of(world)
    answer = await world.do(core, EraseContact(contact_id=who))
    assert (answer.outcome, answer.code) == ("refused", "not_allowed")
    await world.do(core, MarkContact(contact_id=who, legal_hold=True), boss)
    answer = await world.do(core, EraseContact(contact_id=who), boss)
    assert (answer.outcome, answer.code) == ("refused", "held")
    await world.do(core, MarkContact(contact_id=who, legal_hold=False), boss)
    one = (await of(world, "zelda"))[-1]
    held = MarkConversation(conversation_id=one.id, legal_hold=True)
    assert (await world.do(core, held)).code == "not_allowed"
    assert (await world.do(core, held, boss)).outcome == "done"
    answer = await world.do(core, EraseContact(contact_id=who), boss)
    assert (answer.code, answer.reason.args) == ("held", {"number": one.number})
    await world.do(core, MarkConversation(conversation_id=one.id, legal_hold=False), boss)
    async with world.db.write() as conn:
        await conn.execute(outbox.update().values(state="verify"))
    answer = await world.do(core, EraseContact(contact_id=who), boss)
    assert (answer.outcome, answer.code) == ("refused", "busy")
    assert not await world.rows(erasure)


async def test_the_report_names_desks_that_are_still_open(
    world: FakeWorld, core: ServerCore, boss: Actor
) -> None:
    await core.stop()
    async with world.db.write() as conn:
        values = {"user_id": world.user_id, "last_number": 0, "created_at": now(), "seen_at": now()}
        await conn.execute(desk.insert().values(id=new_id(), **values))
    done = await privacy.erase(world.db, await contact_of(world), "test:1")
    assert (done.counts["messages"], done.desks) == (5, 1)
    assert [one.person for one in done.open_ones] == ["maria@desk.example"]
    with pytest.raises(AgentDeskError):
        await privacy.erase(world.db, done.contact_id, "test:1")
    with pytest.raises(Invalid):
        await contact_of(world)


async def test_nothing_more_is_written_to_an_erased_customer(
    world: FakeWorld, core: ServerCore, boss: Actor
) -> None:
    (first, _second) = await of(world, "zelda")
    await world.do(core, EraseContact(contact_id=await contact_of(world)), boss)
    to = (Party("email", ZELDA),)
    for command in (
        AddNote(message_id=new_id(), conversation_id=first.id, text="zelda again"),
        SendReply(message_id=new_id(), conversation_id=first.id, to=to, text="zelda again"),
    ):
        answer = await world.do(core, command)
        assert (answer.outcome, answer.code) == ("refused", "gone")
