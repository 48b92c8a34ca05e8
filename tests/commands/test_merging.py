"""Conversations that become one and part again, with all that has come for each of them meanwhile."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.helpers.fake_connector import SERVICES, FakeService, raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import (
    AddNote,
    Assign,
    Envelope,
    MarkConversation,
    MergeConversations,
    SetPriority,
    SetStatus,
    SetTags,
    UnmergeConversations,
)
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.queries import queue
from agentdesk.queries.rows import View
from agentdesk.server import privacy
from agentdesk.server.admin import add_channel, add_inbox
from agentdesk.server.core import ServerCore
from agentdesk.store.search import find_conversations
from agentdesk.store.tables import attachment, conversation, event, message

_OWN = ("merged_into_id", "merge", "ver", "updated_at")


class Two:
    """Alice's two questions about one parcel: ``first`` and ``second``, of which the last came later."""

    def __init__(self, world: FakeWorld, core: ServerCore, first: Any, second: Any) -> None:
        self.world, self.core, self.first, self.second = world, core, first, second

    async def merge(self, *joined: UUID) -> Any:
        ids = joined or (self.second.id,)
        return await self.world.do(
            self.core, MergeConversations(conversation_id=self.first.id, joined_ids=ids)
        )

    async def unmerge(self, *joined: UUID) -> Any:
        command = UnmergeConversations(conversation_id=self.first.id, joined_ids=joined or (self.second.id,))
        return await self.world.do(self.core, command)

    async def row(self, conversation_id: UUID) -> Any:
        return (await self.world.rows(conversation, conversation.c.id == conversation_id))[0]

    async def said(self, conversation_id: UUID) -> list[str]:
        found = await self.world.messages(message.c.conversation_id == conversation_id)
        return [row.text for row in found]

    async def mail(self, count: int, **fields: Any) -> None:
        self.world.service.put(raw_mail(**fields))
        await self.world.settled(count)


@pytest.fixture
async def two(world: FakeWorld) -> Two:
    world.service.put(raw_mail(id="a1@x.example", text="Where is it?", subject="Parcel"))
    core = await world.started()
    await world.settled(1)
    world.service.put(
        raw_mail(id="b1@x.example", text="Still nothing", subject="Parcel!", files=[("slip.txt", "42")])
    )
    await world.settled(2)
    first, second = await world.conversations()
    return Two(world, core, first, second)


async def _contents(world: FakeWorld) -> dict[UUID, tuple[Any, ...]]:
    """Where every message, file and event is (but for those that tell of merging)."""
    found: dict[UUID, tuple[Any, ...]] = {}
    for row in (*await world.rows(message), *await world.rows(event)):
        if row.kind not in ("merged", "unmerged"):
            found[row.id] = row.conversation_id, row.inbox_id, row.origin_id
    for row in await world.rows(attachment):
        found[row.id] = row.conversation_id, row.inbox_id
    return found


def _told(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in _OWN}


async def test_what_was_in_one_goes_on_in_the_other(two: Two) -> None:
    world = two.world
    await world.do(two.core, SetTags(conversation_id=two.first.id, tags=("parcel",)))
    await world.do(two.core, SetTags(conversation_id=two.second.id, tags=("angry",)))
    await world.do(two.core, SetPriority(conversation_id=two.second.id, priority="high"))
    await world.do(two.core, SetStatus(conversation_id=two.first.id, status="resolved"))
    assert (await two.merge()).outcome == "done"
    stays, joined = await two.row(two.first.id), await two.row(two.second.id)
    assert await two.said(stays.id) == ["Where is it?", "Still nothing"]
    assert await two.said(joined.id) == []
    (file,) = await world.rows(attachment)
    assert file.conversation_id == stays.id
    assert (stays.status, stays.tags, stays.priority) == ("open", ["parcel", "angry"], "high")
    assert (stays.waiting_since, stays.preview) == (two.first.waiting_since, "Still nothing")
    assert stays.last_message_id == two.second.last_message_id
    assert (joined.status, joined.merged_into_id, joined.number) == ("merged", stays.id, 2)
    async with world.db.read() as conn:
        assert await queue.queue_ids(conn, View(kind="all"), None) == [stays.id]
        assert await find_conversations(conn, "nothing", inboxes=None) == [stays.id]
        assert (await queue.counts(conn, None)).all == 1
    told = [row.data for row in await world.rows(event, event.c.kind == "merged")]
    assert told == [{"conversation_id": str(joined.id), "number": 2, "subject": "Parcel!"}]


async def test_parting_brings_both_back_as_they_were(two: Two) -> None:
    world = two.world
    await world.do(two.core, SetTags(conversation_id=two.second.id, tags=("angry",)))
    await world.do(two.core, SetStatus(conversation_id=two.first.id, status="resolved"))
    await world.do(two.core, Assign(conversation_id=two.second.id, assignee_id=world.user_id))
    before = [_told(row) for row in await world.conversations()]
    contents = await _contents(world)
    await two.merge()
    assert await _contents(world) != contents
    assert (await two.unmerge()).outcome == "done"
    assert [_told(row) for row in await world.conversations()] == before
    assert await _contents(world) == contents
    joined = await two.row(two.second.id)
    assert (joined.merged_into_id, joined.merge) == (None, None)
    async with world.db.read() as conn:
        assert await find_conversations(conn, "nothing", inboxes=None) == [joined.id]
    (told,) = await world.rows(event, event.c.kind == "merged")
    assert told.data["undone"] is True


