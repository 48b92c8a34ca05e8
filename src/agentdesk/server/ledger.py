"""The books of sending: every step of a message is one transaction, fenced by the account's lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg, msg
from agentdesk.commands.executor import as_text
from agentdesk.domain.cleaning import storable
from agentdesk.domain.conversation import EventKind, Status
from agentdesk.domain.delivery import DeliveryState, may_follow
from agentdesk.domain.message import Author
from agentdesk.server.act_ledger import is_being_deleted
from agentdesk.server.leases import Lease
from agentdesk.server.restore import look_up_first
from agentdesk.store.engine import Database
from agentdesk.store.facts import fact, put_fact
from agentdesk.store.tables import conversation, delivery_attempt, event, message, outbox
from agentdesk.store.unit import ServerUnit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step found out. ``state`` and ``delivery`` are the next ones of outbox and message; ``word`` is
    noted on the attempt; ``detail`` and ``words`` (the service's own) are for people."""

    state: str
    delivery: DeliveryState
    word: str
    detail: Msg | None = None
    words: str = ""
    next_at: datetime | None = None
    external_id: str = ""
    surfaces: bool = field(default=False)

    @classmethod
    def sent(cls, external_id: str, answer: str, refused: Msg | None) -> Outcome:
        """The channel took it, for some recipients perhaps not."""
        return cls("done", DeliveryState.SENT, "sent", refused, answer, external_id=external_id)

    @classmethod
    def found(cls, external_id: str, evidence: Msg) -> Outcome:
        """It had gone out."""
        return cls("done", DeliveryState.SENT, "found", None, str(evidence), external_id=external_id)

    @classmethod
    def failed(cls, why: Msg, words: str) -> Outcome:
        """It surely did not go out, and trying again by itself makes no sense."""
        return cls("done", DeliveryState.FAILED, "refused", why, words, surfaces=True)

    @classmethod
    def again(cls, when: datetime, why: Msg, words: str) -> Outcome:
        """It surely did not go out, and is tried again."""
        return cls("queued", DeliveryState.QUEUED, "unreachable", why, words, next_at=when)

    @classmethod
    def unsure(cls, words: str) -> Outcome:
        """It may have gone out."""
        why = msg("The connection broke after the message had left; it is being looked up.")
        return cls("verify", DeliveryState.VERIFY, "uncertain", why, words, next_at=clock.now())

    @classmethod
    def look_again(cls, when: datetime, why: Msg) -> Outcome:
        """It was not found yet."""
        return cls("verify", DeliveryState.VERIFY, "unknown", why, next_at=when)

    @classmethod
    def absent(cls, evidence: Msg) -> Outcome:
        """It is proven that it did not go out."""
        return cls("queued", DeliveryState.QUEUED, "absent", None, str(evidence), next_at=clock.now())

    @classmethod
    def deleted(cls) -> Outcome:
        """It did not go out, and somebody has deleted it meanwhile."""
        return cls("done", DeliveryState.FAILED, "absent", msg("It was deleted before it went out."))

    @classmethod
    def uncertain(cls, evidence: Msg) -> Outcome:
        """Nobody can tell; a person decides."""
        return cls("done", DeliveryState.UNCERTAIN, "unknown", evidence, surfaces=True)


