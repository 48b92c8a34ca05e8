"""Acts on posts between a desk and its server: shown at once, also offline; taken back where it says no."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.commands.context import Refusal
from agentdesk.commands.values import HidePost, LikePost, ReportPost
from agentdesk.domain.abilities import Abilities, Act
from agentdesk.domain.posts import Post, PostKind, Visibility, as_row, post_of
from agentdesk.store.tables import account_state, message, post_act
from agentdesk.store.unit import ServerUnit
from agentdesk.sync import endpoint
from agentdesk.sync.needs import ACTS, COMMANDS, needed
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected

_NEW = {"state": "ok", "done": 0, "last_words": ""}


async def _able(world: World, *acts: Act) -> None:
    """Let the account be able to do these."""
    plain = msgspec.json.decode(msgspec.json.encode(Abilities(acts=acts)))

    async def work(unit: ServerUnit) -> None:
        if await unit.conn.scalar(select(account_state.c.id)) is not None:
            await unit.update(account_state, world.account_id, {"abilities": plain})
            return
        row = {"id": world.account_id, "inbox_id": world.inbox_id, "changed_at": clock.now()}
        await unit.insert(account_state, [{**row, **_NEW, "abilities": plain}])

    await world.write(work)


async def _post(world: World) -> dict[str, UUID]:
    """A customer's comment, as commands name it."""
    place = await world.mail("Hello")
    post = as_row(Post(kind=PostKind.COMMENT, visibility=Visibility.PUBLIC, root="w1", parent="w1"))

    async def work(unit: ServerUnit) -> UUID:
        here = select(message.c.id).where(message.c.conversation_id == place)
        found = (await unit.conn.scalars(here)).one()
        await unit.update(message, found, {"post": post})
        return found

    return {"conversation_id": place, "message_id": await world.write(work)}


async def _shown(desk: SimDesk) -> Post:
    async with desk.replica.read() as conn:
        post = post_of(await conn.scalar(select(message.c.post)))
    assert post is not None
    return post


async def _wishes(world: World) -> list[Any]:
    async with world.db.read() as conn:
        rows = (await conn.execute(select(post_act).order_by(post_act.c.act))).all()
    return [(row.act, row.on, row.text) for row in rows]


async def _all_sent(desk: SimDesk) -> None:
    await until(lambda: desk.workbench.unsent() == 0, what="everything has gone up")


@pytest.fixture
async def place(world: World) -> dict[str, UUID]:
    """A post that Ada may like, hide and report."""
    await world.add_user("ada")
    await _able(world, Act.LIKE, Act.HIDE, Act.REPORT)
    return await _post(world)


async def test_what_is_wished_offline_is_shown_and_goes_up_once(
    world: World, place: dict[str, UUID], new_desk: NewDesk
) -> None:
    desk = await connected(await new_desk("ada"))
    await desk.disconnect()
    for command in (
        LikePost(**place),
        LikePost(**place, liked=False),
        LikePost(**place),
        HidePost(**place),
        ReportPost(**place, reason="Spam"),
    ):
        await desk.workbench.do(command, None)
    post = await _shown(desk)
    assert (post.liked, post.hidden, len(post.acts)) == (True, True, 3)
    await desk.reopen()
    assert await _shown(desk) == post
    await connected(desk)
    await _all_sent(desk)
    assert await _wishes(world) == [("hide", True, ""), ("like", True, ""), ("report", True, "Spam")]
    after = await _shown(desk)
    assert (after.liked, after.hidden, set(after.acts)) == (True, True, set(post.acts))


async def test_a_like_that_was_taken_back_in_time_leaves_nothing(
    world: World, place: dict[str, UUID], new_desk: NewDesk
) -> None:
    desk = await connected(await new_desk("ada"))
    await desk.workbench.do(LikePost(**place), None)
    await desk.workbench.do(LikePost(**place, liked=False), None)
    await _all_sent(desk)

    async def clean() -> bool:
        post = await _shown(desk)
        return (post.liked, dict(post.acts)) == (False, {})

    await until(clean, what="nothing is left")
    assert await _wishes(world) == []


async def test_the_desk_refuses_with_the_words_of_the_server(
    world: World, place: dict[str, UUID], new_desk: NewDesk
) -> None:
    await _able(world, Act.LIKE)
    desk = await connected(await new_desk("ada"))
    with pytest.raises(Refusal, match="This account cannot do that"):
        await desk.workbench.do(HidePost(**place), None)
    assert (await _shown(desk)).hidden is False


async def test_what_the_server_refuses_is_taken_back_with_its_words(
    world: World, place: dict[str, UUID], new_desk: NewDesk
) -> None:
    desk = await connected(await new_desk("ada"))
    await desk.disconnect()
    await _able(world)
    await desk.workbench.do(HidePost(**place), None)
    assert (await _shown(desk)).hidden
    await connected(desk)

    def refused() -> bool:
        return [one.state for one in desk.workbench.waiting()] == ["refused"]

    await until(refused, what="a refusal")
    (kept,) = desk.workbench.waiting()
    assert kept.answer is not None
    assert kept.answer.reason is not None
    assert kept.answer.reason.text == "This account cannot do that."
    post = await _shown(desk)
    assert (post.hidden, dict(post.acts)) == (False, {})


async def test_a_server_that_is_too_old_is_not_asked(
    world: World, place: dict[str, UUID], new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tuple(one for one in endpoint._ABILITIES if one != ACTS)
    monkeypatch.setattr(endpoint, "_ABILITIES", known)
    desk = await connected(await new_desk("ada"))
    await desk.workbench.do(LikePost(**place), None)
    await until(lambda: [one.state for one in desk.workbench.waiting()] == ["refused"], what="a refusal")
    (kept,) = desk.workbench.waiting()
    assert kept.answer is not None
    assert kept.answer.reason is not None
    assert kept.answer.reason.text == "The server has to be updated before it can do this."
    assert (await _shown(desk)).liked is False
    assert await _wishes(world) == []


def test_a_server_names_that_it_knows_them() -> None:
    about = {"conversation_id": UUID(int=1), "message_id": UUID(int=2)}
    commands = LikePost(**about), HidePost(**about), ReportPost(**about, reason="Spam")
    assert {needed(command) for command in commands} == {ACTS}
    assert ACTS in COMMANDS
