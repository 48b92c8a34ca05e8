"""Customers from the operator's side: found by address, marked, erased, and which desks still hold a copy."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import SYSTEM
from agentdesk.commands.executor import Executor
from agentdesk.commands.values import AnyCommand, Envelope, EraseContact
from agentdesk.server.erasing import LEASE, carry_out
from agentdesk.server.leases import Lease
from agentdesk.store.engine import Database
from agentdesk.store.tables import contact, contact_identity, conversation, desk, erasure, erasure_desk, user

__all__ = [
    "Erasure",
    "OpenDesk",
    "conversation_id",
    "do",
    "erase",
    "find_contact",
    "held_conversations",
    "list_erasures",
]

_LOOK_SECONDS = 1.0
_MOST_DIGITS = 18  # of a number that a database holds


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """A desk that has not said yet that nothing is left there: whose it is, and when it was last seen."""

    person: str
    desk_id: UUID
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure: ``done_at`` is None while it runs; of ``desks``, the ``open_ones`` have not confirmed."""

    id: UUID
    contact_id: UUID
    asked_at: datetime
    done_at: datetime | None
    counts: dict[str, int]
    desks: int
    open_ones: tuple[OpenDesk, ...]


async def find_contact(db: Database, who: str) -> UUID:
    """Return the customer with an address or an id. Raises Invalid where there is none."""
    try:
        which = contact.c.id == UUID(who)
    except ValueError:
        address = who.strip().lower()
        known = select(contact_identity.c.contact_id).where(contact_identity.c.value == address)
        which = contact.c.id.in_(known)
    async with db.read() as conn:
        found: list[UUID] = list(await conn.scalars(select(contact.c.id).where(which).limit(2)))
    if len(found) != 1:
        raise Invalid(
            msg("There is no customer with the address or id {value}.", value=who)
            if not found
            else msg("Several customers have the address {value}; name one by its id.", value=who),
            field="contact",
        )
    return found[0]


async def conversation_id(conn: AsyncConnection, given: str) -> UUID:
    """Return the conversation with a number or an id. Raises Invalid where there is none."""
    which: Any = None
    if given.isdecimal() and len(given) <= _MOST_DIGITS:
        which = conversation.c.number == int(given)
    else:
        try:
            which = conversation.c.id == UUID(given)
        except ValueError:
            raise Invalid(msg("Name the conversation by its number or its id.")) from None
    found = await conn.scalar(select(conversation.c.id).where(which))
    if not isinstance(found, UUID):
        raise Invalid(msg("There is no conversation {value}.", value=given), field="conversation")
    return found


async def held_conversations(db: Database) -> list[int]:
    """Return the numbers of the conversations that are under a legal hold of their own."""
    held = select(conversation.c.number).where(conversation.c.legal_hold.is_(True))
    async with db.read() as conn:
        return list(await conn.scalars(held.order_by(conversation.c.number)))


async def do(db: Database, command: AnyCommand) -> UUID:
    """Have a command applied in the name of the operator, and return its id. Raises AgentDeskError where it
    is refused."""
    envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
    answer = await Executor(db, Bell()).execute(envelope, SYSTEM)
    if answer.outcome != "done":
        reason = answer.reason
        raise AgentDeskError(
            Msg(reason.text, dict(reason.args)) if reason is not None else msg("This could not be done.")
        )
    return envelope.id


async def erase(db: Database, contact_id: UUID, holder: str) -> Erasure:
    """Erase a customer, and return when the server's part is done. Raises AgentDeskError.

    ``holder`` names who works on it; where a running server was faster, its end is waited for.
    """
    erasure_id = await do(db, EraseContact(contact_id=contact_id))
    lease = Lease(db, LEASE, holder)
    while True:
        await carry_out(db, Bell(), lease)
        found = next(one for one in await list_erasures(db) if one.id == erasure_id)
        if found.done_at is not None:
            return found
        await asyncio.sleep(_LOOK_SECONDS)


async def list_erasures(db: Database) -> list[Erasure]:
    """Return all erasures, the oldest first, and for each who has a desk that is still open."""
    async with db.read(snapshot=True) as conn:
        rows = (await conn.execute(select(erasure).order_by(erasure.c.asked_at, erasure.c.id))).all()
        total = (
            await conn.execute(
                select(erasure_desk.c.erasure_id, func.count()).group_by(erasure_desk.c.erasure_id)
            )
        ).all()
        waiting = (
            await conn.execute(
                select(erasure_desk.c.erasure_id, user.c.email, desk.c.id, desk.c.seen_at)
                .join(desk, desk.c.id == erasure_desk.c.desk_id)
                .join(user, user.c.id == desk.c.user_id)
                .where(erasure_desk.c.confirmed_at.is_(None))
                .order_by(user.c.email, desk.c.seen_at)
            )
        ).all()
    desks = {row[0]: row[1] for row in total}
    return [
        Erasure(
            id=row.id,
            contact_id=row.contact_id,
            asked_at=row.asked_at,
            done_at=row.done_at,
            counts=row.counts,
            desks=desks.get(row.id, 0),
            open_ones=tuple(OpenDesk(*one[1:]) for one in waiting if one[0] == row.id),
        )
        for row in rows
    ]
