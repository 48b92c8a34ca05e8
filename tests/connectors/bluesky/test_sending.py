"""What goes out: once, below what it answers, within the limits, and what is done with posts besides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.connectors.bluesky.support import (
    ANA,
    answer,
    connected,
    incoming,
    mention,
    opened_again,
    private,
)

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain, Unreachable
from agentdesk.sdk.outbound import Found, OutboundAttachment
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.bluesky.naming import read_uri, tid_for, tid_from
from agentdesk_connectors.bluesky.simulator import BlueskySimulator
from agentdesk_connectors.bluesky.simulator_world import Message, Post

_PUT = "/xrpc/com.atproto.repo.putRecord"
_SEND = "/xrpc/chat.bsky.convo.sendMessage"
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def _ours(sim: BlueskySimulator) -> list[Post]:
    return [one for one in sim.world.posts.values() if one.author is sim.world.owner]


def _said(sim: BlueskySimulator) -> list[Message]:
    talks = sim.world.convos.values()
    return [one for talk in talks for one in talk.messages if one.author is sim.world.owner]


# --- posts ---


async def test_an_answer_stands_below_the_post_and_in_its_thread() -> None:
    async with connected() as (sim, opened):
        first = sim.world.post(sim.world.person(ANA), "Anybody?")
        second = mention(sim, "You?", reply_to=first)
        (inbound,) = await incoming(opened)
        receipt = await opened.send(answer(inbound))
        (posted,) = _ours(sim)
        assert receipt.external_id == posted.uri
        assert (posted.root, posted.parent) == (first.uri, second.uri)
        assert posted.record["reply"]["parent"]["cid"] == second.cid


async def test_a_repeat_stands_once_and_is_known_by_its_key() -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        message = answer(inbound)
        first = await opened.send(message)
        async with opened_again(sim) as again:
            assert await again.send(message) == first
            reworded = replace(message, created_at=clock.now() + timedelta(seconds=5))
            assert await again.send(reworded) == first, "the same text under the same key is the same post"
            with pytest.raises(Rejected):
                await again.send(replace(message, text="Something else"))
        assert [one.text for one in _ours(sim)] == ["Good day"]


async def test_names_links_and_tags_are_marked_by_bytes() -> None:
    async with connected() as (sim, opened):
        bob = sim.world.person("bob.example")
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        text = "Grüße 👋 @bob.example and @nobody.example: https://shop.example/ä?x=1. #Tee #42"
        await opened.send(answer(inbound, text))
        raw = text.encode()
        facets = [
            (raw[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(), one["features"][0])
            for one in _ours(sim)[0].record["facets"]
        ]
        assert [said for said, _ in facets] == ["@bob.example", "https://shop.example/ä?x=1", "#Tee"]
        assert facets[0][1]["did"] == bob.did
        assert facets[1][1]["uri"] == "https://shop.example/ä?x=1"
        assert facets[2][1]["tag"] == "Tee"


async def test_pictures_go_with_their_descriptions_and_labels_are_repeated() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "look")
        post.labels = ["nudity", "spam"]
        (inbound,) = await incoming(opened)
        assert inbound.post is not None
        assert inbound.post.warning == "nudity, spam"
        files = tuple(
            OutboundAttachment(f"{n}.png", "image/png", _PNG + bytes(n), alt=f"No {n}") for n in range(4)
        )
        await opened.send(answer(inbound, attachments=files, warning=inbound.post.warning))
        record = _ours(sim)[0].record
        assert [one["alt"] for one in record["embed"]["images"]] == ["No 0", "No 1", "No 2", "No 3"]
        assert record["labels"]["values"] == [{"val": "nudity"}], "what authors may not say is left out"


async def test_what_the_network_would_refuse_is_refused_before() -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        picture = OutboundAttachment("a.png", "image/png", _PNG)
        opened.check_outbound(answer(inbound, "👨‍👩‍👧" * 100))
        for bad in (
            answer(inbound, "x" * 301),
            answer(inbound, "👨‍👩‍👧" * 300),
            answer(inbound, " "),
            answer(inbound, attachments=(picture,) * 5),
            answer(inbound, attachments=(replace(picture, media_type="video/mp4"),)),
            answer(inbound, attachments=(replace(picture, content=bytes(1_000_001)),)),
            answer(inbound, attachments=(replace(picture, alt="x" * 2_001),)),
            answer(inbound, visibility=Visibility.LIMITED),
            private(sim.world.person(ANA).did, "x" * 1_001),
            private(sim.world.person(ANA).did, attachments=(picture,)),
            replace(private(sim.world.person(ANA).did), to=()),
        ):
            with pytest.raises(Rejected):
                opened.check_outbound(bad)
        opened.check_outbound(private(sim.world.person(ANA).did, "ä" * 1_000))


async def test_a_closed_thread_and_a_deleted_post_are_not_answered() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "hello")
        (inbound,) = await incoming(opened)
        post.closed = True
        with pytest.raises(Rejected) as rejected:
            await opened.send(answer(inbound))
        assert "limited" in str(rejected.value.message)
        sim.world.delete(post)
        with pytest.raises(Rejected) as rejected:
            await opened.send(answer(inbound))
        assert "deleted" in str(rejected.value.message)
        assert _ours(sim) == []


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.TRUNCATED])
async def test_a_lost_answer_is_looked_up_by_the_key_also_after_a_restart(fault: Fault) -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        message = answer(inbound)
        sim.fail(fault, 1, path=_PUT)
        with pytest.raises(Uncertain):
            await opened.send(message)
        async with opened_again(sim) as again:
            found = await again.recognise(message, message.created_at)
            assert (found.found, found.external_id) == (Found.SENT, _ours(sim)[0].uri)
            other = answer(inbound)
            assert (await again.recognise(other, other.created_at)).found is Found.ABSENT


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TOO_MANY, RateLimited),
        (Fault.DEAD_TOKEN, AuthFailed),
        (Fault.BROKEN, Uncertain),
        (Fault.LOST_CALL, Uncertain),
    ],
)
async def test_what_goes_wrong_with_a_post_is_told_as_what_it_is(
    fault: Fault, error: type[Exception]
) -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        sim.fail(fault, 2, path=_PUT)
        with pytest.raises(error):
            await opened.send(answer(inbound))
        assert _ours(sim) == []


async def test_a_token_that_runs_out_while_posting_costs_nothing() -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        sim.expire()
        await opened.send(answer(inbound))
        assert len(_ours(sim)) == 1


async def test_writes_keep_to_their_points() -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        sim.limits["writes"] = 5
        await opened.send(answer(inbound))
        with pytest.raises(RateLimited):
            await opened.send(answer(inbound, "again"))
        (quota,) = (one for one in opened.signs().quotas if one.name == "writes an hour")
        assert (quota.limit, quota.remaining) == (5, 2), "too few for another post"
        assert sum(one.path == _PUT for one in sim.seen) == 1
        assert len(_ours(sim)) == 1


# --- private messages ---


async def test_a_private_answer_goes_into_its_talk_and_one_to_a_post_begins_a_talk() -> None:
    async with connected() as (sim, opened):
        ana, bob = sim.world.person(ANA), sim.world.person("bob.example")
        sim.world.write(ana, "psst")
        mention(sim, "hello", by="bob.example")
        public, talk = sorted(await incoming(opened), key=lambda one: one.text)
        receipt = await opened.send(answer(talk, "To Ana https://shop.example"))
        convo, message = sim.world.talk_with(receipt.external_id)
        assert (convo.members[1], message.text) == (ana, "To Ana https://shop.example")
        assert message.facets[0]["features"][0]["uri"] == "https://shop.example"
        receipt = await opened.send(answer(public, "To Bob", visibility=Visibility.PRIVATE))
        convo, _ = sim.world.talk_with(receipt.external_id)
        assert convo.members[1] is bob
        assert _ours(sim) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"incoming": "none"}, "no private messages"),
        ({"incoming": "following"}, "that they follow"),
        ({"blocks_us": True}, "blocked"),
    ],
)
async def test_who_takes_no_messages_is_told_in_clear_words(values: dict[str, object], words: str) -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        for name, value in values.items():
            setattr(ana, name, value)
        with pytest.raises(Rejected) as rejected:
            await opened.send(private(ana.did))
        assert words in str(rejected.value.message)
        assert rejected.value.answer
        assert _said(sim) == []


async def test_a_talk_that_is_closed_or_gone_is_told() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        sim.world.write(ana, "psst")
        (inbound,) = await incoming(opened)
        sim.world.convo(ana).locked = True
        with pytest.raises(Rejected) as rejected:
            await opened.send(answer(inbound))
        assert "closed" in str(rejected.value.message)
        sim.world.convos.clear()
        with pytest.raises(Rejected):
            await opened.send(answer(inbound))


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_CALL])
async def test_a_private_message_is_recognised_by_what_it_says(fault: Fault) -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        sim.world.write(ana, "psst")
        (inbound,) = await incoming(opened)
        message = answer(inbound, "Thank you")
        sim.fail(fault, 1, path=_SEND)
        with pytest.raises(Uncertain):
            await opened.send(message)
        async with opened_again(sim) as again:
            found = await again.recognise(message, message.created_at - timedelta(minutes=10))
        if fault is Fault.LOST_CALL:
            assert (found.found, _said(sim)) == (Found.ABSENT, [])
        else:
            expected = f"chat/{sim.world.convo(ana).id}/{_said(sim)[0].id}"
            assert (found.found, found.external_id) == (Found.SENT, expected)


async def test_where_two_messages_say_the_same_a_person_decides() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        earlier = sim.world.write(sim.world.owner, "Thank you", sim.world.convo(ana))
        message = private(ana.did, "Thank you")
        earlier.at = message.created_at - timedelta(minutes=9)
        since = message.created_at - timedelta(minutes=10)
        assert (await opened.recognise(message, since)).found is Found.ABSENT, "it was there before"
        earlier.at = message.created_at - timedelta(minutes=1)
        assert (await opened.recognise(message, since)).found is Found.UNKNOWN, "the clocks may differ"
        for _ in range(2):
            sim.world.write(sim.world.owner, "Thank you", sim.world.convo(ana))
        assert (await opened.recognise(message, since)).found is Found.UNKNOWN


# --- what is done with posts ---


async def test_a_like_has_one_record_and_is_taken_back_wherever_it_was_made() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "hello")
        await opened.like(post.uri, True)
        async with opened_again(sim) as again:
            await again.like(post.uri, True)
        assert list(sim.world.likes.values()) == [post.uri]
        await opened.like(post.uri, False)
        await opened.like(post.uri, False)
        assert sim.world.likes == {}
        elsewhere = f"at://{sim.world.owner.did}/app.bsky.feed.like/3kelsewhere22"
        sim.world.likes[elsewhere] = post.uri
        await opened.like(post.uri, True)
        assert list(sim.world.likes) == [elsewhere]
        await opened.like(post.uri, False)
        assert sim.world.likes == {}


async def test_a_private_message_is_liked_with_a_heart_and_reported_by_its_author() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        message = sim.world.write(ana, "psst")
        (inbound,) = await incoming(opened)
        await opened.like(inbound.external_id, True)
        assert message.hearts == {"❤️"}
        await opened.like(inbound.external_id, False)
        assert message.hearts == set()
        await opened.report(inbound.external_id, "Spam")
        (report,) = sim.world.reports
        assert (report["subject"]["did"], report["subject"]["messageId"]) == (ana.did, message.id)
        assert report["reason"] == "Spam"


async def test_only_own_posts_are_taken_back() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "hello")
        (inbound,) = await incoming(opened)
        own = (await opened.send(answer(inbound))).external_id
        for other in (post.uri, "chat/3m1/3m2", "nonsense"):
            with pytest.raises(Rejected):
                await opened.delete(other)
        await opened.delete(own)
        await opened.delete(own)
        assert _ours(sim) == []


async def test_what_is_gone_is_neither_liked_nor_reported() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "hello")
        sim.world.delete(post)
        with pytest.raises(Rejected):
            await opened.like(post.uri, True)
        with pytest.raises(Rejected):
            await opened.report(post.uri, "Spam")
        with pytest.raises(Rejected):
            await opened.report("chat/3m1/3m2", "Spam")


async def test_a_file_that_fails_leaves_nothing_in_doubt() -> None:
    async with connected() as (sim, opened):
        mention(sim, "hello")
        (inbound,) = await incoming(opened)
        picture = OutboundAttachment("a.png", "image/png", _PNG)
        sim.fail(Fault.LOST_ANSWER, 1, path="/xrpc/com.atproto.repo.uploadBlob")
        with pytest.raises(Unreachable):
            await opened.send(answer(inbound, attachments=(picture,)))
        assert _ours(sim) == []


# --- keys ---


def test_keys_are_record_keys_in_the_order_of_time() -> None:
    keys = [tid_for(UUID(int=(1_790_000_000_000 + n << 80) | 7 << 76 | n)) for n in range(50)]
    assert keys == sorted(keys)
    assert all(read_uri(f"at://did:plc:abc/app.bsky.feed.post/{one}") for one in keys)
    assert all(len(one) == 13 for one in (*keys, tid_from("at://did:plc:abc/app.bsky.feed.post/x")))
