"""Inboxes that come and go: what was revoked leaves the desk, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import AddNote, File
from agentdesk.domain.team import Role
from agentdesk.store import search
from agentdesk.store.tables import (
    attachment,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    inbox_member,
    message,
    search_entry,
)
from agentdesk.store.unit import ServerUnit
from agentdesk.sync.desk import Draft
from agentdesk.sync.protocol import SHRINK, Hello
from agentdesk.sync.scope import Scope
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.differences import differences
from tests.sync.world import SimDesk, World, connected, ids_of

AGENT = "cat"


class Team:
    """An agent of two inboxes, who loses one of them or gets it back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sales: dict[str, UUID] = {}
        self._membership = new_id()

    async def begin(self) -> None:
        inbox_id, account_id = await self.world.add_inbox("Sales")
        self.sales = {"inbox_id": inbox_id, "account_id": account_id}
        user_id = await self.world.add_user(AGENT, Role.AGENT, frozenset({self.world.inbox_id, inbox_id}))
        row = {"id": self._membership, "inbox_id": inbox_id, "user_id": user_id}
        await self.world.write(lambda unit: unit.insert(inbox_member, [row]))

    async def see(self, *inboxes: UUID) -> None:
        """From now on the agent sees these, and the feed has heard of it."""
        self.world.actors[AGENT] = self.world.actor(AGENT, frozenset(inboxes))
        same = {"user_id": self.world.actors[AGENT].user_id}
        await self.world.write(lambda unit: unit.update(inbox_member, self._membership, same))

    async def revoke(self) -> None:
        await self.see(self.world.inbox_id)

    async def grant(self) -> None:
        await self.see(self.world.inbox_id, self.sales["inbox_id"])

    async def attach(self, conversation_id: UUID, inbox_id: UUID, blob: str) -> None:
        """A file at the conversation's message."""
        async with self.world.db.read() as conn:
            at = await conn.scalar(select(message.c.id).where(message.c.conversation_id == conversation_id))
        row = {
            "id": new_id(),
            "message_id": at,
            "conversation_id": conversation_id,
            "inbox_id": inbox_id,
            "position": 0,
            "name": "offer.pdf",
            "media_type": "application/pdf",
            "size": 3,
            "blob": blob,
            "content_id": "",
            "inline": False,
            "note": "",
        }
        await self.world.write(lambda unit: unit.insert(attachment, [row]))


@pytest.fixture
async def team(world: World) -> Team:
    made = Team(world)
    await made.begin()
    return made


async def _agrees(desk: SimDesk) -> None:
    async def same() -> bool:
        return await differences(desk.world, desk) == []

    await until(same)


def _keep(desk: SimDesk, blob: str) -> Path:
    """Let the desk have fetched a file."""
    path = desk.files.path(blob)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"pdf")
    return path


async def test_a_revoked_inbox_leaves_and_the_rest_stays_as_it_is(
    world: World, new_desk: NewDesk, team: Team
) -> None:
    theirs = await world.mail("confidential offer", **team.sales)
    mine = await world.mail("for everybody")
    await team.attach(theirs, team.sales["inbox_id"], "a" * 64)
    await team.attach(theirs, team.sales["inbox_id"], "b" * 64)
    await team.attach(mine, world.inbox_id, "b" * 64)
    desk = await connected(await new_desk(AGENT))
    await _agrees(desk)
    gone, shared = _keep(desk, "a" * 64), _keep(desk, "b" * 64)
    desk.changes.clear()

    await team.revoke()
    await _agrees(desk)
    assert desk.farewell is None  # over the same connection
    assert {} not in desk.changes  # and without being filled anew
    told = set().union(*(changes.get("conversation", set()) for changes in desk.changes))
    assert told == {theirs}
    assert await ids_of(desk, conversation.c.id) == {mine}
    assert await ids_of(desk, message.c.text) == {"for everybody"}
    assert await ids_of(desk, search_entry.c.inbox_id) == {world.inbox_id}
    async with desk.replica.read() as conn:
        assert await search.find_conversations(conn, "confidential", inboxes=None) == []
        assert await search.find_conversations(conn, "everybody", inboxes=None) == [mine]
    await desk.upkeep.drop_files()
    assert not gone.exists()
    assert shared.exists()

    await team.grant()
    await _agrees(desk)
    assert await ids_of(desk, conversation.c.id) == {mine, theirs}
    assert desk.farewell is None


