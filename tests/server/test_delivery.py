"""Out: what becomes of an answer when the channel takes it, refuses it, or leaves us in doubt."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import pytest
from tests.helpers.fake_connector import NOON, FakeAccount, raw_mail, unreachable
from tests.helpers.fake_world import QUICK_PACE, FakeWorld
from tests.helpers.until import until

from agentdesk.base.backoff import Backoff
from agentdesk.base.text import msg
from agentdesk.commands.values import CheckDelivery, ConfirmDelivery, File, RetryDelivery
from agentdesk.domain.party import Party
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected
from agentdesk.sdk.outbound import Found, Outbound, Reconciliation
from agentdesk.server.core import ServerCore
from agentdesk.server.delivery import Pace
from agentdesk.store import blobs
from agentdesk.store.tables import account_state, delivery_attempt, event


async def conversation_of(world: FakeWorld, core: ServerCore) -> UUID:
    """The conversation of one message that has arrived."""
    await core.start()
    world.service.put(raw_mail(id="m1@x.example"))
    await world.settled(1)
    return (await world.conversations())[0].id


async def outcomes(world: FakeWorld, message_id: UUID) -> list[str]:
    """The outcomes of all attempts, in their order."""
    mine = delivery_attempt.c.message_id == message_id
    return [row.outcome for row in await world.rows(delivery_attempt, mine)]


async def test_an_answer_goes_out_once_with_all_that_belongs_to_it(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    async with world.db.write() as conn:
        await blobs.put_many(conn, {blobs.hash_of(b"plan"): b"plan"}, NOON)
    file = File(
        id=world.user_id, name="plan.txt", media_type="text/plain", size=4, blob=blobs.hash_of(b"plan")
    )
    message_id = await world.reply(
        core,
        conversation_id,
        subject="Your\r\nBcc: evil@x.example order",
        cc=(Party("email", "bob@x.example"), Party("email", "support+tag@desk.example")),
        bcc=(Party("email", "carol@x.example"), Party("email", "BOB@x.example")),
        files=(file,),
    )
    await world.delivered(message_id, "sent")
    (letter,) = world.service.sent
    assert letter.subject == "Your Bcc: evil@x.example order"
    assert [p.value for p in (*letter.to, *letter.cc, *letter.bcc)] == [
        "alice@customer.example",
        "bob@x.example",
        "carol@x.example",
    ]
    assert [(f.name, f.content) for f in letter.attachments] == [("plan.txt", b"plan")]
    assert letter.references == ("m1@x.example",)
    assert letter.thread_token in letter.key
    assert await outcomes(world, message_id) == ["sent"]
    assert (await world.outbox_of(message_id)).state == "done"


async def test_a_refused_answer_fails_with_the_words_and_comes_back_to_the_team(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append(Rejected(msg("The server refused it."), "550 5.7.1 no"))
    message_id = await world.reply(core, conversation_id, then_status="resolved")
    failed = await world.delivered(message_id, "failed")
    assert failed.delivery_detail == {"text": "The server refused it.", "args": {}, "words": "550 5.7.1 no"}
    (row,) = await world.conversations()
    assert (row.status, row.unread) == ("open", True)
    assert world.service.sent == []

    assert (await world.do(core, RetryDelivery(message_id=message_id))).outcome == "done"
    sent = await world.delivered(message_id, "sent")
    assert sent.delivery_detail is None
    assert await outcomes(world, message_id) == ["refused", "sent"]
    assert len({letter.key for letter in world.service.attempts}) == 1


async def test_what_surely_did_not_go_out_is_tried_again(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.extend([unreachable(), RateLimited(msg("Slowly."), 0.05), unreachable()])
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    assert await outcomes(world, message_id) == ["unreachable", "unreachable", "unreachable", "sent"]
    assert len(world.service.sent) == 1


async def test_it_gives_up_after_a_while(world: FakeWorld) -> None:
    pace = Pace(retry=Backoff(0.02, 0.02), give_up=0.1, poll=0.02)
    core = world.core(pace=pace)
    conversation_id = await conversation_of(world, core)
    world.service.send_script.extend([unreachable()] * 100)
    message_id = await world.reply(core, conversation_id)
    failed = await world.delivered(message_id, "failed")
    assert failed.delivery_detail["text"] == "Nobody answers."


async def test_a_person_need_not_wait_for_the_next_try(world: FakeWorld) -> None:
    core = world.core(pace=Pace(retry=Backoff(3600, 3600), poll=0.02))
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append(unreachable())
    message_id = await world.reply(core, conversation_id)
    await until(lambda: world.service.attempts)
    await world.delivered(message_id, "queued")
    await world.do(core, RetryDelivery(message_id=message_id))
    await world.delivered(message_id, "sent")


@pytest.mark.parametrize(("step", "expected"), [("kept", ["uncertain", "found"]), ("lost", None)])
async def test_an_uncertain_message_is_looked_up_before_it_is_repeated(
    world: FakeWorld, step: str, expected: list[str] | None
) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append(step)
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    assert await outcomes(world, message_id) == (expected or ["uncertain", "absent", "sent"])
    assert world.service.keys_sent() == [world.service.attempts[0].key]


async def test_not_found_counts_only_after_the_service_had_time(world: FakeWorld) -> None:
    world.service.settle_seconds = 1.0  # a busy computer looks it up within that
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append("kept")
    world.service.look_ups.append(Found.ABSENT)
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1
    assert await outcomes(world, message_id) == ["uncertain", "unknown", "found"]


async def test_what_nobody_can_tell_is_left_to_a_person(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append("kept")
    world.service.look_ups.extend([unreachable(), Found.UNKNOWN])
    message_id = await world.reply(core, conversation_id)
    uncertain = await world.delivered(message_id, "uncertain")
    assert uncertain.delivery_detail["text"] == "Scripted."
    await world.do(core, CheckDelivery(message_id=message_id))
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1

    world.service.send_script.append("kept")
    world.service.look_ups.append(Found.UNKNOWN)
    second = await world.reply(core, conversation_id, text="More")
    await world.delivered(second, "uncertain")
    await world.do(core, ConfirmDelivery(message_id=second))
    await world.delivered(second, "sent")
    assert (await world.outbox_of(second)).state == "done"
    assert len(world.service.attempts) == 2
    decided = [row for row in await world.rows(event, event.c.kind == "delivery") if row.user_id]
    assert [row.data["delivery"] for row in decided] == ["verify", "sent"]


async def test_a_service_without_keys_is_asked_for_what_the_message_says(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def recognise(account: FakeAccount, message: Outbound, _since: datetime) -> Reconciliation:
        same = [one.key for one in account.service.sent if one.text == message.text]
        return Reconciliation(Found.SENT, msg("It says the same."), f"post of {same[0]}")

    monkeypatch.setattr(FakeAccount, "recognise", recognise, raising=False)
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append("kept")
    message_id = await world.reply(core, conversation_id, text="A word of its own")
    await world.delivered(message_id, "sent")
    assert await outcomes(world, message_id) == ["uncertain", "found"]
    assert len(world.service.sent) == 1


@pytest.mark.logs_error("unexpected failure")
async def test_a_bug_in_a_connector_counts_as_perhaps_sent(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append(KeyError("surprise"))
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    assert await outcomes(world, message_id) == ["uncertain", "absent", "sent"]


async def test_a_send_that_never_ends_is_given_up_and_looked_up(world: FakeWorld) -> None:
    core = world.core(pace=Pace(attempt=0.1, poll=0.02))
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append("hang")
    message_id = await world.reply(core, conversation_id)
    await world.delivered(message_id, "sent")
    assert await outcomes(world, message_id) == ["uncertain", "absent", "sent"]


async def test_a_refused_sign_in_keeps_the_message_and_shows_on_the_account(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append(AuthFailed(msg("Wrong password."), msg("Enter it again.")))
    message_id = await world.reply(core, conversation_id)

    async def shown(state: str) -> bool:
        (row,) = await world.rows(account_state)
        return bool(row.state == state)

    await until(lambda: shown("auth_failed"))
    await world.delivered(message_id, "sent")
    await until(lambda: shown("ok"))


async def test_what_the_channel_would_refuse_is_not_even_tried(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    large = bytes(1_000_001)
    async with world.db.write() as conn:
        await blobs.put_many(conn, {blobs.hash_of(large): large}, NOON)
    file = File(id=world.user_id, name="x", media_type="", size=1, blob=blobs.hash_of(large))
    message_id = await world.reply(core, conversation_id, files=(file,))
    failed = await world.delivered(message_id, "failed")
    assert failed.delivery_detail["words"] == "552 too large"
    assert world.service.attempts == []


async def test_stopping_lets_a_message_get_through_that_is_just_leaving(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    leaving, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_message: object) -> None:
        leaving.set()
        await go_on.wait()

    world.service.on_send = slowly
    message_id = await world.reply(core, conversation_id)
    await leaving.wait()
    stopping = asyncio.ensure_future(core.stop())
    await asyncio.sleep(0)
    go_on.set()
    await stopping
    assert (await world.delivered(message_id, "sent", "sending")).delivery == "sent"


async def test_stopping_parks_a_message_that_takes_too_long(world: FakeWorld) -> None:
    core = world.core()
    conversation_id = await conversation_of(world, core)
    world.service.send_script.append("hang")
    message_id = await world.reply(core, conversation_id)
    await until(lambda: world.service.attempts)
    await core.stop()
    assert (await world.delivered(message_id, "sending")).delivery == "sending"
    await world.started("one")
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1
    assert await outcomes(world, message_id) == ["uncertain", "absent", "sent"]


async def test_many_answers_go_out_in_the_order_in_which_they_were_written(world: FakeWorld) -> None:
    core = world.core(pace=QUICK_PACE)
    conversation_id = await conversation_of(world, core)
    ids = [await world.reply(core, conversation_id, text=f"answer {n}") for n in range(10)]
    for message_id in ids:
        await world.delivered(message_id, "sent")
    assert [letter.message_id for letter in world.service.sent] == ids
