"""What the lists of the rail are called, and how they can be arranged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentdesk.base.text import Msg, msg
from agentdesk.queries.rows import View

__all__ = [
    "CHANNEL_NAMES",
    "FILTERS",
    "GROUPS",
    "LISTS",
    "ORDERS",
    "PRIORITIES",
    "catalogued",
    "channel_name",
    "groups_of",
    "section_words",
    "title_of",
]

CHANNEL_NAMES: dict[str, Msg] = {"email": msg("Email"), "chat": msg("Live chat")}

ORDERS: dict[str, Msg] = {
    "due": msg("Due first"),
    "newest": msg("Newest"),
    "oldest": msg("Oldest waiting"),
    "priority": msg("Priority"),
    "customer": msg("Customer"),
}
"""How a list can be sorted, by the key of the order."""

GROUPS: dict[str, Msg] = {
    "": msg("No sections"),
    "due": msg("When it wakes up"),
    "channel": msg("Channel"),
    "assignee": msg("Assignee"),
    "priority": msg("Priority"),
}
"""Which sections a list can have, by the key of the sections."""

PRIORITIES: dict[str, tuple[Msg, str]] = {
    "urgent": (msg("Urgent"), "chevrons-up"),
    "high": (msg("High"), "chevron-up"),
    "normal": (msg("Normal"), "minus"),
    "low": (msg("Low"), "chevron-down"),
}
"""Words and icon of each priority."""

FILTERS: dict[str, Msg] = {"all": msg("All"), "unread": msg("Unread"), "waiting": msg("Waiting on us")}
"""What a list can be narrowed to."""

_WAKING: dict[str, Msg] = {"today": msg("Wakes up today"), "later": msg("Wakes up later")}

LISTS: dict[str, Msg] = {
    "mine": msg("My queue"),
    "unassigned": msg("Unassigned"),
    "all": msg("All open"),
    "snoozed": msg("Snoozed"),
    "resolved": msg("Resolved"),
    "search": msg("Search"),
}
"""The lists that can be saved as views of one's own."""

_TITLES: dict[str, Msg] = {**LISTS, "mentions": msg("Mentions"), "drafts": msg("Drafts")}


def catalogued(value: Mapping[str, Any] | None) -> Msg | None:
    """Return a text of the catalogue that was stored as ``{"text", "args"}``."""
    return Msg(value["text"], value.get("args", {})) if value else None


def channel_name(channel: str) -> Msg:
    """Return what a channel is called; an unknown one by its key."""
    return CHANNEL_NAMES.get(channel) or msg("{name}", name=channel.capitalize())


def groups_of(view: View) -> list[str]:
    """Return which sections make sense in a list, none being the first."""
    if view.kind in ("search", "drafts"):
        return [""]
    without = {
        "due": view.kind != "snoozed",
        "channel": view.channel is not None,
        "assignee": view.kind in ("mine", "unassigned"),
    }
    return [key for key in GROUPS if not without.get(key, False)]


def section_words(group: str, key: str) -> Msg | str:
    """Return what the section ``key`` of a list with sections ``group`` is called."""
    if group == "channel":
        return channel_name(key)
    if group == "priority":
        return PRIORITIES[key][0] if key in PRIORITIES else key
    if group == "due":
        return _WAKING[key]
    return key or msg("Unassigned")


def title_of(view: View) -> Msg:
    """Return the heading of a list."""
    if view.saved_id is not None:
        return msg("{name}", name=view.name)
    if view.kind == "all" and view.channel:
        return channel_name(view.channel)
    return _TITLES[view.kind]
