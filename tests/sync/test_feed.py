"""What the server's feed sends to whom, and what it does with desks that come back."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, text, update

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, SendReply
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.store.tables import (
    change_log,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    message,
    outbox,
    server_info,
)
from agentdesk.store.unit import ServerUnit
from agentdesk.sync import changelog, fill
from agentdesk.sync.changelog import Cursor, Position
from agentdesk.sync.endpoint import Session
from agentdesk.sync.protocol import (
    PROTOCOL,
    Batch,
    Frame,
    Goodbye,
    Hello,
    Push,
    decode_from_server,
    encode,
)
from agentdesk.sync.pruning import prune
from agentdesk.sync.scope import Scope
from agentdesk.sync.subscription import Subscription
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import Line, SimDesk, World, connected, ids_of


async def _shows(desk: SimDesk, column: Any, row_id: UUID) -> None:
    async def there() -> bool:
        return row_id in await ids_of(desk, column)

    await until(there)


# --- scopes ---


async def test_an_agent_receives_only_their_inboxes(world: World, new_desk: NewDesk) -> None:
    mine = world.inbox_id
    other, other_account = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({mine}))
    theirs = await world.mail("secret", inbox_id=other, account_id=other_account)
    visible = await world.mail("for cat")
    desk = await connected(await new_desk("cat"))
    assert await ids_of(desk, conversation.c.id) == {visible}
    assert await ids_of(desk, message.c.text) == {"for cat"}
    assert len(await ids_of(desk, contact.c.id)) == 1

    await world.mail("another secret", inbox_id=other, account_id=other_account)
    later = await world.mail("again for cat")
    await _shows(desk, conversation.c.id, later)
    assert theirs not in await ids_of(desk, conversation.c.id)
    assert "another secret" not in await ids_of(desk, message.c.text)
    assert len(await ids_of(desk, contact_identity.c.id)) == 2


async def test_a_contact_travels_to_the_inboxes_they_write_to(world: World, new_desk: NewDesk) -> None:
    other, other_account = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    elsewhere = await world.mail(inbox_id=other, account_id=other_account)
    async with world.db.read() as conn:
        contact_id = await conn.scalar(
            select(conversation.c.contact_id).where(conversation.c.id == elsewhere)
        )
    assert contact_id is not None
    desk = await connected(await new_desk("cat"))
    assert await ids_of(desk, contact.c.id) == set()

    async def writes_here_too(unit: ServerUnit) -> None:
        link = {"id": new_id(), "contact_id": contact_id, "inbox_id": world.inbox_id}
        await unit.insert(contact_inbox, [link])
        await world.new_conversation(unit, "now here", contact_id=contact_id)

    await world.write(writes_here_too)
    await _shows(desk, contact.c.id, contact_id)
    assert await ids_of(desk, contact_identity.c.contact_id) == {contact_id}
    assert await ids_of(desk, contact_inbox.c.inbox_id) == {world.inbox_id}


async def test_a_grant_that_was_cut_off_and_revoked_leaves_nothing(world: World, new_desk: NewDesk) -> None:
    mine = world.inbox_id
    other, other_account = await world.add_inbox("Sales")
    await world.add_user("cat", Role.AGENT, frozenset({mine}))
    await world.mail("for cat")
    desk = await connected(await new_desk("cat"))
    cursor = Cursor.parse(desk.workbench.standing.cursor or "")
    await desk.disconnect()
    await world.mail("secret", inbox_id=other, account_id=other_account)

    # the first page of the granted inbox arrives, then the line is cut
    world.actors["cat"] = world.actor("cat", frozenset({mine, other}))
    filling = await fill.begin(world.db, Scope(frozenset({other})), Scope(frozenset({other})))
    mark = Cursor(cursor.position, cursor.scope, filling.scope).text()
    async for page in filling.pages(world.feed.snapshot):
        await desk.workbench.take_in([Batch(cursor=mark, rows=page.rows, more=True, filling=True)])
    assert "secret" in await ids_of(desk, message.c.text)
    world.actors["cat"] = world.actor("cat", frozenset({mine}))
    await connected(desk)
    assert await ids_of(desk, message.c.text) == {"for cat"}


async def test_who_is_deactivated_is_sent_away(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    desk = await connected(await new_desk("ada"))
    del world.actors["ada"]
    await world.add_user("somebody else")
    farewell = await until(lambda: desk.farewell)
    assert farewell.code == "auth"


# --- what travels ---


async def test_a_departure_removes_the_row(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail("to be erased")
    desk = await connected(await new_desk("ada"))
    (message_id,) = await ids_of(desk, message.c.id)
    async with world.db.write() as conn:
        await conn.execute(delete(message).where(message.c.id == message_id))
        entry = {"table_name": "message", "row_id": message_id, "ver": 2, "op": "d"}
        await conn.execute(insert(change_log).values(scope=world.inbox_id.hex, **entry))
    world.bell.ring()

    async def gone() -> bool:
        return await ids_of(desk, message.c.id) == set()

    await until(gone)
    assert await ids_of(desk, conversation.c.id) == {conversation_id}


async def test_old_closed_conversations_stay_away_until_they_wake_up(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    long_ago = clock.now() - timedelta(days=200)
    old = await world.mail("from long ago", at=long_ago, status="resolved")
    recent = await world.mail("closed last week", at=clock.now() - timedelta(days=7), status="resolved")
    desk = await connected(await new_desk("ada"))
    assert await ids_of(desk, conversation.c.id) == {recent}

    await world.write(lambda unit: world.new_message(unit, old, "it is broken again"))
    await _shows(desk, conversation.c.id, old)
    assert {"from long ago", "it is broken again"} <= await ids_of(desk, message.c.text)
    contacts = await ids_of(desk, conversation.c.contact_id)
    assert contacts <= await ids_of(desk, contact.c.id)


@pytest.mark.postgres
async def test_what_commits_late_is_not_missed(migrated_postgres_url: str, tmp_path: Path) -> None:
    world = await World.start(migrated_postgres_url)
    desk = SimDesk(world, tmp_path, "ada")
    try:
        await world.add_user("ada")
        await desk.open()
        await connected(desk)
        async with world.db.write() as conn:
            unit = ServerUnit(conn)
            slow = await world.new_conversation(unit, "began first")
            quick = await world.mail("committed first")
            await _shows(desk, conversation.c.id, quick)
            assert slow not in await ids_of(desk, conversation.c.id)
            await unit.flush()
        await _shows(desk, conversation.c.id, slow)
    finally:
        await desk.close()
        await world.close()


@pytest.mark.postgres
async def test_another_servers_writes_are_heard_at_once(migrated_postgres_url: str, tmp_path: Path) -> None:
    here = await World.start(migrated_postgres_url, poll_seconds=1000)
    there = await World.start(migrated_postgres_url, begin=False)
    desk = SimDesk(here, tmp_path, "ada")
    try:
        await here.add_user("ada")
        await desk.open()
        await connected(desk)
        there.inbox_id, there.account_id, there.number = here.inbox_id, here.account_id, 100
        await _shows(desk, conversation.c.id, await there.mail("by the other server"))
    finally:
        await desk.close()
        await there.close()
        await here.close()


async def test_nothing_falls_between_a_desk_that_leaves_and_one_that_joins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = world.feed
    leaving, joining = (Subscription(new_id(), Scope(None)) for _ in range(2))
    await feed.join(leaving, await _now(world), _nobody)
    read = feed._read

    async def read_while_the_other_leaves(*arguments: Any) -> Any:
        changed = await read(*arguments)
        feed.leave(leaving)
        return changed

    monkeypatch.setattr(feed, "_read", read_while_the_other_leaves)
    await feed.join(joining, await _now(world), _nobody)
    monkeypatch.setattr(feed, "_read", read)
    conversation_id = await world.mail()
    async with asyncio.timeout(10):
        while conversation_id not in await _conversations_in(await joining.next()):
            pass
    feed.leave(joining)


async def _now(world: World) -> Position:
    async with world.db.read(snapshot=True) as conn:
        return await changelog.where_now(conn)


async def _nobody(_frames: list[bytes]) -> None:
    raise AssertionError("there was nothing to catch up with")


async def _conversations_in(frame: bytes | None) -> set[UUID]:
    assert frame is not None
    batch = decode_from_server(frame)
    assert isinstance(batch, Batch)
    return {UUID(bytes=row["id"]) for rows in batch.rows if rows.table == "conversation" for row in rows.rows}


async def test_a_note_is_told_with_its_conversation_here_and_at_a_colleagues(
    world: World, new_desk: NewDesk
) -> None:
    await world.add_user("ada")
    await world.add_user("bo")
    where = await world.mail()
    ada, bo = await connected(await new_desk("ada")), await connected(await new_desk("bo"))
    note = AddNote(message_id=new_id(), conversation_id=where, text="Ask the warehouse.")
    await ada.workbench.do(note, None)
    (told,) = [changes for changes in ada.changes if note.message_id in changes.get("message", ())]
    assert told["timeline"] == {where}
    assert "conversation" not in told  # which is why it has to be said
    await _shows(bo, message.c.id, note.message_id)
    (told,) = [changes for changes in bo.changes if note.message_id in changes.get("message", ())]
    assert told["timeline"] == {where}


# --- desks that come back ---


async def test_a_desk_goes_on_where_it_was(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    await world.mail()
    desk = await connected(await new_desk("ada"))
    await desk.reopen()
    before = len(desk.changes)
    away = await world.mail("while away")
    await connected(desk)
    assert away in await ids_of(desk, conversation.c.id)
    assert {} not in desk.changes[before:]  # not filled anew


async def test_who_was_away_for_longer_than_the_log_is_filled_anew(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    desk = await connected(await new_desk("ada"))
    await desk.disconnect()
    away = await world.mail("while away")
    async with world.db.write() as conn:
        await conn.execute(delete(server_info).where(server_info.c.name.like("change_log_day%")))
        assert await prune(conn, days=0) > 0
    desk.changes.clear()
    await connected(desk)
    assert {} in desk.changes
    assert away in await ids_of(desk, conversation.c.id)


async def test_a_log_of_enough_days_is_kept(world: World) -> None:
    await world.mail()
    async with world.db.write() as conn:
        assert await prune(conn, days=14) == 0
        position = await changelog.where_now(conn)
        assert await changelog.still_good(conn, position)


async def test_another_epoch_fills_anew(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await connected(await new_desk("ada"))
    await desk.disconnect()
    async with world.db.write() as conn:
        await conn.execute(update(server_info).where(server_info.c.name == "epoch").values(value="other"))
    await world.feed.stop()
    await world.feed.start()
    desk.changes.clear()
    await connected(desk)
    assert {} in desk.changes
    assert await ids_of(desk, conversation.c.id) == {conversation_id}


async def test_a_log_that_was_rolled_back_and_went_the_same_way_again_is_noticed(world: World) -> None:
    conversation_id = await world.mail()

    async def raise_priority() -> Position:
        await world.write(lambda unit: unit.update(conversation, conversation_id, {"priority": "high"}))
        return await _now(world)

    lost = await raise_priority()
    sequence = {
        "sqlite": "UPDATE sqlite_sequence SET seq = :seq - 1 WHERE name = 'change_log'",
        "postgresql": "SELECT setval(pg_get_serial_sequence('change_log', 'seq'), :seq, false)",
    }
    async with world.db.write() as conn:
        assert await changelog.still_good(conn, lost)
        await conn.execute(delete(change_log).where(change_log.c.seq == lost.seq))
        await conn.execute(update(conversation).values(ver=conversation.c.ver - 1))
        await conn.execute(text(sequence[world.db.dialect]), {"seq": lost.seq})
    again = await raise_priority()
    assert (again.seq, again.row_id, again.ver) == (lost.seq, lost.row_id, lost.ver)
    async with world.db.read() as conn:
        assert await changelog.still_good(conn, again)
        assert not await changelog.still_good(conn, lost)


async def test_a_cursor_of_a_program_before_is_good_still(world: World) -> None:
    await world.mail()
    at = await _now(world)
    older = Cursor.parse(f"1:{at.at}:{at.seq}:{at.row_id.hex}:{at.ver}:*").position
    async with world.db.read() as conn:
        assert older.nonce == 0
        assert await changelog.still_good(conn, older)
        assert not await changelog.still_good(conn, replace(older, ver=at.ver + 1))


async def test_a_server_restored_from_a_backup_is_noticed_and_given_back_what_it_lost(
    tmp_path: Path,
) -> None:
    live, backup = tmp_path / "live.db", tmp_path / "backup.db"
    world = await World.start(f"sqlite:///{live}")
    await world.add_user("ada")
    conversation_id = await world.mail()
    desk = SimDesk(world, tmp_path, "ada")
    await desk.open()
    await connected(desk)
    await desk.disconnect()
    actors = world.actors
    await world.close()
    shutil.copy(live, backup)

    async def restart() -> None:
        desk.world = await World.start(f"sqlite:///{live}", begin=False)
        desk.world.actors, desk.world.inbox_id = actors, world.inbox_id
        desk.world.account_id, desk.world.number = world.account_id, 10

    await restart()
    await connected(desk)
    reply = _reply(conversation_id, "sent before the disaster")
    await desk.workbench.do(reply, None)
    await until(lambda: desk.workbench.unsent() == 0)
    await desk.disconnect()
    await desk.world.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{live}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, live)

    await restart()
    await desk.world.mail("the log has as many entries as before")
    await connected(desk)
    await until(lambda: desk.workbench.unsent() == 0)
    async with desk.world.db.read() as conn:
        sent = (await conn.execute(select(message.c.text, outbox.c.state).join(outbox))).all()
    assert [tuple(row) for row in sent] == [("sent before the disaster", "verify")]  # it may have gone out
    assert "sent before the disaster" in await ids_of(desk, message.c.text)
    await desk.close()
    await desk.world.close()


async def test_conversations_closed_long_ago_leave_the_desk(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    silent = await world.mail("soon forgotten")
    desk = await connected(await new_desk("ada"))
    await desk.disconnect()
    long_ago = clock.now() - timedelta(days=120)
    async with desk.replica.write() as conn:
        closed = {"status": "resolved", "last_message_at": long_ago, "resolved_at": long_ago}
        await conn.execute(update(conversation).where(conversation.c.id == silent).values(closed))
    kept = await world.mail("kept")
    assert await desk.upkeep.tidy(50)
    await connected(desk)
    assert await ids_of(desk, conversation.c.id) == {kept}
    assert await ids_of(desk, message.c.text) == {"kept"}


async def test_a_message_too_long_for_a_frame_arrives_cut(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    desk = await connected(await new_desk("ada"))
    endless = "\N{PILE OF POO}" * 3_000_000
    conversation_id = await world.mail(endless)
    await _shows(desk, message.c.conversation_id, conversation_id)
    async with desk.replica.read() as conn:
        shown = await conn.scalar(select(message.c.text))
    assert shown is not None
    assert 0 < len(shown) < len(endless)


# --- the manners of a session ---


async def _session(world: World, first: Frame) -> tuple[Frame, Line]:
    line = Line()
    session = Session(line.end(1), world.db, world.feed, world.executor, world.authenticate)
    world.tasks.start(session.run(), str(new_id()))
    desk = line.end(0)
    await desk.send(encode(first))
    data = await desk.receive()
    assert data is not None
    return decode_from_server(data), line


def _hello(token: str, desk_id: UUID | None = None, protocol: int = PROTOCOL) -> Hello:
    return Hello(token=token, desk_id=desk_id or new_id(), protocol=protocol, program="test")


async def test_who_does_not_begin_with_a_hello_is_sent_away(world: World) -> None:
    answer, _ = await _session(world, Push(commands=()))
    assert isinstance(answer, Goodbye)
    assert answer.code == "protocol"


async def test_another_protocol_is_told_so(world: World) -> None:
    await world.add_user("ada")
    answer, _ = await _session(world, _hello("ada", protocol=PROTOCOL + 1))
    assert isinstance(answer, Goodbye)
    assert answer.code == "protocol"


async def test_a_desk_belongs_to_one_person(world: World) -> None:
    await world.add_user("ada")
    await world.add_user("bob")
    desk_id = new_id()
    welcome, line = await _session(world, _hello("ada", desk_id))
    assert not isinstance(welcome, Goodbye)
    line.cut()
    answer, _ = await _session(world, _hello("bob", desk_id))
    assert isinstance(answer, Goodbye)
    assert answer.code == "auth"


async def test_a_desk_that_does_not_keep_up_is_let_go() -> None:
    slow = Subscription(new_id(), Scope(None))
    for number in range(100):
        slow.put([bytes(1024 * 1024)], Position(number))
    assert slow.ended == "slow"
    assert await slow.next() is None


def test_cursors_say_what_they_were_made_from() -> None:
    position = Position(7, 8, new_id(), 9, 10)
    for scope in (Scope(None), Scope(frozenset()), Scope(frozenset({new_id(), new_id()}))):
        assert Cursor.parse(Cursor(position, scope).text()) == Cursor(position, scope)
        for partly in (Scope(None), Scope(frozenset({new_id()}))):
            cursor = Cursor(position, scope, partly)
            assert Cursor.parse(cursor.text()) == cursor
    for strange in ("", "3:1:1:00:1:1:*", "2:1:1:00:1:*", "1:x:1:00:1:*", "1:1:1:1:1", "\0"):
        with pytest.raises(Exception, match="cursor"):
            Cursor.parse(strange)


def _reply(conversation_id: UUID, text: str) -> SendReply:
    to = (Party("email", "customer@else.test", "Customer"),)
    return SendReply(message_id=new_id(), conversation_id=conversation_id, to=to, text=text)
