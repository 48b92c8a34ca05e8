"""The audit trail: what is written down, that it stays, and that tampering is found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.program import Programs
from tests.helpers.until import until_sync
from tests.server.trail import add, entries, entry_of, seal_all, unguarded, words_of

from agentdesk.base.clock import now
from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, Assign, Envelope
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_user
from agentdesk.server.audit_reading import Head, head, read_notes, verify
from agentdesk.server.audit_sealing import NOTES, note_head, seal
from agentdesk.server.auth import Authenticator, NotAuthenticated
from agentdesk.server.leases import Lease
from agentdesk.store.audit import record
from agentdesk.store.engine import Database
from agentdesk.store.tables import audit_entry, audit_seal
from agentdesk.sync.changelog import begin_epoch, ensure_epoch


@pytest.fixture
async def db(migrated_url: str) -> Database:
    made = Database(migrated_url)
    async with made.write() as conn:
        await ensure_epoch(conn)
    yield made
    await made.close()


async def test_each_command_leaves_one_entry_without_its_words(world: FakeWorld) -> None:
    core = await world.started()
    world.service.put(raw_mail(id="m1@x.example", name="Alice"))
    await world.settled(1)
    found = (await world.conversations())[0].id
    note = AddNote(message_id=new_id(), conversation_id=found, text="a very private thought")
    envelope = Envelope(id=new_id(), command=note, issued_at=now())
    for _ in range(2):
        assert (await core.executor.execute(envelope, world.maria)).outcome in ("done", "already_done")
    taken = Assign(conversation_id=new_id(), assignee_id=world.user_id)
    await core.executor.execute(Envelope(id=new_id(), command=taken, issued_at=now()), world.maria)
    first, second = await entries(world.db, "command")
    assert (first.what, first.outcome, first.user_id, first.ref) == (
        "add_note", "done", world.user_id, envelope.id,
    )  # fmt: skip
    assert first.conversation_id == found
    assert first.data["rows"]["message"] == [note.message_id.hex]
    assert (second.what, second.outcome, second.data["code"]) == ("assign", "refused", "gone")
    assert second.conversation_id == taken.conversation_id
    assert "private" not in await words_of(world.db)


async def test_sign_ins_are_written_down_and_what_a_stranger_typed_is_not(db: Database) -> None:
    user_id = await add_user(db, "ana@desk.test", "Ana", Role.AGENT, "correct horse")
    authenticator = Authenticator(db)
    await authenticator.sign_in("ana@desk.test", "correct horse", "10.0.0.1")
    for email in ("ana@desk.test", "my-secret-word"):
        with pytest.raises(NotAuthenticated):
            await authenticator.sign_in(email, "wrong", "10.0.0.2")
    right, wrong, unknown = await entries(db, "sign_in")
    assert (right.outcome, right.user_id, right.data["peer"]) == ("done", user_id, "10.0.0.1")
    assert (wrong.outcome, wrong.user_id) == ("failed", user_id)
    assert (unknown.outcome, unknown.user_id, unknown.data["peer"]) == ("failed", None, "10.0.0.2")
    assert "secret" not in await words_of(db)


@pytest.mark.parametrize("table", [audit_entry, audit_seal], ids=lambda table: table.name)
async def test_the_database_itself_refuses_changes(db: Database, table: object) -> None:
    await add(db, 3)
    await seal_all(db)
    attempts = [delete(table), update(table).values({"count": 1} if table is audit_seal else {"what": "x"})]
    if db.dialect == "postgresql":
        attempts.append(text(f"TRUNCATE {table.name}"))
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="append-only"):
            async with db.write() as conn:
                await conn.execute(attempt)
    assert not (await verify(db)).troubles


async def test_an_untouched_trail_holds(db: Database) -> None:
    await add(db, 7)
    assert await seal_all(db, at_once=3) == 7
    assert await seal_all(db) == 0
    await add(db, 2)
    found = await verify(db)
    assert (found.seals, found.entries, found.unsealed, found.troubles) == (3, 7, 2, ())
    await seal_all(db)
    found = await verify(db, await head(db))
    assert (found.entries, found.unsealed, found.troubles) == (9, 0, ())


async def test_an_edit_is_named(db: Database) -> None:
    await add(db, 10)
    await seal_all(db, at_once=4)
    async with unguarded(db) as conn:
        number = await conn.scalar(select(audit_entry.c.seq).offset(5).limit(1))
        await conn.execute(update(audit_entry).where(audit_entry.c.seq == number).values(what="other"))
    (trouble,) = (await verify(db)).troubles
    assert str(trouble) == f"Entry {number} of seal 2 was changed."


async def test_deleted_entries_are_named(db: Database) -> None:
    await add(db, 10)
    await seal_all(db, at_once=4)
    async with unguarded(db) as conn:
        numbers = list(await conn.scalars(select(audit_entry.c.seq).order_by(audit_entry.c.seq)))
        await conn.execute(delete(audit_entry).where(audit_entry.c.seq.in_(numbers[8:])))
        await conn.execute(delete(audit_entry).where(audit_entry.c.seq == numbers[1]))
    troubles = [str(one) for one in (await verify(db)).troubles]
    gone = [(numbers[1], 1), (numbers[8], 3), (numbers[9], 3)]
    assert troubles == [f"Entry {number} of seal {which} is gone." for number, which in gone]


async def test_an_entry_that_was_replaced_along_with_its_seal_breaks_the_chain(db: Database) -> None:
    await add(db, 6)
    await seal_all(db, at_once=3)
    async with unguarded(db) as conn:
        await conn.execute(update(audit_seal).where(audit_seal.c.number == 1).values(digest="f" * 64))
    troubles = [str(one) for one in (await verify(db)).troubles]
    assert troubles == ["Seal 1 was changed.", "Seal 2 does not follow from the one before it."]


async def test_a_chain_made_anew_does_not_hold_against_what_was_noted_outside(
    db: Database, tmp_path: Path
) -> None:
    notes = tmp_path / NOTES
    await note_head(db, notes)
    assert not notes.exists()
    for count in (4, 2):
        await add(db, count)
        await seal_all(db, at_once=2)
        for _ in range(2):  # nothing is noted twice
            await note_head(db, notes)
    heads = read_notes(notes.read_text())
    assert [one.number for one in heads] == [2, 3]
    assert not (await verify(db, *heads)).troubles
    async with unguarded(db) as conn:
        await conn.execute(update(audit_entry).where(audit_entry.c.what == "thing 3").values(what="other"))
        await conn.execute(delete(audit_seal))
        await conn.execute(text("DELETE FROM server_info WHERE name = 'audit_head'"))
    await seal_all(db, at_once=2)
    assert not (await verify(db)).troubles
    troubles = [str(one) for one in (await verify(db, *heads)).troubles]
    assert troubles == [f"The trail does not hold seal {number} as it was noted down." for number in (2, 3)]
    with pytest.raises(Invalid):
        read_notes("2026-11-22 not a head")


async def test_a_missing_seal_and_a_cut_off_end_are_found(db: Database) -> None:
    await add(db, 9)
    await seal_all(db, at_once=3)
    anchor = await head(db)
    assert anchor is not None
    async with unguarded(db) as conn:
        third = await conn.scalar(select(audit_seal.c.first_seq).where(audit_seal.c.number == 3))
        await conn.execute(delete(audit_seal).where(audit_seal.c.number == 3))
        await conn.execute(delete(audit_entry).where(audit_entry.c.seq >= third))
    (trouble,) = (await verify(db)).troubles
    assert str(trouble).startswith("The trail ends with seal 2, but the last one was 3")
    async with unguarded(db) as conn:  # and whoever did it has covered their tracks
        before = await conn.scalar(select(audit_seal.c.digest).where(audit_seal.c.number == 2))
        await conn.execute(
            text("UPDATE server_info SET value = :v WHERE name = 'audit_head'"), {"v": f"2:{before}"}
        )
    assert not (await verify(db)).troubles
    (trouble,) = (await verify(db, anchor)).troubles
    assert str(trouble) == "The trail does not hold seal 3 as it was noted down."
    async with unguarded(db) as conn:
        await conn.execute(delete(audit_seal).where(audit_seal.c.number == 1))
    assert str((await verify(db)).troubles[0]).startswith("Seal 1 is missing")


async def test_nothing_slips_behind_a_seal(migrated_postgres_url: str) -> None:
    db = Database(migrated_postgres_url)
    await add(db, 1)
    await seal_all(db)
    async with db.write() as slow:
        await record(slow, [entry_of("slow")])
        await add(db, 5)
        assert await seal_all(db) == 0  # all of these are younger than the open transaction
    assert await seal_all(db) == 6
    async with db.write() as slow:
        await record(slow, [entry_of("slow")])
        await add(db, 3)
        assert await seal_all(db) == 0
    assert await seal_all(db) == 4
    found = await verify(db)
    assert (found.entries, found.unsealed, found.troubles) == (11, 0, ())
    await db.close()


async def test_a_database_that_was_taken_elsewhere_goes_on_in_the_same_chain(db: Database) -> None:
    await add(db, 5)
    await seal_all(db, at_once=2)
    await add(db, 3)
    async with db.write() as conn:  # as if from a server whose transactions had counted much further
        if db.dialect == "postgresql":
            await conn.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
            await conn.execute(text("UPDATE audit_entry SET xid = (xid::text::bigint + 1000)::text::xid8"))
            await conn.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
        await begin_epoch(conn)
    await add(db, 4)
    assert await seal_all(db, at_once=2) == 7
    for _ in range(1_100 if db.dialect == "postgresql" else 1):  # until the numbers overlap
        async with db.write() as conn:
            await record(conn, [entry_of("later")])
    await seal_all(db)
    found = await verify(db)
    assert (found.unsealed, found.troubles) == (0, ())
    async with db.read() as conn:
        total = len((await conn.execute(select(audit_entry.c.seq))).all())
    assert found.entries == total


async def test_two_servers_do_not_seal_at_once(db: Database) -> None:
    await add(db, 3)
    one, other = (Lease(db, "audit", name) for name in ("one:1", "other:2"))
    assert await one.acquire()
    assert await seal(db, other) == 0
    await one.release()
    assert await seal(db, other) == 3


def test_a_head_is_read_as_it_was_written() -> None:
    written = Head(12, "ab" * 32)
    assert Head.parse(written.text()) == written
    for wrong in ("", "12", "x:" + "0" * 64, "12:abc"):
        with pytest.raises(Invalid):
            Head.parse(wrong)


def test_on_the_command_line(programs: Programs, migrated_url: str, tmp_path: Path) -> None:
    admin = ("admin", "--database", migrated_url)
    person = ("bo@desk.test", "--name", "Bo", "--password-stdin")
    programs.run(*admin, "user", "add", *person, stdin="correct horse\n")
    programs.run(*admin, "inbox", "add", "Support")
    listed = programs.run(*admin, "audit", "list", "--json").splitlines()
    assert '"what": "user add"' in listed[0]
    assert "bo@desk.test" in listed[0]
    assert "correct horse" not in "".join(listed)
    assert '"inbox add"' in listed[1]
    since = datetime.now(UTC).replace(year=2100).isoformat()
    assert programs.run(*admin, "audit", "list", "--since", since) == ""
    assert "All 0 seals hold." in programs.run(*admin, "audit", "verify")
    (tmp_path / "notes").write_text(f"2026-11-22T10:00:00+00:00 1:{'0' * 64}\n")
    against = programs.start(*admin, "audit", "verify", "--against", str(tmp_path / "notes"))
    until_sync(lambda: not against.running, what="the end of the proof")
    assert against.status == 1
    assert "does not hold seal 1" in against.output()
