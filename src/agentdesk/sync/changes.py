"""What a transaction of the replica changed, as screens are told."""

from __future__ import annotations

from agentdesk.store.unit import Changes

__all__ = ["TIMELINE", "add_changes"]

TIMELINE = "timeline"
"""Told like a table: the conversations of the messages that were written. A note changes nothing else."""


def add_changes(into: Changes, more: Changes) -> None:
    """Add ``more`` to ``into``."""
    for name, ids in more.items():
        into.setdefault(name, set()).update(ids)
