"""What comes in by asking: pages, gaps, threads, private talks, what vanished, and what makes no sense."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.bluesky.support import ANA, connected, drained, incoming, meant, mention, opened_again
from tests.connectors.polling import TROUBLES

from agentdesk.base import clock
from agentdesk.sdk.errors import Unreachable
from agentdesk.sdk.inbound import What
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.bluesky import reading
from agentdesk_connectors.bluesky.simulator_world import Note


async def test_mentions_come_oldest_first_over_several_pages_and_once() -> None:
    async with connected() as (sim, opened):
        posts = [mention(sim, f"number {n}") for n in range(230)]
        items, cursor = await drained(opened, None)
        assert [meant(one).external_id for one in items] == [one.uri for one in posts]
        later = mention(sim, "one more")
        items, cursor = await drained(opened, cursor)
        assert [one.source_id for one in items] == [f"post/{later.uri}"]
        assert (await drained(opened, cursor))[0] == []


async def test_a_long_gap_is_filled_piece_by_piece_from_where_it_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_PAGES", 1)
    async with connected() as (sim, opened):
        posts = [mention(sim, f"number {n}") for n in range(250)]
        first = await opened.poll(None)
        assert (len(first.items), first.more) == (100, True)
        mention(sim, "meanwhile")
        async with opened_again(sim) as again:
            items, cursor = await drained(again, first.cursor)
        expected = {f"post/{one.uri}" for one in sim.world.posts.values()}
        assert {one.source_id for one in (*first.items, *items)} == expected
        assert len(expected) == len(posts) + 1
        assert "page" not in cursor


async def test_what_could_not_be_stored_is_offered_again() -> None:
    async with connected() as (sim, opened):
        _, cursor = await drained(opened, None)
        post = mention(sim, "hello")
        for _ in range(2):
            portion = await opened.poll(cursor)
            assert [one.source_id for one in portion.items] == [f"post/{post.uri}"]
        assert (await drained(opened, portion.cursor))[0] == []


async def test_a_post_that_is_told_late_is_found() -> None:
    async with connected() as (sim, opened):
        mention(sim, "first")
        _, cursor = await drained(opened, None)
        late = mention(sim, "late", at=clock.now() - timedelta(minutes=30))
        items, _ = await drained(opened, cursor)
        assert [one.source_id for one in items] == [f"post/{late.uri}"]


async def test_what_was_there_before_counts_only_where_the_history_says_so() -> None:
    async with connected(history="now") as (sim, opened):
        mention(sim, "long ago")
        sim.world.write(sim.world.person(ANA), "long ago")
        items, cursor = await drained(opened, None)
        assert items == []
        mention(sim, "now")
        sim.world.write(sim.world.person(ANA), "now too")
        items, _ = await drained(opened, cursor)
        assert [meant(one).text for one in items] == ["now", "now too"]


async def test_a_history_of_days_leaves_out_what_is_older() -> None:
    async with connected(history="days:3") as (sim, opened):
        for text, days in (("old", 5), ("fresh", 1)):
            mention(sim, text, at=clock.now() - timedelta(days=days))
            message = sim.world.write(sim.world.person(ANA), text)
            message.at = clock.now() - timedelta(days=days)
        items, _ = await drained(opened, None)
        assert [meant(one).text for one in items] == ["fresh", "fresh"]


async def test_an_answer_stands_below_our_post_and_a_quote_below_what_it_quotes() -> None:
    async with connected() as (sim, opened):
        world = sim.world
        ana, bob = world.person(ANA, "Ana"), world.person("bob.example", "Bob")
        ours = world.post(world.owner, "Our news")
        comment = world.post(bob, "nice", reply_to=ours)
        world.post(ana, "I agree", reply_to=comment)
        world.post(ana, "Look at this", quotes=ours)
        _, agreed, quote = await incoming(opened)
        assert agreed.references == (ours.uri, comment.uri)
        assert agreed.post is not None
        assert agreed.post.kind is PostKind.COMMENT
        assert (agreed.post.root, agreed.post.parent) == agreed.references
        assert agreed.post.below is not None
        assert (agreed.post.below.text, agreed.post.below.author, agreed.post.below.ours) == (
            "Our news",
            "Support",
            True,
        )
        assert quote.post is not None
        assert (quote.post.kind, quote.references) == (PostKind.QUOTE, ())
        assert quote.post.below is not None
        assert quote.post.below.external_id == ours.uri
        assert [(one.kind, one.title) for one in quote.post.media] == [("link", "Support: Our news")]


async def test_who_wrote_it_is_known_with_followers_picture_and_page() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "hello")
        post.author.followers = 1_234
        (inbound,) = await incoming(opened)
        profile = inbound.profile
        assert inbound.sender.value == post.author.did
        assert (profile.handle, profile.followers) == ("@ana.example", 1_234)
        assert profile.url == f"https://bsky.app/profile/{post.author.did}"
        assert profile.picture.startswith(sim.url)


async def test_a_thread_whose_author_limits_replies_is_told_as_closed() -> None:
    async with connected() as (sim, opened):
        post = mention(sim, "hello")
        post.closed = True
        post.author.incoming = "following"
        (inbound,) = await incoming(opened)
        assert inbound.post is not None
        assert inbound.post.way(Visibility.PUBLIC).refused is not None
        assert inbound.post.way(Visibility.PRIVATE).refused is not None


async def test_posts_that_vanish_are_told_and_those_that_are_held_back_are_not() -> None:
    async with connected() as (sim, opened):
        gone, hidden = mention(sim, "sorry"), mention(sim, "still there")
        _, cursor = await drained(opened, None)
        sim.world.delete(gone)
        hidden.hidden = True
        items, cursor = await drained(opened, cursor)
        (inbound,) = map(meant, items)
        assert inbound.happening is not None
        assert inbound.happening.what is What.DELETED
        assert inbound.references == (gone.uri,)
        assert (await drained(opened, cursor))[0] == []


async def test_counters_come_again_when_they_have_doubled() -> None:
    async with connected() as (sim, opened):
        ours = sim.world.post(sim.world.owner, "Our news")
        post = sim.world.post(sim.world.person(ANA), "Look", quotes=ours)
        _, cursor = await drained(opened, None)
        for likes, comes in ((1, True), (2, True), (3, False), (4, True)):
            post.likes = likes
            items, cursor = await drained(opened, cursor)
            assert bool(items) is comes, likes
        again = meant(items[0])
        assert again.external_id == post.uri
        assert again.post is not None
        assert again.post.counters is not None
        assert again.post.counters.likes == 4
        assert again.post.kind is PostKind.QUOTE
        assert again.post.below is not None


async def test_other_notifications_and_our_own_posts_are_passed_over() -> None:
    async with connected() as (sim, opened):
        ours = sim.world.post(sim.world.owner, "News", mentions=[sim.world.owner])
        for reason in ("like", "repost", "follow"):
            sim.world.notes.append(Note(reason, ours.uri, clock.now(), sim.world.person(ANA)))
        sim.world.write(sim.world.owner, "to them", sim.world.convo(sim.world.person(ANA)))
        assert await incoming(opened) == []


async def test_a_broken_notification_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected() as (sim, opened):
        posts = [mention(sim, str(n)) for n in range(3)]
        whole = sim.shapes.note

        def broken(note: Any) -> Any:
            shown = whole(note)
            return shown | {"uri": [], "author": 5} if note.uri == posts[1].uri else shown

        monkeypatch.setattr(sim.shapes, "note", broken)
        items, cursor = await drained(opened, None)
        kinds = [one.source_id.partition("/")[0] for one in items]
        assert sorted(kinds) == ["post", "post", "unreadable"]
        assert json.loads(items[kinds.index("unreadable")].raw)["author"] == 5
        assert (await drained(opened, cursor))[0] == []


async def test_a_name_that_the_service_refuses_does_not_hold_up_the_others() -> None:
    async with connected() as (sim, opened):
        posts = [mention(sim, str(n)) for n in range(5)]
        strange = Note(
            "mention", f"at://{posts[0].author.did}/app.bsky.feed.post/..", clock.now(), posts[0].author
        )
        sim.world.notes.insert(2, strange)
        items, cursor = await drained(opened, None)
        looked_up = [one for one in items if b"likeCount" in one.raw]
        assert [one.source_id for one in looked_up] == [f"post/{one.uri}" for one in posts]
        others = [one.source_id for one in items if one not in looked_up]
        assert others == [f"post/{strange.uri}", f"deleted/{strange.uri}"]
        assert (await drained(opened, cursor))[0] == []


# --- private messages ---


async def test_private_messages_of_one_talk_have_one_root_before_and_after_the_beginning() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA, "Ana")
        sim.world.write(ana, "secret")
        items, cursor = await drained(opened, None)
        sim.world.write(ana, "and more")
        later, cursor = await drained(opened, cursor)
        (before,), (after,) = map(meant, items), map(meant, later)
        assert before.post is not None
        assert after.post is not None
        assert (after.post.kind, after.post.visibility) == (PostKind.MESSAGE, Visibility.PRIVATE)
        assert before.post.root == after.post.root == f"chat/{sim.world.convo(ana).id}"
        assert (after.sender.name, after.profile.handle, after.profile.followers) == (
            "Ana",
            "@ana.example",
            42,
        )
        assert (await drained(opened, cursor))[0] == []


async def test_a_private_message_is_named_alike_from_the_log_and_from_its_talk() -> None:
    async with connected(history="now") as (sim, opened):
        _, cursor = await drained(opened, None)
        sim.world.write(sim.world.person(ANA), "psst")
        logged, _ = await drained(opened, cursor)
    async with sim.served(), opened_again(sim) as opened:
        listed, _ = await drained(opened, None)
        assert [one.source_id for one in logged] == [one.source_id for one in listed]


async def test_a_long_log_is_read_to_its_end() -> None:
    async with connected(history="now") as (sim, opened):
        _, cursor = await drained(opened, None)
        for n in range(120):
            sim.world.write(sim.world.person(ANA), str(n))
        items, cursor = await drained(opened, cursor)
        assert [meant(one).text for one in items] == [str(n) for n in range(120)]
        assert (await drained(opened, cursor))[0] == []


async def test_who_writes_is_shown_as_they_are_called_now() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA, "Ana")
        sim.world.write(ana, "psst")
        _, cursor = await drained(opened, None)
        ana.name = "Ana Ruiz"
        sim.world.write(ana, "psst")
        (inbound,) = await incoming(opened, cursor)
        assert inbound.sender.name == "Ana Ruiz"


async def test_a_private_message_that_is_taken_back_is_gone() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        message = sim.world.write(ana, "sorry")
        _, cursor = await drained(opened, None)
        sim.world.unsay(sim.world.convo(ana), message)
        (inbound,) = await incoming(opened, cursor)
        assert inbound.happening is not None
        assert inbound.references == (f"chat/{sim.world.convo(ana).id}/{message.id}",)


async def test_a_log_that_is_known_no_longer_is_made_up_for_by_the_talks() -> None:
    async with connected() as (sim, opened):
        sim.world.write(sim.world.person(ANA), "first")
        _, cursor = await drained(opened, None)
        sim.world.write(sim.world.person(ANA), "missed")
        sim.lost_before = "3n"
        begun_anew = await opened.poll(cursor)
        sim.lost_before = ""
        items, cursor = await drained(opened, begun_anew.cursor)
        assert [meant(one).text for one in items] == ["missed"]
        assert (await drained(opened, cursor))[0] == []


async def test_a_talk_of_several_is_shown_but_not_answered() -> None:
    async with connected() as (sim, opened):
        ana, bob = sim.world.person(ANA), sim.world.person("bob.example")
        sim.world.write(ana, "hello all", sim.world.convo(ana, bob))
        (inbound,) = await incoming(opened)
        assert inbound.post is not None
        assert inbound.post.way(Visibility.PRIVATE).refused is not None


async def test_a_chat_service_that_is_out_of_order_does_not_hold_up_mentions() -> None:
    async with connected() as (sim, opened):
        sim.fail(Fault.BROKEN, path="/xrpc/chat.bsky.")
        post = mention(sim, "hello")
        portion = await opened.poll(None)
        assert [one.source_id for one in portion.items] == [f"post/{post.uri}"]
        with pytest.raises(Unreachable):
            await opened.poll(portion.cursor)


# --- the watch list ---


async def test_the_watch_list_finds_words_phrases_and_handles_once() -> None:
    async with connected(watch="kettle\nblue door\n@rival.example") as (sim, opened):
        world = sim.world
        ana, rival = world.person(ANA), world.person("rival.example")
        found = [
            world.post(ana, "My Kettle leaks"),
            world.post(ana, "A blue door, and a kettle"),
            world.post(ana, "Ask them", mentions=[rival]),
        ]
        world.post(ana, "A door that is blue")
        world.post(world.owner, "Our kettle")
        world.post(ana, "Your kettle", mentions=[world.owner])
        items, cursor = await drained(opened, None)
        kinds = {meant(one).external_id: _kind(meant(one)) for one in items}
        assert {uri for uri, kind in kinds.items() if kind is PostKind.WATCHED} == {one.uri for one in found}
        assert len(kinds) == 4
        assert (await drained(opened, cursor))[0] == []
        later = world.post(ana, "kettle again")
        items, _ = await drained(opened, cursor)
        assert [one.source_id for one in items] == [f"post/{later.uri}"]
        assert opened.signs().watching == ("kettle", "blue door", "@rival.example")


def _kind(inbound: Any) -> PostKind:
    assert inbound.post is not None
    kind: PostKind = inbound.post.kind
    return kind


@pytest.mark.parametrize(("fault", "error"), TROUBLES)
async def test_what_goes_wrong_is_one_of_the_contracts_errors(fault: Fault, error: type[Exception]) -> None:
    async with connected() as (sim, opened):
        sim.fail(fault)
        with pytest.raises(error):
            await opened.poll(None)
        sim.heal()
