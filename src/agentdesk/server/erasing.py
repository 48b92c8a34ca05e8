"""Carrying out erasures: in portions, so that nobody waits, and again from where it stands after a crash.

What is still to be done is what still has words: nothing is counted or remembered that could be wrong. Ids,
times and numbers of messages stay, so that figures stay right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, Text, and_, cast, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.backoff import scattered
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.commands.erasing import NOTHING_KNOWN, same_person
from agentdesk.commands.values import Answer
from agentdesk.domain.conversation import EventKind
from agentdesk.domain.delivery import DeliveryState
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.store import blobs, search
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import (
    applied_command,
    attachment,
    audit_entry,
    contact,
    conversation,
    delivery_attempt,
    desk,
    draft,
    erasure,
    erasure_desk,
    event,
    message,
    raw_item,
)
from agentdesk.store.unit import ServerUnit

__all__ = ["carry_out", "carry_out_for_ever"]

LEASE = "erasure"
_LOOK_SECONDS = 15.0
_PORTION = 100
_TROUBLED = (DeliveryState.FAILED.value, DeliveryState.UNCERTAIN.value, DeliveryState.QUEUED.value)

_log = get_logger(__name__)

_NO_WORDS: dict[str, Any] = {
    "sender": None,
    "to": [],
    "cc": [],
    "bcc": [],
    "reply_to": [],
    "subject": "",
    "text": "",
    "html": "",
    "quoted_text": "",
    "quoted_html": "",
    "external_id": "",
    "references": [],
    "reason": {},
    "warnings": [],
    "remote_images": 0,
    "delivery_detail": None,
    "raw_id": None,
    "revision": None,
    "extras": None,
    "post": None,
}
_WORDS = ("visit", "text")
_HAS_WORDS: ColumnElement[bool] = or_(
    *(
        message.c[name] != ""
        for name in ("subject", "text", "html", "quoted_text", "quoted_html", "external_id")
    ),
    message.c.sender.is_not(None),
    message.c.raw_id.is_not(None),
    message.c.delivery.in_(_TROUBLED),
)


async def carry_out_for_ever(db: Database, bell: Bell, holder: str) -> None:
    """Carry out what was ordered, also what another server has begun and left."""
    while True:
        try:
            await carry_out(db, bell, Lease(db, LEASE, holder))
        except LeaseLost:
            pass
        except DatabaseError as error:
            _log.warning("an erasure cannot go on", problem=str(error))
        await asyncio.sleep(scattered(0.75 * _LOOK_SECONDS, _LOOK_SECONDS))


async def carry_out(db: Database, bell: Bell, lease: Lease, portion: int = _PORTION) -> int:
    """Carry out all erasures that were ordered; returns how many were brought to their end.

    ``bell`` is rung after each portion. Raises LeaseLost where another server takes over, and DatabaseError.
    """
    ordered = select(erasure.c.id, erasure.c.contact_id).where(erasure.c.state == "running")
    async with db.read() as conn:
        waiting = (await conn.execute(ordered.order_by(erasure.c.id))).all()
    if not waiting or not await lease.acquire():
        return 0
    for row in waiting:
        while True:
            await lease.renew()
            async with db.write() as conn:
                await lease.check(conn)
                more = await _Portion(conn, row.id, row.contact_id, portion).erase()
            bell.ring()
            if not more:
                break
        await db.scrub()
        async with db.write() as conn:
            await lease.check(conn)
            await _end(conn, row.id, row.contact_id)
        bell.ring()
        _log.info("a customer was erased", erasure=str(row.id))
    await lease.release()
    return len(waiting)


class _Portion:
    """One step of an erasure, one transaction."""

    def __init__(self, conn: AsyncConnection, erasure_id: UUID, contact_id: UUID, size: int) -> None:
        self._conn = conn
        self._unit = ServerUnit(conn, erasure_id)
        self._erasure_id = erasure_id
        self._contact_id = contact_id
        self._size = size
        self._counts: dict[str, int] = {}

    async def erase(self) -> bool:
        """Erase some of it; returns whether there may be more."""
        people = await same_person(self._conn, self._contact_id)
        steps = (
            self._conversations,
            self._events,
            self._drafts,
            self._messages,
            self._raw_items,
            self._answers,
        )
        more = False
        for step in steps:
            more = await step(people)
            if more:
                break
        await self._unit.flush()
        await _count(self._conn, self._erasure_id, self._counts)
        return more

    async def _conversations(self, people: Collection[UUID]) -> bool:
        columns = conversation.c
        worded = or_(columns.subject != "", columns.preview != "", columns.merge.is_not(None))
        ids = await self._ids(select(columns.id).where(columns.contact_id.in_(people), worded))
        nothing = {"subject": "", "preview": "", "merge": None}
        await self._unit.update_many(conversation, dict.fromkeys(ids, nothing))
        return self._counted("conversations", ids)

    async def _events(self, people: Collection[UUID]) -> bool:
        """Where the customer was when a conversation began, and their own words about it."""
        theirs = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
        kinds = EventKind.CREATED, EventKind.INVITED, EventKind.RATED
        about = event.c.conversation_id.in_(theirs), event.c.kind.in_(kinds)
        data = cast(event.c.data, Text)
        told = or_(data.like('%"visit"%'), data.like('%"text"%'))
        found = await self._conn.execute(
            select(event.c.id, event.c.data).where(*about, told).limit(self._size)
        )
        bare = {
            row.id: {"data": {name: value for name, value in row.data.items() if name not in _WORDS}}
            for row in found
        }
        await self._unit.update_many(event, bare)
        return len(bare) == self._size

    async def _drafts(self, people: Collection[UUID]) -> bool:
        """What colleagues typed about the customer and did not send."""
        theirs = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
        ids = await self._ids(select(draft.c.id).where(draft.c.conversation_id.in_(theirs)))
        await self._unit.delete(draft, ids)
        return len(ids) == self._size

    async def _messages(self, people: Collection[UUID]) -> bool:
        theirs = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
        here = and_(message.c.conversation_id.in_(theirs), message.c.origin_id.is_(None))
        elsewhere = message.c.origin_id.in_(theirs)  # merged into a conversation of somebody else
        about = or_(here, elsewhere, message.c.contact_id.in_(people))
        columns = message.c.id, message.c.raw_id, message.c.delivery, message.c.conversation_id
        found = await self._conn.execute(select(*columns).where(about, _HAS_WORDS).limit(self._size))
        rows = found.all()
        ids = [row.id for row in rows]
        await self._files(ids)
        await self._previews({row.conversation_id for row in rows}, ids)
        await self._drop_raw([row.raw_id for row in rows if row.raw_id is not None])
        await search.remove(self._conn, ids)
        troubled = {row.id for row in rows if row.delivery in _TROUBLED}
        nothing = {row.id: _NO_WORDS for row in rows if row.id not in troubled}
        await self._unit.update_many(message, nothing)
        settled = {**_NO_WORDS, "delivery": ""}
        await self._unit.update_many(message, dict.fromkeys(troubled, settled))
        await self._conn.execute(
            update(delivery_attempt).where(delivery_attempt.c.message_id.in_(ids)).values(answer="")
        )
        return self._counted("messages", ids)

    async def _previews(self, conversation_ids: Collection[UUID], message_ids: Sequence[UUID]) -> None:
        """What somebody else's conversation shows of its last message, where that is the customer's."""
        columns = conversation.c
        shown = columns.id.in_(conversation_ids), columns.last_message_id.in_(message_ids)
        ids = list(await self._conn.scalars(select(columns.id).where(*shown, columns.preview != "")))
        await self._unit.update_many(conversation, {one: {"preview": ""} for one in ids})

    async def _files(self, message_ids: Sequence[UUID]) -> None:
        found = select(attachment.c.id, attachment.c.blob).where(attachment.c.message_id.in_(message_ids))
        rows = (await self._conn.execute(found)).all()
        await self._unit.delete(attachment, [row.id for row in rows])
        await blobs.drop_unused(self._conn, {row.blob for row in rows})
        self._counted("files", [row.id for row in rows])

    async def _raw_items(self, _people: Collection[UUID]) -> bool:
        """Copies and reports that led to no message of their own cannot be told apart by person, and nobody
        needs them: their bytes go."""
        settled = and_(raw_item.c.state.in_(("duplicate", "done")), raw_item.c.message_id.is_(None))
        ids = await self._ids(select(raw_item.c.id).where(settled, raw_item.c.blob != ""))
        await self._drop_raw(ids)
        return len(ids) == self._size

    async def _drop_raw(self, ids: Sequence[UUID]) -> None:
        mine = raw_item.c.id.in_(ids)
        contents = set(await self._conn.scalars(select(raw_item.c.blob).where(mine)))
        await self._conn.execute(update(raw_item).where(mine).values(blob="", facts={}, problem=""))
        await blobs.drop_unused(self._conn, contents)

    async def _answers(self, people: Collection[UUID]) -> bool:
        """Why commands about the customer were refused may name them."""
        theirs = select(conversation.c.id).where(conversation.c.contact_id.in_(people))
        about = or_(audit_entry.c.contact_id.in_(people), audit_entry.c.conversation_id.in_(theirs))
        refused = select(audit_entry.c.ref).where(about, audit_entry.c.outcome == "refused")
        found = await self._conn.execute(
            select(applied_command.c.id, applied_command.c.answer).where(applied_command.c.id.in_(refused))
        )
        for row in found.all():
            answer = msgspec.msgpack.decode(row.answer, type=Answer)
            if answer.reason is None:
                continue
            bare = msgspec.structs.replace(answer, reason=None)
            await self._conn.execute(
                update(applied_command)
                .where(applied_command.c.id == row.id)
                .values(answer=msgspec.msgpack.encode(bare))
            )
        return False

    async def _ids(self, statement: Select[tuple[UUID]]) -> list[UUID]:
        return list(await self._conn.scalars(statement.limit(self._size)))

    def _counted(self, name: str, ids: Sequence[UUID]) -> bool:
        self._counts[name] = self._counts.get(name, 0) + len(ids)
        return len(ids) == self._size


async def _count(conn: AsyncConnection, erasure_id: UUID, more: dict[str, int]) -> None:
    counts = dict(await conn.scalar(select(erasure.c.counts).where(erasure.c.id == erasure_id)) or {})
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
    await conn.execute(update(erasure).where(erasure.c.id == erasure_id).values(counts=counts))


async def _end(conn: AsyncConnection, erasure_id: UUID, contact_id: UUID) -> None:
    """Say that it is done, and whom we wait for: every desk that may hold a copy."""
    now = clock.now()
    unit = ServerUnit(conn, erasure_id)
    for one in await same_person(conn, contact_id):
        await unit.update(contact, one, NOTHING_KNOWN)
    await unit.flush()
    desks = await conn.scalars(select(desk.c.id))
    rows = [{"erasure_id": erasure_id, "desk_id": desk_id} for desk_id in desks]
    if rows:
        await conn.execute(insert(erasure_desk), rows)
    await conn.execute(update(erasure).where(erasure.c.id == erasure_id).values(state="done", done_at=now))
    counts = await conn.scalar(select(erasure.c.counts).where(erasure.c.id == erasure_id))
    entry = Entry(
        "erasure", "erased", "done", "system", contact_id=contact_id, ref=erasure_id, data=counts or {}
    )
    await record(conn, [entry])
