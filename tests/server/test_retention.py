"""Rules of retention: what goes, what stays, and that what is left is whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.server.trail import add, entries, seal_all, unguarded

from agentdesk.base.clock import now
from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, MarkConversation
from agentdesk.server import privacy
from agentdesk.server.admin import add_inbox
from agentdesk.server.audit_reading import head, verify
from agentdesk.server.audit_retention import drop_sealed
from agentdesk.server.housekeeping import keep_house
from agentdesk.server.retention import Rule, list_rules, run, set_rule
from agentdesk.store.tables import (
    attachment,
    audit_entry,
    audit_seal,
    blob,
    change_log,
    contact,
    conversation,
    ingest_ledger,
    message,
    raw_item,
    search_entry,
)

LONG_AGO = timedelta(days=400)


@pytest.fixture
async def old(world: FakeWorld) -> FakeWorld:
    """Conversations of Ann, Ben and Cat, with a file each; those of Ann and Ben were closed long ago."""
    core = await world.started()
    for name in ("ann", "ben", "cat"):
        files = [(f"{name}.txt", f"the file of {name}")]
        world.service.put(raw_mail(f"{name}@x.example", name=name, text=f"from {name}", files=files))
    await world.settled(3)
    for row in await world.conversations():
        note = AddNote(message_id=new_id(), conversation_id=row.id, text="a note")
        assert (await world.do(core, note)).outcome == "done"
    await core.stop()
    past = now() - LONG_AGO
    closed = select(contact.c.id).where(contact.c.name.in_(("ann", "ben")))
    async with world.db.write() as conn:
        await conn.execute(
            update(conversation)
            .where(conversation.c.contact_id.in_(closed))
            .values(status="resolved", last_message_at=past, resolved_at=past)
        )
        await conn.execute(update(message).values(created_at=past))
        await conn.execute(update(raw_item).values(created_at=past))
    return world


async def names(world: FakeWorld) -> list[str]:
    """Whose conversations there are."""
    statement = select(contact.c.name).join(conversation, conversation.c.contact_id == contact.c.id)
    async with world.db.read() as conn:
        return list(await conn.scalars(statement.order_by(contact.c.name)))


async def count(world: FakeWorld, table: Any) -> int:
    async with world.db.read() as conn:
        return int(await conn.scalar(select(func.count()).select_from(table)) or 0)


async def hold(world: FakeWorld, name: str) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(contact).where(contact.c.name == name).values(legal_hold=True))


async def test_closed_conversations_go_whole_and_desks_hear_of_it(old: FakeWorld) -> None:
    assert await run(old.db) == {}
    await set_rule(old.db, "conversations", 365)
    assert await run(old.db, dry_run=True) == {"conversations": 2}
    assert await names(old) == ["ann", "ben", "cat"]
    await hold(old, "ben")
    ledger = await count(old, ingest_ledger)
    gone = (await old.conversations())[0].id
    assert await run(old.db) == {"conversations": 1, "held": 1}
    assert await names(old) == ["ben", "cat"]
    left = [await count(old, table) for table in (message, attachment, search_entry, ingest_ledger)]
    assert left == [4, 2, 4, ledger]
    assert len(await old.rows(blob, order=blob.c.hash)) == 4
    departed = await old.rows(change_log, change_log.c.op == "d", order=change_log.c.seq)
    assert {row.table_name for row in departed} == {"conversation", "message", "attachment", "event"}
    assert gone in {row.row_id for row in departed}
    (entry,) = await entries(old.db, "retention")
    assert (entry.what, entry.data) == ("conversations", {"count": 1})
    assert await run(old.db) == {"conversations": 0, "held": 1}


async def test_a_single_conversation_is_held_and_that_is_told(old: FakeWorld) -> None:
    for kind in ("conversations", "raw", "attachments"):
        await set_rule(old.db, kind, 365)
    ann = (await old.conversations())[0]
    await privacy.do(old.db, MarkConversation(conversation_id=ann.id, legal_hold=True))
    assert await privacy.held_conversations(old.db) == [ann.number]
    assert (await run(old.db, dry_run=True))["held"] == 1
    await run(old.db)
    assert await names(old) == ["ann", "cat"]
    assert [row.name for row in await old.rows(attachment)] == ["ann.txt", "cat.txt"]
    await privacy.do(old.db, MarkConversation(conversation_id=ann.id, legal_hold=False))
    assert await run(old.db) == {"conversations": 1, "raw": 0, "attachments": 0}
    assert await names(old) == ["cat"]


async def test_files_and_mails_go_and_messages_stay(old: FakeWorld) -> None:
    await hold(old, "ben")
    await set_rule(old.db, "attachments", 30)
    await set_rule(old.db, "raw", 30, "Support")
    assert await run(old.db) == {"raw": 2, "attachments": 1}
    assert [row.name for row in await old.rows(attachment)] == ["ben.txt", "cat.txt"]
    kept = {row.id for row in await old.rows(raw_item, raw_item.c.blob != "")}
    assert len(kept) == 1
    shown = await old.messages(message.c.direction == "in", message.c.kind == "message")
    assert [row.raw_id in kept for row in shown] == [False, True, False]
    assert len(await old.messages()) == 6


async def test_housekeeping_carries_the_rules_out(old: FakeWorld) -> None:
    await set_rule(old.db, "conversations", 365)
    await keep_house(old.db)
    assert await names(old) == ["cat"]


async def test_an_inbox_may_have_a_rule_of_its_own(old: FakeWorld) -> None:
    await add_inbox(old.db, "Sales")
    await set_rule(old.db, "conversations", 10, "Sales")
    await set_rule(old.db, "conversations", 1000)
    await set_rule(old.db, "audit", 700)
    assert await run(old.db, dry_run=True) == {"conversations": 0, "audit": 0}
    await set_rule(old.db, "conversations", 100, "Support")
    assert (await run(old.db, dry_run=True))["conversations"] == 2
    await set_rule(old.db, "conversations", None, "Support")
    assert await list_rules(old.db) == [
        Rule("", "conversations", 1000), Rule("", "audit", 700), Rule("Sales", "conversations", 10),
    ]  # fmt: skip
    for wrong in (("conversations", 0, ""), ("audit", 5, "Sales"), ("raw", 5, "Nowhere")):
        with pytest.raises(Invalid):
            await set_rule(old.db, *wrong)


async def test_the_audit_trail_is_cut_at_a_seal_and_holds(world: FakeWorld) -> None:
    await add(world.db, 6)
    await seal_all(world.db, at_once=3)
    then = now()
    await add(world.db, 4)
    await seal_all(world.db, at_once=3)
    before = await head(world.db)
    assert await drop_sealed(world.db, then) == 6
    await seal_all(world.db)
    found = await verify(world.db, before)
    assert (found.seals, found.unsealed, found.troubles) == (3, 0, ())
    async with unguarded(world.db) as conn:  # the same, done by somebody else, is found
        await conn.execute(audit_seal.delete().where(audit_seal.c.number == 3))
        await conn.execute(audit_entry.delete().where(audit_entry.c.seq <= 9))
    assert str((await verify(world.db)).troubles[0]).startswith("Seal 1 is missing")


async def test_the_newest_seal_stays(world: FakeWorld) -> None:
    await add(world.db, 4)
    await seal_all(world.db)
    assert await drop_sealed(world.db, now() + timedelta(days=1)) == 0
    assert not (await verify(world.db)).troubles
