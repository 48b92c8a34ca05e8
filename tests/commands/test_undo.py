"""Taking back what was done last: the inverse restores it, and only what nobody has changed since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.helpers.fake_connector import raw_mail
from tests.helpers.fake_world import FakeWorld

from agentdesk.base import clock
from agentdesk.commands.values import (
    AnyCommand,
    Assign,
    MarkRead,
    MergeConversations,
    SetPriority,
    SetStatus,
    SetTags,
)
from agentdesk.desktop.undo import inverse
from agentdesk.domain.team import Role
from agentdesk.queries import conversation as conversations
from agentdesk.queries.rows import ConversationRow
from agentdesk.server.admin import add_user

_SHOWN = ("status", "snoozed_until", "assignee_id", "tags", "priority", "unread", "merged")


@pytest.fixture
async def talks(world: FakeWorld) -> list[UUID]:
    """Two conversations; the server that took them in is stopped again."""
    core = await world.started()
    for number in (1, 2):
        world.service.put(raw_mail(id=f"m{number}@x.example", text=f"Question {number}"))
        await world.settled(number)
    await core.stop()
    return [row.id for row in await world.conversations()]


async def _head(world: FakeWorld, conversation_id: UUID) -> ConversationRow:
    async with world.db.read() as conn:
        row = await conversations.head(conn, conversation_id)
    assert row is not None
    return row


def _shown(row: ConversationRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN}


async def _done(world: FakeWorld, command: AnyCommand, here: UUID) -> AnyCommand:
    """Do ``command`` in a conversation and return its inverse."""
    before = await _head(world, here)
    answer = await world.do(world.cores[0], command)
    assert answer.outcome == "done", answer
    back = inverse(command, before, await _head(world, here))
    assert back is not None
    return back


async def test_every_deed_is_taken_back(world: FakeWorld, talks: list[UUID]) -> None:
    one, other = talks
    jonas = await add_user(world.db, "jonas@desk.example", "Jonas", Role.AGENT, "long enough")
    later = clock.now() + timedelta(hours=3)
    for command in (
        Assign(conversation_id=one, assignee_id=world.user_id),
        Assign(conversation_id=one, assignee_id=jonas),
        SetTags(conversation_id=one, tags=(" big  deal ", "new")),
        SetPriority(conversation_id=one, priority="urgent"),
        SetStatus(conversation_id=one, status="snoozed", snoozed_until=later),
        SetStatus(conversation_id=one, status="resolved"),
        MarkRead(conversation_id=one, unread=False),
        MergeConversations(conversation_id=one, joined_ids=(other,)),
    ):
        before = _shown(await _head(world, one))
        back = await _done(world, command, one)
        assert _shown(await _head(world, one)) != before, command
        assert (await world.do(world.cores[0], back)).outcome == "done"
        assert _shown(await _head(world, one)) == before, command


async def test_what_somebody_has_changed_since_is_not_taken_back(world: FakeWorld, talks: list[UUID]) -> None:
    one = talks[0]
    core = world.cores[0]
    jonas = await add_user(world.db, "jonas@desk.example", "Jonas", Role.AGENT, "long enough")
    later = clock.now() + timedelta(hours=3)
    for command, since, code in (
        (SetTags(conversation_id=one, tags=("a",)), SetTags(conversation_id=one, tags=("a", "b")), "changed"),
        (
            SetPriority(conversation_id=one, priority="high"),
            SetPriority(conversation_id=one, priority="low"),
            "changed",
        ),
        (
            SetStatus(conversation_id=one, status="resolved"),
            SetStatus(conversation_id=one, status="snoozed", snoozed_until=later),
            "changed",
        ),
        (
            Assign(conversation_id=one, assignee_id=world.user_id),
            Assign(conversation_id=one, assignee_id=jonas, seen_assignee_id=world.user_id),
            "taken",
        ),
    ):
        back = await _done(world, command, one)
        assert (await world.do(core, since)).outcome == "done"
        now = _shown(await _head(world, one))
        answer = await world.do(core, back)
        assert (answer.outcome, answer.code) == ("refused", code), command
        assert _shown(await _head(world, one)) == now


async def test_resolving_again_by_undo_minds_what_the_customer_wrote(
    world: FakeWorld, talks: list[UUID]
) -> None:
    one = talks[0]
    await world.do(world.cores[0], SetStatus(conversation_id=one, status="resolved"))
    back = await _done(world, SetStatus(conversation_id=one, status="open"), one)
    core = await world.started("two")
    world.service.put(raw_mail(id="m3@x.example", refs=["m1@x.example"], text="Wait!"))
    await world.settled(3)
    answer = await world.do(core, back)
    assert (answer.outcome, answer.code) == ("refused", "stale")
