"""The reads: what belongs to a view, in which order, and whole rows of everything, on both databases."""

from __future__ import annotations

import contextlib
import itertools
import random
from datetime import datetime
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select
from tests.store.rows import Desk, at, put

from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.queries import conversation as conversations
from agentdesk.queries import queue, team
from agentdesk.queries.rows import View
from agentdesk.store.base import metadata, synced_tables
from agentdesk.store.engine import Database
from agentdesk.store.search import index_messages
from agentdesk.store.tables import (
    account,
    contact,
    conversation,
    inbox,
    user,
)


async def _ids(desk: Desk, kind: str = "all", **view: object) -> list[UUID]:
    asked = View(kind=kind, **view)  # type: ignore[arg-type]
    return await queue.queue_ids(desk.conn, asked, desk.user_id)


async def test_each_view_has_its_conversations(desk: Desk) -> None:
    mine = await desk.conversation(assignee_id=desk.user_id)
    nobodys = await desk.conversation()
    somebody = await put(desk.conn, user, name="Tom")
    theirs = await desk.conversation(assignee_id=somebody)
    asleep = await desk.conversation(status="snoozed", assignee_id=desk.user_id)
    done = await desk.conversation(status="resolved", assignee_id=desk.user_id)
    assert await _ids(desk, "mine") == [mine]
    assert await _ids(desk, "unassigned") == [nobodys]
    assert await _ids(desk, "all") == [theirs, nobodys, mine]
    assert await _ids(desk, "snoozed") == [asleep]
    assert await _ids(desk, "resolved") == [done]
    assert await queue.queue_ids(desk.conn, View(kind="mine"), None) == []
    with pytest.raises(ValueError, match="no such view"):
        await _ids(desk, "stolen")


async def test_views_are_narrowed(desk: Desk) -> None:
    other = await put(desk.conn, inbox)
    plain = await desk.conversation()
    unread = await desk.conversation(unread=True)
    waiting = await desk.conversation(waiting_since=at(1))
    chat = await desk.conversation(channel="chat")
    elsewhere = await desk.conversation(inbox_id=other)
    assert await _ids(desk, only="unread") == [unread]
    await desk.conversation(status="resolved", waiting_since=at(1))
    assert await _ids(desk, only="waiting") == [waiting]
    assert await _ids(desk, "resolved", only="waiting") == [], "nobody waits for an answer there"
    assert await _ids(desk, channel="chat") == [chat]
    assert await _ids(desk, inbox_id=other) == [elsewhere]
    visible = await queue.queue_ids(desk.conn, View(kind="all"), None, inboxes=[desk.inbox_id])
    assert visible == [chat, waiting, unread, plain]
    assert await queue.queue_ids(desk.conn, View(kind="all"), None, inboxes=[]) == []


async def test_views_are_narrowed_to_tags_and_a_priority(desk: Desk) -> None:
    plain = await desk.conversation(tags=["VIP client"])
    refund = await desk.conversation(tags=["Refund", "Größe"], priority="urgent")
    vip = await desk.conversation(tags=["VIP"], priority="urgent")
    assert await _ids(desk, tags=("VIP",)) == [vip]
    assert await _ids(desk, tags=("Größe", "VIP client")) == [refund, plain]
    assert await _ids(desk, priority="urgent") == [vip, refund]
    views = [View(kind="all", priority="urgent", tags=("Refund",)), View(kind="search", text="x")]
    assert await queue.view_counts(desk.conn, views, desk.user_id) == [1, 0]


async def test_oldest_puts_the_longest_wait_first_and_the_rest_after_it(desk: Desk) -> None:
    answered_early = await desk.conversation(last_message_at=at(10))
    answered_late = await desk.conversation(last_message_at=at(20))
    short_wait = await desk.conversation(last_message_at=at(30), waiting_since=at(30))
    long_wait = await desk.conversation(last_message_at=at(40), waiting_since=at(5))
    expected = [long_wait, short_wait, answered_late, answered_early]
    assert await _ids(desk, order="oldest") == await _ids(desk, order="due") == expected
    assert await _ids(desk, order="newest") == [long_wait, short_wait, answered_late, answered_early]


