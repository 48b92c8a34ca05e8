"""What is wished of posts: who may, what is shown at once, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import update
from tests.helpers.acted import ALL, allow, answered, arrived, post_now, waiting_acts
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.commands.values import (
    Answer,
    AnyCommand,
    DeleteReply,
    EditReply,
    HidePost,
    LikePost,
    ReportPost,
)
from agentdesk.domain.abilities import Act
from agentdesk.domain.message import Author
from agentdesk.domain.posts import PostKind, Visibility
from agentdesk.domain.team import Role
from agentdesk.store.tables import account, audit_entry, message


@pytest.fixture
async def post(world: FakeWorld) -> Any:
    """A customer's post whose account rests: what is wished waits."""
    row = await arrived(world)
    async with world.db.write() as conn:
        await conn.execute(update(account).values(paused=True))
    await world.cores[0].stop()
    return row


async def _do(world: FakeWorld, command: AnyCommand, actor: Actor | None = None) -> Answer:
    return await world.do(world.cores[0], command, actor)


def _about(row: Any) -> dict[str, Any]:
    return {"conversation_id": row.conversation_id, "message_id": row.id}


async def _sent(world: FakeWorld, post: Any) -> Any:
    """An answer of Maria's, sent a moment ago."""
    message_id = await answered(world, post)
    sent = {"delivery": "sent", "external_id": "o1", "sent_at": clock.now()}
    async with world.db.write() as conn:
        await conn.execute(update(message).where(message.c.id == message_id).values(sent))
    return (await world.messages(message.c.id == message_id))[0]


async def test_a_like_and_a_hiding_are_shown_at_once_and_wait(world: FakeWorld, post: Any) -> None:
    assert (await _do(world, LikePost(**_about(post)))).outcome == "done"
    assert (await _do(world, HidePost(**_about(post)))).outcome == "done"
    now = await post_now(world, post.id)
    assert (now.liked, now.hidden) == (True, True)
    assert (now.acts[Act.LIKE].state, now.acts[Act.HIDE].state) == ("waiting", "waiting")
    assert await waiting_acts(world) == [("like", True, 0), ("hide", True, 0)]


async def test_of_one_kind_the_newest_wish_counts_and_its_opposite_leaves_nothing(
    world: FakeWorld, post: Any
) -> None:
    await _do(world, LikePost(**_about(post)))
    await _do(world, LikePost(**_about(post)))
    assert await waiting_acts(world) == [("like", True, 0)]
    await _do(world, LikePost(**_about(post), liked=False))
    now = await post_now(world, post.id)
    assert (now.liked, dict(now.acts)) == (False, {})
    assert await waiting_acts(world) == []


async def test_a_report_needs_a_reason(world: FakeWorld, post: Any) -> None:
    assert (await _do(world, ReportPost(**_about(post), reason=" \n"))).code == "invalid"
    assert (await _do(world, ReportPost(**_about(post), reason="x" * 1_001))).code == "invalid"
    await _do(world, ReportPost(**_about(post), reason="Spam"))
    await _do(world, ReportPost(**_about(post), reason="Spam, and threats"))
    now = await post_now(world, post.id)
    assert now.acts[Act.REPORT].text == "Spam, and threats"
    assert await waiting_acts(world) == [("report", True, 0)]


async def test_what_the_account_cannot_is_refused_with_its_own_words(world: FakeWorld, post: Any) -> None:
    why = msg("Your plan does not include this.")
    await allow(world, msgspec.structs.replace(ALL, acts=(Act.LIKE,), denied={Act.HIDE: why}))
    refused = await _do(world, HidePost(**_about(post)))
    assert refused.reason is not None
    assert (refused.code, refused.reason.text) == ("network", why.text)
    refused = await _do(world, ReportPost(**_about(post), reason="Spam"))
    assert refused.reason is not None
    assert (refused.code, refused.reason.text) == ("network", "This account cannot do that.")
    assert await waiting_acts(world) == []


