"""The books of what is done with posts: every step is one transaction, fenced by the account's lease.

An act does no harm when it is done twice, so one that a crash has interrupted is simply done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg
from agentdesk.commands.revisions import change_text, take_back
from agentdesk.domain.acts import DONE, FAILED, Act, ActState
from agentdesk.domain.cleaning import storable
from agentdesk.domain.conversation import EventKind, Status
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Author, Direction
from agentdesk.domain.posts import Post, as_row, post_of
from agentdesk.domain.revising import is_deleted
from agentdesk.server.leases import Lease
from agentdesk.store.engine import Database
from agentdesk.store.tables import conversation, event, message, post_act, user
from agentdesk.store.unit import ServerUnit

__all__ = ["ActLedger", "ActOutcome", "due_accounts", "is_being_deleted"]

_ON_ITS_WAY = (
    DeliveryState.HELD,
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.VERIFY,
)


@dataclass(frozen=True, slots=True)
class ActOutcome:
    """What became of an act: done; tried again at ``next_at``; or, for the reason ``why``, given up.
    ``words`` are the network's own."""

    why: Msg | None = None
    words: str = ""
    next_at: datetime | None = None


class ActLedger:
    """One account's books, written by whoever holds its lease."""

    def __init__(self, db: Database, lease: Lease, account_id: UUID, bell: Bell) -> None:
        self._db = db
        self.lease = lease
        self._account_id = account_id
        self._bell = bell

    async def next(self) -> Row[Any] | None:
        """Return the oldest act that is due, with the ``external_id`` and ``delivery`` of its message. Of
        messages that are on their way it waits."""
        arrived = or_(message.c.direction == Direction.IN, message.c.delivery.not_in(_ON_ITS_WAY))
        due = and_(post_act.c.account_id == self._account_id, post_act.c.next_at <= clock.now())
        statement = (
            select(post_act, message.c.external_id.label("sent_id"), message.c.delivery)
            .join(message, message.c.id == post_act.c.message_id)
            .where(due, arrived)
            .order_by(post_act.c.wished_at, post_act.c.message_id)
            .limit(1)
        )
        async with self._db.read() as conn:
            return (await conn.execute(statement)).first()

    async def claim(self, row: Row[Any]) -> bool:
        """Commit that an act is begun with, so that its opposite is done too. False where something else is
        wished by now."""
        async with self._db.write() as conn:
            await self.lease.check(conn)
            claimed = await conn.execute(
                update(post_act)
                .where(*_row(row), post_act.c.wish_id == row.wish_id)
                .values(attempts=post_act.c.attempts + 1, lease_token=self.lease.token)
            )
        return bool(claimed.rowcount == 1)

    async def settle(self, row: Row[Any], outcome: ActOutcome) -> None:
        """Write down what became of an act; nothing where it is not wished any more."""
        async with self._db.write() as conn:
            await self.lease.check(conn)
            unit = ServerUnit(conn)
            whole = await _locked(conn, row.message_id)
            now = (await conn.execute(select(post_act).where(*_row(row)).with_for_update())).first()
            if whole is not None and now is not None:
                await self._settle(unit, whole, row, now, outcome)
            await unit.flush()
        self._bell.ring()

    async def _settle(
        self, unit: ServerUnit, whole: dict[str, Any], row: Row[Any], now: Row[Any], outcome: ActOutcome
    ) -> None:
        if outcome.next_at is not None:
            if now.wish_id == row.wish_id:
                await unit.conn.execute(update(post_act).where(*_row(row)).values(next_at=outcome.next_at))
                await _note_delay(unit, whole, row, outcome)
            return
        if now.wish_id != row.wish_id:  # something newer is wished: it starts from here
            if outcome.why is None and row.act in (Act.LIKE, Act.HIDE):
                await unit.conn.execute(update(post_act).where(*_row(row)).values(before=row.on))
            return
        await unit.conn.execute(delete(post_act).where(*_row(row)))
        if outcome.why is None:
            await _carry_out(unit, whole, row)
        else:
            await _give_up(unit, whole, row, outcome)


async def due_accounts(db: Database) -> frozenset[UUID]:
    """Return the accounts for which something may be due."""
    statement = select(post_act.c.account_id).where(post_act.c.next_at <= clock.now()).distinct()
    async with db.read() as conn:
        return frozenset(await conn.scalars(statement))


async def is_being_deleted(conn: AsyncConnection, message_id: UUID) -> bool:
    """Say whether somebody wants a message to be gone."""
    wanted = post_act.c.message_id == message_id, post_act.c.act == Act.DELETE.value
    return await conn.scalar(select(post_act.c.message_id).where(*wanted)) is not None


