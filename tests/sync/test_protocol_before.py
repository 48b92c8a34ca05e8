"""Programs of the version before at either end: frames that such programs exchanged, recorded byte for byte.

``wire/protocol_1.json`` holds one connection in both directions: a first fill, seven commands, their answers
and what came of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import Table, Text, cast, select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import AddNote
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.queries import contact as customers
from agentdesk.queries import conversation as transcripts
from agentdesk.queries import queue, team
from agentdesk.store.base import SYNCED, synced_tables
from agentdesk.store.tables import conversation, message
from agentdesk.store.unit import ServerUnit
from agentdesk.sync.endpoint import Session
from agentdesk.sync.exchange import Exchange
from agentdesk.sync.protocol import (
    Answers,
    Batch,
    Goodbye,
    Hello,
    Push,
    Unknown,
    Welcome,
    decode_from_desk,
    decode_from_server,
    encode,
)
from agentdesk.sync.replica import Replica
from agentdesk.sync.wire_rows import WireRow, to_sqlite
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import Line, World

RECORDED = msgspec.json.decode((Path(__file__).parent / "wire" / "protocol_1.json").read_bytes())
ME = UUID(RECORDED["user_id"])
KINDS = {"welcome", "batch", "answers", "ping", "pong", "goodbye", "others", "problem"}
"""What a server said then: anything else ends the connection of such a desk."""


def _frames(side: str) -> list[bytes]:
    return [bytes.fromhex(frame) for who, frame in RECORDED["frames"] if who == side]


def _fields(frame: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.msgpack.decode(frame)
    return fields


def _values(table: Table, row: WireRow) -> dict[str, Any]:
    """A row that travelled as values for a table."""
    dialect = sqlite_dialect()
    readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in table.c]
    stored = zip(table.c, readers, to_sqlite(table, row), strict=True)
    return {str(column.name): value if read is None else read(value) for column, read, value in stored}


async def _put_first_rows(world: World) -> set[bytes]:
    """Give the server what the recorded one had when the desk was filled."""
    rows: dict[str, dict[bytes, dict[str, Any]]] = {}
    for frame in _frames("server"):
        batch = decode_from_server(frame)
        if isinstance(batch, Batch) and batch.filling:
            for some in batch.rows:
                rows.setdefault(some.table, {}).update({row["id"]: row for row in some.rows})

    async def work(unit: ServerUnit) -> None:
        for table in synced_tables():
            values = [_values(table, row) for row in rows.get(table.name, {}).values()]
            await unit.insert(table, [{k: v for k, v in row.items() if k != "ver"} for row in values])

    await world.write(work)
    world.actors["ada"] = Actor(Author.USER, ME, Role.SUPERVISOR, None)
    return set(rows["conversation"])


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_a_desk_of_the_version_before_works_with_this_server(migrated_url: str) -> None:
    world = await World.start(migrated_url, begin=False)
    try:
        conversations = await _put_first_rows(world)
        line = Line()
        session = Session(line.end(1), world.db, world.feed, world.executor, world.authenticate)
        world.tasks.start(session.run(), "session")
        desk = line.end(0)
        said = [frame for frame in _frames("desk") if not isinstance(decode_from_desk(frame), Unknown)]
        assert said == _frames("desk")
        commands = {
            envelope.id
            for frame in map(decode_from_desk, said)
            if isinstance(frame, Push)
            for envelope in frame.commands
        }
        for frame in said:
            await desk.send(frame)
        answered: dict[UUID, str] = {}
        named: set[UUID] = set()
        filled: set[bytes] = set()
        while not (answered.keys() >= commands and named >= commands):
            data = await desk.receive()
            assert data is not None
            fields = _fields(data)
            assert fields["t"] in KINDS
            assert not fields.get("within")
            frame = decode_from_server(data)
            assert not isinstance(frame, Goodbye)
            if isinstance(frame, Answers):
                answered.update({answer.command_id: answer.outcome for answer in frame.answers})
            if isinstance(frame, Batch):
                named.update(frame.own)
                heads = [rows.rows for rows in frame.rows if rows.table == "conversation"]
                filled.update(row["id"] for rows in heads for row in rows)
        assert set(answered.values()) == {"done"}
        assert len(commands) == 7
        assert filled == conversations
        line.cut()
    finally:
        await world.close()


async def test_this_desk_works_with_a_server_of_the_version_before(world: World, new_desk: NewDesk) -> None:
    desk = await new_desk("ada")
    line = Line()
    server = line.end(1)
    exchange = Exchange(line.end(0), desk.workbench, desk._upload, lambda _: None, desk._arrived)
    running = world.tasks.start(exchange.run("ada"), "desk")
    hello = decode_from_desk(await server.receive() or b"")
    assert isinstance(hello, Hello)
    assert hello.protocol == 1
    for frame in _frames("server"):
        await server.send(frame)
    last = [decode_from_server(frame) for frame in _frames("server")]
    cursor = [frame.cursor for frame in last if isinstance(frame, Batch)][-1]

    await until(lambda: desk.workbench.standing.cursor == cursor)
    async with desk.replica.read() as conn:
        heads = list(await conn.scalars(select(conversation.c.id)))
        texts = set(await conn.scalars(select(message.c.text)))
    assert texts == {"The lamp flickers", "Grüße", "known fault", "We send another one.", "Thank you"}
    await _everything_can_be_shown(desk.replica, heads)
    note = AddNote(message_id=new_id(), conversation_id=heads[0], text="from the new desk")
    await desk.workbench.do(note, None)
    pushed = None
    while not isinstance(pushed, Push):
        pushed = decode_from_desk(await server.receive() or b"")
    line.cut()
    await running


async def _everything_can_be_shown(replica: Replica, conversations: list[UUID]) -> None:
    """Also where the server says nothing of what came later: whose customer is sensitive, what is routed."""
    async with replica.read() as conn:
        for one in conversations:
            head = await transcripts.head(conn, one)
            assert head is not None
            shown = await transcripts.timeline(conn, one)
            assert shown.messages
            customer = await customers.detail(conn, head.contact_id)
            assert customer is not None
            assert (customer.sensitive, customer.legal_hold, customer.erased_at) == (False, False, None)
            assert not await customers.is_sensitive(conn, one)
        rows = await queue.queue_rows(conn, conversations)
        assert len(rows) == len(conversations)
        await queue.counts(conn, ME)
        for read in (team.users, team.teammates, team.inboxes, team.accounts):
            assert await read(conn)
    async with replica.read() as conn:  # and nothing is empty that may not be
        for table in synced_tables():
            for column in (column for column in table.c if not column.nullable):
                empty = select(table.c.id).where(column.is_(None) | (cast(column, Text) == "null"))
                assert await conn.scalar(empty) is None, column


def test_what_this_desk_says_has_all_that_the_one_before_said() -> None:
    for recorded in map(_fields, _frames("desk")):
        again = _fields(encode(decode_from_desk(msgspec.msgpack.encode(recorded))))
        assert _covers(again, recorded)


def test_what_this_server_says_has_all_that_the_one_before_said() -> None:
    for recorded in map(_fields, _frames("server")):
        again = _fields(encode(decode_from_server(msgspec.msgpack.encode(recorded))))
        assert _covers(again, recorded)
    columns = {
        (rows["table"], name)
        for frame in map(_fields, _frames("server"))
        for rows in frame.get("rows", ())
        for row in rows["rows"]
        for name in row
    }
    missing = {(table, name) for table, name in columns if name not in SYNCED[table].c}
    assert not missing, "a column that desks of the version before need has gone"


def _covers(now: Any, then: Any) -> bool:
    """Whether everything of ``then`` is in ``now``, which may have more."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and _covers(now[key], then[key]) for key in then)
    if isinstance(then, list):
        return len(now) == len(then) and all(map(_covers, now, then))
    return bool(now == then)


