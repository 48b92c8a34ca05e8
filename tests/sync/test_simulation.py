"""Random histories on both sides over a network that delays, cuts and forgets.

At the end every desk shows what the server shows; after every step what its agent did is there once. The
seed of a failing history is in the message of the failure.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import (
    AddNote,
    Answer,
    AnyCommand,
    Assign,
    Envelope,
    MarkRead,
    SendReply,
    SetPriority,
    SetStatus,
    SetTags,
)
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.store.tables import (
    applied_command,
    attachment,
    conversation,
    event,
    inbox_member,
    message,
)
from tests.helpers.until import until
from tests.sync.differences import differences
from tests.sync.world import SimDesk, World

FULL = os.environ.get("AGENTDESK_FAULTS") == "full"
HISTORIES = 200 if FULL else 6
FIRST = int(os.environ.get("AGENTDESK_SEED", "0"))
STEPS = 40


class Moody:
    """An executor that sometimes asks to try later, and sometimes loses the connection with the answer."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self.lines: dict[UUID, SimDesk] = {}
        self.calm = False

    async def execute(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        if not self.calm and self._rng.random() < 0.1:
            return Answer(command_id=envelope.id, outcome="try_later")
        answer: Answer = await self._world.plain.execute(envelope, actor, desk_id)
        desk = self.lines.get(desk_id) if desk_id else None
        if not self.calm and desk is not None and desk.line is not None and self._rng.random() < 0.15:
            desk.line.cut()
        return answer


class History:
    """One seeded history with three desks; cat is an agent whose second inbox comes and goes."""

    def __init__(self, world: World, folder: Path, seed: int) -> None:
        self.world = world
        self.rng = random.Random(seed)
        self.moody = Moody(world, self.rng)
        world.executor = self.moody  # type: ignore[assignment]
        self.desks = [SimDesk(world, folder / f"{seed}-{name}", name) for name in ("ada", "bob", "cat")]
        self.conversations: list[UUID] = []
        self.inboxes: dict[UUID, UUID] = {}
        self.made: dict[SimDesk, dict[UUID, AnyCommand]] = {desk: {} for desk in self.desks}
        self.taken_back: set[UUID] = set()

    async def run(self) -> None:
        for desk in self.desks:
            desk.folder.mkdir()
            await desk.open()
            self.moody.lines[desk.workbench.desk_id] = desk
        try:
            for _ in range(3):
                await self._mail()
            for _ in range(STEPS):
                await self._step()
                for desk in self.desks:
                    await self._nothing_vanished_or_doubled(desk)
            await self._come_to_rest()
        finally:
            for desk in self.desks:
                await desk.close()

    async def _step(self) -> None:
        actions = [
            (self._mail, 3),
            (self._customer_writes, 4),
            (self._delivery, 2),
            (self._agent_acts, 12),
            (self._release_or_undo, 4),
            (self._connect, 5),
            (self._grant_or_revoke, 1),
            (self._cut, 2),
            (self._restart, 1),
            (self._pause, 4),
        ]
        chosen = self.rng.choices([action for action, _ in actions], [weight for _, weight in actions])[0]
        await chosen()

    async def _mail(self) -> None:
        second = self.world.second if self.rng.random() < 0.4 else {}
        conversation_id = await self.world.mail(f"mail {self.rng.random()}", **second)
        self.conversations.append(conversation_id)
        self.inboxes[conversation_id] = second.get("inbox_id", self.world.inbox_id)

    async def _customer_writes(self) -> None:
        chosen = self.rng.choice(self.conversations)
        text, inbox_id = f"more {self.rng.random()}", self.inboxes[chosen]
        await self.world.write(lambda unit: self.world.new_message(unit, chosen, text, inbox_id=inbox_id))

    async def _grant_or_revoke(self) -> None:
        world = self.world
        both = frozenset({world.inbox_id, world.second["inbox_id"]})
        granted = world.actors["cat"].inboxes == both
        world.actors["cat"] = world.actor("cat", frozenset({world.inbox_id}) if granted else both)
        same = {"user_id": world.actors["cat"].user_id}
        await world.write(lambda unit: unit.update(inbox_member, world.membership, same))

    async def _delivery(self) -> None:
        """Something goes out: the server changes a message that a desk made."""
        async with self.world.db.read() as conn:
            found = list(
                await conn.scalars(
                    select(message.c.id).where(message.c.delivery == "queued").order_by(message.c.id)
                )
            )
        if found:
            chosen = self.rng.choice(found)
            values = {"delivery": "sent", "delivery_at": clock.now(), "sent_at": clock.now()}
            await self.world.write(lambda unit: unit.update(message, chosen, values))

    async def _agent_acts(self) -> None:
        desk = self.rng.choice(self.desks)
        async with desk.replica.read() as conn:
            known = list(await conn.scalars(select(conversation.c.id).order_by(conversation.c.id)))
        if not known:
            return
        command = await self._command(desk, self.rng.choice(known))
        held = clock.seconds_from_now(3600) if self.rng.random() < 0.2 else None
        try:
            command_id = await desk.workbench.do(command, held)
        except AgentDeskError:
            return
        self.made[desk][command_id] = command

    async def _command(self, desk: SimDesk, chosen: UUID) -> AnyCommand:
        rng = self.rng
        async with desk.replica.read() as conn:
            seen = await conn.scalar(
                select(message.c.id)
                .where(message.c.conversation_id == chosen)
                .order_by(message.c.created_at.desc())
                .limit(1)
            )
            holder = await conn.scalar(select(conversation.c.assignee_id).where(conversation.c.id == chosen))
        me = desk.world.actors[desk.token].user_id
        reply = SendReply(
            message_id=new_id(),
            conversation_id=chosen,
            to=(Party("email", "customer@else.test", "Customer"),),
            text=f"answer {rng.random()}",
            seen_message_id=seen if rng.random() < 0.7 else None,
            then_status=rng.choice(["", "", "resolved"]),
        )
        choices: list[AnyCommand] = [
            reply,
            reply,
            AddNote(message_id=new_id(), conversation_id=chosen, text=f"note {rng.random()}"),
            SetTags(conversation_id=chosen, tags=tuple(rng.sample(["a", "b", "c"], rng.randint(0, 3)))),
            SetPriority(conversation_id=chosen, priority=rng.choice(["low", "high"])),
            MarkRead(conversation_id=chosen, unread=rng.random() < 0.3),
            SetStatus(conversation_id=chosen, status=rng.choice(["open", "resolved"]), seen_message_id=seen),
            Assign(conversation_id=chosen, assignee_id=rng.choice([me, None]), seen_assignee_id=holder),
        ]
        return rng.choice(choices)

    async def _release_or_undo(self) -> None:
        desk = self.rng.choice(self.desks)
        for command_id, _ in desk.workbench.held():
            if self.rng.random() < 0.5:
                await desk.workbench.release(command_id)
            elif await desk.workbench.take_back(command_id):
                self.taken_back.add(command_id)

    async def _connect(self) -> None:
        await self.rng.choice(self.desks).connect(self.rng)

    async def _cut(self) -> None:
        await self.rng.choice(self.desks).disconnect()

    async def _restart(self) -> None:
        await self.rng.choice(self.desks).reopen()

    async def _pause(self) -> None:
        await asyncio.sleep(self.rng.random() * 0.05)

    # --- what must hold ---

    async def _nothing_vanished_or_doubled(self, desk: SimDesk) -> None:
        """What the agent wrote is on screen once, unless it was refused, taken back, or cannot be (yet)."""
        async with desk.workbench._writing:  # between two transactions
            async with desk.replica.read() as conn:
                shown = list(await conn.scalars(select(message.c.text).where(message.c.direction == "out")))
                known = set(await conn.scalars(select(conversation.c.id)))
                ours = await conn.scalar(select(func.count()).where(event.c.ver == 0))
            waiting = {waiting.id: waiting for waiting in desk.workbench.waiting()}
            contained = {p.id for p in desk.workbench._pending.values() if p.contained}
            filled = desk.workbench.standing.cursor is not None
        assert waiting or ours == 0, "a confirmed command still lies over the rows"
        assert max(Counter(shown).values(), default=1) == 1
        for command_id, command in self.made[desk].items():
            if not isinstance(command, SendReply | AddNote) or command.conversation_id not in known:
                continue
            if not filled or command_id in contained:
                continue  # the server has judged it, and the desk has not been told yet
            waits = waiting.get(command_id)
            gone = command_id in self.taken_back or (waits is not None and waits.answer is not None)
            what = f"{command} of {desk.token}, {waits}"
            assert (command.text in shown) is not gone, (
                f"left a trace: {what}" if gone else f"vanished: {what}"
            )

    async def _come_to_rest(self) -> None:
        self.moody.calm = True
        for desk in self.desks:
            for command_id, _ in desk.workbench.held():
                await desk.workbench.release(command_id)
            await desk.connect()
        for desk in self.desks:
            await until(partial(_nothing_waits, desk), 20)
        for desk in self.desks:
            try:
                await until(partial(self._same, desk), 20)
            except AssertionError:
                found = await differences(self.world, desk)
                ended = desk.farewell and desk.farewell.code
                raise AssertionError(f"{desk.token} ({ended}) differs: {found}") from None
            await self._no_orphans(desk)
        await self._each_took_effect_once()

    async def _same(self, desk: SimDesk) -> bool:
        return await differences(self.world, desk) == []

    async def _no_orphans(self, desk: SimDesk) -> None:
        async with desk.replica.read() as conn:
            for child in (message, event, attachment):
                parents = select(conversation.c.id)
                orphans = select(func.count()).where(child.c.conversation_id.not_in(parents))
                assert await conn.scalar(orphans) == 0

    async def _each_took_effect_once(self) -> None:
        made = {i for commands in self.made.values() for i in commands} - self.taken_back
        async with self.world.db.read() as conn:
            applied = list(await conn.scalars(select(applied_command.c.id)))
            texts = list(await conn.scalars(select(message.c.text).where(message.c.direction == "out")))
        assert made <= set(applied)
        assert not self.taken_back & set(applied)
        assert max(Counter(texts).values(), default=1) == 1


def _nothing_waits(desk: SimDesk) -> bool:
    return desk.workbench.unsent() == 0


async def _play(world: World, folder: Path, seeds: range) -> None:
    world.plain = world.executor
    await world.add_user("ada")
    await world.add_user("bob")
    cat = await world.add_user("cat", Role.AGENT, frozenset({world.inbox_id}))
    inbox_id, account_id = await world.add_inbox("Sales")
    world.second = {"inbox_id": inbox_id, "account_id": account_id}
    member = {"id": world.membership, "inbox_id": inbox_id, "user_id": cat}
    await world.write(lambda unit: unit.insert(inbox_member, [member]))
    for seed in seeds:
        history = History(world, folder, seed)
        try:
            await history.run()
        except AssertionError as error:
            raise AssertionError(f"history {seed}: {error}") from error


@pytest.mark.timeout(1800)
async def test_desks_and_server_agree_after_random_histories(world: World, tmp_path: Path) -> None:
    await _play(world, tmp_path, range(FIRST, FIRST + HISTORIES))


@pytest.mark.postgres
@pytest.mark.timeout(1800)
async def test_an_open_transaction_neither_delays_nor_doubles(postgres_url: str, tmp_path: Path) -> None:
    world = await World.start(postgres_url)
    try:
        async with world.db.write() as conn:
            assert await conn.scalar(text("SELECT pg_current_xact_id()::text::bigint")) > 0
            await _play(world, tmp_path, range(FIRST + 1000, FIRST + 1000 + HISTORIES // 2))
    finally:
        await world.close()
