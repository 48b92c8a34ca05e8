"""Commands about a conversation: authority, what the issuer saw, and nothing said where nothing changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import Executor
from agentdesk.commands.values import (
    AddNote,
    Assign,
    EditContact,
    Envelope,
    MarkRead,
    SaveTemplate,
    SetPriority,
    SetStatus,
    SetTags,
)
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_inbox, add_user
from agentdesk.server.snooze import wake_due
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    applied_command,
    change_log,
    contact,
    conversation,
    desk,
    event,
    message,
    template,
)


@pytest.fixture
async def talk(world: FakeWorld) -> Any:
    """The conversation of one message that has arrived; the server that took it in is stopped again."""
    world.service.put(raw_mail(id="m1@x.example", name="Alice"))
    core = await world.started()
    await world.settled(1)
    await core.stop()
    return (await world.conversations())[0]


async def row_of(world: FakeWorld) -> Any:
    return (await world.conversations())[0]


async def events(world: FakeWorld, kind: str) -> list[dict[str, Any]]:
    return [row.data for row in await world.rows(event, event.c.kind == kind)]


async def test_taking_a_conversation_that_a_colleague_took_is_refused(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    jonas = await add_user(world.db, "jonas@desk.example", "Jonas", Role.AGENT, "long enough")
    assert (await world.do(core, Assign(conversation_id=talk.id, assignee_id=jonas))).outcome == "done"
    answer = await world.do(core, Assign(conversation_id=talk.id, assignee_id=world.user_id))
    assert (answer.outcome, answer.code) == ("refused", "taken")
    assert answer.reason is not None
    assert answer.reason.args == {"name": "Jonas"}
    seen = Assign(conversation_id=talk.id, assignee_id=world.user_id, seen_assignee_id=jonas)
    assert (await world.do(core, seen)).outcome == "done"
    assert (await row_of(world)).assignee_id == world.user_id
    assert [data["assignee"] for data in await events(world, "assigned")] == ["Jonas", "Maria"]


async def test_only_people_of_the_inbox_can_be_given_a_conversation(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    answer = await world.do(core, Assign(conversation_id=talk.id, assignee_id=new_id()))
    assert answer.code == "invalid"


async def test_what_changes_nothing_says_nothing(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    for command in (
        Assign(conversation_id=talk.id, assignee_id=None),
        SetStatus(conversation_id=talk.id, status="open"),
        SetPriority(conversation_id=talk.id, priority="normal"),
        SetTags(conversation_id=talk.id, tags=()),
        MarkRead(conversation_id=talk.id, unread=True),
        EditContact(contact_id=talk.contact_id, fields={"name": "Alice"}),
    ):
        before = len(await world.rows(change_log, order=change_log.c.seq))
        assert (await world.do(core, command)).outcome == "done"
        assert len(await world.rows(change_log, order=change_log.c.seq)) == before, command
    assert [row.kind for row in await world.rows(event)] == ["created"]


async def test_resolving_over_a_newer_message_is_refused(world: FakeWorld, talk: Any) -> None:
    core = await world.started("two")
    (first,) = await world.messages()
    world.service.put(raw_mail(refs=["m1@x.example"], text="One more thing"))
    await world.settled(2)
    answer = await world.do(
        core, SetStatus(conversation_id=talk.id, status="resolved", seen_message_id=first.id)
    )
    second = (await world.messages())[1]
    assert (answer.outcome, answer.code, answer.newer) == ("refused", "stale", (second.id,))
    command = SetStatus(conversation_id=talk.id, status="resolved", seen_message_id=second.id)
    assert (await world.do(core, command)).outcome == "done"
    row = await row_of(world)
    assert row.status == "resolved"
    assert row.resolved_at is not None


async def test_snoozing_wakes_when_its_time_has_come(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    missing = await world.do(core, SetStatus(conversation_id=talk.id, status="snoozed"))
    assert missing.code == "invalid"
    past = SetStatus(
        conversation_id=talk.id, status="snoozed", snoozed_until=clock.now() - timedelta(hours=1)
    )
    assert (await world.do(core, past)).outcome == "done"
    assert (await row_of(world)).status == "open"
    await world.do(core, MarkRead(conversation_id=talk.id))
    soon = clock.seconds_from_now(2)
    await world.do(core, SetStatus(conversation_id=talk.id, status="snoozed", snoozed_until=soon))
    row = await row_of(world)
    assert (row.status, row.snoozed_until) == ("snoozed", soon)
    while (await row_of(world)).status == "snoozed":
        await wake_due(world.db, Bell())
    row = await row_of(world)
    assert (row.status, row.snoozed_until, row.unread) == ("open", None, True)
    assert [data["status"] for data in await events(world, "status")] == ["snoozed", "open"]


async def test_tags_are_tidied_and_the_difference_is_told(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    await world.do(core, SetTags(conversation_id=talk.id, tags=("Billing", " big  deal ", "Billing", "")))
    assert (await row_of(world)).tags == ["Billing", "big deal"]
    await world.do(core, SetTags(conversation_id=talk.id, tags=("big deal", "new")))
    assert (await events(world, "tags"))[1] == {"added": ["new"], "removed": ["Billing"]}
    too_long = await world.do(core, SetTags(conversation_id=talk.id, tags=("x" * 61,)))
    assert too_long.code == "invalid"


async def test_what_the_actor_may_not_see_is_gone_for_them(world: FakeWorld, talk: Any) -> None:
    other = await add_inbox(world.db, "Other")
    stranger = Actor(Author.USER, world.user_id, Role.AGENT, frozenset({other}))
    core = world.cores[0]
    for command in (
        SetPriority(conversation_id=talk.id, priority="high"),
        AddNote(message_id=new_id(), conversation_id=talk.id, text="Hello"),
        EditContact(contact_id=talk.contact_id, fields={"name": "Mallory"}),
        SetPriority(conversation_id=new_id(), priority="high"),
    ):
        answer = await world.do(core, command, stranger)
        assert (answer.outcome, answer.code) == ("refused", "gone")


async def test_a_note_stays_in_the_team(world: FakeWorld, talk: Any) -> None:
    core = await world.started("two")
    note_id = new_id()
    await world.do(core, AddNote(message_id=note_id, conversation_id=talk.id, text="Careful, VIP"))
    await world.do(core, AddNote(message_id=note_id, conversation_id=talk.id, text="Careful, VIP"))
    reply_id = await world.reply(core, talk.id)
    await world.delivered(reply_id, "sent")
    assert [letter.text for letter in world.service.attempts] == ["We look into it."]
    (note,) = await world.messages(message.c.kind == "note")
    assert (note.delivery, note.to, note.sender) == ("", [], None)
    row = await row_of(world)
    assert row.last_message_id == reply_id


async def test_what_is_known_of_a_customer(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    fields = {"name": " Alice A. ", "notes": "likes tea", "Customer number": "K-17"}
    assert (await world.do(core, EditContact(contact_id=talk.contact_id, fields=fields))).outcome == "done"
    (row,) = await world.rows(contact)
    assert (row.name, row.notes, row.fields) == ("Alice A.", "likes tea", {"Customer number": "K-17"})
    long = EditContact(contact_id=talk.contact_id, fields={"name": "x" * 301})
    assert (await world.do(core, long)).code == "invalid"


async def test_templates_belong_to_supervisors_and_shortcuts_to_one(world: FakeWorld) -> None:
    core = world.core()
    boss = Actor(Author.USER, world.user_id, Role.SUPERVISOR, None)
    hello = SaveTemplate(template_id=new_id(), name="Hello", shortcut="/hi", language="en", body="Hello!")
    assert (await world.do(core, hello)).code == "not_allowed"
    assert (await world.do(core, hello, boss)).outcome == "done"
    twin = SaveTemplate(template_id=new_id(), name="Hi", shortcut="hi", language="en", body="Hi!")
    assert (await world.do(core, twin, boss)).code == "invalid"
    changed = SaveTemplate(
        template_id=hello.template_id, name="Hello", shortcut="hi", language="en", body="Hello you!"
    )
    assert (await world.do(core, changed, boss)).outcome == "done"
    (row,) = await world.rows(template)
    assert (row.shortcut, row.body, row.ver) == ("hi", "Hello you!", 2)


# --- the executor ---


async def numbered(world: FakeWorld, core: Any, number: int, command: Any, desk_id: UUID) -> Any:
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now(), number=number)
    return await core.executor.execute(envelope, world.maria, desk_id)


async def test_a_command_offered_again_gets_its_first_answer(world: FakeWorld, talk: Any) -> None:
    core = world.cores[0]
    envelope = Envelope(
        id=new_id(), command=SetPriority(conversation_id=talk.id, priority="high"), issued_at=clock.now()
    )
    first = await core.executor.execute(envelope, world.maria)
    await world.do(core, SetPriority(conversation_id=talk.id, priority="low"))
    again = await core.executor.execute(envelope, world.maria)
    assert again == first
    assert (await row_of(world)).priority == "low"
    refused = Envelope(
        id=new_id(), command=SetPriority(conversation_id=new_id(), priority="low"), issued_at=clock.now()
    )
    assert await core.executor.execute(refused, world.maria) == await core.executor.execute(
        refused, world.maria
    )
    assert len(await world.rows(applied_command)) == 3


async def test_offered_twice_at_once_it_takes_effect_once(world: FakeWorld, talk: Any) -> None:
    import asyncio

    core = world.cores[0]
    note = AddNote(message_id=new_id(), conversation_id=talk.id, text="once")
    envelope = Envelope(id=new_id(), command=note, issued_at=clock.now(), number=1)
    desk_id = new_id()
    answers = await asyncio.gather(*(core.executor.execute(envelope, world.maria, desk_id) for _ in range(5)))
    assert {answer.outcome for answer in answers} <= {"done", "try_later"}
    assert "done" in {answer.outcome for answer in answers}
    assert len(await world.messages(message.c.kind == "note")) == 1


async def test_a_desk_counts_up_and_an_old_number_is_a_repeat(world: FakeWorld, talk: Any) -> None:
    core, desk_id = world.cores[0], new_id()
    high = SetPriority(conversation_id=talk.id, priority="high")
    low = SetPriority(conversation_id=talk.id, priority="low")
    assert (await numbered(world, core, 1, high, desk_id)).outcome == "done"
    gone = SetPriority(conversation_id=new_id(), priority="low")
    assert (await numbered(world, core, 2, gone, desk_id)).outcome == "refused"
    assert (await numbered(world, core, 2, low, desk_id)).outcome == "already_done"
    assert (await numbered(world, core, 3, low, desk_id)).outcome == "done"
    (row,) = await world.rows(desk)
    assert (row.last_number, row.user_id) == (3, world.user_id)
    assert (await row_of(world)).priority == "low"


async def test_a_refused_command_leaves_no_trace(world: FakeWorld, talk: Any) -> None:
    from agentdesk.commands.values import SendReply
    from agentdesk.domain.party import Party

    core = world.cores[0]
    to = (Party("email", "alice@customer.example"),)
    before = await world.rows(change_log, order=change_log.c.seq)
    answer = await world.do(
        core,
        SendReply(message_id=new_id(), conversation_id=talk.id, to=to, text="Hi", then_status="nonsense"),
    )
    assert answer.code == "invalid"
    assert await world.rows(change_log, order=change_log.c.seq) == before
    assert len(await world.messages()) == 1


async def test_without_a_database_it_is_to_be_tried_later(world: FakeWorld, talk: Any) -> None:
    gone = Database("postgresql://nobody@127.0.0.1:1/none")
    envelope = Envelope(
        id=new_id(), command=MarkRead(conversation_id=talk.id), issued_at=clock.now(), number=None
    )
    answer = await Executor(gone, Bell()).execute(envelope, world.maria)
    assert answer.outcome == "try_later"
    await gone.close()


async def test_numbers_are_given_one_after_the_other(world: FakeWorld) -> None:
    for n in range(120):
        world.service.put(raw_mail(f"person{n}@x.example"))
    await world.started()
    await world.settled(120)
    assert [row.number for row in await world.conversations()] == list(range(1, 121))
    assert {row.ver for row in await world.rows(conversation)} == {1}