async def test_a_customer_goes_with_the_last_inbox_they_wrote_to(
    world: World, new_desk: NewDesk, team: Team
) -> None:
    known_there = await world.mail("only to sales", **team.sales)
    known_here = await world.mail("to both")
    both, _other = await _contact(world, known_here), await _contact(world, known_there)

    async def writes_there_too(unit: ServerUnit) -> None:
        link = {"id": new_id(), "contact_id": both, "inbox_id": team.sales["inbox_id"]}
        await unit.insert(contact_inbox, [link])
        await world.new_conversation(unit, "to both", contact_id=both, **team.sales)

    await world.write(writes_there_too)
    desk = await connected(await new_desk(AGENT))
    assert len(await ids_of(desk, contact.c.id)) == 2
    await team.revoke()
    await _agrees(desk)
    assert await ids_of(desk, contact.c.id) == {both}
    assert await ids_of(desk, contact_identity.c.contact_id) == {both}


async def _contact(world: World, conversation_id: UUID) -> UUID:
    async with world.db.read() as conn:
        found = await conn.scalar(
            select(conversation.c.contact_id).where(conversation.c.id == conversation_id)
        )
    assert found is not None
    return found


async def test_what_was_typed_about_a_revoked_conversation_is_kept(
    world: World, new_desk: NewDesk, team: Team
) -> None:
    theirs = await world.mail("confidential", **team.sales)
    desk = await connected(await new_desk(AGENT))
    await desk.disconnect()
    note = AddNote(message_id=new_id(), conversation_id=theirs, text="written on the train")
    await desk.workbench.do(note, None)
    file = File(id=new_id(), name="plan.pdf", media_type="application/pdf", size=3, blob="c" * 64)
    draft = Draft(conversation_id=theirs, mode="reply", text="half a sent", files=(file,))
    await desk.workbench.drafts.save(draft)
    needed = _keep(desk, "c" * 64)
    await team.attach(theirs, team.sales["inbox_id"], "c" * 64)
    await connected(desk)
    await until(lambda: desk.workbench.unsent() == 0)
    await desk.disconnect()
    again = AddNote(message_id=new_id(), conversation_id=theirs, text="and in the tunnel")
    await desk.workbench.do(again, None)

    await team.revoke()
    await connected(desk)
    await until(lambda: desk.workbench.unsent() == 0)
    await _agrees(desk)
    (refused,) = desk.workbench.waiting()
    assert refused.command == again
    assert refused.state == "refused"
    await desk.upkeep.drop_files()
    assert needed.exists()
    await desk.workbench.discard(refused.id)
    kept = {draft.text for draft in await desk.workbench.drafts.all()}
    assert kept == {"half a sent", "and in the tunnel"}


async def test_who_lost_an_inbox_while_away_drops_it_on_return(
    world: World, new_desk: NewDesk, team: Team
) -> None:
    theirs = await world.mail("confidential", **team.sales)
    mine = await world.mail("for everybody")
    desk = await connected(await new_desk(AGENT))
    assert await ids_of(desk, conversation.c.id) == {theirs, mine}
    await desk.disconnect()
    await team.revoke()
    await world.mail("more secrets", **team.sales)
    desk.changes.clear()
    await desk.reopen()
    desk.changes.clear()
    await connected(desk)
    await _agrees(desk)
    assert {} not in desk.changes
    assert await ids_of(desk, conversation.c.id) == {mine}


async def test_one_inbox_for_another(world: World, new_desk: NewDesk, team: Team) -> None:
    third, third_account = await world.add_inbox("Returns")
    await world.mail("confidential", **team.sales)
    new = await world.mail("a return", inbox_id=third, account_id=third_account)
    desk = await connected(await new_desk(AGENT))
    await team.see(third)
    await _agrees(desk)
    assert await ids_of(desk, conversation.c.id) == {new}
    assert desk.farewell is None


async def test_a_supervisor_who_becomes_an_agent_keeps_what_an_agent_sees(
    world: World, new_desk: NewDesk, team: Team
) -> None:
    await world.mail("confidential", **team.sales)
    mine = await world.mail("for everybody")
    world.actors[AGENT] = world.actor(AGENT, None)
    desk = await connected(await new_desk(AGENT))
    assert len(await ids_of(desk, conversation.c.id)) == 2
    await team.revoke()
    await _agrees(desk)
    assert await ids_of(desk, conversation.c.id) == {mine}