async def _fill(desk: Desk, count: int) -> list[UUID]:
    """Conversations of every kind, many with the very same times."""
    choose = random.Random(7)
    moments: list[datetime] = [at(choose.random() * 1000) for _ in range(count // 3)]
    return [
        await desk.conversation(
            status=choose.choice(["open", "open", "snoozed", "resolved"]),
            assignee_id=choose.choice([desk.user_id, None]),
            unread=choose.random() < 0.5,
            channel=choose.choice(["email", "chat"]),
            waiting_since=choose.choice([None, *moments]),
            last_message_at=choose.choice(moments),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("order", ["newest", "oldest", "due"])
async def test_orders_keep_microseconds_apart(desk: Desk, order: str) -> None:
    moments = [at(0).replace(microsecond=micro) for micro in (0, 1, 2, 999_999)]
    column = "last_message_at" if order == "newest" else "waiting_since"
    ids = [await desk.conversation(**{column: moment}) for moment in moments]
    assert await _ids(desk, order=order) == (ids[::-1] if order == "newest" else ids)


async def test_urgent_ones_first_and_customers_by_name(desk: Desk) -> None:
    zoe, adam = await put(desk.conn, contact, name="Zoë"), await put(desk.conn, contact, name="adam")
    low = await desk.conversation(priority="low", contact_id=adam, last_message_at=at(3))
    urgent = await desk.conversation(priority="urgent", contact_id=zoe, last_message_at=at(2))
    normal = await desk.conversation(priority="normal", contact_id=adam, last_message_at=at(1))
    assert await _ids(desk, order="priority") == [urgent, normal, low]
    assert await _ids(desk, order="customer") == [low, normal, urgent]


async def test_those_that_sleep_come_in_the_order_of_waking(desk: Desk) -> None:
    late = await desk.conversation(status="snoozed", snoozed_until=at(9), waiting_since=at(0))
    soon = await desk.conversation(status="snoozed", snoozed_until=at(5))
    assert await _ids(desk, "snoozed", order="due") == [soon, late]
    ids, sections = await queue.queue_sections(desk.conn, View(kind="snoozed", group="due"), None, at(7))
    assert ids == [soon, late]
    assert [(one.key, one.count) for one in sections] == [("today", 1), ("later", 1)]


@pytest.mark.parametrize("group", ["channel", "assignee", "priority"])
async def test_sections_hold_the_whole_view_in_order(desk: Desk, group: str) -> None:
    await _fill(desk, 60)
    for kind, order in itertools.product(("all", "mine", "resolved"), ("newest", "oldest", "customer")):
        view = View(kind=kind, order=order)
        plain = await queue.queue_ids(desk.conn, view, desk.user_id)
        grouped = msgspec.structs.replace(view, group=group)
        ids, sections = await queue.queue_sections(desk.conn, grouped, desk.user_id, at(0))
        assert sum(section.count for section in sections) == len(plain)
        assert len({section.key for section in sections}) == len(sections)
        start = 0
        for section in sections:
            part = ids[start : start + section.count]
            start += section.count
            assert part == [one for one in plain if one in set(part)], "the order of the view, within each"
            rows = await queue.queue_rows(desk.conn, part)
            keys = {"channel": "channel", "assignee": "assignee_name", "priority": "priority"}
            assert {getattr(row, keys[group]) for row in rows} == {section.key}
    with pytest.raises(ValueError, match="no such sections"):
        await queue.queue_sections(desk.conn, View(kind="all", group="mood"), None, at(0))


async def test_each_filter_is_counted(desk: Desk) -> None:
    await _fill(desk, 40)
    for kind, channel in itertools.product(("mine", "unassigned", "all", "snoozed"), (None, "chat")):
        found = await queue.filter_counts(
            desk.conn, View(kind=kind, channel=channel, only="unread"), desk.user_id
        )
        for only in ("all", "unread", "waiting"):
            view = View(kind=kind, channel=channel, only=only)
            assert getattr(found, only) == len(await queue.queue_ids(desk.conn, view, desk.user_id))


async def test_search_as_a_view(desk: Desk) -> None:
    found = [await desk.conversation(status=status) for status in ("open", "resolved", "snoozed")]
    chat = await desk.conversation(channel="chat")
    await desk.conversation()
    entries = [(new_id(), row_id, desk.inbox_id, "where is my parcel") for row_id in [*found, chat]]
    await index_messages(desk.conn, entries)
    assert await _ids(desk, "search", text="parcel") == [chat, *reversed(found)]
    assert await _ids(desk, "search", text="parcel", channel="chat") == [chat]
    assert await _ids(desk, "search", text="letter") == []
    view = View(kind="search", text="parcel")
    assert await queue.queue_ids(desk.conn, view, None, inboxes=[new_id()]) == []


async def test_rows_come_in_the_order_asked_for(desk: Desk) -> None:
    first = await desk.conversation(
        subject="Größe", preview="…", tags=["vip", "日本"], assignee_id=desk.user_id, waiting_since=at(3)
    )
    second = await desk.conversation(unread=True)
    rows = await queue.queue_rows(desk.conn, [second, new_id(), first])
    assert [row.id for row in rows] == [second, first]
    row = rows[1]
    assert (row.subject, row.tags, row.assignee_name) == ("Größe", ("vip", "日本"), "Sara Kim")
    assert (row.contact_name, row.waiting_since, row.number, row.ver) == ("Ada Lovelace", at(3), 1, 1)
    assert rows[0].unread is True
    assert (rows[0].assignee_id, rows[0].assignee_name) == (None, "")
    assert isinstance(row.id, UUID)
    assert await queue.queue_rows(desk.conn, []) == []


async def test_rows_of_more_than_one_portion(desk: Desk) -> None:
    ids = [await desk.conversation() for _ in range(510)]
    assert [row.id for row in await queue.queue_rows(desk.conn, ids)] == ids


@pytest.mark.parametrize(
    ("delivery", "failed"),
    [("failed", True), ("uncertain", True), ("sent", False), ("queued", False), ("", False)],
)
async def test_a_row_tells_of_a_message_that_did_not_go_out(desk: Desk, delivery: str, failed: bool) -> None:
    conversation_id = await desk.conversation()
    await desk.message(conversation_id, direction="out", delivery=delivery)
    await desk.message(conversation_id, direction="out", delivery="delivered")
    (row,) = await queue.queue_rows(desk.conn, [conversation_id])
    assert row.failed is failed


async def test_counts(desk: Desk) -> None:
    other = await put(desk.conn, inbox)
    await put(desk.conn, account, inbox_id=other, channel="chat")
    await desk.conversation(assignee_id=desk.user_id, unread=True)
    await desk.conversation(assignee_id=desk.user_id)
    await desk.conversation(unread=True)
    await desk.conversation(inbox_id=other, channel="chat")
    await desk.conversation(status="snoozed")
    await desk.conversation(status="resolved")
    got = await queue.counts(desk.conn, desk.user_id)
    assert (got.mine, got.mine_unread, got.unassigned, got.all, got.snoozed) == (2, 1, 2, 4, 1)
    assert got.channels == {"email": 3, "chat": 1}
    got = await queue.counts(desk.conn, None, inboxes=[other])
    assert (got.mine, got.mine_unread, got.unassigned, got.all, got.snoozed) == (0, 0, 1, 1, 0)
    assert got.channels == {"email": 0, "chat": 1}


async def _pages(desk: Desk, limit: int, **filters: object) -> list[UUID]:
    """Follow the cursors to the end."""
    seen: list[UUID] = []
    cursor: str | None = None
    while True:
        rows, cursor = await queue.page(desk.conn, limit=limit, cursor=cursor, **filters)  # type: ignore[arg-type]
        assert len(rows) <= limit
        seen += [row.id for row in rows]
        if cursor is None:
            return seen


async def test_pages_show_everything_once(desk: Desk) -> None:
    ids = [await desk.conversation(updated_at=at(n // 3)) for n in range(10)]
    newest_first = sorted(ids, key=lambda row_id: (ids.index(row_id) // 3, row_id), reverse=True)
    for limit in (1, 2, 3, 5, 9, 10, 11):
        assert await _pages(desk, limit) == newest_first


async def test_pages_are_filtered(desk: Desk) -> None:
    other = await put(desk.conn, inbox)
    mine = await desk.conversation(assignee_id=desk.user_id, updated_at=at(1))
    done = await desk.conversation(status="resolved", updated_at=at(2))
    elsewhere = await desk.conversation(inbox_id=other, updated_at=at(3))
    assert await _pages(desk, 1, status="open") == [elsewhere, mine]
    assert await _pages(desk, 1, assignee_id=desk.user_id) == [mine]
    assert await _pages(desk, 1, inbox_id=other) == [elsewhere]
    assert await _pages(desk, 1, updated_since=at(2)) == [elsewhere, done]
    assert await _pages(desk, 1, inboxes=[desk.inbox_id]) == [done, mine]
    assert await _pages(desk, 1, inboxes=[]) == []


@pytest.mark.parametrize("cursor", ["", "x", "____", "é", "A" * 32, "/" * 32, "_" * 32, "A" * 400])
async def test_a_made_up_cursor_is_refused_or_harmless(desk: Desk, cursor: str) -> None:
    await desk.conversation()
    with contextlib.suppress(Invalid):
        assert (await queue.page(desk.conn, cursor=cursor))[0] == []


async def test_a_cursor_that_is_none_is_told_by_its_field(desk: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        await queue.page(desk.conn, cursor="tomorrow")
    assert caught.value.field == "cursor"


async def test_a_replica_with_nothing_but_what_travels(sqlite_url: str) -> None:
    """A desk has only the synced tables, and its rows may come before those they point to."""
    db = Database(sqlite_url, foreign_keys=False)
    async with db.write() as conn:
        await conn.run_sync(metadata.create_all, tables=list(synced_tables()))
        desk = Desk(conn)
        conversation_id = await desk.conversation(assignee_id=desk.user_id)
        await desk.message(conversation_id)
    async with db.read() as conn:
        (row,) = await queue.queue_rows(conn, [conversation_id])
        assert (row.contact_name, row.assignee_name) == ("", "")
        assert (await queue.counts(conn, desk.user_id)).mine == 1
        stretch = await conversations.timeline(conn, conversation_id)
        assert len(stretch.messages) == 1
        assert await conversations.head(conn, conversation_id) is not None
        assert await team.accounts(conn) == []
    await db.close()


async def test_a_list_is_read_from_the_index_alone(migrated_sqlite_url: str) -> None:
    db = Database(migrated_sqlite_url)
    c = conversation.c
    async with db.read() as conn:
        for condition in (c.status == "open", c.status == "resolved"):
            statement = (
                select(c.id).where(condition, c.channel == "email").order_by(c.last_message_at.desc(), c.id)
            )
            compiled = str(statement.compile(conn.sync_engine, compile_kwargs={"literal_binds": True}))
            plan = " ".join(row[3] for row in await conn.exec_driver_sql("EXPLAIN QUERY PLAN " + compiled))
            assert "COVERING INDEX ix_conversation_queue" in plan
            assert "TEMP B-TREE" not in plan
    await db.close()
