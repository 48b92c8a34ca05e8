"""What is found by asking: everything that no call has told of, once, under the same names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.connectors.facebook.support import account, connected, drained, heard, meant, opened_again

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed
from agentdesk.sdk.inbound import RawItem, Report, What
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.facebook.simulator import FacebookSimulator


def _names(items: list[RawItem]) -> set[str]:
    return {one.source_id for one in items}


async def test_calls_and_polls_give_the_same_things_the_same_names() -> None:
    async with connected() as (sim, opened):
        world, ana = sim.world, sim.world.person("Ana")
        work = world.post(world.page, "Our new kettle")
        world.comment(ana, "How much?", world.comment(ana, "In blue?", work))
        world.post(ana, "My order never came")
        world.message(ana, "Where is it?")
        told = await heard(sim, opened)
        found, _ = await drained(opened, None)
        assert _names(told) == _names(found)
        assert len(found) == 4
        for one, other in zip(sorted(told, key=_name), sorted(found, key=_name), strict=True):
            by_call, by_poll = meant(one), meant(other)
            assert (by_call.text, by_call.sender, by_call.references) == (
                by_poll.text,
                by_poll.sender,
                by_poll.references,
            )
            assert by_call.post is not None
            assert by_poll.post is not None
            assert by_call.post.root == by_poll.post.root
            below, same = by_call.post.below, by_poll.post.below
            assert (below and below.text) == (same and same.text)


def _name(item: RawItem) -> str:
    return item.source_id


async def test_a_comment_shows_what_it_stands_below() -> None:
    async with connected() as (sim, opened):
        work = sim.world.post(sim.world.page, "Our new kettle", "https://files.example/kettle.jpg")
        sim.world.comment(sim.world.person("Ana"), "In blue?", work)
        for item in (await heard(sim, opened))[-1], (await drained(opened, None))[0][0]:
            post = meant(item).post
            assert post is not None
            assert post.below is not None
            assert (post.below.text, post.below.author, post.below.ours) == (
                "Our new kettle",
                "Larkfield Home",
                True,
            )
            assert post.below.picture == "https://files.example/kettle.jpg"


async def test_a_long_gap_is_read_to_its_end_and_once() -> None:
    async with connected() as (sim, opened):
        world, begun = sim.world, clock.now() - timedelta(hours=2)
        work = world.post(world.page, "Our new kettle", at=begun)
        people = [world.person(f"P{n}") for n in range(60)]
        for n, person in enumerate(people):
            world.comment(person, f"Comment {n}", work, at=begun + timedelta(seconds=n))
            world.message(person, f"Message {n}", at=begun + timedelta(seconds=n))
        for n in range(70):
            world.message(people[0], f"More {n}", at=begun + timedelta(minutes=5, seconds=n))
        items, cursor = await drained(opened, None)
        assert len(items) == len(_names(items)) == 190
        assert (await drained(opened, cursor))[0] == []
        world.comment(people[0], "One more", work)
        later, _ = await drained(opened, cursor)
        assert [meant(one).text for one in later] == ["One more"]


async def test_a_comment_below_an_old_post_is_found() -> None:
    async with connected() as (sim, opened):
        old = sim.world.post(sim.world.page, "Long ago", at=clock.now() - timedelta(days=300))
        _, cursor = await drained(opened, None)
        sim.world.comment(sim.world.person("Ana"), "Still there?", old)
        items, _ = await drained(opened, cursor)
        assert [meant(one).text for one in items] == ["Still there?"]


async def test_what_was_there_before_counts_only_where_the_history_says_so() -> None:
    for history, expected in (("now", []), ("days:3", ["Fresh"]), ("all", ["Old", "Fresh"])):
        async with connected(history=history) as (sim, opened):
            ana = sim.world.person("Ana")
            sim.world.message(ana, "Old", at=clock.now() - timedelta(days=5))
            sim.world.message(ana, "Fresh", at=clock.now() - timedelta(days=1))
            items, cursor = await drained(opened, None)
            assert [meant(one).text for one in items] == expected
            sim.world.message(ana, "New")
            assert [meant(one).text for one in (await drained(opened, cursor))[0]] == ["New"]


async def test_what_was_changed_and_deleted_while_nobody_called_is_found() -> None:
    async with connected() as (sim, opened):
        world, ana = sim.world, sim.world.person("Ana")
        work = world.post(world.page, "Our new kettle")
        changed, gone = world.comment(ana, "In bleu?", work), world.comment(ana, "Sorry", work)
        _, cursor = await drained(opened, None)
        sim.hooks.calls.clear()
        world.change(changed, "In blue?")
        world.remove(gone)
        told = await heard(sim, opened)
    async with sim.served(), opened_again(sim) as opened:
        found, cursor = await drained(opened, cursor)
        assert _names(found) == _names(told), "the calls tell the same"
        edit, deletion = sorted(map(meant, found), key=lambda one: one.happening is not None)
        assert (edit.text, edit.external_id) == ("In blue?", changed.id)
        assert edit.post is not None
        assert edit.post.edited_at is not None
        assert deletion.happening is not None
        assert deletion.happening.what is What.DELETED
        assert deletion.references == (gone.id,)
        assert (await drained(opened, cursor))[0] == []


async def test_what_cannot_be_looked_at_now_is_not_taken_for_deleted() -> None:
    async with connected() as (sim, opened):
        work = sim.world.post(sim.world.page, "Our new kettle")
        comment = sim.world.comment(sim.world.person("Ana"), "In blue?", work)
        _, cursor = await drained(opened, None)
        work.gone = True  # the feed does not name it any more
        sim.fail(Fault.NO_SCOPE, path=f"/v25.0/{comment.id}")
        assert (await drained(opened, cursor))[0] == []


async def test_our_own_words_are_not_asked_for() -> None:
    async with connected() as (sim, opened):
        world, ana = sim.world, sim.world.person("Ana")
        world.comment(world.page, "Thank you", world.comment(ana, "Nice", world.post(world.page, "Kettle")))
        world.message(ana, "Hello")
        world.message(ana, "Good day", own=True)
        assert {meant(one).text for one in (await drained(opened, None))[0]} == {"Nice", "Hello"}


async def test_who_wrote_is_known_by_name() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("Ana")
        sim.world.message(ana, "Hello")
        (item,) = await heard(sim, opened)
        inbound = meant(item)
        assert (inbound.sender.value, inbound.sender.name) == (ana.id, "Ana")
        assert inbound.profile.picture.endswith(f"/faces/{ana.id}.jpg")


async def test_what_was_read_is_known_by_its_ids() -> None:
    async with connected() as (sim, opened):
        world, ana = sim.world, sim.world.person("Ana")
        world.message(ana, "Hello")
        ours = [world.message(ana, "Good day", own=True), world.message(ana, "It left", own=True)]
        sim.hooks.calls.clear()
        world.read(ana)
        (item,) = await heard(sim, opened)
        reports = meant(item).reports
        assert {one.external_ids[0] for one in reports} == {one.id for one in ours}
        assert {one.report for one in reports} == {Report.READ}


async def test_a_damaged_comment_holds_up_nothing_else() -> None:
    async with connected() as (sim, opened):
        work = sim.world.post(sim.world.page, "Our new kettle")
        for n in range(3):
            sim.world.comment(sim.world.person("Ana"), f"No {n}", work)
        middle = sim.world.comments[1]
        middle.id, middle.author.name = "", "Ana"
        items, _ = await drained(opened, None)
        kinds = sorted(one.source_id.partition("/")[0] for one in items)
        assert kinds == ["comment", "comment", "unreadable"]


async def test_the_token_of_another_page_is_told_from_ours() -> None:
    async with FacebookSimulator().served() as sim:
        opened = account(sim, page="500999")
        with pytest.raises(AuthFailed) as failed:
            await opened.poll(None)
        assert failed.value.hint is not None
        await opened.close()


async def test_below_one_post_a_flood_of_comments_asks_once_for_it() -> None:
    async with connected() as (sim, opened):
        work = sim.world.post(sim.world.page, "Our new kettle")
        for n in range(20):
            sim.world.comment(sim.world.person(f"P{n}"), f"No {n}", work)
        items = await heard(sim, opened)
        assert all(post.below for item in items if (post := meant(item).post) is not None)
        assert len(items) == 20
        assert len(sim.seen) == 1


async def test_the_clock_of_facebook_counts() -> None:
    async with connected() as (sim, opened):
        work = sim.world.post(sim.world.page, "Our new kettle")
        behind = clock.now() - timedelta(minutes=30)
        comment = sim.world.comment(sim.world.person("Ana"), "In bleu?", work, at=behind)
        _, cursor = await drained(opened, None)
        sim.world.change(comment, "In blue?")
        _, cursor = await drained(opened, cursor)
        sim.world.message(sim.world.person("Ben"), "Hello", at=behind + timedelta(seconds=5))
        items, _ = await drained(opened, cursor)
        assert [meant(one).text for one in items] == ["Hello"]
