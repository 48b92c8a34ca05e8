"""What goes out: names, visibility, warnings, files, limits, and what is known after an answer was lost."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from tests.connectors.mastodon.support import ANA, answer, connected, opened_again

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain, Unreachable
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Found, OutboundAttachment
from agentdesk.sdk.posts import Act, Visibility
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

PICTURE = OutboundAttachment("shoe.png", "image/png", b"\x89PNG", alt="A brown shoe")
BOB = "bob@other.example"
STATUSES = "/api/v1/statuses"


def _posted(sim: MastodonSimulator, external_id: str) -> Any:
    return sim.world.statuses[external_id.rpartition("/")[2]]


def _own(sim: MastodonSimulator) -> list[Any]:
    return [one for one in sim.world.statuses.values() if one.author is sim.world.owner]


async def test_an_answer_stands_below_the_post_and_names_everybody_once() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person(ANA)
        sim.world.person(BOB)
        status = sim.world.post(ana, f"@support and @{BOB}, help!")
        people = (Party("mastodon", ANA), Party("mastodon", BOB), Party("mastodon", "support@social.example"))
        receipt = await opened.send(answer(status, f"Hello @{BOB}", to=people[:1], cc=people[1:]))
        posted = _posted(sim, receipt.external_id)
        assert posted.text == f"@{ANA} Hello @{BOB}"
        assert posted.parent is status
        assert posted.application == "AgentDesk"


@pytest.mark.parametrize(
    ("theirs", "wanted", "posted"),
    [
        ("public", Visibility.PUBLIC, "public"),
        ("unlisted", Visibility.PUBLIC, "unlisted"),
        ("private", Visibility.PUBLIC, "private"),
        ("direct", Visibility.PUBLIC, "direct"),
        ("public", Visibility.PRIVATE, "direct"),
        ("public", Visibility.LIMITED, "private"),
        ("direct", Visibility.LIMITED, "direct"),
    ],
)
async def test_no_answer_is_wider_than_what_it_answers(theirs: str, wanted: Visibility, posted: str) -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello", visibility=theirs)
        receipt = await opened.send(answer(status, visibility=wanted))
        assert _posted(sim, receipt.external_id).visibility == posted


async def test_a_warning_is_repeated_before_the_answer() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support yuck", warning="Food")
        receipt = await opened.send(answer(status))
        posted = _posted(sim, receipt.external_id)
        assert (posted.warning, posted.sensitive) == ("Food", True)


async def test_whoever_is_named_in_a_private_answer_must_be_meant() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support secret", visibility="direct")
        private = answer(status, f"Ask @{BOB} or write to me@shop.example", visibility=Visibility.PRIVATE)
        with pytest.raises(Rejected, match=f"@{BOB} would read"):
            opened.check_outbound(private)
        opened.check_outbound(answer(status, "Write to me@shop.example", visibility=Visibility.PRIVATE))


async def test_a_link_counts_23_and_of_names_what_is_before_the_server() -> None:
    async with connected() as (sim, opened):
        sim.world.most_characters = 100
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        await opened.abilities()
        fits = "x" * (60 - 24) + " https://shop.example/" + "y" * 100
        opened.check_outbound(answer(status, fits))
        with pytest.raises(Rejected, match="too long: 61 of 60"):
            opened.check_outbound(answer(status, "x" + fits))
        crowd = tuple(Party("mastodon", f"somebody{n}@long-name-of-a.example") for n in range(3))
        opened.check_outbound(answer(status, fits, cc=crowd))
        await opened.send(answer(status, fits, cc=crowd))
        with pytest.raises(Rejected, match="too long: 106 of 100"):
            opened.check_outbound(answer(status, fits, cc=crowd, warning="x" * 8))


async def test_pictures_go_with_their_descriptions() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        receipt = await opened.send(answer(status, attachments=(PICTURE, PICTURE)))
        files = _posted(sim, receipt.external_id).media
        assert [one["description"] for one in files] == ["A brown shoe"] * 2


async def test_a_film_goes_when_the_server_has_worked_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentdesk_connectors.mastodon.sending._ASK_SECONDS", 0.0)
    async with connected() as (sim, opened):
        sim.slow_files = 2
        film = OutboundAttachment("shoe.mp4", "video/mp4", b"\0", alt="A shoe walks")
        number = await opened.upload(film)
        assert sim.world.media[number]["url"]
        assert sum(1 for one in sim.seen if one.path == f"/api/v1/media/{number}") == 3


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((OutboundAttachment("a.pdf", "application/pdf", b"%PDF"),), "no files like a.pdf"),
        ((OutboundAttachment("a.png", "image/png", bytes(16_777_217)),), "a.png is too large"),
        ((PICTURE,) * 5, "takes 4 files"),
        ((PICTURE, OutboundAttachment("a.mp4", "video/mp4", b"\0")), "several pictures, or one film"),
        ((OutboundAttachment("a.png", "image/png", b"", alt="x" * 1_501),), "description of a.png"),
    ],
)
async def test_files_that_the_server_would_refuse_are_refused_before(files: Any, words: str) -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        with pytest.raises(Rejected, match=words):
            opened.check_outbound(answer(status, attachments=files))


async def test_an_answer_to_what_was_deleted_is_refused_and_nothing_is_posted() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        sim.world.delete(status)
        with pytest.raises(Rejected, match="has been deleted"):
            await opened.send(answer(status))
        assert _own(sim) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.TOO_MANY, RateLimited), (Fault.DEAD_TOKEN, AuthFailed), (Fault.NO_SCOPE, AuthFailed)],
)
async def test_a_refused_posting_is_one_of_the_contracts_errors(fault: Fault, error: type[Exception]) -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        sim.fail(fault, method="POST")
        with pytest.raises(error):
            await opened.send(answer(status))
        assert _own(sim) == []


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.TRUNCATED])
async def test_a_lost_answer_leaves_doubt_and_the_key_ends_it(fault: Fault) -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        message = answer(status)
        sim.fail(fault, 1, "POST", STATUSES)
        with pytest.raises(Uncertain):
            await opened.send(message)
        async with opened_again(sim) as later:
            found = await later.reconcile(message.key, clock.seconds_from_now(-600))
        (posted,) = _own(sim)
        assert (found.found, found.external_id) == (Found.SENT, f"social.example/{posted.id}")


async def test_a_call_that_never_arrived_is_known_to_be_absent() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        message = answer(status)
        sim.fail(Fault.LOST_CALL, 1, "POST", STATUSES)
        with pytest.raises(Uncertain):
            await opened.send(message)
        found = await opened.reconcile(message.key, clock.seconds_from_now(-600))
        assert found.found is Found.ABSENT
        assert _own(sim) == []
        await opened.send(message)
        await opened.send(message)
        assert len(_own(sim)) == 1


async def test_after_an_hour_the_account_is_looked_at() -> None:
    with time_machine.travel("2026-11-22T10:00:00+00:00", tick=True) as traveller:
        async with connected() as (sim, opened):
            status = sim.world.post(sim.world.person(ANA), "@support hello")
            since = clock.seconds_from_now(-600)
            message, unsent = (
                answer(status, "Look: https://shop.example/x?a=1&b=2 <3"),
                answer(status, "Other"),
            )
            await opened.send(message)
            traveller.shift(2 * 3600)
            sim.world.keys.clear()
            found = await opened.reconcile(message.key, since)
            assert found.found is Found.SENT
            async with opened_again(sim) as later:
                assert (await later.reconcile(message.key, since)).found is Found.UNKNOWN
                assert (await later.reconcile(unsent.key, clock.now())).found is Found.ABSENT


async def test_a_server_of_another_kind_is_not_trusted_to_know_keys() -> None:
    async with connected() as (sim, opened):
        sim.version = "2.7.2 (compatible; Pleroma 2.5.0)"
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        message = answer(status)
        await opened.send(message)
        before = len(sim.seen)
        assert (await opened.reconcile(message.key, clock.seconds_from_now(-60))).found is Found.SENT
        assert {one.method for one in sim.seen[before:]} == {"GET"}


async def test_a_change_keeps_names_files_and_the_warning() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello", warning="Food")
        receipt = await opened.send(answer(status, "Teh order", attachments=(PICTURE,)))
        await opened.edit(receipt.external_id, "The order")
        posted = _posted(sim, receipt.external_id)
        assert (posted.text, posted.warning, len(posted.media)) == (f"@{ANA} The order", "Food", 1)
        assert posted.history == [(f"@{ANA} Teh order", posted.created_at)]


async def test_a_post_is_taken_back_once_or_twice() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        receipt = await opened.send(answer(status))
        await opened.delete(receipt.external_id)
        await opened.delete(receipt.external_id)
        assert _own(sim) == []
        with pytest.raises(Rejected):
            await opened.edit(receipt.external_id, "Too late")


async def test_a_post_is_liked_and_reported() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")
        name = f"social.example/{status.id}"
        await opened.like(name, True)
        assert status.favourites == {sim.world.owner.id}
        await opened.like(name, False)
        assert not status.favourites
        await opened.report(name, "Spam")
        assert [(one["status_ids"], one["comment"]) for one in sim.world.reports] == [([status.id], "Spam")]
        with pytest.raises(Rejected, match="not a post of this server"):
            await opened.like("another.example/1", True)


async def test_abilities_are_the_servers_limits_and_the_tokens_permissions() -> None:
    async with connected() as (sim, opened):
        sim.world.most_characters = 1_000
        sim.scopes = {"read", "write:statuses", "write:favourites"}
        abilities = await opened.abilities()
        for visibility in Visibility:
            way = abilities.answering(visibility)
            assert way is not None
            assert way.text is not None
            assert (way.text.most, way.text.url, way.files) == (960, 23, None)
        assert set(abilities.acts) == {Act.EDIT, Act.DELETE, Act.LIKE}
        assert set(abilities.denied) == {Act.REPORT}
        assert opened.signs().missing == ("write:media", "write:reports")


async def test_nothing_is_posted_once_the_account_is_somebody_elses() -> None:
    async with connected() as (sim, opened):
        status = sim.world.post(sim.world.person(ANA), "@support hello")

        def lost() -> None:
            raise Unreachable(answer_lost)

        from agentdesk.base.text import msg

        answer_lost = msg("lost")
        opened._sender._must_be_ours = lost
        with pytest.raises(Unreachable):
            await opened.send(answer(status))
        assert _own(sim) == []