class Ledger:
    """One account's books, written by whoever holds its lease."""

    def __init__(self, db: Database, lease: Lease, account_id: UUID, bell: Bell) -> None:
        self._db = db
        self.lease = lease
        self._account_id = account_id
        self._bell = bell

    async def recover(self) -> None:
        """Send everything to be looked up that was being sent when an earlier holder ended."""
        async with self._db.write() as conn:
            await self.lease.check(conn)
            doubted = await self._doubt(conn)
            unit = ServerUnit(conn)
            left = await conn.scalars(
                select(outbox.c.message_id).where(
                    outbox.c.account_id == self._account_id, outbox.c.state == "sending"
                )
            )
            why = msg("The server stopped while sending; it is being looked up.")
            for message_id in left.all():
                outcome = Outcome("verify", DeliveryState.VERIFY, "uncertain", why, next_at=clock.now())
                await self._move(unit, message_id, outcome)
                await _end_open_attempt(conn, message_id, "uncertain")
            await unit.flush()
        if unit.changes or doubted:
            self._bell.ring()

    async def _doubt(self, conn: AsyncConnection) -> bool:
        """Have all that waits looked up first where a standby took the database's place since the account
        was run last: it may have gone out in moments that are lost. Says whether something does wait."""
        name, now = f"timeline:{self._account_id}", self.lease.timeline
        before = await fact(conn, name)
        if not now or now == before:
            return False
        await put_fact(conn, name, now)
        if before is None:
            return False
        columns, states = outbox.c, ("queued", "sending", "verify")
        waits = columns.account_id == self._account_id, columns.state.in_(states)
        ids = (await conn.scalars(select(columns.message_id).where(*waits))).all()
        why = msg("A standby has taken the database's place; it is being looked up.")
        await look_up_first(conn, ids, why)
        return bool(ids)

    async def claim(self, row: Row[Any]) -> UUID | None:
        """Commit that a message is being sent, before its first byte leaves; returns the attempt's id.

        None where it is not waiting any more.
        """
        now = clock.now()
        attempt_id = new_id()
        async with self._db.write() as conn:
            await self.lease.check(conn)
            claimed = await conn.execute(
                update(outbox)
                .where(outbox.c.message_id == row.message_id, outbox.c.state == "queued")
                .values(
                    state="sending",
                    lease_token=self.lease.token,
                    attempts=outbox.c.attempts + 1,
                    first_attempt_at=row.first_attempt_at or now,
                    last_attempt_at=now,
                )
            )
            if claimed.rowcount != 1:
                return None
            await conn.execute(
                insert(delivery_attempt).values(
                    id=attempt_id,
                    message_id=row.message_id,
                    number=row.attempts + 1,
                    lease_token=self.lease.token,
                    started_at=now,
                    outcome="",
                    answer="",
                )
            )
            unit = ServerUnit(conn)
            sending = {"delivery": DeliveryState.SENDING.value, "delivery_at": now, "delivery_detail": None}
            await unit.update(message, row.message_id, sending)
            await unit.flush()
        self._bell.ring()
        return attempt_id

    async def settle(self, row: Row[Any], attempt_id: UUID | None, outcome: Outcome) -> None:
        """Write down what became of an attempt or a look-up; nothing where somebody else has decided."""
        async with self._db.write() as conn:
            await self.lease.check(conn)
            await self._note_attempt(conn, row, attempt_id, outcome)
            unit = ServerUnit(conn)
            expected = "verify" if attempt_id is None else "sending"
            held = await conn.scalar(
                select(outbox.c.message_id)
                .where(outbox.c.message_id == row.message_id, outbox.c.state == expected)
                .with_for_update()
            )
            if held is not None:
                if outcome.word == "absent" and await is_being_deleted(conn, row.message_id):
                    outcome = Outcome.deleted()
                await self._move(unit, row.message_id, outcome)
            await unit.flush()
        self._bell.ring()

    async def fail_queued(self, row: Row[Any], why: Msg, words: str) -> None:
        """Fail a message that cannot be sent as it is, before any attempt."""
        async with self._db.write() as conn:
            await self.lease.check(conn)
            unit = ServerUnit(conn)
            await self._move(unit, row.message_id, Outcome.failed(why, words))
            await unit.flush()
        self._bell.ring()

    async def _note_attempt(
        self, conn: AsyncConnection, row: Row[Any], attempt_id: UUID | None, outcome: Outcome
    ) -> None:
        now = clock.now()
        values = {"ended_at": now, "outcome": outcome.word, "answer": storable(outcome.words, 2_000)}
        if attempt_id is not None:
            await conn.execute(
                update(delivery_attempt).where(delivery_attempt.c.id == attempt_id).values(values)
            )
        elif outcome.word in ("found", "absent", "unknown"):
            attempt = {"id": new_id(), "message_id": row.message_id, "number": row.attempts}
            await conn.execute(
                insert(delivery_attempt).values(
                    **attempt, lease_token=self.lease.token, started_at=now, **values
                )
            )

    async def _move(self, unit: ServerUnit, message_id: UUID, outcome: Outcome) -> None:
        await unit.conn.execute(
            update(outbox)
            .where(outbox.c.message_id == message_id)
            .values(state=outcome.state, next_at=outcome.next_at, lease_token=self.lease.token)
        )
        who = select(
            message.c.delivery, message.c.delivery_detail, message.c.conversation_id, message.c.sent_at
        ).where(message.c.id == message_id)
        row = (await unit.conn.execute(who)).mappings().one()
        now = DeliveryState(row["delivery"])
        if now is not outcome.delivery and not may_follow(now, outcome.delivery):
            return  # a report or a person was faster
        changes = _message_values(outcome, row)
        if changes:
            await unit.update(message, message_id, changes)
        if outcome.surfaces:
            await _surface(unit, row["conversation_id"], message_id, outcome)


def _message_values(outcome: Outcome, row: RowMapping) -> dict[str, Any]:
    detail = _detail(outcome)
    changes: dict[str, Any] = {}
    if row["delivery"] != outcome.delivery:
        changes |= {"delivery": outcome.delivery.value, "delivery_at": clock.now()}
    if row["delivery_detail"] != detail:
        changes["delivery_detail"] = detail
    if outcome.delivery is DeliveryState.SENT:
        changes |= {"external_id": outcome.external_id, "sent_at": row["sent_at"] or clock.now()}
    return changes


def _detail(outcome: Outcome) -> Mapping[str, Any] | None:
    if outcome.detail is None:
        return None
    text = as_text(outcome.detail)
    return {"text": text.text, "args": text.args, "words": storable(outcome.words, 2_000)}


async def _surface(unit: ServerUnit, conversation_id: UUID, message_id: UUID, outcome: Outcome) -> None:
    """Bring a conversation back whose answer did not arrive: it may have been resolved already."""
    row = (
        (await unit.conn.execute(select(conversation).where(conversation.c.id == conversation_id)))
        .mappings()
        .one()
    )
    happened: list[tuple[EventKind, dict[str, Any]]] = [
        (EventKind.DELIVERY, {"message_id": str(message_id), "delivery": outcome.delivery.value})
    ]
    changes: dict[str, Any] = {"unread": True}
    if row["status"] != Status.OPEN:
        changes |= {"status": Status.OPEN.value, "resolved_at": None, "snoozed_until": None}
        happened.append((EventKind.STATUS, {"status": Status.OPEN.value}))
    await unit.update(conversation, conversation_id, changes)
    await unit.insert(
        event,
        [
            {
                "id": new_id(),
                "conversation_id": conversation_id,
                "inbox_id": row["inbox_id"],
                "kind": kind.value,
                "author": Author.SYSTEM.value,
                "user_id": None,
                "data": data,
                "created_at": clock.now(),
            }
            for kind, data in happened
        ],
    )


async def _end_open_attempt(conn: AsyncConnection, message_id: UUID, word: str) -> None:
    await conn.execute(
        update(delivery_attempt)
        .where(delivery_attempt.c.message_id == message_id, delivery_attempt.c.ended_at.is_(None))
        .values(ended_at=clock.now(), outcome=word)
    )
