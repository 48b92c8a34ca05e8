"""The thin thread: a message arrives, is answered, and the answer goes out."""

from __future__ import annotations

from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.store.tables import account_state


async def test_a_message_becomes_a_conversation_and_the_answer_goes_out(world: FakeWorld) -> None:
    world.service.put(raw_mail(id="m1@customer.example", text="Where is my order?", name="Alice"))
    core = await world.started()
    await world.settled(1)
    (conversation,) = await world.conversations()
    assert (conversation.number, conversation.status, conversation.unread) == (1, "open", True)
    assert conversation.preview == "Where is my order?"
    assert conversation.waiting_since == conversation.last_message_at

    message_id = await world.reply(core, conversation.id)
    sent = await world.delivered(message_id, "sent")
    (letter,) = world.service.sent
    assert letter.key == sent.external_id
    assert letter.in_reply_to == "m1@customer.example"
    assert letter.sender_name == "Maria"
    assert letter.subject == "Re: A question"
    (conversation,) = await world.conversations()
    assert conversation.waiting_since is None
    assert conversation.first_reply_at is not None

    world.service.put(raw_mail(refs=[letter.key], text="Thank you!"))
    await world.settled(2)
    (conversation,) = await world.conversations()
    assert (conversation.preview, conversation.unread) == ("Thank you!", True)
    last = (await world.messages())[-1]
    assert last.reason == {"rule": "token", "evidence": str(conversation.id)}

    async def fine() -> bool:
        (state,) = await world.rows(account_state)
        return bool(state.state == "ok" and state.complete_until)

    await until(fine)
