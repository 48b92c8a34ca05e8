"""Random histories: what desks, customers and servers do in them, and what is done to them.

The authority's own queries are the model: at the end each desk holds what they show its agent, row by row.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Table, func, select

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import Executor
from agentdesk.commands.values import (
    AddNote,
    Answer,
    AnyCommand,
    Assign,
    DeleteReply,
    EditContact,
    EditReply,
    Envelope,
    MarkRead,
    Mention,
    MergeContacts,
    MergeConversations,
    SeeMentions,
    SendReply,
    SetAvailability,
    SetPriority,
    SetStatus,
    SetTags,
    Transfer,
    UnmergeContacts,
    UnmergeConversations,
)
from agentdesk.domain.party import Party
from agentdesk.store.merged import conversation_root
from agentdesk.store.tables import (
    applied_command,
    attachment,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    event,
    inbox_member,
    mention,
    message,
)
from agentdesk.store.unit import ServerUnit
from tests.helpers.until import until
from tests.sync.differences import differences
from tests.sync.revising import check_revised, revision
from tests.sync.world import SimDesk, World

STEPS = 40
REFUSED, POISONED = 15, 3
"""So many commands of a hundred are refused by the server, and meet a bug of it."""

_REST_SECONDS = 120.0  # on a busy machine twenty were not enough for one second of work
_NOWHERE = UUID(int=1)


class Moody:
    """A server that refuses some commands, breaks at some, sometimes asks to try later, and sometimes loses
    the connection with the answer. What it does to a command, it does again when that comes again."""

    def __init__(self, history: History, plain: Executor) -> None:
        self._history = history
        self._plain = plain

    async def execute(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        history, fate = self._history, envelope.id.int % 100
        if fate < POISONED:
            history.injected["poisoned"] += 1
            raise RuntimeError("poisoned")
        if not history.calm and history.rng.random() < 0.1:
            history.injected["try later"] += 1
            return Answer(command_id=envelope.id, outcome="try_later")
        if fate < POISONED + REFUSED:
            history.injected["refused"] += 1
            nonsense = SetTags(conversation_id=_NOWHERE, tags=())
            envelope = msgspec.structs.replace(envelope, command=nonsense)
        answer = await self._plain.execute(envelope, actor, desk_id)
        desk = history.by_id.get(desk_id) if desk_id else None
        if not history.calm and desk is not None and desk.line is not None and history.rng.random() < 0.15:
            history.injected["lost answer"] += 1
            desk.line.cut()
        return answer

    async def give_up(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        return await self._plain.give_up(envelope, actor, desk_id)


class History:
    """One seeded history with three desks: two supervisors, and an agent whose inboxes come and go.

    ``servers`` are one or more on the same database; ``offset`` is how wrong the clock goes.
    """

    def __init__(self, servers: list[World], folder: Path, seed: int) -> None:
        self.servers = servers
        self.world = servers[0]
        self.folder = folder
        self.rng = random.Random(seed)
        self.seed = seed
        self.calm = False
        self.offset = timedelta(0)
        self.injected: Counter[str] = Counter()
        self.rested = 0.0
        """Seconds that everybody took to agree at the end."""
        self.desks = [SimDesk(self.world, folder / f"{seed}-{name}", name) for name in ("ada", "bob", "cat")]
        self.by_id: dict[UUID, SimDesk] = {}
        self.conversations: list[UUID] = []
        self.made: dict[SimDesk, dict[UUID, AnyCommand]] = {desk: {} for desk in self.desks}
        self.taken_back: set[UUID] = set()
        self.revised: set[UUID] = set()
        """Answers that somebody may have changed: they need not say what they said."""
        self.tied: set[UUID] = set()
        """Conversations that a merge has named: what is in them may go where not everybody sees it."""
        self.actions: list[tuple[Any, int]] = [
            (self._mail, 3),
            (self._customer_writes, 4),
            (self._delivery, 2),
            (self._agent_acts, 12),
            (self._agent_revises, 8),
            (self._agent_merges, 5),
            (self._release_or_undo, 4),
            (self._connect, 5),
            (self._grant_or_revoke, 3),
            (self._move, 3),
            (self._grow_old, 3),
            (self._ask_for_older, 3),
            (self._tidy, 2),
            (self._cut, 2),
            (self._restart, 1),
            (self._server_restarts, 1),
            (self._turn_the_clock, 1),
            (self._pause, 4),
        ]

    def now(self) -> datetime:
        """What the clock says."""
        return datetime.now(UTC) + self.offset

    async def run(self) -> None:
        """Play it, and check what must hold after each step and at the end."""
        for server in self.servers:
            server.executor = Moody(self, server.plain)  # type: ignore[assignment]
        for desk in self.desks:
            desk.folder.mkdir()
            await desk.open()
            self.by_id[desk.workbench.desk_id] = desk
        try:
            for _ in range(3):
                await self._mail()
            for desk in self.desks:
                await desk.connect(self.rng)
            for _ in range(STEPS):
                chosen = self.rng.choices(
                    [a for a, _ in self.actions], [weight for _, weight in self.actions]
                )
                await chosen[0]()
                self.injected["steps"] += 1
                for desk in self.desks:
                    await self._nothing_vanished_or_doubled(desk)
                    await self._no_orphans(desk)
            await self._come_to_rest()
        finally:
            for desk in self.desks:
                await desk.close()

    # --- what happens ---

    async def _mail(self) -> None:
        inbox_id, account_id = self.rng.choice(self.world.places)
        text = f"mail {self.rng.random()}"
        self.conversations.append(await self.world.mail(text, inbox_id=inbox_id, account_id=account_id))

    async def _customer_writes(self) -> None:
        if not self.conversations:
            return
        chosen, text = self.rng.choice(self.conversations), f"more {self.rng.random()}"

        async def work(unit: ServerUnit) -> None:
            root = await conversation_root(unit.conn, chosen)
            there = select(conversation.c.inbox_id).where(conversation.c.id == root).with_for_update()
            inbox_id = await unit.conn.scalar(there)
            origin = chosen if chosen != root else None
            await self.world.new_message(unit, root, text, inbox_id=inbox_id, origin_id=origin)

        await self.world.write(work)

    async def _grant_or_revoke(self) -> None:
        """The agent sees any part of the inboxes from now on."""
        inboxes = [inbox_id for inbox_id, _ in self.world.places]
        chosen = frozenset(self.rng.sample(inboxes, self.rng.randint(0, len(inboxes))))
        before = self.world.actors["cat"].inboxes or frozenset()
        self.injected["revokes"] += len(before - chosen)
        self.injected["grants"] += len(chosen - before)
        actor = self.world.actor("cat", chosen)
        self.world.actors["cat"] = actor
        same = {"user_id": actor.user_id}
        await self.world.write(lambda unit: unit.update(inbox_member, self.world.membership, same))

    async def _move(self) -> None:
        """A conversation goes to another inbox with all that is in it."""
        if not self.conversations:
            return
        chosen, (inbox_id, account_id) = (
            self.rng.choice(self.conversations),
            self.rng.choice(self.world.places),
        )
        self.injected["moves"] += 1

        async def work(unit: ServerUnit) -> None:
            if await conversation_root(unit.conn, chosen) != chosen:
                return
            await unit.update(conversation, chosen, {"inbox_id": inbox_id, "account_id": account_id})
            for table in (message, event, attachment, mention):
                ids = await unit.conn.scalars(select(table.c.id).where(table.c.conversation_id == chosen))
                await unit.update_many(table, {row_id: {"inbox_id": inbox_id} for row_id in ids})
            contact_id = await unit.conn.scalar(
                select(conversation.c.contact_id).where(conversation.c.id == chosen)
            )
            link = {"contact_id": contact_id, "inbox_id": inbox_id}
            known = select(contact_inbox.c.id).filter_by(**link)
            if await unit.conn.scalar(known) is None:
                await unit.insert(contact_inbox, [{"id": new_id(), **link}])

        await self.world.write(work)

    async def _grow_old(self) -> None:
        """A conversation was resolved long ago: desks need not keep it any more."""
        if self.conversations:
            chosen, long_ago = self.rng.choice(self.conversations), clock.now() - timedelta(days=200)
            moments = dict.fromkeys(("created_at", "last_message_at", "resolved_at"), long_ago)
            values = {"status": "resolved", **moments}

            async def work(unit: ServerUnit) -> None:
                if await conversation_root(unit.conn, chosen) == chosen:
                    await unit.update(conversation, chosen, values)

            await self.world.write(work)

    async def _ask_for_older(self) -> None:
        desk = self.rng.choice(self.desks)
        self.injected["asked for older"] += 1
        desk.ask_for_older()

    async def _tidy(self) -> None:
        """What nobody uses leaves a desk, at once or when its server knows."""
        desk = self.rng.choice(self.desks)
        desk.archive._used.clear()
        self.injected["tidied"] += 1
        desk.tidy()

    async def _delivery(self) -> None:
        """Something goes out: the server changes a message that a desk made."""
        async with self.world.db.read() as conn:
            queued = select(message.c.id).where(message.c.delivery == "queued").order_by(message.c.id)
            found = list(await conn.scalars(queued))
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
        await self._do(desk, command, held)

    async def _command(self, desk: SimDesk, chosen: UUID) -> AnyCommand:
        rng = self.rng
        async with desk.replica.read() as conn:
            latest = select(message.c.id).where(message.c.conversation_id == chosen)
            seen = await conn.scalar(latest.order_by(message.c.created_at.desc()).limit(1))
            holder = await conn.scalar(select(conversation.c.assignee_id).where(conversation.c.id == chosen))
            customer = await conn.scalar(select(conversation.c.contact_id).where(conversation.c.id == chosen))
        me = desk.world.actors[desk.token].user_id
        people = [actor.user_id for actor in self.world.actors.values()]
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
            AddNote(
                message_id=new_id(),
                conversation_id=chosen,
                text=f"note {rng.random()}",
                mentions=(Mention("user", rng.choice(people), "Somebody"),),
            ),
            SeeMentions(conversation_id=chosen),
            EditContact(contact_id=customer, fields={"notes": f"notes {rng.random()}"}),
            SetAvailability(state=rng.choice(["available", "busy"]), chosen_at=clock.now()),
            SetTags(conversation_id=chosen, tags=tuple(rng.sample(["a", "b", "c"], rng.randint(0, 3)))),
            SetPriority(conversation_id=chosen, priority=rng.choice(["low", "high"])),
            MarkRead(conversation_id=chosen, unread=rng.random() < 0.3),
            SetStatus(conversation_id=chosen, status=rng.choice(["open", "resolved"]), seen_message_id=seen),
            Assign(conversation_id=chosen, assignee_id=rng.choice([me, None]), seen_assignee_id=holder),
            Transfer(
                conversation_id=chosen,
                user_id=rng.choice([*people, None]),
                inbox_id=rng.choice([None, *(inbox_id for inbox_id, _ in self.world.places)]),
                ask=rng.random() < 0.5,
                seen_assignee_id=holder,
            ),
        ]
        command = rng.choice(choices)
        if isinstance(command, Transfer) and command.inbox_id is not None:
            self.tied.add(chosen)  # it may leave a desk, with what waits there to be judged
        return command

    async def _agent_merges(self) -> None:
        """Conversations or customers become one, or part again."""
        desk = self.rng.choice(self.desks)
        tables = (conversation, UnmergeConversations), (contact, UnmergeContacts)
        table, parting = self.rng.choice(tables)
        async with desk.replica.read() as conn:
            known = select(table.c.id, table.c.merged_into_id).order_by(table.c.id)
            rows = (await conn.execute(known)).all()
        joined = [row for row in rows if row.merged_into_id is not None]
        if joined and self.rng.random() < 0.5:
            parts = self.rng.choice(joined)
            await self._do(desk, _of_two(parting, parts.merged_into_id, parts.id))
        elif len(rows) > 1:
            merging = MergeConversations if table is conversation else MergeContacts
            ids = [row.id for row in self.rng.sample(rows, 2)]
            self.tied.update(ids)
            await self._do(desk, _of_two(merging, *ids))

    async def _agent_revises(self) -> None:
        """An answer is changed or taken back; where there is none that has gone out, one does."""
        desk = self.rng.choice(self.desks)
        made = (command for commands in self.made.values() for command in commands.values())
        answers = {command.message_id for command in made if isinstance(command, SendReply)}
        command = await revision(desk, self.rng, answers)
        if command is not None:
            if not isinstance(command, SendReply):
                self.revised.add(command.message_id)
            held = clock.seconds_from_now(3600) if self.rng.random() < 0.2 else None
            await self._do(desk, command, held)
        await self._delivery()

    async def _do(self, desk: SimDesk, command: AnyCommand, held_until: datetime | None = None) -> None:
        try:
            command_id = await desk.workbench.do(command, held_until)
        except AgentDeskError:
            return
        self.made[desk][command_id] = command
        self.injected[_COUNTED.get(type(command), "commands")] += 1

    async def _release_or_undo(self) -> None:
        desk = self.rng.choice(self.desks)
        for command_id, _ in desk.workbench.held():
            if self.rng.random() < 0.5:
                await desk.workbench.release(command_id)
            elif await desk.workbench.take_back(command_id):
                self.taken_back.add(command_id)

    # --- what is done to them ---

    async def _connect(self) -> None:
        """A desk connects to any of the servers, over a bad line."""
        desk = self.rng.choice(self.desks)
        desk.world = self.rng.choice(self.servers)
        self.injected["connections"] += 1
        await desk.connect(self.rng)

    async def _cut(self) -> None:
        self.injected["cuts"] += 1
        await self.rng.choice(self.desks).disconnect()

    async def _restart(self) -> None:
        self.injected["desk restarts"] += 1
        await self.rng.choice(self.desks).reopen()

    async def _server_restarts(self) -> None:
        self.injected["server restarts"] += 1
        server = self.rng.choice(self.servers)
        await server.feed.stop()
        await server.feed.start()

    async def _turn_the_clock(self) -> None:
        self.injected["clock turned"] += 1
        self.offset = timedelta(minutes=self.rng.choice([-60, -1, 0, 1, 60]))

    async def _pause(self) -> None:
        await asyncio.sleep(self.rng.random() * 0.05)

    # --- what must hold ---

    async def _nothing_vanished_or_doubled(self, desk: SimDesk) -> None:
        """What the agent wrote is on screen once, unless it was refused, taken back, or cannot be (yet)."""
        async with desk.workbench._writing:  # between two transactions
            async with desk.replica.read() as conn:
                out = select(message.c.id, message.c.text).where(message.c.direction == "out")
                shown = {row.id: row.text for row in await conn.execute(out)}
                known = set(await conn.scalars(select(conversation.c.id)))
                ours = await conn.scalar(select(func.count()).where(event.c.ver == 0))
            waiting = {waiting.id: waiting for waiting in desk.workbench.waiting()}
            contained = {p.id for p in desk.workbench._pending.values() if p.contained}
            filled = desk.workbench.standing.cursor is not None
        assert waiting or ours == 0, "a confirmed command still lies over the rows"
        assert max(Counter(filter(None, shown.values())).values(), default=1) == 1
        for command_id, command in self.made[desk].items():
            if not isinstance(command, SendReply | AddNote) or command.conversation_id not in known:
                continue
            if not filled or command_id in contained:
                continue  # the server has judged it, and the desk has not been told yet
            if command.conversation_id in self.tied and desk.world.actors[desk.token].inboxes is not None:
                continue
            waits = waiting.get(command_id)
            gone = command_id in self.taken_back or (waits is not None and waits.answer is not None)
            what = f"{command} of {desk.token}, {waits}"
            there = command.message_id in shown
            assert there is not gone, f"left a trace: {what}" if gone else f"vanished: {what}"
            if there and command.message_id not in self.revised:
                assert shown[command.message_id] == command.text, what

    async def _no_orphans(self, desk: SimDesk) -> None:
        """Nothing without what it belongs to, but in the middle of a fill."""
        if desk.workbench.standing.cursor is None:
            return
        async with desk.replica.read() as conn:
            for child, column, parent in _BELONGS:
                orphans = select(func.count()).select_from(child).where(column.not_in(select(parent.c.id)))
                assert await conn.scalar(orphans) == 0, f"{child.name} without {parent.name} at {desk.token}"

    async def _come_to_rest(self) -> None:
        self.calm, began = True, time.monotonic()
        for desk in self.desks:
            for command_id, _ in desk.workbench.held():
                await desk.workbench.release(command_id)
            await desk.connect()
        for desk in self.desks:
            await until(partial(_nothing_waits, desk), _REST_SECONDS, what=partial(_what_waits, desk))
        for desk in self.desks:
            try:
                await until(partial(self._same, desk), _REST_SECONDS)
            except AssertionError:
                found = await differences(self.world, desk)
                ended = desk.farewell and desk.farewell.code
                raise AssertionError(f"{desk.token} ({ended}) differs: {found}") from None
            await self._no_orphans(desk)
        self.rested = time.monotonic() - began
        await self._each_took_effect_once()

    async def _same(self, desk: SimDesk) -> bool:
        return await differences(self.world, desk) == []

    async def _each_took_effect_once(self) -> None:
        """Every command has taken effect once, or its agent is shown why not."""
        made = {i for commands in self.made.values() for i in commands} - self.taken_back
        shown = {waiting.id for desk in self.desks for waiting in desk.workbench.waiting()}
        async with self.world.db.read() as conn:
            applied = set(await conn.scalars(select(applied_command.c.id)))
            texts = list(await conn.scalars(select(message.c.text).where(message.c.direction == "out")))
        assert made <= applied | shown
        assert not self.taken_back & applied
        assert max(Counter(filter(None, texts)).values(), default=1) == 1
        everything = {i: command for commands in self.made.values() for i, command in commands.items()}
        self.injected["changes carried out"] += await check_revised(self.world, everything)


class RolledBack(History):
    """A history in which the database (a SQLite file) is replaced by an older copy now and then."""

    def __init__(self, servers: list[World], folder: Path, seed: int) -> None:
        super().__init__(servers, folder, seed)
        self._live = Path(str(self.world.db.url.database))
        self._copy = folder / f"{seed}.copy"
        self.actions += [(self._make_copy, 2), (self._put_copy_in_place, 2)]

    async def _make_copy(self) -> None:
        await asyncio.to_thread(_copy_database, self._live, self._copy)

    async def _put_copy_in_place(self) -> None:
        """Everything since the copy is lost: mails, moves, grants, and what the desks did."""
        if not self._copy.exists():
            return
        for desk in self.desks:
            await desk.disconnect()
        adopted = self.rng.random() < 0.5
        self.injected["restored and adopted" if adopted else "rolled back"] += 1
        await self.world.replace_database(partial(_put_in_place, self._copy, self._live), begin_epoch=adopted)
        self.world.executor = Moody(self, self.world.plain)  # type: ignore[assignment]
        async with self.world.db.read() as conn:
            self.conversations = list(
                await conn.scalars(select(conversation.c.id).order_by(conversation.c.id))
            )


_COUNTED: dict[type[Any], str] = {
    EditReply: "changed answers",
    DeleteReply: "answers taken back",
    MergeConversations: "merges",
    MergeContacts: "merges",
    UnmergeConversations: "partings",
    UnmergeContacts: "partings",
}


def _of_two(kind: type[Any], stays: UUID, joins: UUID) -> AnyCommand:
    """A command that merges two, or parts them."""
    command: AnyCommand
    if kind in (MergeConversations, UnmergeConversations):
        command = kind(conversation_id=stays, joined_ids=(joins,))
    else:
        command = kind(contact_id=stays, joined_id=joins)
    return command


def _copy_database(live: Path, copy: Path) -> None:
    with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _put_in_place(copy: Path, live: Path) -> None:
    for suffix in ("-wal", "-shm"):
        live.with_name(live.name + suffix).unlink(missing_ok=True)
    shutil.copy(copy, live)


_BELONGS: tuple[tuple[Table, ColumnElement[Any], Table], ...] = (
    (message, message.c.conversation_id, conversation),
    (event, event.c.conversation_id, conversation),
    (attachment, attachment.c.message_id, message),
    (contact_identity, contact_identity.c.contact_id, contact),
    (conversation, conversation.c.contact_id, contact),
)


def _nothing_waits(desk: SimDesk) -> bool:
    return desk.workbench.unsent() == 0


def _what_waits(desk: SimDesk) -> str:
    """What may tell why: how the connection ended, where the desk stands, and each command."""
    bench, ended = desk.workbench, desk.farewell
    waiting = [
        (p.envelope.number, type(p.envelope.command).__name__, p.contained, p.id in bench.sent)
        for p in bench._pending.values()
    ]
    end = f"{ended.code}: {ended.reason}" if ended is not None else "none"
    return f"an empty outbox of {desk.token} (end of its connection: {end}; {bench.standing}; {waiting})"
