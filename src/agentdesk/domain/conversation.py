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
    ENDED = "ended"
    """A chat has ended: by the visitor, by somebody of the team, or by silence."""
    RATED = "rated"
    """The customer has said how it was: ``score`` 1 to 5, and whom it is about."""