async def test_a_legal_hold_goes_with_the_messages(two: Two) -> None:
    ids = (two.first.id, two.second.id)
    for held in ids:
        await privacy.do(two.world.db, MarkConversation(conversation_id=held, legal_hold=True))
        await two.merge()
        assert (await two.row(two.first.id)).legal_hold
        await two.unmerge()
        assert [(await two.row(one)).legal_hold for one in ids] == [True, True]
        for one in ids:
            await privacy.do(two.world.db, MarkConversation(conversation_id=one, legal_hold=False))


async def test_what_people_said_since_stays_with_the_one_that_stayed(two: Two) -> None:
    world = two.world
    await world.do(two.core, SetTags(conversation_id=two.second.id, tags=("angry",)))
    await two.merge()
    await world.do(two.core, SetTags(conversation_id=two.first.id, tags=("angry", "refund")))
    await world.do(two.core, SetStatus(conversation_id=two.first.id, status="resolved"))
    await two.unmerge()
    stays, joined = await two.row(two.first.id), await two.row(two.second.id)
    assert (stays.tags, stays.status) == (["refund"], "resolved")
    assert (joined.tags, joined.status) == (["angry"], "open")


async def test_later_mail_and_answers_go_where_they_belong(two: Two) -> None:
    world = two.world
    await two.merge()
    (_, theirs) = await world.messages(message.c.conversation_id == two.first.id)
    answer = await world.reply(two.core, two.first.id, in_reply_to=theirs.id, text="For the second")
    sent = await world.delivered(answer, "sent")
    assert sent.origin_id == two.second.id
    assert two.second.id.hex in sent.external_id
    letter = world.service.sent[-1]
    assert letter.references == ("b1@x.example",)
    await two.mail(3, id="b2@x.example", refs=[letter.key], text="By the token")
    await two.mail(4, id="b3@x.example", refs=["b1@x.example"], text="By the reference")
    await two.mail(5, id="b4@x.example", refs=["b3@x.example"], text="By one that came later")
    await two.mail(6, id="a2@x.example", refs=["a1@x.example"], text="For the first")
    assert len(await two.said(two.first.id)) == 7
    assert (await world.conversations())[0].preview == "For the first"
    await two.unmerge()
    assert await two.said(two.first.id) == ["Where is it?", "For the first"]
    assert await two.said(two.second.id) == [
        "Still nothing",
        "For the second",
        "By the token",
        "By the reference",
        "By one that came later",
    ]
    stays, joined = await world.conversations()
    assert (stays.preview, joined.preview) == ("For the first", "By one that came later")
    assert (joined.status, joined.unread) == ("open", True)
    first_after = (await world.messages(message.c.text == "By the token"))[0]
    assert joined.waiting_since == first_after.created_at
    await two.mail(7, id="b5@x.example", refs=[letter.key], text="After all")
    assert (await two.said(two.second.id))[-1] == "After all"
    assert all(row.origin_id is None for row in await world.messages())


async def test_a_command_about_the_merged_one_goes_to_the_one_that_stays(two: Two) -> None:
    world = two.world
    await world.do(two.core, SetTags(conversation_id=two.first.id, tags=("kept",)))
    await two.merge()
    second = two.second.id
    await world.do(two.core, SetTags(conversation_id=second, tags=("offline",)))
    await world.do(two.core, AddNote(message_id=new_id(), conversation_id=second, text="A note"))
    await world.reply(two.core, second, text="Sorry!")
    await world.do(two.core, SetStatus(conversation_id=second, status="resolved"))
    stays, joined = await world.conversations()
    assert (stays.tags, stays.status, stays.preview) == (["kept", "offline"], "resolved", "Sorry!")
    assert joined.status == "merged"
    assert (await two.said(stays.id))[2:] == ["A note", "Sorry!"]
    await two.unmerge()
    assert await two.said(second) == ["Still nothing", "A note", "Sorry!"]


async def test_who_comes_second_is_told(two: Two) -> None:
    world = two.world
    await two.mail(3, id="c1@x.example", text="A third")
    third = (await world.conversations())[2].id
    command = MergeConversations(conversation_id=two.first.id, joined_ids=(two.second.id,))
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    for _ in range(2):
        assert (await two.core.executor.execute(envelope, world.maria)).outcome == "done"
    assert (await two.merge()).outcome == "done"  # the same again: it is so already
    assert len(await world.rows(event, event.c.kind == "merged")) == 1
    elsewhere = MergeConversations(conversation_id=third, joined_ids=(two.second.id,))
    into_it = MergeConversations(conversation_id=two.second.id, joined_ids=(third,))
    for late in (elsewhere, into_it):
        answer = await world.do(two.core, late)
        assert (answer.outcome, answer.code) == ("refused", "merged")
        assert answer.reason is not None
        assert answer.reason.args == {"number": 2, "other": 1}
    itself = MergeConversations(conversation_id=third, joined_ids=(third,))
    assert (await world.do(two.core, itself)).code == "invalid"
    assert (await two.unmerge()).outcome == "done"
    assert (await two.unmerge()).outcome == "done"
    assert len(await world.rows(event, event.c.kind == "unmerged")) == 2


