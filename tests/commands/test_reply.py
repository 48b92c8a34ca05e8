"""Answers: over nothing unseen, to nobody wrong."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, File, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import MOST_RECIPIENTS
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_user
from agentdesk.store.tables import conversation, outbox

ALICE = Party("email", "alice@customer.example", "Alice")


@pytest.fixture
async def talk(world: FakeWorld) -> Any:
    """The conversation of one message that has arrived, on a server that runs."""
    world.service.put(raw_mail(id="m1@x.example", subject="AW: Re: Order 17"))
    await world.started()
    await world.settled(1)
    return (await world.conversations())[0]


async def send(world: FakeWorld, talk: Any, actor: Actor | None = None, **fields: Any) -> Answer:
    fields = {"message_id": new_id(), "to": (ALICE,), "text": "Hello", **fields}
    return await world.do(world.cores[0], SendReply(conversation_id=talk.id, **fields), actor)


async def test_an_answer_over_a_newer_message_is_held(world: FakeWorld, talk: Any) -> None:
    (first,) = await world.messages()
    world.service.put(raw_mail(refs=["m1@x.example"], text="Forget it"))
    await world.settled(2)
    second = (await world.messages())[1]
    answer = await send(world, talk, seen_message_id=first.id)
    assert (answer.outcome, answer.code, answer.newer) == ("refused", "stale_reply", (second.id,))
    assert await world.rows(outbox, order=outbox.c.created_at) == []
    assert (await send(world, talk, seen_message_id=first.id, anyway=True)).outcome == "done"


async def test_an_answer_over_a_colleagues_is_held_and_over_ones_own_is_not(
    world: FakeWorld, talk: Any
) -> None:
    (first,) = await world.messages()
    assert (await send(world, talk, seen_message_id=first.id, text="One")).outcome == "done"
    assert (await send(world, talk, seen_message_id=first.id, text="Two")).outcome == "done"
    jonas_id = await add_user(world.db, "jonas@desk.example", "Jonas", Role.AGENT, "long enough")
    jonas = Actor(Author.USER, jonas_id, Role.AGENT, frozenset({world.inbox_id}))
    answer = await send(world, talk, jonas, seen_message_id=first.id)
    assert answer.code == "stale_reply"
    assert len(answer.newer) == 2


async def test_a_visitor_who_writes_on_holds_no_answer_up(world: FakeWorld, talk: Any) -> None:
    async with world.db.write() as conn:
        await conn.execute(update(conversation).values(channel="chat"))
    (first,) = await world.messages()
    world.service.put(raw_mail(refs=["m1@x.example"], text="And one more thing"))
    await world.settled(2)
    assert (await send(world, talk, seen_message_id=first.id)).outcome == "done"
    jonas_id = await add_user(world.db, "jonas@desk.example", "Jonas", Role.AGENT, "long enough")
    jonas = Actor(Author.USER, jonas_id, Role.AGENT, frozenset({world.inbox_id}))
    answer = await send(world, talk, jonas, seen_message_id=first.id)
    assert (answer.code, len(answer.newer)) == ("stale_reply", 1), "a colleague has answered"


async def test_automatic_mail_holds_no_answer_up(world: FakeWorld, talk: Any) -> None:
    (first,) = await world.messages()
    world.service.put(raw_mail(refs=["m1@x.example"], text="I am away", automatic="auto_reply"))
    await world.settled(2)
    assert (await send(world, talk, seen_message_id=first.id)).outcome == "done"


async def test_the_same_message_under_another_command_is_sent_once(world: FakeWorld, talk: Any) -> None:
    message_id = new_id()
    for _ in range(3):
        assert (await send(world, talk, message_id=message_id)).outcome == "done"
    await world.delivered(message_id, "sent")
    assert len(world.service.sent) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"to": ()},
        {"to": (Party("email", "Support+x@DESK.example"),)},
        {"to": (Party("email", " \r\n "),)},
        {"to": tuple(Party("email", f"p{n}@x.example") for n in range(MOST_RECIPIENTS + 1))},
        {"to": (Party("email", "x" * 400 + "@x.example"),)},
        {"text": "  \n "},
        {"text": "x" * 1_000_001},
        {"then_status": "snoozed"},
        {"files": (File(id=new_id(), name="x", media_type="", size=1, blob="0" * 64),)},
    ],
)
async def test_what_cannot_be_sent_is_refused_with_words(
    world: FakeWorld, talk: Any, fields: dict[str, Any]
) -> None:
    answer = await send(world, talk, **fields)
    assert (answer.outcome, answer.code) == ("refused", "invalid")
    assert answer.reason is not None
    assert len(await world.messages()) == 1


async def test_the_first_answer_settles_what_the_conversation_waits_for(world: FakeWorld, talk: Any) -> None:
    assert talk.waiting_since is not None
    await send(world, talk, text="A\n\nlong   answer")
    (row,) = await world.conversations()
    ours = (await world.messages())[-1]
    assert (row.waiting_since, row.unread, row.preview) == (None, False, "A long answer")
    assert (row.last_message_id, row.last_message_at) == (ours.id, ours.created_at)
    assert row.first_reply_at is not None
    assert ours.subject == "Re: Order 17"
    await send(world, talk, text="more")
    assert (await world.conversations())[0].first_reply_at == row.first_reply_at


async def test_names_and_addresses_cannot_carry_header_lines(world: FakeWorld, talk: Any) -> None:
    to = (Party("email", "alice@customer.example\r\nBcc: evil@x.example", "A\r\nBcc: e@x"),)
    message_id = new_id()
    await send(world, talk, to=to, message_id=message_id)
    await world.delivered(message_id, "sent")
    (party,) = world.service.sent[0].to
    assert party.name == "A Bcc: e@x"
    assert not set(party.value) & set("\r\n ")
