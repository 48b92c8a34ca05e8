"""The reads of one conversation, of customers and of short lists, on both databases."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from tests.store.rows import Desk, at, put

from agentdesk.base.ids import new_id
from agentdesk.domain.party import Party
from agentdesk.queries import contact as contacts
from agentdesk.queries import conversation as conversations
from agentdesk.queries import team
from agentdesk.store.tables import (
    account_state,
    attachment,
    contact,
    contact_identity,
    event,
    template,
    user,
)


async def test_the_head_of_a_conversation(desk: Desk) -> None:
    related = await desk.conversation()
    conversation_id = await desk.conversation(
        subject="Broken", related_id=related, snoozed_until=at(60), status="snoozed"
    )
    row = await conversations.head(desk.conn, conversation_id)
    assert row is not None
    assert (row.subject, row.account_address, row.related_number) == ("Broken", "support@desk.test", 1)
    assert (row.snoozed_until, row.contact_name, row.number) == (at(60), "Ada Lovelace", 2)
    bare = await conversations.head(desk.conn, await desk.conversation(account_id=None))
    assert bare is not None
    assert (bare.account_address, bare.related_number) == ("", None)
    assert await conversations.head(desk.conn, new_id()) is None


async def test_a_message_whole(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    sender = {"kind": "email", "value": "ada@example.org", "name": "Ada"}
    message_id = await desk.message(
        conversation_id,
        sender=sender,
        to=[sender, {"kind": "email", "value": "b@example.org"}],
        reason={"rule": "references", "evidence": "<1@x>"},
        warnings=["charset"],
        raw_id=new_id(),
        sent_at=at(1),
        delivery_detail={"text": "No", "args": {}},
    )
    for position, name in ((2, "second.txt"), (1, "first.txt")):
        await put(
            desk.conn,
            attachment,
            message_id=message_id,
            conversation_id=conversation_id,
            inbox_id=desk.inbox_id,
            position=position,
            name=name,
            size=10,
        )
    row = await conversations.message(desk.conn, message_id)
    assert row is not None
    assert row.sender == Party("email", "ada@example.org", "Ada")
    assert row.to == (row.sender, Party("email", "b@example.org"))
    assert (row.cc, row.bcc, row.reply_to, row.warnings) == ((), (), (), ("charset",))
    assert (row.author_id, row.author_name, row.has_original) == (desk.contact_id, "Ada Lovelace", True)
    assert (row.sent_at, row.delivery_at) == (at(1), None)
    assert (row.reason["rule"], row.delivery_detail) == ("references", {"text": "No", "args": {}})
    assert [file.name for file in row.attachments] == ["first.txt", "second.txt"]
    assert await conversations.attachment(desk.conn, row.attachments[0].id) == row.attachments[0]
    assert await conversations.attachment(desk.conn, new_id()) is None
    assert await conversations.message(desk.conn, new_id()) is None


async def test_who_wrote_a_message(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    ours = await desk.message(conversation_id, contact_id=None, user_id=desk.user_id, author="user")
    sender = {"kind": "email", "value": "robot@example.org", "name": ""}
    robots = await desk.message(conversation_id, contact_id=None, author="system", sender=sender)
    nobodys = await desk.message(conversation_id, contact_id=None, author="system")
    rows = [await conversations.message(desk.conn, row_id) for row_id in (ours, robots, nobodys)]
    assert [row.author_name for row in rows if row] == ["Sara Kim", "robot@example.org", ""]
    assert [row.author_id for row in rows if row] == [desk.user_id, None, None]


async def test_a_transcript_a_stretch_at_a_time(desk: Desk) -> None:
    conversation_id = await desk.conversation()
    other = await desk.conversation()
    await desk.message(other)
    ids = [await desk.message(conversation_id, created_at=at(n // 2)) for n in range(20)]
    order = sorted(ids, key=lambda row_id: (ids.index(row_id) // 2, row_id))
    happened = [
        await put(
            desk.conn,
            event,
            conversation_id=conversation_id,
            inbox_id=desk.inbox_id,
            kind="status",
            user_id=desk.user_id,
            created_at=at(n / 2 - 1),
        )
        for n in range(24)
    ]
    for limit in (1, 3, 7, 19, 20, 21):
        messages: list[UUID] = []
        events: list[UUID] = []
        before: UUID | None = None
        while True:
            stretch = await conversations.timeline(desk.conn, conversation_id, before, limit)
            messages[:0] = [row.id for row in stretch.messages]
            events[:0] = [row.id for row in stretch.events]
            if not stretch.older:
                break
            before = stretch.messages[0].id
        assert messages == order
        assert events == happened, limit
    whole = await conversations.timeline(desk.conn, conversation_id)
    assert whole.events[0].user_name == "Sara Kim"
    assert await conversations.timeline(desk.conn, new_id()) == type(whole)(
        messages=(), events=(), older=False
    )
    gone = await conversations.timeline(desk.conn, conversation_id, new_id())
    assert gone.messages == ()


async def test_a_customer_with_identities_and_past(desk: Desk) -> None:
    for name, minute in (("late@x.test", 2), ("early@x.test", 1)):
        await put(
            desk.conn,
            contact_identity,
            contact_id=desk.contact_id,
            kind="email",
            value=name,
            display=name,
            created_at=at(minute),
        )
    older, newer = await desk.conversation(), await desk.conversation(status="resolved")
    await desk.conn.execute(update(contact).values(fields={"plan": "gold"}))
    found = await contacts.detail(desk.conn, desk.contact_id)
    assert found is not None
    assert [identity.value for identity in found.identities] == ["early@x.test", "late@x.test"]
    assert [past.id for past in found.conversations] == [newer, older]
    assert (found.name, found.fields) == ("Ada Lovelace", {"plan": "gold"})
    assert await contacts.detail(desk.conn, new_id()) is None


async def test_short_lists(desk: Desk) -> None:
    await put(desk.conn, user, name="anna", email="anna@desk.test", role="admin", active=False)
    assert [row.name for row in await team.users(desk.conn)] == ["anna", "Sara Kim"]
    assert [row.id for row in await team.inboxes(desk.conn)] == [desk.inbox_id]
    (row,) = await team.accounts(desk.conn)
    assert (row.state, row.done, row.total, row.problem) == ("starting", 0, None, None)
    await put(
        desk.conn,
        account_state,
        id=desk.account_id,
        inbox_id=desk.inbox_id,
        state="ok",
        done=5,
        problem={"text": "x", "args": {}},
        complete_until=at(9),
    )
    (row,) = await team.accounts(desk.conn)
    assert (row.state, row.done, row.problem) == ("ok", 5, {"text": "x", "args": {}})
    assert row.complete_until == at(9)
    for language in ("en", "de"):
        await put(desk.conn, template, name="Thanks", shortcut="thanks", language=language)
    assert [row.language for row in await team.templates(desk.conn)] == ["de", "en"]
