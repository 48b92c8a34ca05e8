"""Visitors who want a copy of their chat by email: the same command as somebody of the team would give."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid5

from sqlalchemy import select

from agentdesk.base import clock
from agentdesk.base.i18n import SOURCE, render_for
from agentdesk.commands import registry
from agentdesk.commands.context import SYSTEM, Channels, Context, Refusal
from agentdesk.commands.offer import Offer
from agentdesk.commands.trail import command_entry
from agentdesk.commands.values import Answer, Envelope, SendTranscript
from agentdesk.domain.chat import EMAIL
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import mailbox_of
from agentdesk.server.chat.blocking import refuse_blocked
from agentdesk.server.chat.limits import Buckets
from agentdesk.server.chat.place import Place
from agentdesk.server.chat.protocol import Ack, Problem, Transcript
from agentdesk.store.audit import record
from agentdesk.store.engine import Database
from agentdesk.store.tables import message
from agentdesk.store.unit import ServerUnit

__all__ = ["Copies"]

_AT_ONCE, _A_DAY = 5, 5 / 86_400


class Copies:
    """Counts what is asked for, by visitor and by address: whose it is nobody knows. ``wake`` is called when
    something is to go out."""

    def __init__(self, db: Database, channels: Channels, wake: Callable[[], None]) -> None:
        self._db = db
        self._channels = channels
        self._wake = wake
        self._asked = Buckets(_AT_ONCE, _A_DAY)

    async def send(self, session_id: UUID, place: Place | None, given: Transcript) -> Ack | Problem:
        """Send a copy of a visitor's chat, which is at ``place``, once per id. Raises Refused and
        DatabaseError."""
        if place is None:
            return Problem(code="busy", text="Not at present.", id=given.id, retry=2)
        message_id = uuid5(session_id, given.id)
        async with self._db.read() as conn:
            if await conn.scalar(select(message.c.id).where(message.c.id == message_id)) is not None:
                return Ack(id=given.id)
        waits = [self._asked.take(session_id), self._asked.take(mailbox_of(given.email))]
        if any(waits):
            return Problem(code="slow_down", text="Too many copies.", id=given.id, retry=int(max(waits)) + 1)
        to = Party(EMAIL, given.email.strip().lower())
        command = SendTranscript(message_id=message_id, conversation_id=place.conversation_id, to=to)
        try:
            await self._carry_out(session_id, command)
        except Refusal as refusal:
            return Problem(code="invalid", text=render_for(refusal.message, SOURCE), id=given.id)
        self._wake()
        return Ack(id=given.id)

    async def _carry_out(self, session_id: UUID, command: SendTranscript) -> None:
        now = clock.now()
        envelope = Envelope(id=command.message_id, command=command, issued_at=now)
        async with self._db.write() as conn:
            await refuse_blocked(conn, session_id)
            unit = ServerUnit(conn, envelope.id)
            context = Context(unit, SYSTEM, envelope.id, now, self._channels)
            await registry.apply(context, command)
            await unit.flush()
            answer = Answer(command_id=envelope.id, outcome="done")
            await record(conn, [command_entry(Offer(envelope, SYSTEM), answer, unit.changes)])
