"""What goes out, once: to whom, under which terms, and what is known when no answer came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.facebook.support import answer, connected, opened_again

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed, Rejected, Uncertain
from agentdesk.sdk.outbound import Found, OutboundAttachment
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.facebook.simulator import FacebookSimulator
from agentdesk_connectors.facebook.simulator_world import Comment
from agentdesk_connectors.meta.errors import AlreadyAnswered, NotAvailable, WindowClosed

_FILE = OutboundAttachment("bill.pdf", "application/pdf", b"%PDF-1.4", alt="The bill")


def _comment(sim: FacebookSimulator, days: float = 0) -> Comment:
    work = sim.world.post(sim.world.page, "Our new kettle")
    at = clock.now() - timedelta(days=days)
    return sim.world.comment(sim.world.person("Ana"), "In blue?", work, at=at)


async def test_a_comment_is_answered_below_it() -> None:
    async with connected() as (sim, opened):
        comment = _comment(sim)
        receipt = await opened.send(answer(comment, "From May on."))
        own = sim.world.comments[-1]
        assert (own.id, own.text, own.parent) == (receipt.external_id, "From May on.", comment)


async def test_a_comment_is_answered_in_private_once() -> None:
    async with connected() as (sim, opened):
        comment = _comment(sim)
        message = answer(comment, "Your number, please?", visibility=Visibility.PRIVATE)
        receipt = await opened.send(message)
        (own,) = sim.world.messages
        assert (own.id, own.person, own.metadata) == (receipt.external_id, comment.author, message.key)
        assert len(sim.world.comments) == 1, "nothing is public"
        with pytest.raises(AlreadyAnswered):
            await opened.send(answer(comment, "Hello?", visibility=Visibility.PRIVATE))


async def test_a_post_of_a_visitor_is_answered_in_private() -> None:
    async with connected() as (sim, opened):
        post = sim.world.post(sim.world.person("Ana"), "My order never came")
        await opened.send(answer(post, visibility=Visibility.PRIVATE))
        assert sim.world.messages[0].person is post.author


async def test_after_a_week_a_comment_is_not_answered_in_private() -> None:
    async with connected() as (sim, opened):
        with pytest.raises(WindowClosed):
            await opened.send(answer(_comment(sim, days=8), visibility=Visibility.PRIVATE))


@pytest.mark.parametrize(("hours", "tag"), [(1, ""), (25, "HUMAN_AGENT")])
async def test_a_message_goes_out_under_the_terms_of_its_time(hours: int, tag: str) -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello", at=clock.now() - timedelta(hours=hours))
        await opened.send(answer(written))
        assert (sim.world.messages[-1].own, sim.world.messages[-1].tag) == (True, tag)


async def test_the_last_message_counts_not_the_one_that_is_answered() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("Ana")
        old = sim.world.message(ana, "Hello", at=clock.now() - timedelta(days=30))
        sim.world.message(ana, "Anybody?")
        await opened.send(answer(old))
        assert sim.world.messages[-1].tag == ""


@pytest.mark.parametrize(("hours", "changes"), [(8 * 24, {}), (25, {"human_agent": "false"})])
async def test_a_message_that_comes_too_late_is_not_sent(hours: int, changes: dict[str, str]) -> None:
    async with connected(**changes) as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello", at=clock.now() - timedelta(hours=hours))
        with pytest.raises(WindowClosed) as closed:
            await opened.send(answer(written))
        assert closed.value.hint is not None
        assert not any(one.path.endswith("/messages") for one in sim.seen if one.method == "POST")


async def test_nothing_automatic_goes_out_after_a_day() -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello", at=clock.now() - timedelta(hours=25))
        with pytest.raises(Rejected):
            await opened.send(answer(written, automatic=True))
        assert len(sim.world.messages) == 1


async def test_an_app_without_the_feature_is_told_what_to_do() -> None:
    async with connected() as (sim, opened):
        sim.human_agent = False
        written = sim.world.message(sim.world.person("Ana"), "Hello", at=clock.now() - timedelta(hours=25))
        with pytest.raises(WindowClosed) as closed:
            await opened.send(answer(written))
        assert "Human Agent" in str(closed.value.message)


async def test_who_wants_no_messages_gets_none() -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello")
        written.person.blocked = True
        with pytest.raises(NotAvailable):
            await opened.send(answer(written))


async def test_files_go_before_the_text() -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello")
        receipt = await opened.send(answer(written, "Here it is.", attachments=(_FILE,)))
        _, file, text = sim.world.messages
        assert file.file is not None
        assert (file.file.kind, text.text, text.id) == ("application/pdf", "Here it is.", receipt.external_id)


async def test_where_a_part_was_sent_a_person_decides() -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello")
        message = answer(written, "x" * 1_990, attachments=(_FILE,))
        sim.longest_message = 100
        with pytest.raises(Uncertain):
            await opened.send(message)
        assert (await opened.recognise(message, message.created_at)).found is Found.UNKNOWN


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.TRUNCATED])
@pytest.mark.parametrize("private", [False, True])
async def test_after_a_restart_a_message_is_known_by_what_it_says(fault: Fault, private: bool) -> None:
    async with connected() as (sim, opened):
        to = sim.world.message(sim.world.person("Ana"), "Hello") if private else _comment(sim)
        message = answer(to, "It leaves\ntoday.")
        sim.fail(fault, times=1, method="POST")
        with pytest.raises(Uncertain):
            await opened.send(message)
        async with opened_again(sim) as later:
            found = await later.recognise(message, message.created_at)
            own = sim.world.messages[-1] if private else sim.world.comments[-1]
            assert (found.found, found.external_id) == (Found.SENT, own.id)
            other = replace(message, text="Something else.")
            assert (await later.recognise(other, message.created_at)).found is Found.ABSENT
            assert (await later.reconcile(message.key, message.created_at)).found is Found.UNKNOWN


async def test_what_was_lost_on_the_way_is_known_to_be_absent() -> None:
    async with connected() as (sim, opened):
        message = answer(_comment(sim))
        sim.fail(Fault.LOST_CALL, times=1, method="POST")
        with pytest.raises(Uncertain):
            await opened.send(message)
        assert (await opened.recognise(message, message.created_at)).found is Found.ABSENT
        assert (await opened.reconcile(message.key, message.created_at)).found is Found.ABSENT


async def test_two_messages_that_say_the_same_are_not_taken_for_one() -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello")
        first, second = answer(written, "Yes"), answer(written, "Yes")
        await opened.send(first)
        sim.fail(Fault.LOST_CALL, times=1, method="POST")
        with pytest.raises(Uncertain):
            await opened.send(second)
        assert (await opened.recognise(second, first.created_at)).found is Found.ABSENT


async def test_a_picture_in_a_comment_has_its_description() -> None:
    async with connected() as (sim, opened):
        picture = OutboundAttachment("kettle.png", "image/png", b"\x89PNG", alt="A blue kettle")
        await opened.send(answer(_comment(sim), attachments=(picture,)))
        file = sim.world.comments[-1].file
        assert file is not None
        assert file.alt == "A blue kettle"


@pytest.mark.parametrize(
    "changes",
    [
        {"text": " "},
        {"text": "x" * 8_001},
        {"text": "x" * 2_001, "visibility": Visibility.PRIVATE},
        {"visibility": Visibility.LIMITED},
        {"to": (), "visibility": Visibility.PRIVATE},
        {"in_reply_to": ""},
        {"attachments": (_FILE,)},
        {"attachments": (_FILE,) * 6, "visibility": Visibility.PRIVATE},
        {"attachments": (_FILE,), "visibility": Visibility.PRIVATE},
    ],
)
async def test_what_would_be_refused_is_not_tried(changes: dict[str, Any]) -> None:
    async with connected() as (sim, opened):
        message = answer(_comment(sim))
        message = replace(message, **changes)
        sim.seen.clear()
        with pytest.raises(Rejected):
            await opened.send(message)
        assert sim.seen == []


async def test_private_messages_are_left_as_they_are() -> None:
    async with connected() as (sim, opened):
        mid = sim.world.message(sim.world.person("Ana"), "Hello").id
        with pytest.raises(Rejected):
            await opened.edit(mid, "Else")
        with pytest.raises(Rejected):
            await opened.delete(mid)
        with pytest.raises(Rejected):
            await opened.like(mid, True)


async def test_one_thing_that_is_not_allowed_is_told_from_a_lost_permission() -> None:
    async with connected() as (sim, opened):
        comment = _comment(sim)
        sim.fail(Fault.NO_SCOPE, method="POST")
        with pytest.raises(Rejected):
            await opened.send(answer(comment))
        with pytest.raises(Rejected):
            await opened.like(comment.id, True)
        sim.heal()
        sim.permissions.discard("pages_manage_engagement")
        with pytest.raises(AuthFailed) as failed:
            await opened.send(answer(comment))
        assert failed.value.hint is not None


async def test_a_dead_token_is_not_taken_for_a_closed_window() -> None:
    async with connected() as (sim, opened):
        written = sim.world.message(sim.world.person("Ana"), "Hello", at=clock.now() - timedelta(hours=25))
        sim.fail(Fault.DEAD_TOKEN, method="POST")
        with pytest.raises(AuthFailed):
            await opened.send(answer(written))
