"""In: what becomes of messages of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.helpers import fake_connector
from tests.helpers.fake_connector import NOON, SERVICES, FakeService, raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.commands.values import RetryItem, SetStatus
from agentdesk.sdk.protocols import ConnectorModule
from agentdesk.server import intake, recording
from agentdesk.server.admin import add_channel, add_inbox
from agentdesk.server.interpreting import Interpreter, Raw
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseBusy
from agentdesk.store.tables import (
    attachment,
    change_log,
    contact,
    contact_identity,
    contact_inbox,
    event,
    raw_item,
)

ALICE = "alice@customer.example"
BOB = "bob@customer.example"


async def take_in(world: FakeWorld, *mails: bytes) -> None:
    """Let mails arrive and wait until all is settled."""
    for raw in mails:
        world.service.put(raw)
    if not world.cores:
        await world.started()
    await world.settled(len(world.service.items))


async def states(world: FakeWorld) -> list[str]:
    return [row.state for row in await world.rows(raw_item)]


async def test_a_copy_of_a_message_is_kept_once(world: FakeWorld) -> None:
    mail = raw_mail(id="m1@x.example")
    await take_in(world, mail)
    await take_in(world, mail, mail)
    assert await states(world) == ["done", "duplicate", "duplicate"]
    assert len(await world.messages()) == 1


async def test_the_same_id_with_other_content_is_another_message(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example", text="One"), raw_mail(id="m1@x.example", text="Two"))
    first, second = await world.messages()
    assert (first.text, second.text) == ("One", "Two")
    assert first.warnings == []
    assert len(second.warnings) == 1


async def test_messages_without_an_id_are_told_apart_by_content(world: FakeWorld) -> None:
    await take_in(world, raw_mail(text="One"), raw_mail(text="Two"), raw_mail(text="One"))
    assert [m.text for m in await world.messages()] == ["One", "Two"]


async def test_answers_join_their_conversation_whatever_their_order(world: FakeWorld) -> None:
    await take_in(
        world,
        raw_mail(id="m3@x.example", refs=["m1@x.example", "m2@x.example"], text="three"),
        raw_mail(id="m2@x.example", refs=["m1@x.example"], text="two"),
        raw_mail(id="m1@x.example", text="one"),
    )
    assert len(await world.conversations()) == 1
    assert [m.text for m in await world.messages()] == ["one", "two", "three"]
    await take_in(world, raw_mail(id="m4@x.example", refs=["m2@x.example"], text="four"))
    last = (await world.messages())[-1]
    assert last.reason == {"rule": "references", "evidence": "m2@x.example"}
    assert len(await world.conversations()) == 1


async def test_a_message_that_comes_after_its_answer_joins_it(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m2@x.example", refs=["m1@x.example"], text="two"))
    await take_in(world, raw_mail(BOB, id="b1@x.example", text="something else"))
    await take_in(world, raw_mail(id="m1@x.example", text="one"))
    alice, bob = await world.conversations()
    assert (alice.preview, alice.subject, bob.preview) == ("one", "A question", "something else")
    last = (await world.messages())[-1]
    assert last.conversation_id == alice.id
    assert last.reason == {"rule": "answered", "evidence": "m1@x.example"}
    await take_in(world, raw_mail(id="m3@x.example", refs=["m1@x.example"], text="three"))
    assert len(await world.conversations()) == 2
    assert (await world.conversations())[0].preview == "three"


async def test_what_somebody_else_answered_early_joins_nothing(world: FakeWorld) -> None:
    await take_in(world, raw_mail(BOB, id="m2@x.example", refs=["m1@x.example"], text="from a stranger"))
    await take_in(world, raw_mail(ALICE, id="other@x.example", text="Alice is known"))
    await take_in(world, raw_mail(ALICE, id="m1@x.example", text="one"))
    assert [c.preview for c in await world.conversations()] == ["from a stranger", "Alice is known", "one"]


async def test_what_was_answered_long_before_it_came_begins_anew(world: FakeWorld) -> None:
    await world.started()
    answer = raw_mail(id="m2@x.example", refs=["m1@x.example"], text="two")
    world.service.put(answer, received_at=NOON - timedelta(days=1))
    await world.settled(1)
    world.service.put(raw_mail(id="m1@x.example", text="one"), received_at=NOON)
    await world.settled(2)
    assert [c.preview for c in await world.conversations()] == ["two", "one"]


async def test_messages_that_name_the_same_missing_one_stay_together(world: FakeWorld) -> None:
    await take_in(
        world,
        raw_mail(id="a@x.example", refs=["root@x.example"], text="a"),
        raw_mail(id="b@x.example", refs=["root@x.example"], text="b"),
        raw_mail(BOB, id="c@x.example", refs=["root@x.example"], text="c"),
    )
    assert [c.preview for c in await world.conversations()] == ["b", "c"]


async def test_a_stranger_who_names_a_conversation_begins_a_related_one(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    await take_in(world, raw_mail(BOB, id="m2@x.example", refs=["m1@x.example"], text="Show me that"))
    first, second = await world.conversations()
    assert second.related_id == first.id
    assert (await world.messages())[1].reason == {"rule": "related", "evidence": "m1@x.example"}
    kinds = [row.kind for row in await world.rows(event, event.c.conversation_id == second.id)]
    assert sorted(kinds) == ["created", "related"]


async def test_a_forged_sender_is_nobody_we_know(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    await take_in(world, raw_mail(ALICE, id="m2@x.example", refs=["m1@x.example"], genuine=False))
    first, second = await world.conversations()
    assert first.contact_id != second.contact_id
    assert second.related_id == first.id


async def test_words_and_numbers_in_a_subject_join_nothing(world: FakeWorld) -> None:
    await take_in(world, raw_mail(subject="[#1] Order"), raw_mail(subject="Re: [#1] Order"))
    assert len(await world.conversations()) == 2


async def test_somebody_the_team_wrote_to_may_answer(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example", cc=["carol@customer.example"]))
    (conversation,) = await world.conversations()
    from agentdesk.domain.party import Party

    await world.reply(world.cores[0], conversation.id, cc=(Party("email", BOB),))
    await take_in(
        world,
        raw_mail(BOB, refs=["m1@x.example"], text="from bob", cc=["evil@x.example"]),
        raw_mail("carol@customer.example", refs=["m1@x.example"], text="from carol"),
        raw_mail("evil@x.example", refs=["m1@x.example"], text="from a copied stranger"),
    )
    first, second = await world.conversations()
    assert [m.text for m in await world.messages() if m.conversation_id == second.id] == [
        "from a copied stranger"
    ]
    assert first.related_id is None
    assert len(await world.rows(contact_inbox)) == 4


async def test_our_own_message_that_comes_back_is_ignored(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    (conversation,) = await world.conversations()
    message_id = await world.reply(world.cores[0], conversation.id)
    sent = await world.delivered(message_id, "sent")
    await take_in(
        world,
        raw_mail("support@desk.example", id=sent.external_id, text="We look into it."),
        raw_mail("maria@desk.example", text="I write like anybody"),
        raw_mail("support@desk.example", text="A form wrote this in our name"),
    )
    assert await states(world) == ["done"] * 4
    received = [m for m in await world.messages() if m.direction == "in"]
    assert [m.text for m in received] == ["Hello", "I write like anybody", "A form wrote this in our name"]
    assert {m.author for m in received} == {"contact"}


@pytest.mark.parametrize("status", ["resolved", "snoozed"])
async def test_a_customer_who_writes_again_reopens_it_and_a_program_does_not(
    world: FakeWorld, status: str
) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    (conversation,) = await world.conversations()
    until = clock.seconds_from_now(3600) if status == "snoozed" else None
    core = world.cores[0]
    await world.reply(core, conversation.id)
    await world.do(core, SetStatus(conversation_id=conversation.id, status=status, snoozed_until=until))
    await take_in(world, raw_mail(refs=["m1@x.example"], text="I am away", automatic="auto_reply"))
    (row,) = await world.conversations()
    assert (row.status, row.unread, row.waiting_since) == (status, False, None)
    await take_in(world, raw_mail(refs=["m1@x.example"], text="Not solved!"))
    (row,) = await world.conversations()
    assert (row.status, row.unread, row.snoozed_until, row.resolved_at) == ("open", True, None, None)
    assert row.waiting_since is not None
    assert len(await world.messages()) == 4


async def test_a_bounce_becomes_the_state_of_our_message(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    (conversation,) = await world.conversations()
    core = world.cores[0]
    message_id = await world.reply(core, conversation.id, then_status="resolved")
    sent = await world.delivered(message_id, "sent")
    about = {"ids": [sent.external_id], "to": ALICE}
    await take_in(
        world, raw_mail("mailer-daemon@mx.example", reports=[{"report": "delayed", **about}], text="late")
    )
    (_, ours) = await world.messages()
    assert ours.delivery == "sent"
    assert ours.delivery_detail["args"] == {"recipient": ALICE}
    await take_in(
        world,
        raw_mail("mailer-daemon@mx.example", reports=[{"report": "failed", "hard": True, **about}]),
    )
    (_, ours) = await world.messages()
    assert ours.delivery == "failed"
    assert ours.delivery_detail["words"] == "5.1.1 no such user"
    (row,) = await world.conversations()
    assert (row.status, row.unread) == ("open", True)
    (identity,) = await world.rows(contact_identity)
    assert identity.bouncing["words"] == "5.1.1 no such user"
    assert await states(world) == ["done"] * 3


async def test_a_bounce_of_nothing_we_sent_is_a_message_like_others(world: FakeWorld) -> None:
    report = {"report": "failed", "ids": ["invented@x.example"], "to": ALICE}
    await take_in(world, raw_mail("mailer-daemon@mx.example", reports=[report]))
    (row,) = await world.conversations()
    (message,) = await world.messages()
    assert (message.automatic, row.unread, row.waiting_since) == ("bounce", False, None)


async def test_that_somebody_read_what_was_written_elsewhere_is_no_message(world: FakeWorld) -> None:
    read = {"report": "read", "ids": ["elsewhere@phone.example"]}
    await take_in(world, raw_mail(reports=[read], text=""))
    assert await states(world) == ["done"]
    assert await world.messages() == []


async def test_a_flooding_sender_ends_up_in_one_conversation(world: FakeWorld) -> None:
    await take_in(world, *(raw_mail(text=f"again {n}", automatic="auto_generated") for n in range(60)))
    conversations = await world.conversations()
    assert len(await world.messages()) == 60
    assert len(conversations) == 20
    assert (await world.messages())[-1].reason["rule"] == "flood"


async def test_history_of_one_sender_is_no_flood(world: FakeWorld) -> None:
    for n in range(100):
        world.service.put(raw_mail(text=f"question {n}"), received_at=NOON - timedelta(hours=n))
    await world.started()
    await world.settled(100)
    assert len(await world.conversations()) == 100


async def test_a_blocked_sender_disturbs_nobody(world: FakeWorld) -> None:
    await take_in(world, raw_mail(text="one"))
    async with world.db.write() as conn:
        await conn.execute(update(contact).values(blocked=True))
    await take_in(world, raw_mail(text="two"))
    second = (await world.conversations())[1]
    assert (second.status, second.unread, second.waiting_since) == ("resolved", False, None)


@pytest.mark.parametrize("trouble", ["unreadable", "bug"])
async def test_what_cannot_be_read_is_shown_and_can_be_read_again(
    world: FakeWorld, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take_in(world, raw_mail(text="before"), raw_mail(trouble=trouble), raw_mail(text="after"))
    assert await states(world) == ["done", "quarantined", "done"]
    conversations = await world.conversations()
    assert sorted(c.preview for c in conversations) == ["This message could not be read.", "after", "before"]
    (shown,) = [m for m in await world.messages() if not m.text]
    assert shown.raw_id is not None
    assert shown.warnings[0] == "This message could not be read."

    assert (await world.do(world.cores[0], RetryItem(message_id=shown.id))).outcome == "done"
    await world.settled(3)
    assert await states(world) == ["done", "quarantined", "done"]
    assert len(await world.messages()) == 3

    await world.cores[0].stop()
    monkeypatch.setattr(fake_connector, "_misbehave", lambda _trouble: None)
    monkeypatch.setattr("agentdesk.server.interpreting.Interpreter._in_worker", _in_this_process)
    core = await world.started("two")
    await world.do(core, RetryItem(message_id=shown.id))
    await world.settled(3)
    assert await states(world) == ["done", "done", "done"]
    assert len(await world.conversations()) == 3
    (read,) = [m for m in await world.messages() if m.id == shown.id]
    assert (read.text, read.warnings, read.raw_id) == ("Hello", [], shown.raw_id)
    (row,) = [c for c in await world.conversations() if c.id == shown.conversation_id]
    assert (row.subject, row.preview) == ("A question", "Hello")
    people = {i.contact_id: i.value for i in await world.rows(contact_identity)}
    assert people[row.contact_id] == ALICE


async def _in_this_process(self: Any, module: Any, items: Any) -> Any:
    return await self._in_thread(module, items)


async def test_text_that_no_database_takes_is_made_fit(world: FakeWorld) -> None:
    odd = "a\x00b\ud800c"
    await take_in(
        world,
        raw_mail(text=odd, subject=odd, name=odd, id=odd, cc=[odd], files=[[odd, "content"]], refs=[odd]),
    )
    (message,) = await world.messages()
    assert message.text == "a\ufffdb\ufffdc"
    (file,) = await world.rows(attachment)
    assert (file.name, file.size) == ("a\ufffdb\ufffdc", 7)


async def test_a_message_that_cannot_be_recorded_stops_no_other(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = recording.record

    async def fails_for_poison(unit: Any, arrivals: Any, *more: Any) -> None:
        if any(a.inbound.text == "poison" for a in arrivals):
            raise ValueError("surprise")
        await real(unit, arrivals, *more)

    monkeypatch.setattr(recording, "record", fails_for_poison)
    await take_in(world, raw_mail(text="one"), raw_mail(text="poison"), raw_mail(text="two"))
    assert await states(world) == ["done", "quarantined", "done"]
    item = (await world.rows(raw_item))[1]
    assert (item.attempts, item.problem) == (3, "It could not be stored.")
    assert len(await world.conversations()) == 3


async def test_the_order_within_a_conversation_is_that_of_recording(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    (conversation,) = await world.conversations()
    await world.reply(world.cores[0], conversation.id)
    world.service.put(
        raw_mail(refs=["m1@x.example"], text="delayed by hours"), received_at=NOON - timedelta(days=1)
    )
    await world.settled(2)
    assert [m.direction for m in await world.messages()] == ["in", "out", "in"]


async def test_languages_are_noted(world: FakeWorld) -> None:
    await take_in(
        world,
        raw_mail("a@x.example", subject="Frage", text="Guten Tag, wo ist die Bestellung? Ich habe sie nicht"),
        raw_mail("b@x.example", subject="سؤال", text="مرحبا أين طلبي من فضلك"),
        raw_mail("c@x.example", subject="xyz", text="12345"),
    )
    assert [c.language for c in await world.conversations()] == ["de", "ar", ""]


async def test_two_accounts_that_get_the_same_mails_at_once_keep_each_once(world: FakeWorld) -> None:
    SERVICES["second"] = second = FakeService(portion=7)
    settings = {"address": "sales@desk.example", "service": "second"}
    await add_channel(world.db, world.vault, "fake", "Support", "Sales", settings, {})
    world.service.portion = 11
    for n in range(60):
        mail = raw_mail(f"person{n % 20}@x.example", id=f"m{n}@x.example", name=f"P{n % 20}")
        world.service.put(mail)
        second.put(mail)
    await world.started()
    await world.settled(120)
    assert len(await world.messages()) == 60
    assert len(await world.rows(contact)) == 20
    assert sorted(await states(world)) == ["done"] * 60 + ["duplicate"] * 60
    assert [row.number for row in await world.conversations()] == list(range(1, 61))


async def test_a_known_customer_who_writes_to_another_inbox_is_known_there(world: FakeWorld) -> None:
    await take_in(world, raw_mail(id="m1@x.example"))
    await add_inbox(world.db, "Sales")
    SERVICES["second"] = second = FakeService()
    settings = {"address": "sales@desk.example", "service": "second"}
    await add_channel(world.db, world.vault, "fake", "Sales", "Sales mail", settings, {})
    second.put(raw_mail(id="m1@x.example", refs=["m1@x.example"], name="Alice"))
    await world.settled(2)
    first, other = await world.conversations()
    assert first.contact_id == other.contact_id
    assert other.related_id is None
    scopes = {
        row.scope
        for row in await world.rows(change_log, change_log.c.table_name == "contact", order=change_log.c.seq)
    }
    assert scopes == {first.inbox_id.hex, other.inbox_id.hex}
    (person,) = await world.rows(contact)
    assert (person.name, person.ver) == ("Alice", 2)


class DawdlingDatabase(Database):
    """Comes back late from a commit that others can see already."""

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with super().write() as conn:
            yield conn
        await asyncio.sleep(0.02)


async def test_what_is_just_being_stored_is_not_taken_up_twice(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_LOOK_SECONDS", 0)
    world.service.portion = 1
    for n in range(20):
        world.service.put(raw_mail(id=f"m{n}@x.example"))
    real, world.db = world.db, DawdlingDatabase(world.db.url.render_as_string(False))
    core, dawdling = world.core(), world.db
    world.db = real
    await core.start()

    async def ring_all_the_while() -> None:
        while True:
            core._bell.ring()
            await asyncio.sleep(0.001)

    ringing = asyncio.create_task(ring_all_the_while())
    await world.settled(20)
    ringing.cancel()
    await asyncio.gather(ringing, return_exceptions=True)
    await core.stop()
    await dawdling.close()
    assert set(await states(world)) == {"done"}


async def test_the_next_batch_is_interpreted_while_one_cannot_be_recorded(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreted: list[int] = []
    tries: list[int] = []
    open_gate = asyncio.Event()
    interpret, record = Interpreter.interpret, intake.Intake._record

    async def counted(self: Interpreter, module: ConnectorModule, items: Sequence[Raw]) -> Any:
        interpreted.append(len(items))
        return await interpret(self, module, items)

    async def held(self: intake.Intake, batch: Sequence[Any]) -> None:
        tries.append(len(batch))
        await open_gate.wait()
        if len(tries) == 1:
            raise DatabaseBusy
        await record(self, batch)

    monkeypatch.setattr(intake, "BATCH", 2)
    monkeypatch.setattr(Interpreter, "interpret", counted)
    monkeypatch.setattr(intake.Intake, "_record", held)
    for number in range(5):
        world.service.put(raw_mail(id=f"m{number}@x.example", subject=f"Mail {number}"))
    await world.started()
    await until(lambda: interpreted == [2, 2])
    assert tries == [2]
    open_gate.set()
    await world.settled(5)
    assert interpreted == [2, 2, 1]  # what could not be recorded at once was not interpreted again
    assert tries == [2, 2, 2, 1]
    assert sorted(row.subject for row in await world.messages()) == [f"Mail {number}" for number in range(5)]
