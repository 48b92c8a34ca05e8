"""In and out: posts of networks, in the order in which networks tell of them and in any other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update
from tests.helpers.fake_connector import NOON, raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.values import Answer, SendReply
from agentdesk.domain.abilities import Abilities, Answering, TextLimit
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Counters, Post, PostKind, Visibility, Way, as_row
from agentdesk.store.tables import account_state, contact_identity, raw_item

ANA, BEN = "ana@network.example", "ben@network.example"


def raw_post(post_id: str, sender: str = ANA, *, text: str = "Hello", refs: Any = (), **post: Any) -> bytes:
    """A post, as the fake channel brings it."""
    whole = {"kind": PostKind.MENTION, "visibility": Visibility.PUBLIC, **post}
    fields = {"id": post_id, "text": text, "refs": list(refs), "post": as_row(Post(**whole))}
    return raw_mail(sender, subject="", salt=repr(whole.get("edited_at")), **fields)


def raw_deletion(post_id: str) -> bytes:
    """What a network says that names nobody."""
    return raw_mail("", what="deleted", refs=[post_id])


async def take_in(world: FakeWorld, *items: bytes) -> None:
    """Let items arrive one after the other, each recorded before the next one."""
    if not world.cores:
        await world.started()
    for raw in items:
        world.service.put(raw)
        await world.settled(len(world.service.items))


async def test_a_thread_is_found_by_its_root_and_its_parent(world: FakeWorld) -> None:
    await take_in(
        world,
        raw_post("p1", text="one"),
        raw_post("p2", text="two", refs=["p1"], root="p1", parent="p1"),
        raw_post("p9", BEN, text="me too", refs=["p1"], root="p1", parent="p1"),
        # Below a work of ours, which never came in: each person has one conversation there.
        raw_post("c1", text="nice", kind=PostKind.COMMENT, root="w1", parent="w1"),
        raw_post("c2", BEN, text="not nice", kind=PostKind.COMMENT, root="w1", parent="w1"),
        raw_post("c3", text="still nice", kind=PostKind.COMMENT, root="w1", parent="w1"),
    )
    by_text = {m.text: (m.conversation_id, m.reason["rule"]) for m in await world.messages()}
    assert by_text["two"] == (by_text["one"][0], "references")
    assert by_text["me too"][0] != by_text["one"][0]
    assert by_text["me too"][1] == "related"
    assert by_text["still nice"] == (by_text["nice"][0], "same_root")
    assert by_text["not nice"][0] not in (by_text["nice"][0], by_text["me too"][0])
    first = (await world.conversations())[0]
    assert (first.root, first.visibility, first.watched) == ("p1", "public", False)


async def test_a_thread_is_one_conversation_also_within_one_batch(world: FakeWorld) -> None:
    world.service.put(raw_post("p2", text="two", root="p1", parent="x"))
    world.service.put(raw_post("p1", text="one"))
    world.service.put(raw_post("p3", text="three", root="p1", parent="y"))
    await world.started()
    await world.settled(3)
    assert len({m.conversation_id for m in await world.messages()}) == 1


async def test_edits_keep_what_was_said_before_and_counters_follow(world: FakeWorld) -> None:
    later = NOON + timedelta(minutes=5)
    await take_in(
        world,
        raw_post("p1", text="I want my mony back"),
        raw_post("p1", text="I want my money back", edited_at=later, counters=Counters(likes=3)),
        raw_post("p1", text="I want my mony back", counters=Counters(likes=1)),  # from before the edit
        raw_post("p2", BEN, text="Changed before it came", edited_at=later),
    )
    first, second = await world.messages()
    assert first.text == "I want my money back"
    assert [one["text"] for one in first.revision["earlier"]] == ["I want my mony back"]
    assert first.post["counters"] == {"likes": 3}
    assert (second.revision["state"], second.revision["earlier"]) == ("edited", [])
    assert first.warnings == []


async def test_lists_show_the_warning_and_not_what_it_stands_before(world: FakeWorld) -> None:
    await take_in(world, raw_post("p1", text="Eight legs", warning="Spiders"))
    (found,) = await world.conversations()
    assert found.preview == "Spiders"
    edited = NOON + timedelta(minutes=5)
    await take_in(world, raw_post("p1", text="Eight long legs", warning="Spiders", edited_at=edited))
    (found,) = await world.conversations()
    assert found.preview == "Spiders"
    later = NOON + timedelta(minutes=9)
    await take_in(world, raw_post("p1", text="Eight hairy legs", warning="Big spiders", edited_at=later))
    (found,) = await world.conversations()
    assert found.preview == "Big spiders"


async def test_what_is_deleted_is_gone_in_whatever_order_it_is_told(world: FakeWorld) -> None:
    await take_in(
        world,
        raw_post("p1", text="Secret one"),
        raw_post("p1", text="Secret one, more", edited_at=NOON),
        raw_deletion("p1"),
        raw_deletion("p2"),
        raw_deletion("p2"),
        raw_post("p2", BEN, text="Secret two"),
        raw_post("p1", text="Secret one, more", edited_at=NOON),  # a cache of the network's
    )
    (gone,) = await world.messages()
    assert (gone.text, gone.post, gone.revision["state"]) == ("", None, "deleted")
    kept = [row for row in await world.rows(raw_item) if row.blob]
    assert {row.source_id for row in kept} <= {"item-2", "item-3", "item-4"}  # they name nothing but ids


async def test_what_speaks_of_us_waits_for_nobody_until_it_speaks_to_us(world: FakeWorld) -> None:
    await take_in(world, raw_post("p1", text="AgentDesk broke again", kind=PostKind.WATCHED))
    (found,) = await world.conversations()
    assert (found.watched, found.unread, found.waiting_since) == (True, False, None)
    await take_in(world, raw_post("p2", text="@us help", refs=["p1"], root="p1", parent="p1"))
    (found,) = await world.conversations()
    assert (found.watched, found.unread, found.waiting_since is not None) == (False, True, True)


async def test_our_own_posts_come_back_without_being_shown(world: FakeWorld) -> None:
    await take_in(world, raw_post("o1", "support@desk.example", text="News", own=True))
    assert await world.messages() == []


async def test_people_are_known_by_what_the_network_says_of_them_last(world: FakeWorld) -> None:
    profile = {"handle": "@ana", "url": "https://network.example/@ana", "followers": 10}
    post = as_row(Post(kind=PostKind.MENTION, visibility=Visibility.PUBLIC))
    for number, followers in enumerate((10, 2_000)):
        told = {**profile, "followers": followers}
        await take_in(world, raw_mail(ANA, id=f"p{number}", text=f"{number}", profile=told, post=post))
    (ana,) = await world.rows(contact_identity)
    assert (ana.value, ana.display) == (ANA, "@ana")
    assert ana.profile == {"url": "https://network.example/@ana", "followers": 2_000}


async def _answer(world: FakeWorld, text: str = "We look into it.", **fields: Any) -> Answer:
    (conversation,) = await world.conversations()
    to = (Party("email", ANA),)
    command = SendReply(message_id=new_id(), conversation_id=conversation.id, to=to, text=text, **fields)
    return await world.do(world.cores[0], command)


async def test_an_answer_is_never_wider_than_what_it_answers(world: FakeWorld) -> None:
    await take_in(world, raw_post("p1", visibility=Visibility.LIMITED, warning="Insects"))
    refused = await _answer(world, visibility="public")
    assert (refused.outcome, refused.code) == ("refused", "too_wide")
    assert (await _answer(world)).outcome == "done"
    assert (await _answer(world, visibility="private", text="In private")).outcome == "done"
    limited, private = (await world.messages())[1:]
    for message in (limited, private):
        await world.delivered(message.id, "sent")
    sent = [(one.visibility, one.in_reply_to, one.root, one.warning) for one in world.service.sent]
    assert sent == [("limited", "p1", "p1", "Insects"), ("private", "p1", "p1", "Insects")]


async def test_where_one_answer_is_all_that_may_be_a_second_is_refused_before(world: FakeWorld) -> None:
    once = Way(Visibility.PRIVATE, once=True)
    await take_in(world, raw_post("p1", kind=PostKind.COMMENT, root="w1", parent="w1", ways=(once,)))
    assert (await _answer(world, visibility="private", text="In private")).outcome == "done"
    refused = await _answer(world, visibility="private", text="And again")
    assert (refused.outcome, refused.code) == ("refused", "network")
    assert (await _answer(world, text="In public, as often as one likes")).outcome == "done"
    await take_in(world, raw_post("p2", kind=PostKind.COMMENT, root="w1", parent="w1", ways=(once,)))
    assert (await _answer(world, visibility="private", text="Of another one")).outcome == "done"


@pytest.mark.parametrize("hurdle", ["window", "ability", "length"])
async def test_what_the_network_would_refuse_is_refused_before_with_a_reason(
    world: FakeWorld, hurdle: str
) -> None:
    over = Way(Visibility.PUBLIC, until=clock.now() - timedelta(hours=1))
    await take_in(world, raw_post("p1", ways=(over,) if hurdle == "window" else ()))
    why = msg("Not on this plan.") if hurdle == "ability" else None
    answering = Answering(Visibility.PUBLIC, refused=why, text=TextLimit(10))
    async with world.db.write() as conn:
        plain = msgspec.json.decode(msgspec.json.encode(Abilities(answers=(answering,))))
        await conn.execute(update(account_state).values(abilities=plain))
    refused = await _answer(world, text="Too long a text" if hurdle == "length" else "Short")
    assert (refused.outcome, refused.code) == ("refused", "network")
