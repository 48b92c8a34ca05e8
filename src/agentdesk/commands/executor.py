"""Commands on the server: each takes effect once, whoever offers it however often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import Actor, Channels, Context, Refusal
from agentdesk.commands.offer import Offer
from agentdesk.commands.registry import apply
from agentdesk.commands.sending import queues
from agentdesk.commands.together import Sharing, carry_out
from agentdesk.commands.trail import command_entry
from agentdesk.commands.values import Answer, Envelope, SendReply, Text
from agentdesk.commands.waiting import Waiting
from agentdesk.store.audit import record
from agentdesk.store.engine import Database
from agentdesk.store.entering import answer_of, enter
from agentdesk.store.errors import DatabaseBusy, DatabaseError
from agentdesk.store.tables import desk
from agentdesk.store.trips import postpone
from agentdesk.store.unit import ServerUnit

_decoder = msgspec.msgpack.Decoder(Answer)
_TRIES = 3


class _AnsweredBefore(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.outcome)
        self.answer = answer


class Executor:
    """Applies commands. ``bell`` is rung after each commit; ``channels`` is what handlers may ask of them."""

    def __init__(self, db: Database, bell: Bell, channels: Channels | None = None) -> None:
        self._db = db
        self._bell = bell
        self._channels = channels
        self._waiting = Waiting(self._alone, self._together)

    async def execute(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        """Apply a command and return its answer; never raises for what the command itself asks.

        The id goes into the database before the first change, in the same transaction: a repeat, also one
        that runs at the same time on another server, gets the first answer. A desk's commands come in the
        order of their numbers; an old number whose answer is no longer kept is ``already_done``. Refusals are
        answers and are stored; ``try_later`` is not.
        """
        offer = Offer(envelope, actor, desk_id)
        if isinstance(envelope.command, Sharing):
            return await self._waiting.answer(offer)
        return await self._alone(offer)

    async def give_up(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        """Refuse a command that met an error of ours, and store that: were it forgotten, a repeat that comes
        after later numbers would be taken for one that was done."""
        refusal = Refusal("error", msg("The server could not do this because of an error of its own."))
        try:
            return await self._refuse(Offer(envelope, actor, desk_id), refusal)
        except DatabaseError as error:
            return Answer(command_id=envelope.id, outcome="try_later", reason=as_text(error.message))

    async def _together(self, offers: Sequence[Offer]) -> dict[UUID, Answer]:
        answers = await carry_out(self._db, offers)
        self._bell.ring()
        return answers

    async def _alone(self, offer: Offer) -> Answer:
        command_id = offer.envelope.id
        for _ in range(_TRIES):
            try:
                return await self._once(offer)
            except DatabaseError as error:
                return Answer(command_id=command_id, outcome="try_later", reason=as_text(error.message))
            except IntegrityError:
                continue  # somebody else wrote the same at the same moment: look again
        return Answer(command_id=command_id, outcome="try_later", reason=as_text(DatabaseBusy().message))

    async def _once(self, offer: Offer) -> Answer:
        envelope = offer.envelope
        answer = Answer(command_id=envelope.id, outcome="done")
        afterwards: list[Callable[[], None]] = []
        try:
            async with self._db.write() as conn:
                queues(conn)  # of a transaction that was rolled back
                await self._enter(conn, offer, answer)
                postpone(conn)
                unit = ServerUnit(conn, envelope.id)
                since, now, channels = envelope.sent_since, clock.now(), self._channels
                context = Context(unit, offer.actor, envelope.id, now, channels, since, afterwards=afterwards)
                await apply(context, envelope.command)
                await unit.flush()
                await record(conn, [command_entry(offer, answer, unit.changes)])
                shown = isinstance(envelope.command, SendReply) and not queues(conn)
        except _AnsweredBefore as before:
            return before.answer
        except Refusal as refusal:
            return await self._refuse(offer, refusal)
        self._bell.ring(quietly=shown)  # whoever sends need not look
        for call in afterwards:
            call()
        return answer

    async def _refuse(self, offer: Offer, refusal: Refusal) -> Answer:
        answer = Answer(
            command_id=offer.envelope.id,
            outcome="refused",
            code=refusal.code,
            reason=as_text(refusal.message),
            newer=refusal.newer,
        )
        try:
            async with self._db.write() as conn:
                await self._enter(conn, offer, answer)
                await record(conn, [command_entry(offer, answer, {})])
        except _AnsweredBefore as before:
            return before.answer
        return answer

    async def _enter(self, conn: AsyncConnection, offer: Offer, answer: Answer) -> None:
        """Store the command's id with its answer and raise the desk's number.

        Raises _AnsweredBefore where it was offered before.
        """
        counted, entered = await enter(conn, offer.row(answer), counts=offer.counts)
        if not entered:
            stored = await answer_of(conn, offer.envelope.id)
            raise _AnsweredBefore(_decoder.decode(stored) if stored else _already_done(offer.envelope))
        if offer.counts and not counted:
            await self._meet(conn, offer)

    async def _meet(self, conn: AsyncConnection, offer: Offer) -> None:
        """Write a desk down that is not known yet; where it is, its command comes too late."""
        last = await conn.scalar(select(desk.c.last_number).where(desk.c.id == offer.desk_id))
        if last is not None:
            raise _AnsweredBefore(_already_done(offer.envelope))
        now = clock.now()
        row = {
            "id": offer.desk_id,
            "user_id": offer.actor.user_id,
            "last_number": offer.envelope.number,
            "created_at": now,
            "seen_at": now,
        }
        await conn.execute(insert(desk).values(row))


def _already_done(envelope: Envelope) -> Answer:
    return Answer(command_id=envelope.id, outcome="already_done")


def as_text(message: Msg) -> Text:
    """Return a message in the form in which it travels."""
    args: dict[str, str | int | float] = {
        name: value if isinstance(value, int | float) else str(value) for name, value in message.args.items()
    }
    return Text(message.text, args, message.plural_text, message.count)
