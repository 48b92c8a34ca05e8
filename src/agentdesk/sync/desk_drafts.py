"""A desk's drafts: on this disk at once, on the person's other desks after a pause of typing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.commands.values import File
from agentdesk.store.tables import conversation, draft
from agentdesk.sync.draft import Draft
from agentdesk.sync.draft_store import draft_of
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.protocol import Batch, DraftKept, Frame, KeepDraft
from agentdesk.sync.replica import Replica

__all__ = ["DeskDrafts", "DraftCourier", "GoneDrafts", "gone_in"]

_PAUSE_SECONDS = 1.0
_MOST_PAUSES = 5
_MOST_BYTES = 4 * 1024 * 1024

_log = get_logger(__name__)


class GoneDrafts(msgspec.Struct, frozen=True):
    """What a batch takes away: places of drafts with the editions that were there, and the editions of texts
    that were put aside."""

    places: dict[tuple[UUID, str], UUID] = {}
    asides: tuple[UUID, ...] = ()


class DeskDrafts:
    """Outbox and replica as far as drafts go: the outbox has what the person sees, the replica what the
    server has of it."""

    def __init__(self, replica: Replica, outbox: Outbox) -> None:
        self._replica = replica
        self._outbox = outbox
        self.news = Bell()
        """Rings when there is something to tell the server."""

    async def save(self, given: Draft) -> UUID | None:
        """Keep a draft, an empty one removes it; returns its edition. Safe against kill -9 on return."""
        edition = await self._outbox.run(self._outbox.file.drafts.save, given)
        self.news.ring()
        return edition

    async def one(self, conversation_id: UUID, mode: str) -> Draft | None:
        """The draft of a conversation."""
        return await self._outbox.run(self._outbox.file.drafts.one, conversation_id, mode)

    async def all(self) -> list[Draft]:
        """All drafts, the latest first."""
        return await self._outbox.run(self._outbox.file.drafts.all)

    async def aside(self, conversation_id: UUID) -> list[Draft]:
        """The texts that were put aside in a conversation, oldest first."""
        return await self._outbox.run(self._outbox.file.drafts.aside, conversation_id)

    async def drop_aside(self, edition: UUID) -> None:
        """A text that was put aside has been looked at."""
        await self._outbox.run(self._outbox.file.drafts.drop_aside, edition)
        self.news.ring()

    async def tell_again(self) -> None:
        """The server may have lost what it knew."""
        await self._outbox.run(self._outbox.file.drafts.tell_again)
        self.news.ring()

    async def told(self, put: KeepDraft) -> set[UUID]:
        """The server has taken note of an edition; returns the conversations where something changed."""
        await self._outbox.run(self._outbox.file.drafts.told, put)
        return await self.settle()

    async def settle(
        self, gone: GoneDrafts | None = None, *, opened: bool = False, filled: bool = False
    ) -> set[UUID]:
        """Take up what the replica has now, and let ``gone`` go; returns the conversations where something
        changed.

        Where the replica was just ``opened``, what it has had and has no more is gone, nobody said how; where
        it was just ``filled``, also what the server was told of. Drafts of conversations that this desk does
        not have stay as they are.
        """
        gone, file = gone or GoneDrafts(), self._outbox.file
        async with self._replica.read() as conn:
            rows = (await conn.execute(select(draft))).mappings().all()
            there = {(row["conversation_id"], row["mode"]) for row in rows if not row["aside"]}
            states = ("told", "kept") if filled else ("kept",) if opened else ()
            lacking = await self._outbox.run(file.drafts.places, states) - there
            known = await _known(conn, {place[0] for place in lacking})
        if filled:
            await self._outbox.run(file.drafts.forget_removals)
        return await self._outbox.run(
            file.drafts.take_in,
            [draft_of(row) for row in rows if not row["aside"]],
            [draft_of(row) for row in rows if row["aside"]],
            {place: edition for place, edition in gone.places.items() if place not in there},
            [place for place in lacking if place[0] in known],
            gone.asides,
        )


async def gone_in(conn: AsyncConnection, batches: Sequence[Batch]) -> GoneDrafts | None:
    """What of the replica's drafts ``batches`` are about to take away; None where they do not speak of
    drafts at all."""
    ids = [one.id for batch in batches for one in batch.departures if one.table == draft.name]
    if not ids and not any(rows.table == draft.name for batch in batches for rows in batch.rows):
        return None
    found = (await conn.execute(select(draft).where(draft.c.id.in_(ids)))).mappings().all() if ids else []
    return GoneDrafts(
        {(row["conversation_id"], row["mode"]): row["edition"] for row in found if not row["aside"]},
        tuple(row["edition"] for row in found if row["aside"]),
    )


async def _known(conn: AsyncConnection, ids: Collection[UUID]) -> set[UUID]:
    if not ids:
        return set()
    return set(await conn.scalars(select(conversation.c.id).where(conversation.c.id.in_(ids))))


class DraftCourier:
    """Takes drafts up over one connection, one at a time, each after a pause of typing.

    ``upload`` gives a file to the server; ``on_told`` hears of each edition that the server took note of.
    """

    def __init__(
        self,
        drafts: DeskDrafts,
        outbox: Outbox,
        upload: Callable[[File], Awaitable[None]],
        on_told: Callable[[KeepDraft], Awaitable[None]],
    ) -> None:
        self._drafts = drafts
        self._outbox = outbox
        self._upload = upload
        self._on_told = on_told
        self._answers: asyncio.Queue[DraftKept] = asyncio.Queue()
        self._refused: set[UUID] = set()

    def take(self, answer: DraftKept) -> None:
        """The server has answered."""
        self._answers.put_nowait(answer)

    async def run(self, send: Callable[[Frame], Awaitable[None]]) -> None:
        """Tell the server what it does not know, as long as the connection lasts."""
        file = self._outbox.file
        while True:
            heard = self._drafts.news.rings
            waiting = await self._outbox.run(file.drafts.to_tell)
            put = next((one for one in waiting if one.edition not in self._refused), None)
            if put is None:
                await self._drafts.news.wait(heard)
                await self._pause()
            elif not await self._tell(put, send):
                self._refused.add(put.edition)

    async def _tell(self, put: KeepDraft, send: Callable[[Frame], Awaitable[None]]) -> bool:
        if put.draft is not None and len(msgspec.msgpack.encode(put.draft)) > _MOST_BYTES:
            return False
        await self._send_files(put.draft)
        await self._outbox.run(self._outbox.file.drafts.telling, put.edition)
        await send(put)
        answer = await self._answers.get()
        while answer.edition != put.edition:  # an answer that came twice
            answer = await self._answers.get()
        if answer.kept:
            await self._on_told(put)
        return answer.kept

    async def _send_files(self, given: Draft | None) -> None:
        """Bring the files up first; a draft whose file cannot be sent goes without it being there."""
        for file in given.files if given is not None else ():
            try:
                await self._upload(file)
            except AgentDeskError as error:
                _log.info("a draft's file is not on the server", code=type(error).__name__)

    async def _pause(self) -> None:
        """Wait until nothing has been typed for a while, but not for ever."""
        for _ in range(_MOST_PAUSES):
            heard = self._drafts.news.rings
            if await self._drafts.news.wait(heard, _PAUSE_SECONDS) == heard:
                return
