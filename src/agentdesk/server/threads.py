"""The conversations that a batch of one account may join, read and locked in the transaction that records it.

A message is looked for by its *home*: the conversation it belongs to. Where that was merged into another one,
it leads there, and what joins it goes there too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.commands.arrival import Source, Thread
from agentdesk.domain.message import Direction, Kind
from agentdesk.store.fixed import Among
from agentdesk.store.merged import conversation_roots
from agentdesk.store.tables import contact_identity, conversation, message

_COLUMNS = (
    conversation.c.id,
    conversation.c.inbox_id,
    conversation.c.account_id,
    conversation.c.channel,
    conversation.c.contact_id,
    conversation.c.subject,
    conversation.c.preview,
    conversation.c.status,
    conversation.c.priority,
    conversation.c.language,
    conversation.c.unread,
    conversation.c.waiting_since,
    conversation.c.last_message_id,
    conversation.c.last_message_at,
    conversation.c.last_customer_at,
    conversation.c.first_reply_at,
    conversation.c.resolved_at,
    conversation.c.snoozed_until,
    conversation.c.related_id,
    conversation.c.visibility,
    conversation.c.root,
    conversation.c.watched,
    conversation.c.number,
    conversation.c.created_at,
)
_ROWS = Among(
    select(*_COLUMNS)
    .where(conversation.c.merged_into_id.is_(None))
    .order_by(conversation.c.id)
    .with_for_update(),
    conversation.c.id,
)
_PARTICIPANTS = Among(
    select(conversation.c.id, contact_identity.c.kind, contact_identity.c.value).join(
        contact_identity, contact_identity.c.contact_id == conversation.c.contact_id
    ),
    conversation.c.id,
)
_TRIES = 5
"""How often conversations are read again that are being merged at this very moment."""


class Threads:
    """Conversations by home: those of the account or its inbox, and those that one of these goes on in."""

    def __init__(self, source: Source) -> None:
        self._ours = {source.inbox_id, source.account_id}
        self._by_home: dict[UUID, Thread] = {}
        self._rows: dict[UUID, Thread] = {}

    def of(self, home: UUID) -> Thread | None:
        """Return the conversation that messages of ``home`` go to; None where it is neither this inbox's
        nor this account's."""
        return self._by_home.get(home)

    async def load(self, conn: AsyncConnection, homes: Collection[UUID]) -> None:
        """Read the conversations that ``homes`` lead to."""
        wanted = set(homes) - self._by_home.keys()
        roots = await self._lock_roots(conn, wanted)
        places = await self._places(conn, wanted)
        for home, root in roots.items():
            thread = self._rows.get(root)
            if thread is not None and self._ours & {*places.get(home, ()), *_place_of(thread)}:
                self._by_home[home] = thread
        await self._load_addresses(conn, roots)

    async def load_one(self, conn: AsyncConnection, conversation_id: UUID) -> Thread | None:
        """Return the conversation that one goes on in, of whatever inbox, read where it is not known yet."""
        await self.load(conn, [conversation_id])
        return self._rows.get((await conversation_roots(conn, [conversation_id]))[conversation_id])

    async def _lock_roots(self, conn: AsyncConnection, homes: Collection[UUID]) -> dict[UUID, UUID]:
        """Lock what ``homes`` lead to and return it, by home. Merging locks it too, so from then on it stays;
        few are merged, so they are taken to stand for themselves first."""
        roots = {home: home for home in homes}
        for _ in range(_TRIES):
            await self._lock(conn, set(roots.values()))
            merged = [home for home, root in roots.items() if root != home or root not in self._rows]
            again = await conversation_roots(conn, merged)
            if all(roots[home] == root for home, root in again.items()):
                break
            roots |= again
        return roots

    async def _places(self, conn: AsyncConnection, homes: Collection[UUID]) -> dict[UUID, set[UUID | None]]:
        places = {home: _place_of(self._rows[home]) for home in homes if home in self._rows}
        merged = set(homes) - places.keys()
        if merged:
            columns = conversation.c.id, conversation.c.inbox_id, conversation.c.account_id
            rows = await conn.execute(select(*columns).where(conversation.c.id.in_(merged)))
            places |= {row.id: {row.inbox_id, row.account_id} for row in rows}
        return places

    async def _lock(self, conn: AsyncConnection, ids: Collection[UUID]) -> None:
        wanted = set(ids) - self._rows.keys()
        if not wanted:
            return
        for row in await _ROWS.rows(conn, wanted):
            self._rows[row["id"]] = Thread(**row, before=row)

    async def _load_addresses(self, conn: AsyncConnection, roots: Mapping[UUID, UUID]) -> None:
        """The customers' addresses take part in their conversation, and in the one it goes on in."""
        if not roots:
            return
        for row in await _PARTICIPANTS.rows(conn, {*roots, *roots.values()}):
            thread = self._rows.get(roots.get(row["id"], row["id"]))
            if thread is not None:
                thread.participants.add((row["kind"], row["value"]))


def _place_of(thread: Thread) -> set[UUID | None]:
    """Where a conversation lies, and through which account it goes: it may have been handed to another
    inbox."""
    return {thread.inbox_id, thread.account_id}


async def addressed_in(
    conn: AsyncConnection, ids: Collection[UUID]
) -> list[tuple[UUID, Sequence[Mapping[str, str]]]]:
    """Return whom the team wrote to in the conversations ``ids``, and to whom their first messages were
    addressed, each with its conversation."""
    if not ids:
        return []
    columns = (message.c.conversation_id, message.c.to, message.c.cc, message.c.bcc)
    ours = select(*columns).where(
        message.c.conversation_id.in_(ids),
        message.c.direction == Direction.OUT,
        message.c.kind == Kind.MESSAGE,
    )
    begun = (
        select(message.c.conversation_id, message.c.origin_id, func.min(message.c.created_at).label("at"))
        .where(message.c.conversation_id.in_(ids))
        .group_by(message.c.conversation_id, message.c.origin_id)
        .subquery()
    )
    first = select(*columns).join(
        begun, (message.c.conversation_id == begun.c.conversation_id) & (message.c.created_at == begun.c.at)
    )
    found: list[tuple[UUID, Sequence[Mapping[str, str]]]] = []
    for statement in (ours, first):
        rows = await conn.execute(statement)
        found.extend((row.conversation_id, (*row.to, *row.cc, *row.bcc)) for row in rows)
    return found
