"""Ids of the Graph: numbers, pairs of numbers, and the longer names of messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["graph_id", "in_path"]

_ID = re.compile(r"[A-Za-z0-9_.:$=+/-]{1,350}")


def graph_id(value: object, name: str = "") -> str:
    """Return an id (within ``value``, where a name is given); "" where there is none. Some are numbers."""
    if name:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def in_path(value: str) -> str:
    """Return an id as one part of a path."""
    return quote(value, safe="")