class _Interrupted:
    """Runs ``work`` when the server asks for the ``at``-th time who an agent is, or right ``after`` that."""

    def __init__(self, world: World, at: int, work: Any, *, after: bool = False) -> None:
        self._world, self._left, self._work, self._after = world, at, work, after

    async def authenticate(self, token: str) -> Actor | None:
        before = self._world.actors.get(token)
        self._left -= 1
        if self._left == 0:
            await self._work()
        return before if self._left == 0 and self._after else self._world.actors.get(token)


@pytest.mark.parametrize("at", range(1, 7))
async def test_revoked_in_the_middle_of_a_first_fill(
    world: World, new_desk: NewDesk, team: Team, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    for number in range(6):
        await world.mail(f"mail {number}", **(team.sales if number % 2 else {}))
    monkeypatch.setattr(world, "authenticate", _Interrupted(world, at, team.revoke).authenticate)
    desk = await connected(await new_desk(AGENT))
    await _agrees(desk)
    assert desk.farewell is None


async def test_revoked_between_the_last_look_and_the_first_change(
    world: World, new_desk: NewDesk, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.mail("confidential", **team.sales)
    mine = await world.mail("for everybody")
    desk = await connected(await new_desk(AGENT))
    await desk.disconnect()
    just_after = _Interrupted(world, 1, team.revoke, after=True)
    monkeypatch.setattr(world, "authenticate", just_after.authenticate)
    await connected(desk)
    await _agrees(desk)
    assert await ids_of(desk, conversation.c.id) == {mine}


@pytest.mark.parametrize("at", range(1, 5))
async def test_everything_revoked_in_the_middle_of_a_first_fill(
    world: World, new_desk: NewDesk, team: Team, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """What everybody sees (people, templates) is there all the same, also after a return."""
    await world.mail("confidential", **team.sales)
    monkeypatch.setattr(world, "authenticate", _Interrupted(world, at, team.see).authenticate)
    desk = await connected(await new_desk(AGENT))
    await _agrees(desk)
    await connected(desk)
    await _agrees(desk)


@pytest.mark.parametrize("at", range(1, 7))
async def test_revoked_in_the_middle_of_a_grant(
    world: World, new_desk: NewDesk, team: Team, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    await team.revoke()
    for number in range(6):
        await world.mail(f"mail {number}", **(team.sales if number % 2 else {}))
    desk = await connected(await new_desk(AGENT))
    await desk.disconnect()
    monkeypatch.setattr(world, "authenticate", _Interrupted(world, at, team.revoke).authenticate)
    await team.grant()
    desk.farewell = None
    await connected(desk)
    await _agrees(desk)
    assert desk.farewell is None


@pytest.mark.parametrize("at", range(1, 5))
async def test_deactivated_in_the_middle_of_a_fill(
    world: World, new_desk: NewDesk, team: Team, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    for _ in range(6):
        await world.mail("mail", **team.sales)

    async def deactivate() -> None:
        row = world.actors.pop(AGENT)
        same = {"user_id": row.user_id}
        await world.write(lambda unit: unit.update(inbox_member, team._membership, same))

    monkeypatch.setattr(world, "authenticate", _Interrupted(world, at, deactivate).authenticate)
    desk = await new_desk(AGENT)
    await desk.connect()
    await until(lambda: desk.farewell is not None)
    assert desk.farewell is not None
    assert desk.farewell.code == "auth"
    assert len(await ids_of(desk, conversation.c.id)) < 6 or at == 4


async def test_a_desk_that_cannot_drop_an_inbox_is_filled_anew(
    world: World, new_desk: NewDesk, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.mail("confidential", **team.sales)
    mine = await world.mail("for everybody")
    monkeypatch.setattr("agentdesk.sync.exchange.Hello", _hello_of_an_older_desk)
    desk = await connected(await new_desk(AGENT))
    await team.revoke()
    await until(lambda: desk.farewell is not None)
    desk.changes.clear()
    await connected(desk)
    assert {} in desk.changes
    await _agrees(desk)
    assert await ids_of(desk, conversation.c.id) == {mine}


def _hello_of_an_older_desk(**values: Any) -> Hello:
    return Hello(**{**values, "can": tuple(one for one in values["can"] if one != SHRINK)})


def test_what_two_scopes_have_in_common() -> None:
    one, two = new_id(), new_id()
    everything, nothing = Scope(None), Scope(frozenset())
    first, both = Scope(frozenset({one})), Scope(frozenset({one, two}))
    assert everything.common(first) == first == first.common(everything)
    assert both.common(first) == first
    assert first.common(Scope(frozenset({two}))) == nothing
    assert everything.common(everything) == everything
