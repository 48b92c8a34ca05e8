"""Commands on the server: each takes effect once, whoever offers it however often."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.events import Bell
from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import Actor, Channels, Context, Refusal
from agentdesk.commands.registry import apply
from agentdesk.commands.trail import command_entry
from agentdesk.commands.values import Answer, Command, Envelope, Text
from agentdesk.store.audit import record
from agentdesk.store.engine import Database
from agentdesk.store.entering import answer_of, enter
from agentdesk.store.errors import DatabaseBusy, DatabaseError
from agentdesk.store.tables import desk
from agentdesk.store.unit import ServerUnit

_encoder = msgspec.msgpack.Encoder()
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

    async def execute(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        """Apply a command and return its answer; never raises for what the command itself asks.

        The id goes into the database before the first change, in the same transaction: a repeat, also one
        that runs at the same time on another server, gets the first answer. A desk's commands come in the
        order of their numbers; an old number whose answer is no longer kept is ``already_done``. Refusals are
        answers and are stored; ``try_later`` is not.
        """
        for _ in range(_TRIES):
            try:
                return await self._once(envelope, actor, desk_id)
            except DatabaseError as error:
                return Answer(command_id=envelope.id, outcome="try_later", reason=as_text(error.message))
            except IntegrityError:
                continue  # somebody else wrote the same at the same moment: look again
        return Answer(command_id=envelope.id, outcome="try_later", reason=as_text(DatabaseBusy().message))

    async def give_up(self, envelope: Envelope, actor: Actor, desk_id: UUID | None = None) -> Answer:
        """Refuse a command that met an error of ours, and store that: were it forgotten, a repeat that comes
        after later numbers would be taken for one that was done."""
        refusal = Refusal("error", msg("The server could not do this because of an error of its own."))
        try:
            return await self._refuse(envelope, actor, desk_id, refusal)
        except DatabaseError as error:
            return Answer(command_id=envelope.id, outcome="try_later", reason=as_text(error.message))

    async def _once(self, envelope: Envelope, actor: Actor, desk_id: UUID | None) -> Answer:
        answer = Answer(command_id=envelope.id, outcome="done")
        try:
            async with self._db.write() as conn:
                await self._enter(conn, envelope, actor, desk_id, answer)
                unit = ServerUnit(conn, envelope.id)
                sent_since = envelope.issued_at if envelope.again else None
                context = Context(unit, actor, envelope.id, clock.now(), self._channels, sent_since)
                await apply(context, envelope.command)
                await unit.flush()
                await record(conn, [command_entry(envelope, actor, desk_id, answer, unit.changes)])
        except _AnsweredBefore as before:
            return before.answer
        except Refusal as refusal:
            return await self._refuse(envelope, actor, desk_id, refusal)
        self._bell.ring()
        return answer

    async def _refuse(
        self, envelope: Envelope, actor: Actor, desk_id: UUID | None, refusal: Refusal
    ) -> Answer:
        answer = Answer(
            command_id=envelope.id,
            outcome="refused",
            code=refusal.code,
            reason=as_text(refusal.message),
            newer=refusal.newer,
        )
        try:
            async with self._db.write() as conn:
                await self._enter(conn, envelope, actor, desk_id, answer)
                await record(conn, [command_entry(envelope, actor, desk_id, answer, {})])
        except _AnsweredBefore as before:
            return before.answer
        return answer

    async def _enter(
        self,
        conn: AsyncConnection,
        envelope: Envelope,
        actor: Actor,
        desk_id: UUID | None,
        answer: Answer,
    ) -> None:
        """Store the command's id with its answer and raise the desk's number.

        Raises _AnsweredBefore where it was offered before.
        """
        counts = desk_id is not None and envelope.number is not None and actor.user_id is not None
        counted, entered = await enter(
            conn,
            command_id=envelope.id,
            kind=_kind(envelope.command),
            desk_id=desk_id,
            number=envelope.number,
            user_id=actor.user_id,
            answer=_encoder.encode(answer),
            now=clock.now(),
            counts=counts,
        )
        if not entered:
            stored = await answer_of(conn, envelope.id)
            raise _AnsweredBefore(_decoder.decode(stored) if stored else _already_done(envelope))
        if desk_id is not None and counts and not counted:
            await self._meet(conn, envelope, actor, desk_id)

    async def _meet(self, conn: AsyncConnection, envelope: Envelope, actor: Actor, desk_id: UUID) -> None:
        """Write a desk down that is not known yet; where it is, its command comes too late."""
        last = await conn.scalar(select(desk.c.last_number).where(desk.c.id == desk_id))
        if last is not None:
            raise _AnsweredBefore(_already_done(envelope))
        assert actor.user_id is not None
        assert envelope.number is not None
        await conn.execute(insert(desk).values(_new_desk(desk_id, actor.user_id, envelope.number)))


def _already_done(envelope: Envelope) -> Answer:
    return Answer(command_id=envelope.id, outcome="already_done")


def _new_desk(desk_id: UUID, user_id: UUID, number: int) -> dict[str, Any]:
    now = clock.now()
    return {"id": desk_id, "user_id": user_id, "last_number": number, "created_at": now, "seen_at": now}


def _kind(command: Command) -> str:
    return str(command.__struct_config__.tag)


def as_text(message: Msg) -> Text:
    """Return a message in the form in which it travels."""
    args: dict[str, str | int | float] = {
        name: value if isinstance(value, int | float) else str(value) for name, value in message.args.items()
    }
    return Text(message.text, args, message.plural_text, message.count)
