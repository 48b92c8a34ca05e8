"""In which order the desk in memory lists conversations."""

from __future__ import annotations

from typing import Any

from agentdesk.base import clock
from agentdesk.queries.rows import ConversationRow, View

__all__ = ["place_in", "section_rank"]

_URGENCY = ("urgent", "high", "normal", "low")


def place_in(row: ConversationRow, view: View) -> tuple[Any, ...]:
    """Where a row stands in a view."""
    if view.order == "newest":
        return (-row.last_message_at.timestamp(), row.id)
    waiting = row.waiting_since.timestamp() if row.waiting_since else float("inf")
    if view.order == "priority":
        return (_URGENCY.index(row.priority), waiting, row.id)
    if view.order == "customer":
        return (row.contact_name.lower(), -row.last_message_at.timestamp(), row.id)
    return (waiting, row.id)


def section_rank(row: ConversationRow, group: str) -> tuple[Any, ...]:
    """Where the section of a row stands among the others; its key comes last."""
    if group == "priority":
        return (_URGENCY.index(row.priority), row.priority)
    if group == "assignee":
        return (row.assignee_name.lower(), row.assignee_name)
    if group == "due":
        today = row.snoozed_until is not None and row.snoozed_until < clock.next_midnight()
        return (not today, "today" if today else "later")
    return (row.channel, row.channel)
