"""What tests of acts on posts need: accounts that can do them, and questions about how far they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, update

from agentdesk.domain.abilities import Abilities, Act, Answering, TextLimit
from agentdesk.domain.acts import ActState
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Post, PostKind, Visibility, as_row, post_of
from agentdesk.store.tables import account_state, message, post_act
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

__all__ = ["ALL", "ANA", "allow", "answered", "arrived", "post_now", "reaches", "waiting_acts"]

ANA = "ana@network.example"
ALL = Abilities(answers=(Answering(Visibility.PUBLIC, text=TextLimit(100)),), acts=tuple(Act))


async def allow(world: FakeWorld, abilities: Abilities = ALL) -> None:
    """Let the account be able to do that, now and whenever it is asked again."""
    world.service.abilities = abilities
    plain = msgspec.json.decode(msgspec.json.encode(abilities))
    async with world.db.write() as conn:
        await conn.execute(update(account_state).values(abilities=plain))


async def arrived(world: FakeWorld, post_id: str = "p1", **post: Any) -> Row[Any]:
    """A customer's public comment below a work of ours, on a server that runs, with an account that can do
    everything."""
    if not world.cores:
        await world.started()
    whole = {"kind": PostKind.COMMENT, "visibility": Visibility.PUBLIC, "root": "w1", "parent": "w1", **post}
    row = as_row(Post(**whole))
    world.service.put(raw_mail(ANA, id=post_id, text="Hello", refs=["w1"], post=row, subject=""))
    await world.settled(len(world.service.items))
    await allow(world)
    return (await world.messages(message.c.external_id == post_id))[0]


async def answered(world: FakeWorld, about: Row[Any], **fields: Any) -> UUID:
    """An answer of Maria's to that post, as it is on its way."""
    to = (Party("email", ANA),)
    return await world.reply(world.cores[0], about.conversation_id, to=to, **fields)


async def post_now(world: FakeWorld, message_id: UUID) -> Post:
    """A message's post, as it is shown."""
    (row,) = await world.messages(message.c.id == message_id)
    post = post_of(row.post)
    assert post is not None
    return post


async def waiting_acts(world: FakeWorld) -> list[tuple[str, bool, int]]:
    """What is still to be done: kind, what, and how often it was tried."""
    rows = await world.rows(post_act, order=post_act.c.wished_at)
    return [(row.act, row.on, row.attempts) for row in rows]


async def reaches(world: FakeWorld, message_id: UUID, act: Act, state: str | None) -> ActState | None:
    """Wait until an act is ``state`` (None: there is nothing to say of it any more)."""

    async def there() -> bool:
        shown = (await post_now(world, message_id)).acts.get(act)
        return (shown.state if shown is not None else None) == state

    await until(there, what=f"{act} {state}")
    return (await post_now(world, message_id)).acts.get(act)