async def test_only_who_sees_both_and_may_merge(two: Two) -> None:
    world = two.world
    stranger = Actor(Author.USER, world.user_id, Role.AGENT, frozenset({new_id()}))
    command = MergeConversations(conversation_id=two.first.id, joined_ids=(two.second.id,))
    assert (await world.do(two.core, command, stranger)).code == "gone"
    denied = Actor(Author.USER, world.user_id, Role.AGENT, None, {"merge": False})
    assert (await world.do(two.core, command, denied)).code == "not_allowed"
    unknown = MergeConversations(conversation_id=two.first.id, joined_ids=(new_id(),))
    assert (await world.do(two.core, unknown)).code == "gone"


async def test_one_that_was_merged_on_parts_with_all_that_is_its_own(two: Two) -> None:
    world = two.world
    await two.mail(3, id="c1@x.example", text="A third")
    third = (await world.conversations())[2].id
    contents = await _contents(world)
    await two.merge()
    onward = MergeConversations(conversation_id=third, joined_ids=(two.first.id,))
    assert (await world.do(two.core, onward)).outcome == "done"
    assert await two.said(third) == ["Where is it?", "Still nothing", "A third"]
    await two.mail(4, id="b2@x.example", refs=["b1@x.example"], text="More of the second")
    assert len(await two.said(third)) == 4
    back = UnmergeConversations(conversation_id=third, joined_ids=(two.first.id,))
    assert (await world.do(two.core, back)).outcome == "done"
    assert await two.said(third) == ["A third"]
    assert await two.said(two.first.id) == ["Where is it?", "Still nothing", "More of the second"]
    await two.unmerge()
    assert await two.said(two.second.id) == ["Still nothing", "More of the second"]
    later = await _contents(world)
    assert {row_id: later[row_id] for row_id in contents} == contents


async def test_one_of_several_parts_and_the_others_stay(two: Two) -> None:
    world = two.world
    await world.do(two.core, SetStatus(conversation_id=two.first.id, status="resolved"))
    await two.mail(3, id="c1@x.example", text="A third")
    third = (await world.conversations())[2].id
    assert (await two.merge(two.second.id, third)).outcome == "done"
    assert len(await two.said(two.first.id)) == 3
    await two.unmerge()
    stays = await two.row(two.first.id)
    assert await two.said(stays.id) == ["Where is it?", "A third"]
    assert (stays.status, stays.preview) == ("open", "A third")  # the third, which is in it, is open
    await two.unmerge(third)
    assert (await two.row(two.first.id)).status == "resolved"


async def test_conversations_of_two_inboxes(two: Two) -> None:
    world = two.world
    sales = await add_inbox(world.db, "Sales")
    SERVICES["sales"] = service = FakeService()
    settings = {"address": "sales@desk.example", "service": "sales"}
    await add_channel(world.db, world.vault, "fake", "Sales", "Sales mail", settings, {"password": "x"})
    service.put(raw_mail(id="s1@x.example", text="At sales"))
    await world.settled(3)
    at_sales = (await world.conversations())[2]
    everywhere = Actor(Author.USER, world.user_id, Role.AGENT, frozenset({world.inbox_id, sales}))
    command = MergeConversations(conversation_id=two.first.id, joined_ids=(at_sales.id,))
    assert (await world.do(two.core, command)).code == "gone"  # Maria works at support only
    assert (await world.do(two.core, command, everywhere)).outcome == "done"
    service.put(raw_mail(id="s2@x.example", refs=["s1@x.example"], text="Sales again"))
    await world.settled(4)
    assert await two.said(two.first.id) == ["Where is it?", "At sales", "Sales again"]
    inside = await world.messages(message.c.conversation_id == two.first.id)
    assert {row.inbox_id for row in inside} == {world.inbox_id}
    answer = await world.reply(two.core, two.first.id, in_reply_to=inside[1].id)
    assert (await world.delivered(answer, "sent")).account_id == at_sales.account_id
    service.put(raw_mail(id="s3@x.example", refs=["a1@x.example"], text="Not for sales to know"))
    await world.settled(5)
    assert len(await world.conversations()) == 4
    back = UnmergeConversations(conversation_id=two.first.id, joined_ids=(at_sales.id,))
    assert (await world.do(two.core, back, everywhere)).outcome == "done"
    apart = await world.messages(message.c.conversation_id == at_sales.id)
    assert [row.text for row in apart] == ["At sales", "Sales again", "We look into it."]
    assert {row.inbox_id for row in apart} == {sales}
