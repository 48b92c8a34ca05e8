"""What comes in by asking and by calls: gaps, one name for both, what was taken back, who wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from tests.connectors.instagram.support import (
    account,
    call,
    connected,
    meant,
    opened_again,
    polled,
    told,
    unconnected,
)

from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Unreachable
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.inbound import INCOMPLETE, What
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.instagram.connector import InstagramAccount
from agentdesk_connectors.instagram.permissions import COMMENTS, MESSAGES
from agentdesk_connectors.instagram.settings import read_settings

NOON = "2026-11-22T12:00:00+00:00"


async def test_a_poll_and_a_call_give_the_same_names_and_the_same_meaning() -> None:
    async with connected() as (sim, opened):
        world, ana = sim.world, sim.world.person("ana", "Ana Baker")
        kettle = world.work("The new kettle")
        comment = world.comment(kettle, ana, "Does it whistle?")
        world.comment(kettle, ana, "Hello?", comment)
        world.write(ana, "Or not?")
        called = {item.source_id: meant(item) for item in await told(sim, opened)}
        read = {item.source_id: meant(item) for item in (await polled(opened))[0]}
        assert set(called) == set(read)
        assert len(called) == 3
        for name, one in called.items():
            other = read[name]
            assert (one.text, one.external_id, one.content_hash) == (
                other.text,
                other.external_id,
                other.content_hash,
            )
            assert one.sender.value == other.sender.value
            assert one.post is not None
            assert other.post is not None
            assert (one.post.root, one.post.parent, one.post.below) == (
                other.post.root,
                other.post.parent,
                other.post.below,
            )


async def test_who_writes_and_what_a_comment_stands_below_is_looked_up_once() -> None:
    async with connected() as (sim, opened):
        ana, kettle = sim.world.person("ana", "Ana Baker"), sim.world.work("The new kettle")
        sim.world.write(ana, "Hello")
        sim.world.write(ana, "Are you there?")
        sim.world.comment(kettle, ana, "Hello!")
        first, second, comment = [meant(item) for item in await told(sim, opened)]
        assert (first.sender.name, first.profile.handle, first.profile.followers) == ("Ana Baker", "@ana", 42)
        assert second.sender == first.sender
        assert sum(1 for one in sim.seen if one.path.endswith(f"/{ana.id}")) == 1
        assert comment.sender.value == first.sender.value, "one person, whichever way they write"
        assert comment.post is not None
        assert comment.post.below is not None
        assert (comment.post.below.text, comment.post.below.author) == ("The new kettle", "larkfield.home")
        assert comment.post.below.picture.endswith(f"/media/{kettle.id}.jpg")


async def test_a_mention_is_looked_up_in_the_one_way_there_is() -> None:
    async with connected() as (sim, opened):
        ben = sim.world.person("ben")
        sim.world.mention(ben, "@larkfield.home made this")
        sim.world.mention(ben, "Breakfast with @larkfield.home", comment=False)
        below, within = [meant(item) for item in await told(sim, opened)]
        assert (below.text, below.sender.value) == ("@larkfield.home made this", "@ben")
        assert below.post is not None
        assert below.post.below is not None
        assert (below.post.below.text, below.post.below.ours) == ("What I bought", False)
        assert within.text == "Breakfast with @larkfield.home"


async def test_who_may_not_be_looked_up_is_nobody_and_an_outage_is_told() -> None:
    async with connected() as (sim, opened):
        sim.world.write(sim.world.person("ana"), "Hello")
        sim.permissions.discard(MESSAGES)
        (item,) = opened.hear(sim.hooks.calls[0]).items
        with pytest.raises(AuthFailed):
            await opened.complete(item.raw, item.facts)
        sim.permissions.add(MESSAGES)
        sim.world.talks.clear()
        facts = await opened.complete(item.raw, item.facts)
        assert (facts["who"], INCOMPLETE in facts) == ({}, False)
        sim.fail(Fault.BROKEN)
        sim.world.write(sim.world.person("ben"), "Hello")
        (item,) = opened.hear(sim.hooks.calls[1]).items
        with pytest.raises(Unreachable):
            await opened.complete(item.raw, item.facts)


async def test_an_account_that_was_away_for_a_day_reads_what_it_missed() -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        async with connected() as (sim, opened):
            ana, kettle = sim.world.person("ana"), sim.world.work("The new kettle")
            first = sim.world.comment(kettle, ana, "Before")
            _, cursor = await polled(opened)
            traveller.shift(86_400)
            sim.world.comment(kettle, ana, "Answer to an old one", first)
            sim.world.write(ana, "Message")
            items, cursor = await polled(opened, cursor)
            assert [meant(one).text for one in items] == ["Answer to an old one", "Message"]
            assert (await polled(opened, cursor))[0] == []
            async with opened_again(sim) as later:
                assert (await polled(later, cursor))[0] == []


async def test_what_was_there_before_counts_only_where_the_history_says_so() -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        async with connected(history="now") as (sim, opened):
            ana, kettle = sim.world.person("ana"), sim.world.work("The new kettle")
            sim.world.comment(kettle, ana, "Long ago")
            traveller.shift(60)
            items, cursor = await polled(opened)
            assert items == []
            sim.world.comment(kettle, ana, "Now")
            assert [meant(one).text for one in (await polled(opened, cursor))[0]] == ["Now"]
            async with opened_again(sim, history="days:1") as other:
                assert len((await polled(other))[0]) == 2


async def test_only_works_with_something_new_below_are_read_again() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        works = [sim.world.work(f"No {number}") for number in range(15)]
        _, cursor = await polled(opened)
        before = len(sim.seen)
        sim.world.comment(works[0], ana, "On the oldest one")
        items, _ = await polled(opened, cursor)
        assert [meant(one).text for one in items] == ["On the oldest one"]
        assert sum(1 for one in sim.seen[before:] if one.path.endswith("/comments")) == 11


async def test_many_comments_are_read_over_several_pages() -> None:
    async with connected() as (sim, opened):
        kettle = sim.world.work("The new kettle")
        for number in range(120):
            sim.world.comment(kettle, sim.world.person("ana"), f"No {number}")
        items, _ = await polled(opened)
        assert [meant(one).text for one in items] == [f"No {number}" for number in range(120)]


async def test_a_comment_that_was_taken_back_is_found_by_asking() -> None:
    async with connected() as (sim, opened):
        ana, kettle = sim.world.person("ana"), sim.world.work("The new kettle")
        kept, gone = (sim.world.comment(kettle, ana, text) for text in ("Stays", "Goes"))
        _, cursor = await polled(opened)
        sim.world.take_back(gone)
        items, cursor = await polled(opened, cursor)
        (inbound,) = map(meant, items)
        assert inbound.happening is not None
        assert (inbound.happening.what, inbound.references) == (What.DELETED, (f"comment/{gone.id}",))
        assert (await polled(opened, cursor))[0] == []
        sim.world.take_back(kept)
        sim.fail(Fault.BROKEN, path=f"/v25.0/{kept.id}")
        with pytest.raises(Unreachable):
            await polled(opened, cursor)
        sim.heal()
        items, _ = await polled(opened, cursor)
        assert [one.source_id for one in items] == [f"comment/{kept.id}/deleted"]


async def test_a_message_that_was_taken_back_is_gone_whether_told_or_not() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        message, silent = sim.world.write(ana, "My PIN is 1234"), sim.world.write(ana, "And 5678")
        _, cursor = await polled(opened)
        await told(sim, opened)
        sim.world.unsend(message)
        sim.hooks.silent = True
        sim.world.unsend(silent)
        (item,) = await told(sim, opened)
        items, _ = await polled(opened, cursor)
        assert item.source_id == f"message/{message.id}/deleted"
        assert {one.source_id for one in items} == {
            f"message/{message.id}/deleted",
            f"message/{silent.id}/deleted",
        }


async def test_an_old_message_of_a_long_talk_is_not_taken_for_taken_back() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        sim.world.write(ana, "The first")
        _, cursor = await polled(opened)
        for number in range(25):
            sim.world.write(ana, f"No {number}")
        items, _ = await polled(opened, cursor)
        assert not any(one.source_id.endswith("/deleted") for one in items)
        assert len(items) == 20, "older ones cannot be read"


async def test_a_changed_message_is_told_as_another_revision() -> None:
    async with connected() as (sim, opened):
        message = sim.world.write(sim.world.person("ana"), "Order 4417")
        sim.world.edit(message, "Order 4471")
        first, second = await told(sim, opened)
        assert (first.source_id, second.source_id) == (
            f"message/{message.id}",
            f"message/{message.id}/edit/1",
        )
        changed = meant(second)
        assert (changed.text, changed.external_id) == ("Order 4471", meant(first).external_id)
        assert changed.post is not None
        assert changed.post.edited_at is not None


async def test_a_comment_that_makes_no_sense_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (sim, opened):
        kettle = sim.world.work("The new kettle")
        first, *_ = (sim.world.comment(kettle, sim.world.person("ana"), f"No {n}") for n in range(3))
        whole = sim.api._comment
        monkeypatch.setattr(
            sim.api,
            "_comment",
            lambda one: whole(one) | ({"id": {}, "from": 5} if one is first else {}),
        )
        items, _ = await polled(opened)
        kinds = sorted(one.source_id.partition("/")[0] for one in items)
        assert kinds == ["comment", "comment", "unreadable"]
        with pytest.raises(Invalid):
            meant(next(one for one in items if one.source_id.startswith("unreadable/")))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TOO_MANY, RateLimited),
        (Fault.BROKEN, Unreachable),
        (Fault.LOST_CALL, Unreachable),
        (Fault.TRUNCATED, Unreachable),
        (Fault.DEAD_TOKEN, AuthFailed),
        (Fault.NO_SCOPE, AuthFailed),
    ],
)
@pytest.mark.parametrize("part", ["media", "conversations"])
async def test_a_poll_that_fails_in_the_middle_is_read_again(
    fault: Fault, error: type[Exception], part: str
) -> None:
    async with connected() as (sim, opened):
        ana, kettle = sim.world.person("ana"), sim.world.work("The new kettle")
        sim.world.comment(kettle, ana, "Hello")
        sim.world.write(ana, "Hello")
        sim.fail(fault, path=f"/v25.0/me/{part}")
        with pytest.raises(error):
            await polled(opened)
    async with sim.served(), opened_again(sim) as opened:
        sim.heal()
        assert len((await polled(opened))[0]) == 2


async def test_an_allowance_that_is_nearly_used_up_is_kept() -> None:
    async with connected() as (sim, opened):
        sim.world.comment(sim.world.work("The new kettle"), sim.world.person("ana"), "Hello")
        sim.calls_allowed = 4
        with pytest.raises(RateLimited):
            await _polled(opened, 10)
        assert len(sim.seen) <= 6
        assert any(quota.remaining == 0 for quota in opened.signs().quotas)


async def test_a_lost_permission_stops_the_reading_and_says_which() -> None:
    async with connected() as (sim, opened):
        sim.world.work("The new kettle")
        sim.permissions.discard(COMMENTS)
        with pytest.raises(AuthFailed) as failed:
            await polled(opened)
        assert failed.value.hint is not None
        abilities = await opened.abilities()
        assert opened.signs().missing == (COMMENTS,)
        refused = {one.visibility: one.refused is not None for one in abilities.answers}
        assert refused == {"public": True, "private": False}
        assert abilities.acts == ()


async def _polled(opened: InstagramAccount, times: int) -> None:
    for _ in range(times):
        await polled(opened)


# --- calls ---


async def test_a_call_that_instagram_did_not_sign_is_refused() -> None:
    opened = unconnected()
    good = call(b'{"object":"instagram","entry":[]}')
    assert opened.hear(good).items == ()
    for bad in (
        call(good.body, secret="another app's"),
        HookCall("POST", {}, {}, good.body),
        HookCall("POST", {}, good.headers, good.body + b" "),
    ):
        with pytest.raises(Rejected):
            opened.hear(bad)


async def test_the_question_whether_the_address_is_ours_is_answered_as_plain_text() -> None:
    opened = unconnected()
    question = {"hub.mode": "subscribe", "hub.verify_token": "words", "hub.challenge": "1158201444"}
    answer = opened.hear(HookCall("GET", question))
    assert (answer.body, answer.media_type) == ("1158201444", "text/plain")
    for wrong in ({"hub.verify_token": "other"}, {"hub.challenge": "<script>"}, {"hub.mode": "x"}):
        with pytest.raises(Rejected):
            opened.hear(HookCall("GET", {**question, **wrong}))


async def test_what_is_told_of_another_account_or_thing_is_not_ours() -> None:
    opened = unconnected()
    change = {"field": "comments", "value": {"id": "1", "from": {"id": "2"}, "text": "Hi"}}
    entry: dict[str, Any] = {"id": "999", "time": 1, "changes": [change]}
    for body in ({"object": "instagram", "entry": [entry]}, {"object": "page", "entry": [entry]}):
        assert opened.hear(call(json.dumps(body).encode())).items == ()


# --- the token of somebody else ---


async def test_a_token_of_another_account_is_told() -> None:
    async with connected() as (sim, _):
        stranger = account(sim, account="17841400000000002")
        with pytest.raises(AuthFailed, match=r"for larkfield\.home"):
            await stranger.poll(None)
        await stranger.close()


@pytest.mark.parametrize(
    "given",
    [
        {"account": "larkfield", "app": "1"},
        {"account": "1", "app": "x"},
        {"account": "1", "app": "1", "server": "http://graph.instagram.com"},
        {"account": "1", "app": "1", "public_address": "https://desk.example.com/path"},
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read_settings(given)
