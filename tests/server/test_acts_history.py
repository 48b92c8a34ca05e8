"""Random histories of wishes, a network that fails, and servers that come and go: at the end the network has
what was wished last, and everybody sees that."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import update
from tests.helpers.acted import answered, arrived, post_now, waiting_acts
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.commands.values import AnyCommand, EditReply, HidePost, LikePost
from agentdesk.sdk.errors import RateLimited, Uncertain, Unreachable
from agentdesk.store.tables import lease, message

STEPS = 40


class _Network:
    """Does what it is asked, or says that it did not, or does it and says nothing."""

    def __init__(self, world: FakeWorld, rng: random.Random) -> None:
        self._world, self._rng = world, rng
        self.calm = False

    async def hear(self, *done: Any) -> None:
        """Called with each act, before it counts as done."""
        await asyncio.sleep(self._rng.random() * 0.01)
        if self.calm or self._rng.random() < 0.5:
            return
        fault = self._rng.choice(["away", "slowly", "lost answer", "lost call"])
        if fault == "lost answer":
            self._world.service.acts.append(done)
        if fault == "away":
            raise Unreachable(msg("Nobody answers."))
        if fault == "slowly":
            raise RateLimited(msg("Slowly."), 0.01)
        raise Uncertain(msg("The connection broke."))

    def last(self, kind: str, otherwise: Any) -> Any:
        """What was done last of a kind."""
        done = [one[-1] for one in self._world.service.acts if one[0] == kind]
        return done[-1] if done else otherwise


def _wish(rng: random.Random, theirs: Any, mine: Any) -> AnyCommand:
    there = {"conversation_id": theirs.conversation_id, "message_id": theirs.id}
    match rng.choice(["like", "hide", "edit"]):
        case "like":
            return LikePost(**there, liked=rng.random() < 0.5)
        case "hide":
            return HidePost(**there, hidden=rng.random() < 0.5)
    text = rng.choice([mine.text, "one", "two", "three"])
    return EditReply(conversation_id=mine.conversation_id, message_id=mine.id, text=text)


async def _lose_lease(world: FakeWorld) -> None:
    """As if the server had been stopped for longer than its lease."""
    mine = lease.c.name == f"account:{world.account_id}"
    over = {"token": lease.c.token + 1, "expires_at": clock.now()}
    async with world.db.write() as conn:
        await conn.execute(update(lease).where(mine).values(over))


@pytest.mark.parametrize("seed", range(4))
async def test_the_network_ends_with_what_was_wished_last(world: FakeWorld, seed: int) -> None:
    rng = random.Random(seed)
    theirs = await arrived(world)
    mine = await world.delivered(await answered(world, theirs), "sent")
    network = _Network(world, rng)
    world.service.on_act = network.hear
    await world.started("two")
    wished: dict[type[Any], Any] = {}
    for _ in range(STEPS):
        command: Any = _wish(rng, theirs, mine)
        answer = await world.do(rng.choice(world.cores), command)
        assert answer.outcome == "done", answer
        wished[type(command)] = command
        if rng.random() < 0.6:
            await asyncio.sleep(rng.random() * 0.03)
        if rng.random() < 0.05:
            await _lose_lease(world)
    network.calm = True

    async def all_done() -> bool:
        return await waiting_acts(world) == []

    await until(all_done, what="nothing is left to do")
    post = await post_now(world, theirs.id)
    (row,) = await world.messages(message.c.id == mine.id)
    shown = post.liked, post.hidden, row.text
    assert shown == (
        network.last("like", False),
        network.last("hide", False),
        network.last("edit", mine.text),
    )
    liked, hidden, text = wished.get(LikePost), wished.get(HidePost), wished.get(EditReply)
    assert liked is None or liked.liked == post.liked
    assert hidden is None or hidden.hidden == post.hidden
    assert text is None or text.text == row.text
    assert (dict(post.acts), dict((await post_now(world, mine.id)).acts)) == ({}, {})
