"""What speaks of us without naming the account."""

from __future__ import annotations

from tests.connectors.mastodon.support import ANA, account, connected, drained, meant, opened_again

from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.posts import PostKind
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.mastodon.simulator import MastodonSimulator
from agentdesk_connectors.mastodon.simulator_shapes import Status


def _says(sim: MastodonSimulator, text: str, who: str = ANA, **values: object) -> Status:
    return sim.world.post(sim.world.person(who), text, **values)


def _numbers(items: list[RawItem]) -> list[str]:
    return [meant(item).external_id.rpartition("/")[2] for item in items]


async def test_words_tags_and_accounts_are_watched() -> None:
    async with connected(watch="kettle, #Larkfield, @rival@else.example") as (sim, opened):
        word = _says(sim, "My kettle leaks")
        tagged = _says(sim, "Nice desk #larkfield")
        theirs = _says(sim, "We are better", "rival@else.example")
        _says(sim, "Good day")
        items, cursor = await drained(opened, None)
        assert set(_numbers(items)) == {word.id, tagged.id, theirs.id}
        kinds = {post.kind for item in items if (post := meant(item).post) is not None}
        assert kinds == {PostKind.WATCHED}
        later = _says(sim, "The kettle again")
        items, cursor = await drained(opened, cursor)
        assert _numbers(items) == [later.id]
        async with opened_again(sim, watch="kettle, #Larkfield, @rival@else.example") as again:
            assert (await drained(again, cursor))[0] == []


async def test_a_mention_with_a_watched_word_stays_a_mention() -> None:
    async with connected(watch="kettle") as (sim, opened):
        _says(sim, "@support my kettle leaks")
        sim.world.post(sim.world.owner, "Our kettle is back")
        _says(sim, "a kettle, for followers", visibility="private")
        items, _ = await drained(opened, None)
        (post,) = [meant(item).post for item in items]
        assert post is not None
        assert post.kind is PostKind.MENTION


async def test_what_was_there_before_the_account_counts_only_where_the_history_says_so() -> None:
    async with connected(watch="kettle", history="now") as (sim, opened):
        _says(sim, "My kettle leaks")
        items, cursor = await drained(opened, None)
        assert items == []
        items, cursor = await drained(opened, cursor)
        assert items == []
        later = _says(sim, "It leaks still, this kettle")
        assert _numbers((await drained(opened, cursor))[0]) == [later.id]


async def test_a_server_that_searches_nothing_still_has_tags() -> None:
    async with connected(watch="kettle") as (sim, opened):
        sim.searches = False
        _says(sim, "My kettle leaks")
        tagged = _says(sim, "It leaks #kettle")
        assert _numbers((await drained(opened, None))[0]) == [tagged.id]


async def test_a_token_that_may_not_search_watches_what_it_may_and_says_what_it_lacks() -> None:
    async with connected(watch="kettle") as (sim, opened):
        sim.scopes = {"read:accounts", "read:notifications", "read:statuses", "write"}
        tagged = _says(sim, "It leaks #kettle")
        mention = _says(sim, "@support hello")
        assert set(_numbers((await drained(opened, None))[0])) == {tagged.id, mention.id}
        assert opened.signs().missing == ("read:search",)


async def test_an_account_that_is_not_there_holds_nothing_up() -> None:
    async with connected(watch="@nobody@else.example, kettle") as (sim, opened):
        word = _says(sim, "My kettle leaks")
        assert _numbers((await drained(opened, None))[0]) == [word.id]


async def test_too_many_calls_leave_the_rest_of_the_list_to_the_next_poll() -> None:
    async with connected(watch="kettle") as (sim, opened):
        word = _says(sim, "My kettle leaks")
        _, cursor = await drained(opened, None)
        sim.fail(Fault.TOO_MANY, path="/api/v2/search")
        later = _says(sim, "It leaks still, this kettle")
        items, cursor = await drained(opened, cursor)
        assert items == []
        sim.heal()
        again = account(sim, watch="kettle")
        try:
            assert _numbers((await drained(again, cursor))[0]) == [later.id]
        finally:
            await again.close()
        assert word.id != later.id
