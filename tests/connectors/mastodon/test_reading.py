"""What comes in by asking: pages, gaps, threads, what was changed or deleted, and what makes no sense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.connectors.mastodon.support import ANA, account, connected, drained, meant, opened_again
from tests.connectors.polling import TROUBLES

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.inbound import What
from agentdesk.sdk.posts import PostKind, Visibility
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.mastodon.connector import MastodonAccount


async def test_mentions_come_oldest_first_over_several_pages_and_once() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA, "Ana")
        posts = [sim.world.post(ana, f"@support number {n}") for n in range(45)]
        items, cursor = await drained(opened, None)
        assert [meant(one).external_id for one in items] == [f"social.example/{one.id}" for one in posts]
        later = sim.world.post(ana, "@support one more")
        items, cursor = await drained(opened, cursor)
        assert [one.source_id for one in items] == [f"status/{later.id}"]
        assert (await drained(opened, cursor))[0] == []


async def test_what_was_there_before_counts_only_where_the_history_says_so() -> None:
    async with connected(history="now") as (sim, opened):
        ana = sim.world.person(ANA)
        sim.world.post(ana, "@support long ago")
        items, cursor = await drained(opened, None)
        assert items == []
        sim.world.post(ana, "@support now")
        items, _ = await drained(opened, cursor)
        assert [meant(one).text for one in items] == ["@support now"]


async def test_a_history_of_days_leaves_out_what_is_older() -> None:
    async with connected(history="days:3") as (sim, opened):
        ana = sim.world.person(ANA)
        for text, days in (("@support old", 5), ("@support fresh", 1)):
            sim.world.post(ana, text)
            sim.world.notifications[-1]["created_at"] = clock.seconds_from_now(-86_400 * days).isoformat()
        items, cursor = await drained(opened, None)
        assert [meant(one).text for one in items] == ["@support fresh"]
        assert "since" not in cursor


async def test_a_page_that_repeats_itself_in_a_wild_order_loses_nothing() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        posts = [sim.world.post(ana, f"@support {n}") for n in range(3)]
        sim.fail(Fault.DUPLICATES)
        sim.fail(Fault.REORDERED)
        items, _ = await drained(opened, None)
        assert {one.source_id for one in items} == {f"status/{one.id}" for one in posts}


async def test_an_answer_names_all_posts_above_it() -> None:
    async with connected() as (sim, opened):
        ana, bob = sim.world.person(ANA, "Ana"), sim.world.person("bob@other.example", "Bob")
        work = sim.world.post(sim.world.owner, "Our news")
        comment = sim.world.post(bob, "@support nice", reply_to=work)
        sim.world.post(ana, "@bob@other.example @support I agree", reply_to=comment)
        items, _ = await drained(opened, None)
        inbound = meant(items[-1])
        assert inbound.references == (f"social.example/{work.id}", f"social.example/{comment.id}")
        post = inbound.post
        assert post is not None
        assert post.kind is PostKind.COMMENT
        assert (post.root, post.parent) == inbound.references
        assert post.below is not None
        assert (post.below.text, post.below.author, post.below.ours) == ("Our news", "Support", True)


async def test_an_answer_whose_thread_cannot_be_had_names_what_it_answers() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        first = sim.world.post(ana, "@support hello")
        sim.world.post(ana, "@support hello?", reply_to=first)
        sim.fail(Fault.BROKEN, path="/api/v1/statuses/")
        items, _ = await drained(opened, None)
        assert meant(items[-1]).references == (f"social.example/{first.id}",)


async def test_private_messages_of_one_talk_have_one_root() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        first = sim.world.post(ana, "@support secret", visibility="direct")
        sim.world.post(ana, "@support and more", visibility="direct", reply_to=first)
        items, cursor = await drained(opened, None)
        last = meant(items[-1]).post
        assert last is not None
        assert (last.kind, last.visibility) == (PostKind.MESSAGE, Visibility.PRIVATE)
        assert last.root == f"social.example/conversations/{first.conversation}"
        sim.world.post(ana, "@support again", visibility="direct", reply_to=first)
        items, _ = await drained(opened, cursor)
        again = meant(items[0]).post
        assert again is not None
        assert again.root == last.root


async def test_what_was_changed_while_nobody_listened_is_found() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support teh order")
        _, cursor = await drained(opened, None)
        sim.world.edit(status, "@support the order")
    async with sim.served(), opened_again(sim) as opened:
        items, cursor = await drained(opened, cursor)
        (inbound,) = map(meant, items)
        assert (inbound.text, inbound.external_id) == ("@support the order", f"social.example/{status.id}")
        assert inbound.post is not None
        assert inbound.post.edited_at is not None
        assert (await drained(opened, cursor))[0] == []


async def test_what_was_deleted_while_nobody_listened_is_found() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support sorry")
        _, cursor = await drained(opened, None)
        sim.world.delete(status)
    async with sim.served(), opened_again(sim) as opened:
        items, cursor = await drained(opened, cursor)
        (inbound,) = map(meant, items)
        assert inbound.happening is not None
        assert inbound.happening.what is What.DELETED
        assert inbound.references == (f"social.example/{status.id}",)
        assert (await drained(opened, cursor))[0] == []


async def test_a_post_that_cannot_be_looked_at_now_is_not_taken_for_deleted() -> None:
    async with connected() as (sim, opened):
        sim.world.post(sim.world.person(ANA), "@support hello")
        _, cursor = await drained(opened, None)
        sim.fail(Fault.BROKEN, 1, path="/api/v1/statuses")
        with pytest.raises(Unreachable):
            await drained(opened, cursor)
        assert (await drained(opened, cursor))[0] == []


async def test_our_own_posts_and_other_notifications_are_passed_over() -> None:
    async with connected() as (sim, opened):
        sim.world.post(sim.world.owner, "@ana@elsewhere.example hello", visibility="direct")
        liked = sim.world.post(sim.world.person(ANA), "nothing about you")
        sim.world.notify("update", liked)
        items, _ = await drained(opened, None)
        assert items == []


@pytest.mark.parametrize("broken", [b"[]", b'"x"', b"{}", b'{"id":"7","type":"mention","status":null}'])
async def test_what_makes_no_sense_is_handed_over_with_its_original(broken: bytes) -> None:
    async with connected() as (_, opened):
        item = await opened._reader.item(broken)
        assert item is not None
        assert item.raw == broken
        with pytest.raises(Invalid):
            meant(item)


async def test_a_broken_notification_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        for n in range(3):
            sim.world.post(ana, f"@support {n}")
        whole = type(sim.world).notification_json

        def broken(world: Any, one: Any) -> Any:
            shown = whole(world, one)
            return shown | {"status": {"id": [], "content": 5}} if one["id"] == middle else shown

        middle = sim.world.notifications[1]["id"]
        monkeypatch.setattr(type(sim.world), "notification_json", broken)
        items, _ = await drained(opened, None)
        assert [one.source_id.partition("/")[0] for one in items] == ["status", "unreadable", "status"]
        assert json.loads(items[1].raw)["status"] == {"id": [], "content": 5}


@pytest.mark.parametrize(("fault", "error"), TROUBLES)
async def test_what_goes_wrong_is_one_of_the_contracts_errors(fault: Fault, error: type[Exception]) -> None:
    async with connected() as (sim, opened):
        sim.world.post(sim.world.person(ANA), "@support hello")
        sim.patience = 7
        sim.fail(fault, path="/api/v1/notifications")
        with pytest.raises(error) as raised:
            await drained(opened, None)
        if isinstance(raised.value, RateLimited):
            assert 5 < raised.value.retry_after < 9


async def test_a_slow_answer_is_read_to_its_end() -> None:
    async with connected() as (sim, opened):
        sim.world.post(sim.world.person(ANA), "@support hello")
        sim.fail(Fault.DRIP)
        assert len((await drained(opened, None))[0]) == 1


async def test_the_limit_that_the_server_tells_is_kept_before_it_is_reached() -> None:
    async with connected() as (sim, opened):
        sim.limits["api"] = 6
        with pytest.raises(RateLimited):
            await _polled(opened, 10)
        assert len(sim.seen) <= 6


async def test_a_dead_token_and_somebody_elses_are_told_apart() -> None:
    async with connected() as (sim, opened):
        sim.token = "another"
        with pytest.raises(AuthFailed, match="no longer lets us in"):
            await opened.poll(None)
        stranger = account(sim, address="sales@social.example")
        with pytest.raises(AuthFailed, match=r"for support@social\.example"):
            await stranger.poll(None)
        await stranger.close()


async def test_a_lost_permission_is_told_by_its_name() -> None:
    async with connected() as (sim, opened):
        sim.scopes = {"read:accounts", "read:statuses", "write"}
        with pytest.raises(AuthFailed, match="lacks a permission"):
            await opened.poll(None)
        assert opened.signs().missing == ("read:notifications",)


async def _polled(opened: MastodonAccount, times: int) -> None:
    for _ in range(times):
        await opened.poll(None)


async def test_who_quotes_us_without_naming_us_is_heard() -> None:
    async with connected() as (sim, opened):
        news = sim.world.post(sim.world.owner, "Our kettle is back")
        quote = sim.world.post(sim.world.person(ANA), "And leaks again", quoting=news)
        sim.world.post(sim.world.person(ANA), "So does this", quoting=quote)
        (item,), _ = await drained(opened, None)
        inbound = meant(item)
        assert inbound.external_id == f"social.example/{quote.id}"
        assert inbound.post is not None
        assert inbound.post.kind is PostKind.QUOTE
        assert [one.title for one in inbound.post.media] == ["Our kettle is back"]
