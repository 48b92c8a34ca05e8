"""The one place where replica and outbox change together, in the order that makes any kill safe.

A command is in the outbox before its effect is in the replica; it leaves only after the rows that contain
it, the cursor and its name are in the replica. Doing either step again is harmless."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import NotFound
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, AnyCommand, Envelope, File
from agentdesk.store.errors import DatabaseError
from agentdesk.store.sqlite import all_at_once, at_once
from agentdesk.store.tables import draft
from agentdesk.store.unit import Changes
from agentdesk.sync.changes import add_changes
from agentdesk.sync.desk import Waiting
from agentdesk.sync.desk_drafts import DeskDrafts, DraftCourier, GoneDrafts
from agentdesk.sync.drafting import as_draft, as_refused, as_waiting, draft_change, draft_place, offered_anew
from agentdesk.sync.outbox import Outbox, WrongPerson
from agentdesk.sync.overlay import (
    Pending,
    apply_one,
    desk_actor,
    families_in,
    laid_anew,
    overlaps,
    replay,
    restore,
)
from agentdesk.sync.protocol import Batch, KeepDraft, Welcome
from agentdesk.sync.putting_off import PutOff
from agentdesk.sync.replica import Replica, Standing, empty, plain, put_standing
from agentdesk.sync.taking_in import Incoming, write
from agentdesk.sync.unbroken import Unbroken, whole

__all__ = ["Workbench"]

_NEVER = 2**63
_LET_GO = "DELETE FROM confirmed_command WHERE id = ?"


class Workbench(Unbroken):
    """Replica, outbox, and the commands that lie between them. ``on_changes`` hears of every change once per
    transaction; ``{}`` means that everything may have changed."""

    def __init__(self, replica: Replica, outbox: Outbox, on_changes: Callable[[Changes], None]) -> None:
        super().__init__("workbench")
        self._replica = replica
        self._outbox = outbox
        self._on_changes = on_changes
        self._writing = asyncio.Lock()
        self._pending: dict[UUID, Pending] = {}
        self._refused: dict[UUID, Waiting] = {}
        self._overlaid = True  # changes of our own may lie over the server's rows
        self._refilled = False
        self.drafts = DeskDrafts(replica, outbox)
        self.standing = Standing()
        self.desk_id = UUID(int=0)
        self.sent: set[UUID] = set()
        """What has gone up on the present connection, answered or not."""
        self.news = Bell()
        """Rings when there is something to push."""

    async def open(self) -> None:
        """Open both files and lay the overlay anew. Raises DatabaseError, OutboxNewer."""
        await self._outbox.run(self._outbox.file.open)
        self.desk_id = await self._outbox.run(self._outbox.file.desk_id)
        self.standing = await self._replica.open()
        async with self._writing:
            await self._let_go(await self._replica.confirmed())
            for kept in await self._outbox.run(self._outbox.file.commands):
                if kept.state == "refused":
                    self._refused[kept.envelope.id] = as_refused(kept.envelope, kept.answer)
                else:
                    self._pending[kept.envelope.id] = Pending(kept.envelope, kept.held_until)
            await self._rebase()
            await self.drafts.settle(opened=True)

    async def close(self) -> None:
        """Close both files, after the transactions that are under way."""
        await self._tasks.drain()
        await self._replica.close()
        await self._outbox.close()

    @whole
    async def change(self, work: Callable[[AsyncConnection], Awaitable[Changes]]) -> Changes:
        """Run ``work`` in one writing transaction of the replica and tell what it changed. It must leave rows
        under the overlay alone. Raises DatabaseError."""
        async with self._writing, self._replica.write() as conn:
            changes = await work(conn)
        self._tell(changes, {})
        return changes

    # --- what the agent does ---

    @whole
    async def do(self, command: AnyCommand, held_until: datetime | None) -> UUID:
        """Keep a command and show its effect.

        Raises Refusal where the replica refuses it; then nothing was kept.
        """
        pending = Pending(Envelope(id=new_id(), command=command, issued_at=clock.now()), held_until)
        keep = functools.partial(self._outbox.file.add, pending.envelope, held_until, draft_place(command))
        async with self._writing:
            changes = await self._apply_new(pending, keep)
        self._tell(changes, {"outbox": {pending.id}, **draft_change(command)})
        return pending.id

    @whole
    async def release(self, command_id: UUID) -> None:
        """Let a held command go. Nothing where it is not held."""
        async with self._writing:
            envelope = await self._outbox.run(self._outbox.file.release, command_id)
            if envelope is None:
                return
            held = self._pending.pop(command_id)
            self._pending[command_id] = Pending(envelope, families=held.families)
            changes = await self._rebase([held])
        self._tell(changes, {"outbox": {command_id}})

    @whole
    async def take_back(self, command_id: UUID) -> bool:
        """Undo a held command; its text goes back to the draft. False where it has gone already."""
        async with self._writing:
            pending = self._pending.get(command_id)
            if pending is None or pending.held_until is None:
                return False
            draft = as_draft(pending.envelope.command)
            if not await self._outbox.run(self._outbox.file.take_back, command_id, "held", draft):
                return False
            del self._pending[command_id]
            changes = await self._rebase([pending])
        self._tell(changes, {"outbox": {command_id}, **draft_change(pending.envelope.command)})
        return True

    @whole
    async def discard(self, command_id: UUID) -> None:
        """Drop a refused command; its text goes back to the draft first."""
        async with self._writing:
            refused = self._refused.get(command_id)
            if refused is None:
                return
            draft = as_draft(refused.command)
            await self._outbox.run(self._outbox.file.take_back, command_id, "refused", draft)
            del self._refused[command_id]
        self._tell({}, {"outbox": {command_id}, **draft_change(refused.command)})

    @whole
    async def retry(self, command_id: UUID) -> None:
        """Offer a refused command again as a new one, meant in spite of what came between. Raises NotFound,
        Refusal."""
        async with self._writing:
            refused = self._refused.get(command_id)
            if refused is None:
                raise NotFound
            pending = Pending(offered_anew(refused))
            keep = functools.partial(self._outbox.file.replace, command_id, pending.envelope)
            changes = await self._apply_new(pending, keep)
            del self._refused[command_id]
        self._tell(changes, {"outbox": {command_id, pending.id}})

    @whole
    async def forget(self, ids: Set[UUID]) -> None:
        """Drop all commands and drafts about these conversations and customers, whatever became of them."""
        async with self._writing:
            gone = await self._outbox.run(self._outbox.file.forget, ids)
            for command_id in gone:
                self._refused.pop(command_id, None)
            left = [self._pending.pop(command_id) for command_id in gone if command_id in self._pending]
            changes = await self._rebase(left)
        self._tell(changes, {"outbox": gone, "draft": set(ids)})

    def waiting(self) -> list[Waiting]:
        """Return what the outbox holds, refused ones first, then in the order in which it takes effect."""
        pending = (as_waiting(pending, pending.id in self.sent) for pending in self._pending.values())
        return [*self._refused.values(), *pending]

    def held(self) -> list[tuple[UUID, datetime]]:
        """Return the held commands and when each is to go."""
        return [(p.id, p.held_until) for p in self._pending.values() if p.held_until is not None]

    async def is_uploaded(self, blob: str) -> bool:
        """Say whether the server is known to have a file."""
        return await self._outbox.run(self._outbox.file.is_uploaded, blob)

    async def note_uploaded(self, blob: str) -> None:
        """Note that the server has a file."""
        await self._outbox.run(self._outbox.file.uploaded, blob)

    def unsent(self) -> int:
        """Return how many commands have not been confirmed."""
        return len(self._pending)

    # --- what the connection does ---

    def courier(self, upload: Callable[[File], Awaitable[None]]) -> DraftCourier:
        """Return what takes drafts up over one connection; ``upload`` gives a file to the server."""
        return DraftCourier(self.drafts, self._outbox, upload, self.draft_told)

    @whole
    async def to_push(self, but: Iterable[UUID], limit: int, put_off: PutOff | None = None) -> list[Envelope]:
        """Return the next commands to go up, by number, without those named in ``but``.

        What is ``put_off`` stays here with all that has to do with it, and is numbered anew to come after
        what goes past it: to the server, a number below its last one is that of a command which it has had.
        """
        known = set(but)
        ready = [p for p in self._pending.values() if p.held_until is None and p.id not in known]
        ready.sort(key=lambda pending: pending.envelope.number or 0)
        free, behind = (ready, []) if put_off is None else put_off.divide(ready)
        if free and behind:
            ids = [pending.id for pending in behind]
            for pending_id, envelope in (await self._outbox.run(self._outbox.file.number_anew, ids)).items():
                if (pending := self._pending.get(pending_id)) is not None:
                    pending.envelope = envelope
        return [pending.envelope for pending in free[:limit]]

    @whole
    async def welcome(self, welcome: Welcome) -> None:
        """Take note of whom we are connected to. Raises WrongPerson where the outbox is not this person's."""
        await self._check_person(welcome.user_id)
        async with self._writing:
            await self._check_numbers(welcome)
            standing = Standing(
                epoch=welcome.epoch,
                cursor=None if welcome.fresh else self.standing.cursor,
                user_id=welcome.user_id,
                workspace=welcome.workspace,
                undo_seconds=welcome.undo_seconds,
            )
            if standing == self.standing and not welcome.fresh:
                return
            async with self._replica.write() as conn:
                if welcome.fresh:
                    await empty(conn, standing)
                else:
                    await put_standing(conn, standing)
            self.standing = standing
            self._refilled = self._refilled or welcome.fresh
            if welcome.fresh:  # everything comes anew, with what the server has of us in it
                for pending in self._pending.values():
                    pending.contained = (pending.envelope.number or _NEVER) <= welcome.last_number
        if welcome.fresh:
            self._on_changes({})

    async def take_in(self, batches: Sequence[Batch]) -> None:
        """Write what the server sent, drop our commands that it contains, and lay the rest over it again: one
        transaction."""
        if not await self._taken_plainly(batches):
            await self._take_in(batches)

    async def _taken_plainly(self, batches: Sequence[Batch]) -> bool:
        """Write batches that nothing of ours lies over, as nearly all come. False: these are others.

        Who is cancelled cuts this short, and the file knows where we stand: no new rows behind an old cursor.
        """
        async with self._writing:
            waits = self._pending.values()
            covered = overlaps(families_in(batches), waits) if waits else self._overlaid
            if covered or self._refilled or any(batch.own for batch in batches):
                return False
            standing = self.standing.after(batches)
            if (ready := plain(batches, standing)) is None:
                return False
            try:
                await self._replica.write_plain(ready.steps)
                self.standing = standing
            except asyncio.CancelledError:
                self.standing = await self.to_its_end(self._replica.standing(), "standing")
                raise
            finally:
                self._tell(ready.changes, {})
            return True

    @whole
    async def _take_in(self, batches: Sequence[Batch]) -> None:
        async with self._writing:
            own = {command_id for batch in batches for command_id in batch.own} & self._pending.keys()
            left = [pending for pending in self._pending.values() if pending.id not in own]
            standing = self.standing.after(batches)
            confirmed = [self._pending[command_id] for command_id in own]
            taken = await write(self._replica, Incoming(batches, standing, confirmed, left, self._overlaid))
            changes = taken.changes
            self._overlaid, self.standing = bool(left), standing
            await self._let_go(own)
            changes[draft.name] = await self._settle_drafts(taken.gone, batches[-1])
        self._tell(changes, {"outbox": own})

    @whole
    async def refused(self, answers: Sequence[Answer]) -> None:
        """Take the server's refusals: their effects go, the commands stay to be shown."""
        async with self._writing:
            known = [answer for answer in answers if answer.command_id in self._pending]
            if not known:
                return
            await self._outbox.run(self._outbox.file.refuse, known)
            gone = [self._pending.pop(answer.command_id) for answer in known]
            for pending, answer in zip(gone, known, strict=True):
                self._refused[pending.id] = as_refused(pending.envelope, answer)
            changes = await self._rebase(gone)
        self._tell(changes, {"outbox": {answer.command_id for answer in known}})

    @whole
    async def draft_told(self, put: KeepDraft) -> None:
        """The server has taken note of a draft."""
        async with self._writing:
            changed = await self.drafts.told(put)
        self._tell({}, {"draft": changed})

    # --- inside ---

    async def _apply_new(self, pending: Pending, keep: Callable[[], Envelope]) -> Changes:
        """Apply a command and keep it, the outbox before the replica. Raises Refusal, DatabaseError."""
        self._overlaid = True
        try:
            async with self._replica.write() as conn:
                changes = await all_at_once(conn, lambda: self._applied(conn, pending))
                pending.envelope = await self._outbox.run(keep)
                self._pending[pending.id] = pending
                self.news.ring()  # it may go up before its effect is shown
        except DatabaseError:
            if pending.id not in self._pending:
                raise
            return {}  # it is in the outbox: the next transaction shows its effect
        return changes

    async def _applied(self, conn: AsyncConnection, pending: Pending) -> Changes:
        return await apply_one(conn, pending, await self._actor(conn))

    async def _settle_drafts(self, gone: GoneDrafts | None, last: Batch) -> set[UUID]:
        """Bring the drafts in step with the rows; returns the conversations where something changed."""
        filled = self._refilled and not last.filling and not last.more
        if filled:
            self._refilled = False
        return await self.drafts.settle(gone, filled=filled) if filled or gone is not None else set()

    async def _check_person(self, user_id: UUID) -> None:
        owner = await self._outbox.run(self._outbox.file.about, "user_id")
        if owner == user_id.hex:
            return
        if owner is not None and (self._pending or self._refused or await self.drafts.all()):
            raise WrongPerson
        await self._outbox.run(self._outbox.file.set_about, "user_id", user_id.hex)

    async def _check_numbers(self, welcome: Welcome) -> None:
        """Notice a server that forgot: another epoch, or fewer of our commands than it had confirmed."""
        file = self._outbox.file
        again = await self._outbox.run(file.offer_again, welcome.last_number)
        if again or (self.standing.epoch is not None and self.standing.epoch != welcome.epoch):
            await self._outbox.run(file.forget_uploads)
            await self.drafts.tell_again()
        if again:
            for kept in await self._outbox.run(file.commands):
                if kept.state == "waiting":
                    self._pending.pop(kept.envelope.id, None)
                    self._pending[kept.envelope.id] = Pending(kept.envelope)

    async def _rebase(self, gone: Sequence[Pending] | None = None) -> Changes:
        """Lay the overlay anew: after commands have ``gone``, or all of it."""
        families = None if gone is None else laid_anew(set(), gone, self._pending.values())
        async with self._replica.write() as conn:
            changes = await at_once(conn, functools.partial(restore, families=families))
            left, actor = list(self._pending.values()), await self._actor(conn)
            replayed = await replay(conn, left, actor, families)
        replayed.mark()
        add_changes(changes, replayed.changes)
        return changes

    async def _let_go(self, confirmed: set[UUID]) -> None:
        """The replica contains these: now, and not before, they leave the outbox."""
        if not confirmed:
            return
        await self._outbox.run(self._outbox.file.confirm, list(confirmed))
        for command_id in confirmed:
            self._pending.pop(command_id, None)
        await self._replica.write_plain([(_LET_GO, [(command_id.bytes,) for command_id in confirmed])])

    async def _actor(self, conn: AsyncConnection) -> Actor:
        return await desk_actor(conn, self.standing.user_id)

    def _tell(self, changes: Changes, besides: Changes) -> None:
        add_changes(changes, besides)
        told = {name: ids for name, ids in changes.items() if ids}
        if told:
            self._on_changes(told)
        if besides.get("outbox"):
            self.news.ring()
        if besides.get("draft"):
            self.drafts.news.ring()