def _row(row: Row[Any]) -> tuple[Any, ...]:
    return post_act.c.message_id == row.message_id, post_act.c.act == row.act


async def _locked(conn: AsyncConnection, message_id: UUID) -> dict[str, Any] | None:
    """The message, locked after its conversation, as commands do it."""
    place = select(message.c.conversation_id).where(message.c.id == message_id).scalar_subquery()
    await conn.execute(select(conversation.c.id).where(conversation.c.id == place).with_for_update())
    found = await conn.execute(select(message).where(message.c.id == message_id).with_for_update())
    row = found.mappings().first()
    return None if row is None else dict(row)


async def _carry_out(unit: ServerUnit, whole: dict[str, Any], row: Row[Any]) -> None:
    """Let the message show what was done. One that was erased meanwhile has nothing to show."""
    post = post_of(whole["post"])
    if post is None or is_deleted(whole["revision"]):
        return
    now = clock.now()
    if row.act == Act.DELETE:
        by = "" if row.user_id == whole["user_id"] else await _name(unit.conn, row.user_id)
        await take_back(unit, whole, now, by)
        if whole["delivery"] == DeliveryState.FAILED:  # nobody need look at it any more
            await unit.update(message, whole["id"], {"delivery": "", "delivery_detail": None})
    else:
        if row.act == Act.EDIT and row.text != whole["text"]:
            await change_text(unit, whole, row.text, now)
        reported = ActState(DONE, now) if row.act == Act.REPORT else None
        await _show(unit, whole, post, row, reported)
    await _tell(unit, whole, row, DONE)


async def _give_up(unit: ServerUnit, whole: dict[str, Any], row: Row[Any], outcome: ActOutcome) -> None:
    """Let the message show as before, and why; what a person needs to know comes back to the team."""
    post = post_of(whole["post"])
    if post is None or is_deleted(whole["revision"]):
        return
    if row.act == Act.LIKE:
        post = msgspec.structs.replace(post, liked=row.before)
    elif row.act == Act.HIDE:
        post = msgspec.structs.replace(post, hidden=row.before)
    words = storable(outcome.words, 2_000)
    await _show(unit, whole, post, row, ActState(FAILED, clock.now(), row.on, row.text, outcome.why, words))
    await _tell(unit, whole, row, FAILED)
    if row.act != Act.LIKE:
        await _surface(unit, whole)


async def _note_delay(unit: ServerUnit, whole: dict[str, Any], row: Row[Any], outcome: ActOutcome) -> None:
    """Say why it takes so long, once for each reason."""
    post = post_of(whole["post"])
    state = post.acts.get(Act(row.act)) if post is not None else None
    if post is None or state is None or state.why == outcome.why:
        return
    await _show(unit, whole, post, row, msgspec.structs.replace(state, why=outcome.why))


async def _show(
    unit: ServerUnit, whole: dict[str, Any], post: Post, row: Row[Any], state: ActState | None
) -> None:
    acts = {act: other for act, other in post.acts.items() if act != row.act}
    if state is not None:
        acts[Act(row.act)] = state
    await unit.update(message, whole["id"], {"post": as_row(msgspec.structs.replace(post, acts=acts))})


async def _tell(unit: ServerUnit, whole: dict[str, Any], row: Row[Any], state: str) -> None:
    """Add a line to the transcript: who did it, or wanted to."""
    data = {"act": row.act, "on": row.on, "state": state, "message_id": str(whole["id"])}
    await unit.insert(event, [_event(whole, EventKind.ACT, row.author, row.user_id, data)])


async def _surface(unit: ServerUnit, whole: dict[str, Any]) -> None:
    """Bring the conversation back: it may have been resolved already."""
    here = select(conversation.c.status).where(conversation.c.id == whole["conversation_id"])
    changes: dict[str, Any] = {"unread": True}
    if await unit.conn.scalar(here) != Status.OPEN:
        changes |= {"status": Status.OPEN.value, "resolved_at": None, "snoozed_until": None}
        data = {"status": Status.OPEN.value}
        await unit.insert(event, [_event(whole, EventKind.STATUS, Author.SYSTEM.value, None, data)])
    await unit.update(conversation, whole["conversation_id"], changes)


def _event(
    whole: dict[str, Any], kind: EventKind, author: str, user_id: UUID | None, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "conversation_id": whole["conversation_id"],
        "inbox_id": whole["inbox_id"],
        "kind": kind.value,
        "author": author,
        "user_id": user_id,
        "data": data,
        "created_at": clock.now(),
    }


async def _name(conn: AsyncConnection, user_id: UUID | None) -> str:
    found: str | None = await conn.scalar(select(user.c.name).where(user.c.id == user_id))
    return found or ""