async def test_only_what_makes_sense_with_a_message(world: FakeWorld, post: Any) -> None:
    mine = await _sent(world, post)
    for command in (LikePost(**_about(mine)), HidePost(**_about(mine)), EditReply(**_about(post), text="x")):
        assert (await _do(world, command)).code in ("invalid", "not_allowed")
    gone = {"conversation_id": post.conversation_id, "message_id": new_id()}
    assert (await _do(world, LikePost(**gone))).code == "gone"
    assert await waiting_acts(world) == []


@pytest.mark.parametrize("kind", [PostKind.MENTION, PostKind.MESSAGE])
async def test_what_stands_below_nothing_is_not_hidden(world: FakeWorld, kind: PostKind) -> None:
    private = kind is PostKind.MESSAGE
    seen_by = Visibility.PRIVATE if private else Visibility.PUBLIC
    row = await arrived(world, kind=kind, visibility=seen_by, parent="w1" if private else "")
    assert (await _do(world, HidePost(**_about(row)))).code == "invalid"


async def test_nobody_without_the_inbox_may(world: FakeWorld, post: Any) -> None:
    stranger = Actor(Author.USER, new_id(), Role.AGENT, frozenset())
    for command in (LikePost(**_about(post)), ReportPost(**_about(post), reason="Spam")):
        assert (await _do(world, command, stranger)).code == "gone"


async def test_the_audit_trail_has_the_wish_without_its_words(world: FakeWorld, post: Any) -> None:
    await _do(world, ReportPost(**_about(post), reason="Spam"))
    (entry,) = await world.rows(audit_entry, audit_entry.c.what == "report_post", order=audit_entry.c.seq)
    assert (entry.outcome, entry.user_id) == ("done", world.user_id)
    assert "Spam" not in str(entry.data)


async def test_a_sent_post_shows_its_text_until_the_network_has_the_new_one(
    world: FakeWorld, post: Any
) -> None:
    mine = await _sent(world, post)
    colleague = Actor(Author.USER, new_id(), Role.AGENT, frozenset({world.inbox_id}))
    assert (await _do(world, EditReply(**_about(mine), text="Better"), colleague)).outcome == "done"
    (row,) = await world.messages(message.c.id == mine.id)
    assert (row.text, (await post_now(world, mine.id)).acts[Act.EDIT].text) == (mine.text, "Better")
    await _do(world, EditReply(**_about(mine), text=mine.text))  # as it is: nothing is left to do
    assert (await waiting_acts(world), dict((await post_now(world, mine.id)).acts)) == ([], {})


@pytest.mark.parametrize("hurdle", ["late", "long", "queued", "ability"])
async def test_an_edit_that_the_network_would_refuse(world: FakeWorld, post: Any, hurdle: str) -> None:
    mine = await _sent(world, post)
    if hurdle == "late":
        await allow(world, msgspec.structs.replace(ALL, edit_seconds=0))
    elif hurdle == "ability":
        await allow(world, msgspec.structs.replace(ALL, acts=()))
    elif hurdle == "queued":
        async with world.db.write() as conn:
            await conn.execute(update(message).where(message.c.id == mine.id).values(delivery="queued"))
    text = "x" * 101 if hurdle == "long" else "Better"
    refused = await _do(world, EditReply(**_about(mine), text=text))
    assert refused.code == ("invalid" if hurdle == "queued" else "network")


async def test_a_deletion_settles_what_else_was_wished(world: FakeWorld, post: Any) -> None:
    mine = await _sent(world, post)
    await _do(world, EditReply(**_about(mine), text="Better"))
    await _do(world, DeleteReply(**_about(mine)))
    await _do(world, DeleteReply(**_about(mine)))
    assert await waiting_acts(world) == [("delete", True, 0)]
    assert list((await post_now(world, mine.id)).acts) == [Act.DELETE]
    (row,) = await world.messages(message.c.id == mine.id)
    assert row.text == mine.text  # it still stands there
    assert (await _do(world, EditReply(**_about(mine), text="Again"))).code == "gone"
