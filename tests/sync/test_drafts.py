"""Drafts go to their author's other desks, to nobody else's, and no text is ever lost on the way."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, File
from agentdesk.domain.team import Role
from agentdesk.store.tables import draft
from agentdesk.sync import desk_drafts
from agentdesk.sync.draft import Draft
from agentdesk.sync.draft_store import keep_draft
from agentdesk.sync.protocol import KeepDraft
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_drafts, "_PAUSE_SECONDS", 0.01)


async def _typed(desk: SimDesk, where: UUID, text: str, mode: str = "reply", **more: Any) -> UUID | None:
    return await desk.workbench.drafts.save(Draft(conversation_id=where, mode=mode, text=text, **more))


async def _text(desk: SimDesk, where: UUID, mode: str = "reply") -> str:
    found = await desk.workbench.drafts.one(where, mode)
    return found.text if found is not None else ""


async def _asides(desk: SimDesk, where: UUID) -> list[str]:
    return [one.text for one in await desk.workbench.drafts.aside(where)]


async def _shows(desk: SimDesk, where: UUID, text: str, *aside: str) -> None:
    """Wait until a desk has a draft, and these texts that were put aside."""

    async def so() -> bool:
        return await _text(desk, where) == text and await _asides(desk, where) == list(aside)

    await until(so, what=f"{desk.folder.name} shows {text!r}")


async def _has_told(desk: SimDesk) -> None:
    async def so() -> bool:
        return not await desk.outbox.run(desk.outbox.file.drafts.to_tell)

    await until(so, what="the server knows")


async def _two_desks(world: World, new_desk: NewDesk, **fields: Any) -> tuple[SimDesk, SimDesk, UUID]:
    """Two desks of one person, connected, and a conversation."""
    await world.add_user("ada", **fields)
    where = await world.mail()
    desks = [await new_desk("ada", folder) for folder in ("here", "there")]
    for desk in desks:
        await desk.connect()
        await until(desk.synced.is_set)
    return desks[0], desks[1], where


async def test_a_draft_follows_its_author_with_all_that_belongs_to_it(
    world: World, new_desk: NewDesk
) -> None:
    here, there, where = await _two_desks(world, new_desk)
    file = File(new_id(), "a.txt", "text/plain", 3, "ab" * 32)
    given = Draft(
        conversation_id=where, mode="reply", text="Good day", html="<b>Good</b> day", to=("a@b.test",),
        cc=("c@d.test",), bcc=("e@f.test",), subject="About", files=(file,), seen_message_id=new_id(),
        visibility="private",
    )  # fmt: skip
    await here.workbench.drafts.save(given)
    await _typed(here, where, "for the team", "note")
    await _shows(there, where, "Good day")
    await until(lambda: _text(there, where, "note"))
    came = await there.workbench.drafts.one(where, "reply")
    assert came is not None
    assert msgspec.structs.replace(came, saved_at=None, edition=None) == given
    assert here.uploaded == [file.blob]
    assert await there.workbench.is_uploaded(file.blob)
    assert {"draft": {where}} in there.changes


async def test_nobody_else_gets_a_draft_whatever_they_may_see(world: World, new_desk: NewDesk) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await world.add_user("boss", Role.ADMIN)
    early, late = await new_desk("boss", "early"), await new_desk("boss", "late")
    await early.connect()
    await until(early.synced.is_set)
    await _typed(here, where, "between us")
    await _shows(there, where, "between us")
    await _typed(here, where, "")
    await _shows(there, where, "")
    await _typed(here, where, "between us again")
    await _shows(there, where, "between us again")
    await late.connect()
    await until(late.synced.is_set)
    marker = await world.mail("after it")
    for desk in (early, late):
        await until(functools.partial(_knows, desk, marker))
        assert await _holds_none(desk)
        assert not any("draft" in changes for changes in desk.changes)


async def _knows(desk: SimDesk, conversation_id: UUID) -> bool:
    return any(conversation_id in changes.get("conversation", ()) for changes in desk.changes)


async def test_typing_goes_on_on_the_other_desk_and_back(world: World, new_desk: NewDesk) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await _typed(here, where, "One")
    await _shows(there, where, "One")
    for round_ in range(3):
        await _typed(there, where, f"One, two {round_}")
        await _shows(here, where, f"One, two {round_}")
        await _typed(here, where, f"One, two, three {round_}")
        await _shows(there, where, f"One, two, three {round_}")


async def test_what_was_typed_offline_goes_up_later(world: World, new_desk: NewDesk) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await here.disconnect()
    for text in ("T", "Ty", "Typed on the train"):
        await _typed(here, where, text)
    await here.reopen()
    await here.connect()
    await _shows(there, where, "Typed on the train")


async def test_sending_and_discarding_remove_it_everywhere(world: World, new_desk: NewDesk) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await _typed(here, where, "for the team", "note")
    await _typed(here, where, "never mind")
    await _shows(there, where, "never mind")
    await until(lambda: _text(there, where, "note"))
    await there.workbench.do(AddNote(message_id=new_id(), conversation_id=where, text="for the team"), None)
    await _typed(there, where, "")
    await _shows(here, where, "")

    async def no_note() -> bool:
        return not await _text(here, where, "note")

    await until(no_note)
    assert await _asides(here, where) == await _asides(there, where) == []
    async with world.db.read() as conn:
        assert await conn.scalar(select(func.count()).select_from(draft)) == 0


@pytest.mark.parametrize("first_is_newer", [False, True])
async def test_of_two_texts_the_newer_stays_and_the_other_is_put_aside(
    world: World, new_desk: NewDesk, first_is_newer: bool
) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await _typed(here, where, "Begun")
    await _shows(there, where, "Begun")
    await here.disconnect()
    later = clock.now() - timedelta(minutes=5)
    moved = timedelta(minutes=1 if first_is_newer else -1)
    await _typed(here, where, "Begun, on the train", saved_at=later + moved)
    await _typed(there, where, "Begun, at the desk", saved_at=later)
    await _has_told(there)
    await here.connect()
    both = ["Begun, at the desk", "Begun, on the train"]
    newer = both[first_is_newer]
    for desk in (here, there):
        await _shows(desk, where, newer, both[not first_is_newer])
    (aside,) = await here.workbench.drafts.aside(where)
    assert aside.edition is not None
    await here.workbench.drafts.drop_aside(aside.edition)
    for desk in (here, there):
        await _shows(desk, where, newer)


async def test_what_was_typed_over_an_older_text_does_not_hide_the_one_that_came(
    world: World, new_desk: NewDesk
) -> None:
    here, there, where = await _two_desks(world, new_desk)
    first = await _typed(here, where, "First")
    await _shows(there, where, "First")
    await _typed(there, where, "Second")
    await _shows(here, where, "Second")
    await _typed(here, where, "First, and more", edition=first)  # a window that had not followed yet
    for desk in (here, there):
        await _shows(desk, where, "First, and more", "Second")


async def test_a_text_that_goes_on_elsewhere_outlives_its_removal_here(
    world: World, new_desk: NewDesk
) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await _typed(here, where, "Begun")
    await _shows(there, where, "Begun")
    await here.disconnect()
    await _typed(there, where, "Begun, and gone on")
    await _has_told(there)
    await _typed(here, where, "")
    await here.connect()
    await _shows(here, where, "Begun, and gone on")
    await _shows(there, where, "Begun, and gone on")


async def test_a_revoked_inbox_takes_no_text_away(world: World, new_desk: NewDesk) -> None:
    other, _ = await world.add_inbox("Sales")
    here, there, where = await _two_desks(
        world, new_desk, role=Role.AGENT, inboxes=frozenset({world.inbox_id, other})
    )
    await _typed(here, where, "mine")
    await _shows(there, where, "mine")
    world.actors["ada"] = world.actor("ada", frozenset({other}))
    for desk in (here, there):
        await desk.connect()
        await until(functools.partial(_holds_none, desk))
        assert await _text(desk, where) == "mine"
    await _typed(here, where, "mine, and more")
    await _typed(here, await world.mail(inbox_id=other), "elsewhere")
    await until(lambda: _somewhere(there, "elsewhere"))
    assert await _text(there, where) == "mine"
    world.actors["ada"] = world.actor("ada", frozenset({world.inbox_id, other}))
    await here.connect()
    await there.connect()
    await _shows(there, where, "mine, and more")


async def _holds_none(desk: SimDesk) -> bool:
    async with desk.replica.read() as conn:
        return not await conn.scalar(select(func.count()).select_from(draft))


async def _somewhere(desk: SimDesk, text: str) -> bool:
    return any(one.text == text for one in await desk.workbench.drafts.all())


async def test_a_server_that_lost_its_drafts_is_told_again(world: World, new_desk: NewDesk) -> None:
    here, there, where = await _two_desks(world, new_desk)
    await _typed(here, where, "kept")
    await _shows(there, where, "kept")
    await there.disconnect()
    await here.disconnect()
    async with world.db.write() as conn:
        await conn.execute(draft.delete())
    world.feed.epoch = "another"
    await here.connect()
    await until(here.synced.is_set)
    await there.connect()
    await until(there.synced.is_set)
    await _has_told(here)
    for desk in (here, there):
        await _shows(desk, where, "kept")
    async with world.db.read() as conn:
        assert list(await conn.scalars(select(draft.c.text))) == ["kept"]


async def test_what_the_server_has_noted_stands_at_the_next_start_though_no_row_shows_it(
    world: World, new_desk: NewDesk
) -> None:
    await world.add_user("ada")
    where = await world.mail()
    desk = await new_desk("ada", "here")
    await desk.connect()
    await until(desk.synced.is_set)
    await desk.disconnect()

    async def noted(text: str) -> None:
        await _typed(desk, where, text)
        (put,) = await desk.outbox.run(desk.outbox.file.drafts.to_tell)
        assert await keep_draft(world.db, world.actors["ada"], put)
        await desk.workbench.draft_told(put)
        await desk.reopen()
        assert (await _text(desk, where), await _asides(desk, where)) == (text, [])

    await noted("typed")
    await desk.connect()
    await until(desk.synced.is_set)
    await desk.disconnect()
    await noted("")


async def test_a_repeated_edition_changes_nothing(world: World, new_desk: NewDesk) -> None:
    await world.add_user("ada")
    where, actor = await world.mail(), world.actors["ada"]

    def put(text: str, *based_on: UUID) -> KeepDraft:
        return KeepDraft(
            conversation_id=where,
            mode="reply",
            edition=new_id(),
            draft=Draft(conversation_id=where, mode="reply", text=text, saved_at=clock.now()),
            based_on=based_on,
        )

    first = put("one")
    second = put("two", first.edition)
    third = put("three")
    for given in (first, first, second, second, third, third):
        assert await keep_draft(world.db, actor, given)
    async with world.db.read() as conn:
        rows = (await conn.execute(select(draft.c.text, draft.c.aside).order_by(draft.c.text))).all()
    assert [tuple(row) for row in rows] == [("three", False), ("two", True)]


async def test_what_may_not_be_kept_is_refused(world: World) -> None:
    other, _ = await world.add_inbox("Sales")
    await world.add_user("ada", Role.AGENT, frozenset({other}))
    hidden, actor = await world.mail(), world.actors["ada"]
    seen = await world.mail(inbox_id=other)
    for where, mode, text in (
        (hidden, "reply", "x"),
        (new_id(), "reply", "x"),
        (seen, "letter", "x"),
        (seen, "reply", "x" * 1_000_001),
    ):
        given = Draft(conversation_id=where, mode=mode, text=text)
        put = KeepDraft(conversation_id=where, mode=mode, edition=new_id(), draft=given)
        assert not await keep_draft(world.db, actor, put)
    async with world.db.read() as conn:
        assert await conn.scalar(select(func.count()).select_from(draft)) == 0
