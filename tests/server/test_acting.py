"""Acts on posts at their network: what becomes of them when it agrees, refuses, or cannot be reached."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update
from tests.helpers.acted import answered, arrived, post_now, reaches, waiting_acts
from tests.helpers.fake_connector import unreachable
from tests.helpers.fake_world import QUICK_PACE, FakeWorld
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.commands.values import (
    DeleteReply,
    EditReply,
    EraseContact,
    HidePost,
    LikePost,
    ReportPost,
    RetryDelivery,
    SetStatus,
)
from agentdesk.domain.abilities import Act
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected, Uncertain
from agentdesk.sdk.outbound import Found
from agentdesk.server import acting
from agentdesk.server.act_ledger import ActLedger, due_accounts
from agentdesk.server.acting import DueActs
from agentdesk.server.delivery import Pace
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseBusy
from agentdesk.store.tables import account_state, event, lease, message, outbox, post_act


def about(row: Any) -> dict[str, Any]:
    """How a command names a message."""
    return {"conversation_id": row.conversation_id, "message_id": row.id}


async def _events(world: FakeWorld) -> list[tuple[str, bool, str]]:
    rows = await world.rows(event, event.c.kind == "act", order=event.c.created_at)
    return [(row.data["act"], row.data["on"], row.data["state"]) for row in rows]


async def _mine(world: FakeWorld, post: Any) -> Any:
    message_id = await answered(world, post)
    return await world.delivered(message_id, "sent")


def held(world: FakeWorld) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the next act hang in the middle; returns what is set when it has begun, and what lets it go on."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hang(*_done: Any) -> None:
        world.service.on_act = None
        begun.set()
        await go_on.wait()

    world.service.on_act = hang
    return begun, go_on


async def test_each_act_is_done_once_and_told_in_the_transcript(world: FakeWorld) -> None:
    post = await arrived(world)
    mine = await _mine(world, post)
    core = world.cores[0]
    await world.do(core, LikePost(**about(post)))
    await reaches(world, post.id, Act.LIKE, None)
    await world.do(core, HidePost(**about(post)))
    await reaches(world, post.id, Act.HIDE, None)
    await world.do(core, ReportPost(**about(post), reason="Spam"))
    reported = await reaches(world, post.id, Act.REPORT, "done")
    assert reported is not None
    assert reported.text == ""
    await world.do(core, EditReply(**about(mine), text="Better"))
    await reaches(world, mine.id, Act.EDIT, None)
    own = mine.external_id
    assert world.service.acts == [
        ("like", "p1", True),
        ("hide", "p1", True),
        ("report", "p1", "Spam"),
        ("edit", own, "Better"),
    ]
    (row,) = await world.messages(message.c.id == mine.id)
    assert (row.text, [one["text"] for one in row.revision["earlier"]]) == ("Better", [mine.text])
    assert await _events(world) == [(kind, True, "done") for kind in ("like", "hide", "report", "edit")]
    assert await waiting_acts(world) == []


async def test_a_deletion_leaves_the_bare_mark(world: FakeWorld) -> None:
    post = await arrived(world)
    mine = await _mine(world, post)
    await world.do(world.cores[0], DeleteReply(**about(mine)))

    async def gone() -> bool:
        (row,) = await world.messages(message.c.id == mine.id)
        return row.revision is not None and (row.text, row.post) == ("", None)

    await until(gone, what="a deleted post")
    assert world.service.acts == [("delete", mine.external_id)]
    assert (await _events(world), await waiting_acts(world)) == ([("delete", True, "done")], [])


async def test_a_refusal_is_shown_with_its_words_and_comes_back_to_the_team(world: FakeWorld) -> None:
    post = await arrived(world)
    core = world.cores[0]
    await world.do(core, SetStatus(conversation_id=post.conversation_id, status="resolved"))
    world.service.act_script.append(Rejected(msg("The network refused it."), "403 not yours"))
    await world.do(core, HidePost(**about(post)))
    failed = await reaches(world, post.id, Act.HIDE, "failed")
    assert failed is not None
    assert failed.why is not None
    assert (failed.on, failed.why.text, failed.words) == (True, "The network refused it.", "403 not yours")
    assert (await post_now(world, post.id)).hidden is False
    (row,) = await world.conversations()
    assert (row.status, row.unread) == ("open", True)
    assert await _events(world) == [("hide", True, "failed")]
    await world.do(core, HidePost(**about(post)))
    await reaches(world, post.id, Act.HIDE, None)
    assert ((await post_now(world, post.id)).hidden, world.service.acts) == (True, [("hide", "p1", True)])


async def test_a_taking_back_that_was_refused_can_be_tried_again(world: FakeWorld) -> None:
    post = await arrived(world)
    core = world.cores[0]
    begun, go_on = held(world)
    refused = Rejected(msg("Not now."))
    world.service.act_script.extend([refused, refused])
    await world.do(core, LikePost(**about(post)))
    await begun.wait()
    await world.do(core, LikePost(**about(post), liked=False))
    go_on.set()
    await reaches(world, post.id, Act.LIKE, "failed")
    await world.do(core, LikePost(**about(post), liked=False))
    await reaches(world, post.id, Act.LIKE, None)
    assert world.service.acts == [("like", "p1", False)]


async def test_what_passes_is_tried_again_until_it_is_done(world: FakeWorld) -> None:
    post = await arrived(world)
    passing = [
        unreachable(),
        RateLimited(msg("Slowly."), 0.05),
        Uncertain(msg("The connection broke.")),
        AuthFailed(msg("Sign in again.")),
    ]
    world.service.act_script.extend(passing)
    await world.do(world.cores[0], LikePost(**about(post)))
    await reaches(world, post.id, Act.LIKE, None)
    assert world.service.acts == [("like", "p1", True)]
    (state,) = await world.rows(account_state)
    assert state.state == "ok"


async def test_the_reason_for_waiting_is_shown(world: FakeWorld) -> None:
    world.core(pace=Pace(sign_in=3600.0, poll=0.02))
    await world.cores[0].start()
    post = await arrived(world)
    world.service.act_script.append(AuthFailed(msg("Sign in again.")))
    await world.do(world.cores[0], LikePost(**about(post)))

    async def told() -> bool:
        state = (await post_now(world, post.id)).acts[Act.LIKE]
        return state.why is not None and (state.state, state.why.text) == ("waiting", "Sign in again.")

    await until(told, what="a reason")
    (state,) = await world.rows(account_state)
    assert state.state == "auth_failed"


async def test_it_gives_up_after_a_while(world: FakeWorld) -> None:
    world.core(pace=Pace(retry=Backoff(0.02, 0.02), give_up=0.1, poll=0.02))
    await world.cores[0].start()
    post = await arrived(world)
    world.service.act_script.extend([unreachable()] * 100)
    await world.do(world.cores[0], LikePost(**about(post)))
    failed = await reaches(world, post.id, Act.LIKE, "failed")
    assert failed is not None
    assert failed.why is not None
    assert (failed.why.text, (await post_now(world, post.id)).liked) == ("Nobody answers.", False)


@pytest.mark.logs_error("unexpected failure")
async def test_a_bug_of_a_connector_ends_in_words(world: FakeWorld) -> None:
    post = await arrived(world)
    world.service.act_script.append(KeyError("surprise"))
    await world.do(world.cores[0], LikePost(**about(post)))
    failed = await reaches(world, post.id, Act.LIKE, "failed")
    assert failed is not None
    assert failed.words == "KeyError"


async def test_what_is_wished_while_something_is_done_is_done_after_it(world: FakeWorld) -> None:
    post = await arrived(world)
    core = world.cores[0]
    begun, go_on = held(world)
    await world.do(core, LikePost(**about(post)))
    await begun.wait()
    await world.do(core, LikePost(**about(post), liked=False))
    assert await waiting_acts(world) == [("like", False, 1)]
    go_on.set()
    await reaches(world, post.id, Act.LIKE, None)
    assert world.service.acts == [("like", "p1", True), ("like", "p1", False)]
    assert (await post_now(world, post.id)).liked is False


async def test_a_crash_between_doing_and_noting_does_it_again(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await arrived(world)
    settle, crashes = ActLedger.settle, [DatabaseBusy()]

    async def crash_once(self: ActLedger, *args: Any) -> None:
        if crashes:
            raise crashes.pop()
        await settle(self, *args)

    monkeypatch.setattr(ActLedger, "settle", crash_once)
    await world.do(world.cores[0], LikePost(**about(post)))
    await reaches(world, post.id, Act.LIKE, None)
    assert world.service.acts == [("like", "p1", True)] * 2
    assert await _events(world) == [("like", True, "done")]


async def test_the_next_server_does_again_what_one_that_was_stopped_was_doing(world: FakeWorld) -> None:
    post = await arrived(world)
    begun, go_on = held(world)
    await world.do(world.cores[0], LikePost(**about(post)))
    await begun.wait()
    async with world.db.write() as conn:  # it was stopped for so long that its lease has run out
        mine = lease.c.name == f"account:{world.account_id}"
        await conn.execute(
            update(lease)
            .where(mine)
            .values(holder="test:two", token=lease.c.token + 1, expires_at=clock.now())
        )
    await world.started("two")
    await reaches(world, post.id, Act.LIKE, None)
    go_on.set()
    assert world.service.acts[0] == ("like", "p1", True)
    assert await _events(world) == [("like", True, "done")]


async def _in_doubt(world: FakeWorld, step: str) -> Any:
    """An answer of which nobody knows whether it was sent."""
    post = await arrived(world)
    world.service.send_script.append(step)
    world.service.look_ups.append(Found.UNKNOWN)
    message_id = await answered(world, post)
    return await world.delivered(message_id, "uncertain")


async def test_a_deletion_of_what_may_have_been_sent_looks_it_up_first(world: FakeWorld) -> None:
    mine = await _in_doubt(world, "kept")
    await world.do(world.cores[0], DeleteReply(**about(mine)))

    async def gone() -> bool:
        (row,) = await world.messages(message.c.id == mine.id)
        return row.revision is not None

    await until(gone, what="a deleted post")
    (sent,) = world.service.sent
    assert world.service.acts == [("delete", sent.key)]


async def test_what_proves_not_to_have_been_sent_is_deleted_and_never_sent(world: FakeWorld) -> None:
    mine = await _in_doubt(world, "lost")
    await world.do(world.cores[0], DeleteReply(**about(mine)))

    async def gone() -> bool:
        (row,) = await world.messages(message.c.id == mine.id)
        return row.revision is not None

    await until(gone, what="a deleted post")
    assert (world.service.sent, world.service.acts, await waiting_acts(world)) == ([], [], [])
    assert (await world.rows(outbox, order=outbox.c.created_at))[0].state == "done"
    (row,) = await world.messages(message.c.id == mine.id)
    assert (row.delivery, row.delivery_detail) == ("", None), "it troubles nobody"
    again = await world.do(world.cores[0], RetryDelivery(message_id=mine.id))
    assert (again.outcome, again.code) == ("refused", "gone")


async def test_a_deletion_of_what_stays_in_doubt_says_so(world: FakeWorld) -> None:
    mine = await _in_doubt(world, "lost")
    world.service.look_ups.append(Found.UNKNOWN)
    await world.do(world.cores[0], DeleteReply(**about(mine)))
    failed = await reaches(world, mine.id, Act.DELETE, "failed")
    assert failed is not None
    assert failed.why is not None
    assert failed.why.text == "It is not known whether this message was sent."
    assert world.service.acts == []


async def test_of_an_erased_customer_only_deletions_are_still_done(world: FakeWorld) -> None:
    world.core(pace=QUICK_PACE)
    await world.cores[0].start()
    post = await arrived(world)
    mine = await _mine(world, post)
    world.service.act_script.extend([RateLimited(msg("Slowly."), 3600.0)])
    core = world.cores[0]
    await world.do(core, LikePost(**about(post)))

    async def tried() -> bool:
        return await waiting_acts(world) == [("like", True, 1)]

    await until(tried, what="a try")
    await world.do(core, DeleteReply(**about(mine)))
    admin = Actor(Author.USER, world.user_id, Role.ADMIN, None)
    (conversation,) = await world.conversations()
    erased = await world.do(core, EraseContact(contact_id=conversation.contact_id), admin)
    assert erased.outcome == "done", erased
    (left,) = await world.rows(post_act, order=post_act.c.wished_at)
    assert (left.act, left.external_id) == ("delete", mine.external_id)


async def test_what_is_dropped_takes_its_wishes_along(world: FakeWorld) -> None:
    world.core(pace=Pace(sign_in=3600.0, poll=0.02))
    await world.cores[0].start()
    post = await arrived(world)
    world.service.act_script.append(AuthFailed(msg("Sign in again.")))
    await world.do(world.cores[0], LikePost(**about(post)))
    async with world.db.write() as conn:
        await conn.execute(delete(message).where(message.c.id == post.id))
    assert await waiting_acts(world) == []


async def test_many_accounts_ask_once_what_is_due(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def counted(db: Database) -> frozenset[UUID]:
        nonlocal asked
        asked += 1
        return await due_accounts(db)

    monkeypatch.setattr(acting, "due_accounts", counted)
    bell = Bell()
    due = DueActs(world.db, bell, fresh=3600.0)
    others = [due.has(new_id()) for _ in range(100)]
    assert (any(await asyncio.gather(*others)), asked) == (False, 1)
    bell.ring(quietly=True)
    assert (await due.has(world.account_id), asked) == (False, 1)
    bell.ring()
    assert (await due.has(world.account_id), asked) == (False, 2)
