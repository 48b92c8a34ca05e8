"""A command as it is offered to the server: who wants it done, and from which desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, Envelope

__all__ = ["Offer"]

_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Offer:
    """A command, who issues it, and the desk that it comes from (None: from none)."""

    envelope: Envelope
    actor: Actor
    desk_id: UUID | None = None

    @property
    def counts(self) -> bool:
        """Whether it carries one of the numbers by which its desk counts up."""
        known = self.desk_id is not None and self.actor.user_id is not None
        return known and self.envelope.number is not None

    @property
    def about(self) -> UUID | None:
        """The conversation that the command names, if it does."""
        return getattr(self.envelope.command, "conversation_id", None)

    def row(self, answer: Answer) -> dict[str, Any]:
        """Return what is stored of it when it is answered, as a row of ``applied_command``."""
        return {
            "id": self.envelope.id,
            "kind": str(self.envelope.command.__struct_config__.tag),
            "desk_id": self.desk_id,
            "number": self.envelope.number,
            "user_id": self.actor.user_id,
            "answer": _encoder.encode(answer),
            "applied_at": clock.now(),
        }
