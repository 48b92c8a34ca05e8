"""Conversations: their states and priorities."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

RETAINED = timedelta(days=90)
"""How long desks keep conversations that are resolved and silent; older ones are fetched on demand."""


class Status(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    MERGED = "merged"
    """It is a part of another conversation, and in no list."""


class Priority(StrEnum):
    """How urgent a conversation is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class HandingOver(StrEnum):
    """How far it came that somebody hands a conversation over. The values are stored: never renamed."""

    ASKED = "asked"
    """A person is asked to take it; the one who asks has it until they do."""
    DECLINED = "declined"
    MISSED = "missed"
    """They did not answer in time."""
    WITHDRAWN = "withdrawn"
    """They went away."""
    CANCELLED = "cancelled"
    MOVED = "moved"
    """It lies in another inbox now."""
    RETURNED = "returned"
    """It is back in the queue."""


class EventKind(StrEnum):
    """What happened in a conversation besides messages; shown as a line in the transcript."""

    CREATED = "created"
    ASSIGNED = "assigned"
    STATUS = "status"
    PRIORITY = "priority"
    TAGS = "tags"
    RELATED = "related"
    DELIVERY = "delivery"
    CONTACT = "contact"
    MERGED = "merged"
    UNMERGED = "unmerged"
    INVITED = "invited"
    """The customer's message answers an invitation: its ``name`` and ``text``."""
    ENDED = "ended"
    """A chat has ended: by the visitor, by somebody of the team, or by silence."""
    TRANSFER = "transfer"
    """Somebody hands it over: ``step`` is how far that came, see :class:`HandingOver`."""
    JOINED = "joined"
    """A supervisor has come into a colleague's chat, and its visitor was told."""
    LEFT = "left"
    ACT = "act"
    """Something was done with a post at its network, or could not be: ``act``, ``on`` and ``state``, see
    :mod:`agentdesk.domain.acts`."""
    RATED = "rated"
    """The customer has said how it was: ``score`` 1 to 5, and whom it is about."""
