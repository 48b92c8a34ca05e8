"""What comes in by asking: pages, gaps, threads, the watch list, and what was changed or deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.polling import TROUBLES
from tests.connectors.x.support import connected, drained, meant, opened_again

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.inbound import What
from agentdesk.sdk.posts import PostKind
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.x import simulator_api
from agentdesk_connectors.x.watching import queries


async def test_mentions_come_oldest_first_over_several_pages_and_once() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        posts = [sim.world.post(ana, f"@support number {n}") for n in range(230)]
        items, cursor = await drained(opened, None)
        assert [one.source_id for one in items] == [f"post/{one.id}" for one in posts]
        later = sim.world.post(ana, "@support one more")
        items, cursor = await drained(opened, cursor)
        assert [meant(one).external_id for one in items] == [later.id]
        assert (await drained(opened, cursor))[0] == []


async def test_mentions_that_x_no_longer_gives_are_told() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        sim.world.post(ana, "@support first")
        _, cursor = await drained(opened, None)
        for n in range(830):
            sim.world.post(ana, f"@support {n}")
        items, cursor = await drained(opened, cursor)
        assert [one.source_id.partition("/")[0] for one in items] == ["notice", *["post"] * 800]
        with pytest.raises(Invalid, match="More mentions came"):
            meant(items[0])
        assert (await drained(opened, cursor))[0] == []


async def test_what_was_there_before_counts_only_where_the_history_says_so() -> None:
    async with connected(history="now") as (sim, opened):
        ana = sim.world.person("ana")
        hour = clock.now() - timedelta(hours=1)
        sim.world.post(ana, "@support an hour ago", at=hour)
        sim.world.write(ana, sim.world.owner, "also then", at=hour)
        items, cursor = await drained(opened, None)
        assert items == []
        sim.world.post(ana, "@support now")
        sim.world.write(ana, sim.world.owner, "and now")
        items, _ = await drained(opened, cursor)
        assert [meant(one).text for one in items] == ["@support now", "and now"]


async def test_a_history_of_days_leaves_out_what_is_older() -> None:
    async with connected(history="days:3") as (sim, opened):
        ana = sim.world.person("ana")
        sim.world.post(ana, "@support old", at=clock.now() - timedelta(days=5))
        sim.world.post(ana, "@support fresh", at=clock.now() - timedelta(days=1))
        items, _ = await drained(opened, None)
        assert [meant(one).text for one in items] == ["@support fresh"]


async def test_messages_are_read_page_by_page_and_go_on_after_a_restart() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        messages = [sim.world.write(ana, sim.world.owner, f"No {n}") for n in range(250)]
        portion = await opened.poll(None)
        assert (len(portion.items), portion.more) == (100, True)
        async with opened_again(sim) as again:
            items, cursor = await drained(again, portion.cursor)
        found = {one.source_id for one in (*portion.items, *items)}
        assert found == {f"dm/{one.id}" for one in messages}
        assert (await drained(opened, cursor))[0] == []


async def test_a_page_that_x_has_forgotten_is_asked_for_anew() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        for n in range(120):
            sim.world.write(ana, sim.world.owner, f"No {n}")
        portion = await opened.poll(None)
        items, cursor = await drained(opened, {**portion.cursor, "page": "expired"})
        assert items == []
        items, _ = await drained(opened, cursor)
        assert len({one.source_id for one in items}) == 120


async def test_messages_older_than_x_keeps_them_are_told_and_silence_is_not() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        sim.world.write(ana, sim.world.owner, "long ago", at=clock.now() - timedelta(days=40))
        _, cursor = await drained(opened, None)
        assert (await drained(opened, cursor))[0] == [], "nobody wrote, which is no gap"
        from_then = {**cursor, "messages": "1000000000000000000"}
        items, cursor = await drained(opened, from_then)
        assert [one.source_id for one in items] == ["notice/messages/1000000000000000000"]
        with pytest.raises(Invalid, match="last 30 days"):
            meant(items[0])
        assert (await drained(opened, cursor))[0] == []


async def test_messages_that_have_to_wait_hold_up_no_mentions() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        sim.world.post(ana, "@support hello")
        message = sim.world.write(ana, sim.world.owner, "secret")
        sim.fail(Fault.TOO_MANY, 1, path="/2/dm_events")
        portion = await opened.poll(None)
        assert [meant(one).text for one in portion.items] == ["@support hello"]
        assert not portion.more
        async with opened_again(sim) as again:
            items, _ = await drained(again, portion.cursor)
        assert [one.source_id for one in items] == [f"dm/{message.id}"]


async def test_an_answer_shows_what_its_thread_began_with() -> None:
    async with connected() as (sim, opened):
        ana, ben = sim.world.person("ana", "Ana"), sim.world.person("ben")
        work = sim.world.post(sim.world.owner, "Our news")
        comment = sim.world.post(ben, "Nice", reply_to=work)
        sim.world.post(ana, "I agree", reply_to=comment)
        items, _ = await drained(opened, None)
        assert len([one for one in sim.seen if one.path == "/2/tweets" and one.query["ids"] == work.id]) == 1
        inbound = meant(items[-1])
        assert inbound.references == (work.id, comment.id)
        post = inbound.post
        assert post is not None
        assert (post.kind, post.root, post.parent) == (PostKind.COMMENT, work.id, comment.id)
        assert post.below is not None
        assert (post.below.text, post.below.author, post.below.ours) == ("Our news", "Support", True)


async def test_an_answer_whose_beginning_cannot_be_had_comes_without_it() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        work = sim.world.post(sim.world.owner, "Our news")
        middle = sim.world.post(sim.world.person("ben"), "Nice", reply_to=work)
        answer = sim.world.post(ana, "I agree", reply_to=middle)
        sim.fail(Fault.BROKEN, 1, path="/2/tweets")
        portion = await opened.poll(None)
        assert answer.id in {meant(one).external_id for one in portion.items}


async def test_what_was_changed_while_nobody_listened_is_found() -> None:
    async with connected() as (sim, opened):
        post = sim.world.post(sim.world.person("ana"), "@support teh order")
        _, cursor = await drained(opened, None)
        sim.world.edit(post, "@support the order")
        sim.world.edit(post, "@support the order!")
        async with opened_again(sim) as again:
            items, cursor = await drained(again, cursor)
            found = {one.source_id: meant(one) for one in items}
            assert list(found) == [f"post/{post.id}/{post.ids[-1]}"]
            (inbound,) = found.values()
            assert (inbound.text, inbound.external_id) == ("@support the order!", post.id)
            assert (await drained(again, cursor))[0] == []


@pytest.mark.parametrize("how", ["deleted", "protected", "suspended"])
async def test_what_x_does_not_return_any_more_is_told_as_deleted(how: str) -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        post = sim.world.post(ana, "@support sorry")
        kept = sim.world.post(sim.world.person("ben"), "@support hello")
        _, cursor = await drained(opened, None)
        if how == "deleted":
            sim.world.remove(post)
        else:
            setattr(ana, how, True)
        async with opened_again(sim) as again:
            (item,), cursor = await drained(again, cursor)
            inbound = meant(item)
            assert inbound.happening is not None
            assert inbound.happening.what is What.DELETED
            assert inbound.references == (post.id,)
            assert cursor["posts"] == [kept.id]
            assert (await drained(again, cursor))[0] == []


async def test_a_post_that_cannot_be_looked_at_now_is_not_taken_for_deleted() -> None:
    async with connected() as (sim, opened):
        sim.world.post(sim.world.person("ana"), "@support hello")
        _, cursor = await drained(opened, None)
        sim.fail(Fault.BROKEN, 1, path="/2/tweets")
        with pytest.raises(Unreachable):
            await drained(opened, cursor)
        assert (await drained(opened, cursor))[0] == []


async def test_the_watch_list_finds_what_does_not_mention_us_and_begins_now() -> None:
    async with connected(watch="kettle leaks, #steam") as (sim, opened):
        ana = sim.world.person("ana")
        sim.world.post(ana, "kettle leaks, long ago", at=clock.now() - timedelta(days=1))
        _, cursor = await drained(opened, None)
        posts = [sim.world.post(ana, text) for text in ("My Kettle leaks", "All #steam", "The kettle")]
        sim.world.post(ana, "@support my kettle leaks")
        sim.world.post(sim.world.owner, "No kettle leaks")
        items, cursor = await drained(opened, cursor)
        found = [meant(one) for one in items]
        watched = [one.external_id for one in found if one.post and one.post.kind is PostKind.WATCHED]
        assert watched == [one.id for one in posts[:2]]
        assert len(found) == 3, "the mention comes once"
        assert opened.signs().watching == ("kettle leaks", "#steam")
        assert (await drained(opened, cursor))[0] == []
        sim.world.edit(posts[0], "My Kettle leaks badly")
        (item,), _ = await drained(opened, cursor)
        changed = meant(item).post
        assert changed is not None
        assert changed.kind is PostKind.WATCHED, "what was found stays what it was"


def test_a_long_watch_list_becomes_several_questions() -> None:
    found = queries([f"term number {n:03}" for n in range(60)] + ['"', " "], "support")
    assert len(found) > 2
    assert all(len(one) <= 512 for one in found)
    assert sum(one.count("term number") for one in found) == 60
    assert all(one.endswith(" -@support -from:support -to:support -is:retweet") for one in found)


async def test_a_watch_list_that_found_more_than_was_read_says_so() -> None:
    async with connected(watch="kettle") as (sim, opened):
        _, cursor = await drained(opened, None)
        for n in range(310):
            sim.world.post(sim.world.person("ana"), f"kettle {n}")
        items, _ = await drained(opened, cursor)
        assert len(items) == 301
        with pytest.raises(Invalid, match="More posts were found"):
            meant(items[0])


async def test_a_post_that_makes_no_sense_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (sim, opened):
        posts = [sim.world.post(sim.world.person("ana"), f"@support {n}") for n in range(3)]
        whole = simulator_api.tweet_json

        def broken(tweet: Any, *more: Any) -> Any:
            return {"id": [], "text": 5} if tweet is posts[1] else whole(tweet, *more)

        monkeypatch.setattr(simulator_api, "tweet_json", broken)
        items, _ = await drained(opened, None)
        kinds = sorted(one.source_id.partition("/")[0] for one in items)
        assert kinds == ["post", "post", "unreadable"]


@pytest.mark.parametrize(("fault", "error"), TROUBLES)
async def test_what_goes_wrong_is_one_of_the_contracts_errors(fault: Fault, error: type[Exception]) -> None:
    async with connected() as (sim, opened):
        sim.fail(fault)
        with pytest.raises(error):
            await opened.poll(None)
        sim.heal()
        async with opened_again(sim) as again:
            assert (await drained(again, None))[0] == []


async def test_somebody_elses_sign_in_and_an_empty_purse_are_told() -> None:
    async with connected(address="@other") as (_, opened):
        with pytest.raises(AuthFailed, match="@support"):
            await opened.poll(None)
    async with connected() as (sim, opened):
        sim.spent = True
        with pytest.raises(AuthFailed, match="credit"):
            await opened.poll(None)


async def test_what_is_left_of_windows_days_and_the_month_is_known() -> None:
    async with connected() as (sim, opened):
        sim.days["mentions"] = 1_000
        await drained(opened, None)
        quotas = {one.name: one for one in opened.signs().quotas}
        assert (quotas["mentions"].limit, quotas["mentions"].remaining) == (300, 299)
        assert (quotas["mentions, a day"].limit, quotas["mentions, a day"].remaining) == (1_000, 999)
        month = quotas["reads of the month"]
        assert (month.limit, month.remaining) == (3_000_000, 2_998_800)
        assert month.resets_at is not None
        assert month.resets_at.day == 6


async def test_a_used_up_day_is_waited_for() -> None:
    async with connected() as (sim, opened):
        sim.days["mentions"] = 1
        await opened.poll(None)
        with pytest.raises(RateLimited) as limited:
            await opened.poll(None)
        assert limited.value.retry_after > 80_000


async def test_answers_and_quotes_that_do_not_mention_us_are_found_without_a_stream() -> None:
    async with connected() as (sim, opened):
        _, cursor = await drained(opened, None)
        ana = sim.world.person("ana")
        work = sim.world.post(sim.world.owner, "Our news")
        quote = sim.world.post(ana, "Not for me", quoted=work)
        sim.world.post(ana, "Nor this", quoted=quote)
        answer = sim.world.post(ana, "Nice", reply_to=work)
        answer.mentioned, answer.names = [], []
        items, cursor = await drained(opened, cursor)
        found = {one.external_id: one.post for one in map(meant, items)}
        assert {number: post and post.kind for number, post in found.items()} == {
            quote.id: PostKind.QUOTE,
            answer.id: PostKind.COMMENT,
        }
        assert all(post and post.ways == () for post in found.values()), "who answers or quotes us, calls us"
        assert (await drained(opened, cursor))[0] == []


async def test_what_is_not_in_the_plan_holds_up_nothing_and_is_told() -> None:
    async with connected() as (sim, opened):
        sim.world.post(sim.world.person("ana"), "@support hello")
        sim.refused_paths = ("/2/tweets/search/recent",)
        items, cursor = await drained(opened, None)
        assert len(items) == 1
        items, cursor = await drained(opened, cursor)
        assert items == []
        assert opened.signs().missing == ("search",)
        sim.refused_paths = ()
        await drained(opened, cursor)
        assert opened.signs().missing == ()
