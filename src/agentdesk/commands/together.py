"""Commands of different conversations in one transaction: one commit, and one statement for each kind of row.

Each keeps all that it has alone: its id and answer, its desk's number, its lines in the change log and in the
audit trail. None harms its neighbours, and none waits for somebody who works at its conversation or its desk:
whichever would have to, is refused, was done before, or wants more than can be gathered, is left out without
a trace, to be carried out alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.commands import values
from agentdesk.commands.context import Context, Refusal
from agentdesk.commands.offer import Offer
from agentdesk.commands.registry import apply
from agentdesk.commands.trail import command_entry
from agentdesk.commands.values import Answer
from agentdesk.store.audit import Entry, record
from agentdesk.store.engine import Database
from agentdesk.store.entering import enter_all, hold_desks, leave_out, raise_numbers
from agentdesk.store.gathered import Gathered, GatheringUnit, Unfit
from agentdesk.store.holding import Holding
from agentdesk.store.tables import conversation

__all__ = ["Sharing", "carry_out"]

Sharing = values.Assign | values.SetStatus | values.SetPriority | values.SetTags | values.MarkRead
"""Commands that may share a transaction: they write to one conversation and its transcript, nothing else."""

_CONVERSATIONS = Holding(conversation.c.id, *conversation.c, where=[conversation.c.merged_into_id.is_(None)])
_Held = dict[UUID, Mapping[str, Any]]


async def carry_out(db: Database, offers: Sequence[Offer]) -> dict[UUID, Answer]:
    """Carry out commands, no two about one conversation or from one desk; returns the answers, by id, of
    those that were.

    Raises what stands in the way of the transaction itself; then none of them was carried out.
    """
    async with db.write() as conn:
        entered = await _enter(conn, offers)
        held = await _hold(conn, [offer for offer, _ in entered])
        gathered, trail = Gathered(), list[Entry]()
        done: dict[UUID, Answer] = {}
        for offer, _ in entered:
            if entry := await _apply(conn, offer, held, gathered):
                trail.append(entry)
                done[offer.envelope.id] = _done(offer)
        if len(done) < len(entered):
            await leave_out(conn, [row["id"] for _, row in entered if row["id"] not in done])
        await raise_numbers(conn, [row for offer, row in entered if offer.counts and row["id"] in done])
        await gathered.write(conn)
        await record(conn, trail)
    return done


async def _enter(conn: AsyncConnection, offers: Sequence[Offer]) -> list[tuple[Offer, dict[str, Any]]]:
    """Store the ids of commands with their answers, before anything of theirs is locked or changed."""
    desks = [offer.desk_id for offer in offers if offer.desk_id is not None and offer.counts]
    numbers = await hold_desks(conn, desks) if desks else {}
    fresh = [offer for offer in offers if not offer.counts or _is_next(offer, numbers)]
    entered = [(offer, offer.row(_done(offer))) for offer in fresh]
    await enter_all(conn, [row for _, row in entered])
    return entered


def _is_next(offer: Offer, numbers: Mapping[UUID, int]) -> bool:
    last = numbers.get(offer.desk_id) if offer.desk_id is not None else None
    return last is not None and offer.envelope.number is not None and offer.envelope.number > last


async def _hold(conn: AsyncConnection, offers: Iterable[Offer]) -> _Held:
    """Lock those conversations that nobody else works at; one that was merged is not looked for further."""
    ids = [about for offer in offers if (about := offer.about) is not None]
    return {row["id"]: row for row in await _CONVERSATIONS.rows(conn, ids)}


async def _apply(conn: AsyncConnection, offer: Offer, held: _Held, gathered: Gathered) -> Entry | None:
    """Gather what a command writes; returns its line for the audit trail, or None where it is left out."""
    envelope = offer.envelope
    unit = GatheringUnit(conn, envelope.id, held)
    context = Context(unit, offer.actor, envelope.id, clock.now(), held=held)
    if offer.about not in held:
        return None
    try:
        await apply(context, envelope.command)
    except (Refusal, Unfit):
        return None
    unit.give(gathered)
    return command_entry(offer, _done(offer), unit.changes)


def _done(offer: Offer) -> Answer:
    return Answer(command_id=offer.envelope.id, outcome="done")
