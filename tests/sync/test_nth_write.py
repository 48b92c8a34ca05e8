"""Each write of a desk's disk fails in turn: what is written is written whole, and what was promised arrives.

In a batch, a fill, a departure, a revoked inbox, and in the outbox; every third one unless all are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, update

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, SendReply, SetTags
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import conversation, inbox_member, message, server_info
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.differences import differences
from tests.sync.failing_disk import FailingDisk, FailingOutbox
from tests.sync.world import SimDesk, World

STRIDE = 1 if os.environ.get("AGENTDESK_FAULTS") == "full" else 3

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True),
]

Happen = Callable[[int], Awaitable[None]]


class Case:
    """One desk of an agent with two inboxes, and what happens to it while it is away."""

    def __init__(self, world: World, desk: SimDesk) -> None:
        self.world, self.desk = world, desk
        self.mine = self.sales = UUID(int=0)
        self._sales: dict[str, UUID] = {}
        self._membership = new_id()

    async def begin(self) -> None:
        inbox_id, account_id = await self.world.add_inbox("Sales")
        self._sales = {"inbox_id": inbox_id, "account_id": account_id}
        user_id = await self.world.add_user("ada", Role.AGENT, frozenset({self.world.inbox_id, inbox_id}))
        row = {"id": self._membership, "inbox_id": inbox_id, "user_id": user_id}
        await self.world.write(lambda unit: unit.insert(inbox_member, [row]))
        self.mine, self.sales = await self.world.mail("mine"), await self.world.mail("theirs", **self._sales)

    async def batch(self, number: int) -> None:
        """One command that the next batch will name, and one that must be laid over it again."""
        note = AddNote(message_id=new_id(), conversation_id=self.mine, text=f"note {number}")
        await self.desk.workbench.do(note, None)
        await self.world.write(lambda unit: self.world.new_message(unit, self.mine, "meanwhile"))
        await self.desk.workbench.do(SetTags(conversation_id=self.mine, tags=(f"tag {number}",)), None)

    async def plain(self, number: int) -> None:
        """Rows that lie beside all that the desk has changed."""
        tags = {"tags": [f"tag {number}"]}
        await self.world.write(lambda unit: unit.update(conversation, self.sales, tags))

    async def fill(self, _number: int) -> None:
        """Everything comes anew."""
        async with self.world.db.write() as conn:
            epoch = update(server_info).where(server_info.c.name == "epoch")
            await conn.execute(epoch.values(value=new_id().hex))
        await self.world.feed.stop()
        await self.world.feed.start()

    async def departure(self, _number: int) -> None:
        """Messages go, each for itself."""
        async with self.world.db.read() as conn:
            gone = list(await conn.scalars(select(message.c.id).where(message.c.text == "short-lived")))
        await self.world.write(lambda unit: unit.delete(message, gone))
        await self.world.write(lambda unit: self.world.new_message(unit, self.mine, "short-lived"))

    async def scope(self, number: int) -> None:
        """An inbox is revoked, and granted again."""
        both = frozenset({self.world.inbox_id, self._sales["inbox_id"]})
        seen = frozenset({self.world.inbox_id}) if number % 2 else both
        self.world.actors["ada"] = self.world.actor("ada", seen)
        same = {"user_id": self.world.actors["ada"].user_id}
        await self.world.write(lambda unit: unit.update(inbox_member, self._membership, same))


def _is_over(disk: FailingDisk, desk: SimDesk) -> bool:
    if disk.failed:
        return desk.farewell is not None
    return desk.synced.is_set() and desk.workbench.unsent() == 0


@pytest.mark.parametrize("what", ["batch", "plain", "fill", "departure", "scope"])
async def test_what_comes_is_taken_in_whole_or_not_at_all(world: World, new_desk: NewDesk, what: str) -> None:
    desk = await new_desk("ada")
    case = Case(world, desk)
    await case.begin()
    happen: Happen = getattr(case, what)
    await desk.connect()
    await until(desk.synced.is_set)
    times = 2 if what == "scope" else 1  # a revoked inbox takes turns with a granted one
    failures = calm = 0
    for number in range(1, 1000):
        await desk.disconnect()
        disk = FailingDisk(desk)
        await happen(number)
        before = desk.workbench.standing
        desk.farewell = None
        disk.arm(1 + (number - 1) // times * STRIDE)
        await desk.connect()
        await until(partial(_is_over, disk, desk))
        disk.disarm()
        calm = 0 if disk.failed else calm + 1
        if calm == times:
            break
        failures += disk.failed
        if desk.workbench.standing == before:
            assert (await desk.replica.standing()) == before
        await desk.reopen()
        await desk.connect()
        await until(lambda: desk.synced.is_set() and desk.workbench.unsent() == 0)
        await until(partial(_agrees, world, desk))
    else:
        pytest.fail("the writes did not come to an end")
    assert failures > (0 if what == "plain" else 10 // STRIDE)


async def _agrees(world: World, desk: SimDesk) -> bool:
    return await differences(world, desk) == []


async def test_the_outbox_keeps_what_was_promised_whichever_write_fails(
    world: World, new_desk: NewDesk
) -> None:
    desk = await new_desk("ada")
    case = Case(world, desk)
    await case.begin()
    await desk.connect()
    await until(desk.synced.is_set)
    promised: set[str] = set()
    refused: set[str] = set()
    for number in range(1, 200, STRIDE):
        disk = FailingOutbox(desk)
        disk.arm(number)
        for held in (False, True):
            text = f"answer {number} {held}"
            try:
                await _reply(desk, case.mine, text, held)
                promised.add(text)
            except DatabaseError:
                refused.add(text)
        await until(lambda disk=disk: disk.failed or desk.workbench.unsent() == 0)
        disk.disarm()
        if not disk.failed:
            break
        await desk.reopen()
        for command_id, _ in desk.workbench.held():
            await desk.workbench.release(command_id)
        await desk.connect()
        await until(lambda: desk.synced.is_set() and desk.workbench.unsent() == 0)
        assert await differences(world, desk) == []
    else:
        pytest.fail("the writes did not come to an end")
    async with world.db.read() as conn:
        sent = list(await conn.scalars(select(message.c.text).where(message.c.direction == "out")))
    assert sorted(sent) == sorted(promised)
    assert refused


async def _reply(desk: SimDesk, conversation_id: UUID, text: str, held: bool) -> None:
    """Send a reply; a held one is let go at once. Raises DatabaseError where it was not kept."""
    reply = SendReply(
        message_id=new_id(),
        conversation_id=conversation_id,
        to=(Party("email", "customer@else.test", "Customer"),),
        text=text,
    )
    command_id = await desk.workbench.do(reply, clock.seconds_from_now(3600) if held else None)
    if held:
        try:
            await desk.workbench.release(command_id)
        except DatabaseError:
            return  # it is kept, and goes later
