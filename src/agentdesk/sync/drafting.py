"""Commands as a person meets them again: waiting, refused, back in the draft, meant in spite of it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.commands.executor import as_text
from agentdesk.commands.values import (
    AddNote,
    Answer,
    AnyCommand,
    Envelope,
    SendReply,
    SetPriority,
    SetStatus,
    SetTags,
)
from agentdesk.domain.extras import extras_of, together
from agentdesk.store.unit import Changes
from agentdesk.sync.desk import Draft, Waiting
from agentdesk.sync.overlay import Pending

__all__ = ["as_draft", "as_refused", "as_waiting", "draft_change", "draft_place", "offered_anew"]


def as_waiting(pending: Pending, sent: bool) -> Waiting:
    """Return an unconfirmed command as screens see it; ``sent`` says that it has gone up."""
    answer = None
    if pending.refusal is not None:
        reason = as_text(pending.refusal.message)
        answer = Answer(
            command_id=pending.id,
            outcome="refused",
            code=pending.refusal.code,
            reason=reason,
            newer=pending.refusal.newer,
        )
    return Waiting(
        id=pending.id,
        number=pending.envelope.number,
        command=pending.envelope.command,
        state="held" if pending.held_until else "sent" if sent else "waiting",
        issued_at=pending.envelope.issued_at,
        held_until=pending.held_until,
        answer=answer,
        again=pending.envelope.again,
    )


def as_refused(envelope: Envelope, answer: Answer | None) -> Waiting:
    """Return a command that the server refused as screens see it."""
    return Waiting(
        id=envelope.id,
        number=envelope.number,
        command=envelope.command,
        state="refused",
        issued_at=envelope.issued_at,
        answer=answer,
        again=envelope.again,
    )


def offered_anew(refused: Waiting) -> Envelope:
    """A refused command as a new one, meant in spite of what came between. What may have gone out before may
    still have."""
    issued_at = refused.issued_at if refused.again else clock.now()
    return Envelope(
        id=new_id(), command=_meant_anyway(refused.command), issued_at=issued_at, again=refused.again
    )


def draft_place(command: AnyCommand) -> tuple[UUID, str] | None:
    """The draft that a command grew out of."""
    if isinstance(command, SendReply):
        return command.conversation_id, "reply"
    return (command.conversation_id, "note") if isinstance(command, AddNote) else None


def draft_change(command: AnyCommand) -> Changes:
    """Return which draft changes when a command is made or taken back."""
    place = draft_place(command)
    return {} if place is None else {"draft": {place[0]}}


def as_draft(command: AnyCommand) -> Draft | None:
    """The text of a command, as a draft again."""
    if isinstance(command, AddNote):
        return Draft(
            conversation_id=command.conversation_id, mode="note", text=command.text, files=command.files
        )
    if not isinstance(command, SendReply):
        return None
    return Draft(
        conversation_id=command.conversation_id,
        mode="reply",
        text=together(command.text, extras_of(command.extras)),
        html=command.html,
        to=tuple(party.value for party in command.to),
        cc=tuple(party.value for party in command.cc),
        bcc=tuple(party.value for party in command.bcc),
        subject=command.subject,
        files=command.files,
        seen_message_id=command.seen_message_id,
        visibility=command.visibility,
    )


def _meant_anyway(command: AnyCommand) -> AnyCommand:
    """The command, to be applied whatever its issuer had not seen."""
    if isinstance(command, SendReply):
        return msgspec.structs.replace(command, anyway=True)
    if isinstance(command, SetStatus):
        return msgspec.structs.replace(command, seen_message_id=None, seen_status="")
    if isinstance(command, SetTags):
        return msgspec.structs.replace(command, seen_tags=None)
    if isinstance(command, SetPriority):
        return msgspec.structs.replace(command, seen_priority="")
    return command
