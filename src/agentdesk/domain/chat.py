"""Rules of live chat: how long a visitor may wait for an answer, and who is in a chat besides its agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from agentdesk.domain.conversation import EventKind, Status

__all__ = ["ANSWER_GOAL", "CHANNEL", "EMAIL", "STEPS", "Pace", "Step", "joined", "pace"]

CHANNEL = "chat"
"""The channel of conversations whose customer sits before a web page."""
EMAIL = "email"
"""The channel by which those are answered who left a message while nobody was there."""
ANSWER_GOAL = timedelta(minutes=2)
_SOON = ANSWER_GOAL * 3 / 4


class Pace(StrEnum):
    """How a wait stands against :data:`ANSWER_GOAL`; soon is when a quarter of the time is left."""

    ON_TRACK = "on_track"
    DUE_SOON = "due_soon"
    MISSED = "missed"


def pace(waited: timedelta) -> Pace:
    """Return how somebody stands who has waited for so long."""
    if waited >= ANSWER_GOAL:
        return Pace.MISSED
    return Pace.DUE_SOON if waited >= _SOON else Pace.ON_TRACK


class Step(NamedTuple):
    """Something that happened in a conversation: an event's kind, who did it, and its data."""

    kind: str
    user_id: UUID | None
    data: Mapping[str, Any]


STEPS = (EventKind.JOINED, EventKind.LEFT, EventKind.ASSIGNED, EventKind.STATUS, EventKind.ENDED)
"""The kinds of events that :func:`joined` asks for."""


def joined(steps: Iterable[Step]) -> frozenset[UUID]:
    """Return who is in a chat besides whoever has it, after ``steps``, oldest first. It is over with the
    chat, with being resolved, and for those who get the chat themselves."""
    there: set[UUID] = set()
    for step in steps:
        if step.kind == EventKind.JOINED and step.user_id is not None:
            there.add(step.user_id)
        elif step.kind == EventKind.LEFT and step.user_id is not None:
            there.discard(step.user_id)
        elif step.kind == EventKind.ASSIGNED:
            there = {one for one in there if str(one) != step.data.get("assignee_id")}
        elif step.kind == EventKind.ENDED or step.data.get("status") == Status.RESOLVED:
            there.clear()
    return frozenset(there)
