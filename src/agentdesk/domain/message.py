"""Messages: what they are, who wrote them, and which way they go."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """A message goes between us and the customer; a note stays in the team."""

    MESSAGE = "message"
    NOTE = "note"


class Direction(StrEnum):
    """Seen from us."""

    IN = "in"
    OUT = "out"


class Author(StrEnum):
    """Who wrote a message or caused an event."""

    CONTACT = "contact"
    USER = "user"
    SYSTEM = "system"
    API = "api"


class Automatic(StrEnum):
    """Whether a program wrote a message (RFC 3834); nothing automatic is ever answered automatically."""

    NO = "no"
    AUTO_REPLY = "auto_reply"
    AUTO_GENERATED = "auto_generated"
    BULK = "bulk"
    BOUNCE = "bounce"
