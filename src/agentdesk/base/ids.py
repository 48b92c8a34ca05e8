"""Identifiers: UUIDv7, so that keys made anywhere sort by the time they were made (RFC 9562)."""

from __future__ import annotations

import uuid

from uuid_utils.compat import uuid7 as _uuid7


def new_id() -> uuid.UUID:
    """Return a fresh UUIDv7."""
    return _uuid7()


def parse_id(text: str) -> uuid.UUID | None:
    """Return the UUID that ``text`` spells, or None where it spells none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