def test_frames_and_fields_of_a_later_version_are_passed_over() -> None:
    strange = msgspec.msgpack.encode({"t": "weather", "rain": True})
    assert isinstance(decode_from_desk(strange), Unknown)
    assert isinstance(decode_from_server(strange), Unknown)
    welcome = next(frame for frame in map(_fields, _frames("server")) if frame["t"] == "welcome")
    assert isinstance(decode_from_server(msgspec.msgpack.encode({**welcome, "rain": True})), Welcome)
    for decode in (decode_from_desk, decode_from_server):
        with pytest.raises(msgspec.MsgspecError):
            decode(msgspec.msgpack.encode({"t": "welcome", "protocol": "one"}))
        with pytest.raises(msgspec.MsgspecError):
            decode(b"\x00")


async def test_a_frame_that_the_server_does_not_know_ends_nothing_but_a_command_does(world: World) -> None:
    """The desk keeps such a command, and says that an update is needed."""
    await world.add_user("ada")
    line = Line()
    session = Session(line.end(1), world.db, world.feed, world.executor, world.authenticate)
    world.tasks.start(session.run(), "session")
    desk = line.end(0)
    await desk.send(encode(Hello(token="ada", desk_id=new_id(), protocol=1, program="later")))
    await desk.send(msgspec.msgpack.encode({"t": "weather"}))
    envelope = {"id": new_id().bytes, "number": 1, "issued_at": "2026-01-01T00:00:00Z"}
    await desk.send(msgspec.msgpack.encode({"t": "ping", "number": 7}))
    heard = ""
    while heard != "pong":
        heard = _fields(await desk.receive() or b"\x80").get("t", "pong")
    assert heard == "pong"
    unknown = {"t": "push", "commands": [{**envelope, "command": {"do": "dance"}}]}
    await desk.send(msgspec.msgpack.encode(unknown))
    while heard != "goodbye":
        data = await desk.receive()
        assert data is not None
        heard = _fields(data)["t"]
    assert _fields(data)["code"] == "protocol"
