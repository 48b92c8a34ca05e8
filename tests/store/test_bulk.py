"""Many rows at once: straight to the driver, and many changes in one statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.store.rows import NOON, Desk, at, filled

from agentdesk.base.ids import new_id
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.tables import blob, change_log, conversation, event, message, server_info
from agentdesk.store.unit import ServerUnit


def _message(conversation_id: object, **values: Any) -> dict[str, Any]:
    row = {"id": new_id(), "conversation_id": conversation_id, "delivery_detail": None, "sent_at": None}
    return filled(message, {**row, **values})


async def test_rows_come_back_as_by_sqlalchemys_own_way(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    abroad = datetime(2026, 3, 4, 15, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    given = {
        "sender": {"kind": "email", "value": "söd@x.test", "name": "李 \N{GRINNING FACE}"},
        "to": [{"kind": "email", "value": "a@x.test", "name": ""}],
        "text": 'It\'s 100 % "fine" :name $1 ?',
        "sent_at": abroad,
        "delivery_detail": None,
        "created_at": NOON,
    }
    ours = _message(conversation_id, **given)
    theirs = {**ours, "id": new_id()}
    await insert_many(desk.conn, message, [ours])
    await desk.conn.execute(insert(message), [theirs])
    kept = {row.id: row._asdict() for row in await desk.conn.execute(select(message))}
    assert {**kept[ours["id"]], "id": None} == {**kept[theirs["id"]], "id": None}
    assert kept[ours["id"]]["sent_at"] == abroad.astimezone(UTC)
    assert kept[ours["id"]]["delivery_detail"] is None


async def test_small_rows_that_go_together_come_back_as_by_sqlalchemys_own_way(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    abroad = datetime(2026, 3, 4, 15, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    odd = {"words": ['{"quoted"}', "a,b\\c", "söd 李 \N{GRINNING FACE}", None, {"deep": [1, 2.5, True]}]}
    given = {"conversation_id": conversation_id, "origin_id": None, "user_id": desk.user_id, "data": odd}
    ours = [
        filled(event, {**given, "id": new_id(), "created_at": abroad}),
        filled(event, {**given, "id": new_id(), "user_id": None, "data": {}}),
    ]
    theirs = [{**row, "id": new_id()} for row in ours]
    await insert_many(desk.conn, event, ours)
    await desk.conn.execute(insert(event), theirs)
    kept = {row.id: {**row._asdict(), "id": None} for row in await desk.conn.execute(select(event))}
    assert [kept[row["id"]] for row in ours] == [kept[row["id"]] for row in theirs]
    assert kept[ours[0]["id"]]["data"] == odd
    assert (kept[ours[1]["id"]]["user_id"], kept[ours[1]["id"]]["data"]) == (None, {})


async def test_the_log_keeps_the_order_of_rows_that_go_together(desk: Desk) -> None:
    entry = {"scope": "a", "table_name": "event", "op": "u", "command_id": None, "nonce": 1}
    rows = [{**entry, "row_id": new_id(), "ver": number} for number in range(300)]
    await insert_many(desk.conn, change_log, rows)
    kept = await desk.conn.scalars(select(change_log.c.row_id).order_by(change_log.c.seq))
    assert list(kept) == [row["row_id"] for row in rows]


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
async def test_a_value_that_is_too_long_is_an_error_and_not_cut_off(db: Database) -> None:
    with pytest.raises(DBAPIError):
        async with db.write() as conn:
            await insert_many(conn, server_info, [{"name": "n" * 61, "value": str(n)} for n in range(2)])


async def test_what_is_there_is_left_alone_only_where_that_is_asked_for(db: Database) -> None:
    row = {"hash": "a" * 64, "size": 1, "content": b"1", "created_at": NOON}
    async with db.write() as conn:
        await insert_many(conn, blob, [])
        await insert_many(conn, blob, [row])
        await insert_many(conn, blob, [{**row, "content": b"2"}, {**row, "hash": "b" * 64}], ignore=True)
    with pytest.raises(IntegrityError):
        async with db.write() as conn:
            await insert_many(conn, blob, [row])
    async with db.read() as conn:
        kept = await conn.execute(select(blob.c.hash, blob.c.content).order_by(blob.c.hash))
        assert [(name[0], bytes(content)) for name, content in kept] == [("a", b"1"), ("b", b"1")]


async def test_of_small_rows_too_what_is_there_is_left_alone_only_where_that_is_asked_for(
    db: Database,
) -> None:
    first, second, third = [{"name": name, "value": name} for name in ("x-one", "x-two", "x-three")]
    async with db.write() as conn:
        await insert_many(conn, server_info, [first, second])
        await insert_many(conn, server_info, [{**first, "value": "new"}, third], ignore=True)
    with pytest.raises(IntegrityError):
        async with db.write() as conn:
            await insert_many(conn, server_info, [third, {"name": "x-four", "value": ""}])
    async with db.read() as conn:
        names = server_info.c.name.like("x-%")
        kept = (await conn.execute(select(server_info.c.name, server_info.c.value).where(names))).all()
    assert sorted(map(tuple, kept)) == [("x-one", "x-one"), ("x-three", "x-three"), ("x-two", "x-two")]


async def test_a_naive_time_reaches_no_database(desk: Desk) -> None:
    row = _message(await desk.conversation(), created_at=datetime(2026, 3, 4, 12))  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        await insert_many(desk.conn, message, [row])


async def test_many_changes_raise_each_version_and_are_logged(desk: Desk) -> None:
    first, second, third = [await desk.conversation() for _ in range(3)]
    unit = ServerUnit(desk.conn)
    await unit.update_many(conversation, {})
    await unit.update_many(
        conversation,
        {
            first: {"preview": "one", "last_message_at": at(1)},
            second: {"preview": "two", "last_message_at": at(2)},
            new_id(): {"preview": "nowhere", "last_message_at": at(3)},
        },
    )
    await unit.flush()
    c = conversation.c
    rows = {row.id: row for row in await desk.conn.execute(select(c.id, c.preview, c.last_message_at, c.ver))}
    assert (rows[first].preview, rows[first].last_message_at, rows[first].ver) == ("one", at(1), 2)
    assert (rows[second].preview, rows[second].last_message_at, rows[second].ver) == ("two", at(2), 2)
    assert rows[third].ver == 1
    logged = await desk.conn.execute(select(change_log.c.row_id, change_log.c.ver, change_log.c.scope))
    assert {tuple(row) for row in logged} == {(one, 2, desk.inbox_id.hex) for one in (first, second)}
