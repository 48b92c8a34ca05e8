"""What goes out: in public, in private, within which time; and what is known after an answer was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from tests.connectors.instagram.support import answer, connected, opened_again, told

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain, Unreachable
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Found, OutboundAttachment
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.instagram.permissions import COMMENTS
from agentdesk_connectors.instagram.simulator import InstagramSimulator
from agentdesk_connectors.instagram.simulator_world import Comment, Message
from agentdesk_connectors.meta.errors import AlreadyAnswered, WindowClosed

NOON = "2026-11-22T12:00:00+00:00"


def _said(sim: InstagramSimulator, text: str = "Hello") -> Comment:
    world = sim.world
    return world.comment(world.work("The new kettle"), world.person("ana"), text)


def _written(sim: InstagramSimulator, text: str = "Hello") -> Message:
    return sim.world.write(sim.world.person("ana"), text)


# --- where it goes ---


async def test_a_public_answer_stands_below_the_first_comment_of_the_thread() -> None:
    async with connected() as (sim, opened):
        ana, comment = sim.world.person("ana"), _said(sim)
        later = sim.world.comment(comment.work, ana, "And?", comment)
        message = answer(later, ana, "It does.", root=f"comment/{comment.id}")
        receipt = await opened.send(message)
        (posted,) = sim.world.standing()
        assert isinstance(posted, Comment)
        assert (posted.parent, posted.text) == (comment, "It does.")
        assert receipt.external_id == f"comment/{posted.id}"


async def test_a_comment_is_answered_in_private_once_and_then_they_talk() -> None:
    async with connected() as (sim, opened):
        ana, comment = sim.world.person("ana"), _said(sim)
        receipt = await opened.send(answer(comment, ana, "Tell us more.", visibility=Visibility.PRIVATE))
        (posted,) = sim.world.standing()
        assert isinstance(posted, Message)
        assert receipt.external_id == f"message/{posted.id}"
        with pytest.raises(AlreadyAnswered):
            await opened.send(answer(comment, ana, "Hello?", visibility=Visibility.PRIVATE))
        with pytest.raises(WindowClosed):
            await opened.send(answer(posted, ana, "They have not written yet"))
        written = sim.world.write(ana, "My number is 4417")
        await opened.send(answer(written, ana, "Thank you."))
        assert [one.text for one in sim.world.standing()] == ["Tell us more.", "Thank you."]


async def test_our_own_messages_come_back_under_the_names_they_were_sent_with() -> None:
    async with connected() as (sim, opened):
        written = _written(sim)
        await told(sim, opened)
        receipt = await opened.send(answer(written, sim.world.person("ana")))
        (echo,) = await told(sim, opened)
        assert echo.source_id == receipt.external_id


async def test_a_mention_is_answered_below_it() -> None:
    async with connected() as (sim, opened):
        work, comment = sim.world.mention(sim.world.person("ben"), "@larkfield.home hi")
        assert comment is not None
        message = answer(comment, None, "Hi!", in_reply_to=f"mention/{work.id}/{comment.id}")
        opened.check_outbound(message)
        await opened.send(message)
        (posted,) = sim.world.standing()
        assert isinstance(posted, Comment)
        assert (posted.parent, posted.text) == (comment, "Hi!")
        found = await opened.recognise(message, message.created_at)
        assert found.found is Found.UNKNOWN, "comments elsewhere cannot be looked through"


@pytest.mark.parametrize("human_agent", [False, True])
async def test_a_person_may_answer_for_seven_days_where_meta_has_allowed_it(human_agent: bool) -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        async with connected(human_agent=str(human_agent)) as (sim, opened):
            sim.human_agent = human_agent
            ana, written = sim.world.person("ana"), _written(sim)
            traveller.shift(3 * 86_400)
            late = answer(written, ana, "Sorry for the wait")
            if human_agent:
                await opened.send(late)
                assert len(sim.world.standing()) == 1
                with pytest.raises(WindowClosed):
                    await opened.send(answer(written, ana, "By a rule", automatic=True))
                traveller.shift(5 * 86_400)
            with pytest.raises(WindowClosed) as closed:
                await opened.send(answer(written, ana, "Too late"))
            assert closed.value.hint is not None
            assert not any(one.text == "Too late" for one in sim.world.standing())


async def test_a_comment_of_last_week_is_not_answered_in_private() -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        async with connected() as (sim, opened):
            comment = _said(sim)
            traveller.shift(8 * 86_400)
            with pytest.raises(Rejected, match="in private"):
                await opened.send(answer(comment, sim.world.person("ana"), visibility=Visibility.PRIVATE))
            await opened.send(answer(comment, sim.world.person("ana")))


async def test_a_hidden_comment_and_one_on_a_live_video_are_not_answered_in_public() -> None:
    async with connected() as (sim, opened):
        ana, hidden = sim.world.person("ana"), _said(sim)
        await opened.hide(f"comment/{hidden.id}", True)
        live = sim.world.comment(sim.world.work("Live", live=True), ana, "Hello from Leeds")
        for comment in (hidden, live):
            with pytest.raises(Rejected) as rejected:
                await opened.send(answer(comment, ana))
            assert rejected.value.answer
        await opened.send(answer(live, ana, visibility=Visibility.PRIVATE))
        assert len(sim.world.standing()) == 1


async def test_comments_are_hidden_and_our_own_taken_away_but_messages_are_not() -> None:
    async with connected() as (sim, opened):
        comment = _said(sim)
        await opened.hide(f"comment/{comment.id}", True)
        assert comment.hidden
        await opened.hide(f"comment/{comment.id}", False)
        assert not comment.hidden
        receipt = await opened.send(answer(comment, sim.world.person("ana")))
        for _ in range(2):
            await opened.delete(receipt.external_id)
        assert sim.world.standing() == []
        with pytest.raises(Rejected, match="take messages back"):
            await opened.delete("message/aWdf")
        with pytest.raises(Rejected, match="not a comment"):
            await opened.hide("mention/1/2", True)


# --- what is refused before ---


async def test_what_instagram_would_refuse_is_refused_before() -> None:
    async with connected() as (sim, opened):
        ana, comment, written = sim.world.person("ana"), _said(sim), _written(sim)
        picture = OutboundAttachment("a.png", "image/png", b"\x89PNG")
        refused = {
            "no files": answer(written, ana, attachments=(picture,)),
            "no text": answer(written, ana, " "),
            "too long: 1002 of 1000": answer(written, ana, "é" * 501),
            "too long: 2201 of 2200": answer(comment, ana, "x" * 2_201),
            "in this way": answer(comment, ana, visibility=Visibility.LIMITED),
            "Only comments": answer(written, ana, visibility=Visibility.PUBLIC),
            "goes to somebody": answer(written, None),
        }
        for words, message in refused.items():
            with pytest.raises(Rejected, match=words):
                opened.check_outbound(message)
        by_name = answer(written, None, to=(Party("instagram", "@ben"),))
        with pytest.raises(Rejected, match="goes to somebody"):
            opened.check_outbound(by_name)
        await opened.send(answer(written, ana, "é" * 500))
        assert len(sim.world.standing()) == 1


async def test_nothing_leaves_where_the_account_is_not_ours_any_more() -> None:
    async with connected() as (sim, opened):

        def lost() -> None:
            raise Unreachable(msg("Another server has it."))

        opened._sender._must_be_ours = lost
        with pytest.raises(Unreachable):
            await opened.send(answer(_said(sim), sim.world.person("ana")))
        assert sim.world.standing() == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.TOO_MANY, RateLimited), (Fault.DEAD_TOKEN, AuthFailed), (Fault.NO_SCOPE, Rejected)],
)
async def test_a_refused_sending_is_one_of_the_contracts_errors(fault: Fault, error: type[Exception]) -> None:
    async with connected() as (sim, opened):
        written = _written(sim)
        sim.fail(fault, method="POST")
        with pytest.raises(error):
            await opened.send(answer(written, sim.world.person("ana")))
        assert sim.world.standing() == []


async def test_one_thing_that_is_not_allowed_is_told_from_a_lost_permission() -> None:
    async with connected() as (sim, opened):
        ana, comment = sim.world.person("ana"), _said(sim)
        sim.fail(Fault.NO_SCOPE, method="POST")
        for doing in (opened.send(answer(comment, ana)), opened.hide(f"comment/{comment.id}", True)):
            with pytest.raises(Rejected):
                await doing
        sim.heal()
        sim.permissions.discard(COMMENTS)
        with pytest.raises(AuthFailed) as failed:
            await opened.send(answer(comment, ana))
        assert failed.value.hint is not None
        assert opened.signs().missing == (COMMENTS,)


# --- after a lost answer ---


@pytest.mark.parametrize("make", [_said, _written])
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.TRUNCATED, Fault.LOST_CALL, Fault.BROKEN])
async def test_a_lost_answer_is_looked_up_also_after_a_restart(
    make: Callable[[InstagramSimulator], Comment | Message], fault: Fault
) -> None:
    async with connected() as (sim, opened):
        message = answer(make(sim), sim.world.person("ana"), "It leaves  today.")
        sim.fail(fault, 1, "POST")
        with pytest.raises(Uncertain):
            await opened.send(message)
        stands = [one.id for one in sim.world.standing()]
        async with opened_again(sim) as later:
            found = await later.recognise(message, message.created_at - timedelta(minutes=10))
        assert found.found is (Found.SENT if stands else Found.ABSENT)
        assert found.external_id.rpartition("/")[2] == (stands[0] if stands else "")
        known = await opened.reconcile(message.key, message.created_at)
        assert known.found is found.found


async def test_a_private_answer_to_a_comment_is_found_in_the_talk() -> None:
    async with connected() as (sim, opened):
        comment = _said(sim)
        message = answer(comment, sim.world.person("ana"), "Tell us more.", visibility=Visibility.PRIVATE)
        sim.fail(Fault.LOST_ANSWER, 1, "POST")
        with pytest.raises(Uncertain):
            await opened.send(message)
        found = await opened.recognise(message, message.created_at)
        assert (found.found, found.external_id) == (Found.SENT, f"message/{sim.world.standing()[0].id}")
        by_name = replace(message, to=(Party("instagram", "@ana"),))
        assert (await opened.recognise(by_name, message.created_at)).found is Found.UNKNOWN


async def test_the_same_words_said_long_before_are_not_taken_for_it() -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        async with connected() as (sim, opened):
            ana, written = sim.world.person("ana"), _written(sim)
            await opened.send(answer(written, ana, "Thank you."))
            traveller.shift(3_600)
            again = answer(written, ana, "Thank you.")
            async with opened_again(sim) as later:
                assert (await later.recognise(again, clock.seconds_from_now(-600))).found is Found.ABSENT


async def test_two_equal_answers_are_two() -> None:
    async with connected() as (sim, opened):
        ana, comment = sim.world.person("ana"), _said(sim)
        first, second = answer(comment, ana, "Thank you."), answer(comment, ana, "Thank you.")
        await opened.send(first)
        sim.fail(Fault.LOST_CALL, 1, "POST")
        with pytest.raises(Uncertain):
            await opened.send(second)
        assert (await opened.recognise(second, second.created_at)).found is Found.ABSENT


async def test_where_much_was_written_since_nobody_knows() -> None:
    async with connected() as (sim, opened):
        ana, written = sim.world.person("ana"), _written(sim)
        message = answer(written, ana, "Somewhere above")
        for number in range(25):
            sim.world.write(ana, f"No {number}")
        async with opened_again(sim) as later:
            found = await later.recognise(message, message.created_at - timedelta(minutes=10))
        assert found.found is Found.UNKNOWN
        assert (await opened.reconcile("unknown", clock.seconds_from_now(-600))).found is Found.UNKNOWN


async def test_an_answer_to_what_is_gone_is_gone_with_it() -> None:
    async with connected() as (sim, opened):
        comment = _said(sim)
        message = answer(comment, sim.world.person("ana"))
        sim.world.take_back(comment)
        assert (await opened.recognise(message, message.created_at)).found is Found.ABSENT
        with pytest.raises(Rejected, match="has been deleted"):
            await opened.send(message)
