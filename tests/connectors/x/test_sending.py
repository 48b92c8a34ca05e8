"""What goes out: where it stands, who can read it, what X refuses, and what a lost answer leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.connectors.x.support import answer, connected, drained, meant, opened_again

from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain, Unreachable
from agentdesk.sdk.inbound import Party
from agentdesk.sdk.outbound import Found, OutboundAttachment
from agentdesk.sdk.posts import Act, Visibility, length_of
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.x.limits import POST_TEXT
from agentdesk_connectors.x.simulator import XSimulator
from agentdesk_connectors.x.simulator_world import Message, Tweet

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def _ours(sim: XSimulator) -> list[Tweet]:
    return [one for one in sim.world.posts.values() if one.api]


def _written(sim: XSimulator) -> list[Message]:
    return [one for one in sim.world.messages if one.api]


def _mention(sim: XSimulator, text: str = "@support hello", **values: Any) -> Tweet:
    return sim.world.post(sim.world.person("ana", "Ana"), text, **values)


def _file(name: str, media_type: str, size: int = 32, alt: str = "") -> OutboundAttachment:
    return OutboundAttachment(name, media_type, _PNG + bytes(size - 32), alt=alt)


async def test_an_answer_stands_below_the_post() -> None:
    async with connected() as (sim, opened):
        mention = _mention(sim)
        receipt = await opened.send(answer(mention, "We look into it."))
        (posted,) = _ours(sim)
        assert receipt.external_id == posted.id
        assert (posted.texts, posted.parent) == (["We look into it."], mention)


async def test_a_message_goes_to_its_author_or_into_the_conversation_of_several() -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        alone = sim.world.write(ana, sim.world.owner, "My number is 4417")
        several = sim.world.write(ana, sim.world.owner, "We wonder", talk="1700000000000000001")
        receipt = await opened.send(answer(alone, "Thank you"))
        await opened.send(answer(several, "All of you"))
        assert [(one.text, one.talk) for one in _written(sim)] == [
            ("Thank you", alone.talk),
            ("All of you", several.talk),
        ]
        assert receipt.external_id == f"dm/{_written(sim)[0].id}"


async def test_a_mention_can_be_answered_in_private() -> None:
    async with connected() as (sim, opened):
        mention = _mention(sim)
        await opened.send(answer(mention, "What is your number?", visibility=Visibility.PRIVATE))
        assert _ours(sim) == []
        assert [(one.to, one.text) for one in _written(sim)] == [(mention.author, "What is your number?")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "x" * 281}, "281 of 280"),
        ({"text": "日" * 141}, "282 of 280"),
        ({"text": f"{'x' * 257} https://shop.example/a"}, "281 of 280"),
        ({"text": "  "}, "no text"),
        ({"visibility": Visibility.LIMITED}, "public, or a direct"),
        ({"in_reply_to": "dm/7"}, "not answered in public"),
        ({"visibility": Visibility.PRIVATE, "to": (Party("email", "a@x.example"),)}, "goes to somebody"),
        ({"visibility": Visibility.PRIVATE, "text": "x" * 10_001}, "10001 of 10000"),
        ({"attachments": (_file("a.pdf", "application/pdf"),)}, "no files like a.pdf"),
        ({"attachments": (_file("a.svg", "image/svg+xml"),)}, "no files like a.svg"),
        ({"attachments": (_file("a.png", "image/png", 5_000_001),)}, "too large"),
        ({"attachments": (_file("a.png", "image/png", alt="x" * 1_001),)}, "description"),
        ({"attachments": (_file("a.png", "image/png"),) * 5}, "four pictures"),
        ({"attachments": (_file("a.gif", "image/gif"), _file("b.png", "image/png"))}, "one moving"),
        (
            {"visibility": Visibility.PRIVATE, "attachments": (_file("a.png", "image/png"),) * 2},
            "takes one file",
        ),
    ],
)
async def test_what_x_would_refuse_is_refused_before(changes: dict[str, Any], words: str) -> None:
    async with connected() as (sim, opened):
        mention = _mention(sim)
        message = replace(answer(mention, root=""), **changes)
        with pytest.raises(Rejected, match=words):
            opened.check_outbound(message)


def test_names_before_an_answer_are_free_and_a_link_counts_23() -> None:
    assert length_of("@ana @ben thanks", POST_TEXT) == 6
    assert length_of(f"see https://shop.example/{'x' * 100}", POST_TEXT) == 27


async def test_files_go_along_with_their_descriptions() -> None:
    async with connected() as (sim, opened):
        sim.slow_files = 2
        pictures = (_file("a.png", "image/png", alt="A"), _file("b.jpg", "image/jpeg", 4_500_000))
        await opened.send(answer(_mention(sim), attachments=pictures))
        await opened.send(answer(_mention(sim), "A film", attachments=(_file("c.mp4", "video/mp4", 64),)))
        stills, film = _ours(sim)
        assert [one.alt for one in stills.files] == ["A", ""]
        assert len(stills.files[1].pieces) == 2
        assert [one.category for one in film.files] == ["tweet_video"]
        assert len([one for one in sim.seen if one.query.get("command") == "STATUS"]) == 2


async def test_a_film_that_x_cannot_use_is_told() -> None:
    async with connected() as (sim, opened):
        sim.bad_files = True
        with pytest.raises(Rejected, match=r"c\.mp4") as rejected:
            await opened.upload(_file("c.mp4", "video/mp4"))
        assert rejected.value.answer == "Unsupported video format"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("not summoned", "mentioned or quoted"),
        ("gone", "gone, or hidden"),
        ("blocked", "blocked"),
        ("closed", "do not take direct messages"),
    ],
)
async def test_what_x_does_not_allow_says_why(case: str, words: str) -> None:
    async with connected() as (sim, opened):
        ana = sim.world.person("ana")
        mention = _mention(sim, "the kettle" if case == "not summoned" else "@support the kettle")
        message = answer(mention)
        ana.blocks = case == "blocked"
        if case == "gone":
            sim.world.remove(mention)
        if case == "closed":
            ana.closed = True
            message = replace(message, visibility=Visibility.PRIVATE)
        with pytest.raises(Rejected, match=words) as rejected:
            await opened.send(message)
        assert rejected.value.answer, "in X's own words"
        assert _ours(sim) == []


async def test_who_has_a_contract_may_answer_more() -> None:
    async with connected(tier="enterprise") as (sim, opened):
        await opened.send(answer(_mention(sim, "the kettle")))
        assert len(_ours(sim)) == 1
        only = _mention(sim, "the kettle", reply_settings="mentionedUsers")
        with pytest.raises(Rejected, match="does not allow answers"):
            await opened.send(answer(only, "And here?"))


# --- once ---


async def test_what_was_posted_although_the_answer_was_lost_is_known_again_after_a_restart() -> None:
    async with connected() as (sim, opened):
        message = answer(_mention(sim), "See https://shop.example/a?b=1&c=2 <now>\n& shop.example, x.com/y.")
        sim.fail(Fault.LOST_ANSWER, 1, method="POST", path="/2/tweets")
        with pytest.raises(Uncertain):
            await opened.send(message)
        async with opened_again(sim) as again:
            found = await again.recognise(message, message.created_at)
            assert (found.found, found.external_id) == (Found.SENT, _ours(sim)[0].id)
            elsewhere = replace(message, in_reply_to="1")
            assert (await again.recognise(elsewhere, message.created_at)).found is Found.ABSENT


async def test_a_message_is_known_again_after_a_restart() -> None:
    async with connected() as (sim, opened):
        wrote = sim.world.write(sim.world.person("ana"), sim.world.owner, "We look into it.")
        message = answer(wrote, "We look into it.")
        async with opened_again(sim) as again:
            found = await again.recognise(message, message.created_at - timedelta(minutes=10))
            assert found.found is Found.ABSENT, "they say the same, and it is theirs"
        sim.fail(Fault.TRUNCATED, 1, method="POST")
        with pytest.raises(Uncertain):
            await opened.send(message)
        async with opened_again(sim) as again:
            found = await again.recognise(message, message.created_at)
            assert (found.found, found.external_id) == (Found.SENT, f"dm/{_written(sim)[0].id}")


async def test_a_text_that_x_has_posted_already_counts_as_sent() -> None:
    async with connected() as (sim, opened):
        message = answer(_mention(sim), "We look into it.")
        sim.fail(Fault.LOST_ANSWER, 1, method="POST", path="/2/tweets")
        with pytest.raises(Uncertain):
            await opened.send(message)
        receipt = await opened.send(message)
        (posted,) = _ours(sim)
        assert receipt.external_id == posted.id
        assert "duplicate" in receipt.answer


async def test_the_same_words_by_another_colleague_are_refused() -> None:
    async with connected() as (sim, opened):
        mention = _mention(sim)
        await opened.send(answer(mention, "Thank you!"))
        with pytest.raises(Rejected, match="says the same"):
            await opened.send(answer(mention, "Thank you!"))
        assert len(_ours(sim)) == 1


async def test_by_its_key_alone_only_what_is_accounted_for_can_be_told() -> None:
    async with connected() as (sim, opened):
        message = answer(_mention(sim))
        assert (await opened.reconcile("unknown", message.created_at)).found is Found.ABSENT
        await opened.send(message)
        assert (await opened.reconcile("unknown", message.created_at)).found is Found.ABSENT
        assert (await opened.reconcile(message.key, message.created_at)).found is Found.SENT
        async with opened_again(sim) as again:
            assert (await again.reconcile("unknown", message.created_at)).found is Found.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.TOO_MANY, RateLimited),
        (Fault.BROKEN, Uncertain),
        (Fault.LOST_CALL, Uncertain),
        (Fault.LOST_ANSWER, Uncertain),
        (Fault.TRUNCATED, Uncertain),
        (Fault.NO_SCOPE, AuthFailed),
    ],
)
async def test_how_a_sending_ended_is_said_honestly(fault: Fault, error: type[AgentDeskError]) -> None:
    async with connected() as (sim, opened):
        message = answer(_mention(sim))
        await drained(opened, None)
        sim.fail(fault, 1, method="POST", path="/2/tweets")
        with pytest.raises(error):
            await opened.send(message)


async def test_a_server_that_cannot_be_reached_has_surely_not_posted() -> None:
    async with connected() as (sim, opened):
        message = answer(_mention(sim))
        await drained(opened, None)
        await opened.close()
        async with opened_again(sim, server="http://127.0.0.1:9") as away:
            with pytest.raises(Unreachable) as error:
                await away.send(message)
            assert not isinstance(error.value, Uncertain)


# --- what is done with posts ---


async def test_own_posts_and_messages_are_deleted_and_others_are_not() -> None:
    async with connected() as (sim, opened):
        mention = _mention(sim)
        wrote = sim.world.write(mention.author, sim.world.owner, "secret")
        for to in (mention, wrote):
            external = (await opened.send(answer(to))).external_id
            for _ in range(2):
                await opened.delete(external)
        assert _ours(sim) == []
        assert _written(sim) == []
        with pytest.raises(Rejected, match="does not let this account"):
            await opened.delete(mention.id)
        with pytest.raises(Rejected, match="not a post"):
            await opened.delete("../1")


async def test_answers_are_hidden_in_threads_of_ours_only() -> None:
    async with connected() as (sim, opened):
        work = sim.world.post(sim.world.owner, "Our news")
        comment = _mention(sim, "Buy my kettles", reply_to=work)
        await opened.hide(comment.id, True)
        assert comment.hidden
        await opened.hide(comment.id, False)
        assert not comment.hidden
        with pytest.raises(Rejected, match="does not let this account"):
            await opened.hide(_mention(sim).id, True)


async def test_what_can_be_done_and_what_it_costs_depend_on_the_plan() -> None:
    async with connected() as (sim, opened):
        abilities = await opened.abilities()
        public, private = abilities.answers
        assert (public.price and public.price.amount, public.price and public.price.with_link) == (
            "0.010",
            "0.200",
        )
        assert private.price is not None
        assert (private.price.amount, private.price.currency) == ("0.015", "USD")
        assert set(abilities.acts) == {Act.DELETE, Act.HIDE}
        assert "paid per use" in str(abilities.denied[Act.LIKE])
        with pytest.raises(AuthFailed):
            await opened.like(_mention(sim).id, True)
    async with connected(tier="enterprise") as (sim, opened):
        abilities = await opened.abilities()
        assert [one.price for one in abilities.answers] == [None, None]
        assert Act.LIKE in abilities.acts


async def test_permissions_that_were_not_given_close_what_needs_them() -> None:
    async with connected() as (sim, _):
        sim.scopes -= {"dm.write", "dm.read", "media.write"}
        sim.world.write(sim.world.person("ana"), sim.world.owner, "secret")
        async with opened_again(sim) as opened:
            public, private = (await opened.abilities()).answers
            assert (public.refused, public.files) == (None, None)
            assert private.refused is not None
            assert opened.signs().missing == ("dm.read", "dm.write", "media.write")
            assert (await drained(opened, None))[0] == [], "messages are not asked for"


async def test_our_own_messages_come_back_as_ours() -> None:
    async with connected() as (sim, opened):
        wrote = sim.world.write(sim.world.person("ana"), sim.world.owner, "secret")
        await opened.send(answer(wrote))
        items, _ = await drained(opened, None)
        assert [(one.post is not None and one.post.own) for one in map(meant, items)] == [False, True]
