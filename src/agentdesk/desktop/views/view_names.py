"""What the lists of the rail are called, and what they say when they are empty."""

from __future__ import annotations

from agentdesk.base.text import Msg, msg, plural
from agentdesk.queries.rows import Counts, View

__all__ = ["CHANNEL_NAMES", "channel_name", "empty_words", "title_of"]

CHANNEL_NAMES: dict[str, Msg] = {"email": msg("Email"), "chat": msg("Live chat")}

_TITLES: dict[str, Msg] = {
    "mine": msg("My queue"),
    "unassigned": msg("Unassigned"),
    "all": msg("All open"),
    "snoozed": msg("Snoozed"),
    "drafts": msg("Drafts"),
    "resolved": msg("Resolved"),
    "search": msg("Search"),
}


def channel_name(channel: str) -> Msg:
    """Return what a channel is called; an unknown one by its key."""
    return CHANNEL_NAMES.get(channel) or msg("{name}", name=channel.capitalize())


def title_of(view: View) -> Msg:
    """Return the heading of a list."""
    if view.kind == "all" and view.channel:
        return channel_name(view.channel)
    return _TITLES[view.kind]


def empty_words(view: View, counts: Counts) -> tuple[str, Msg, Msg | None, Msg | None]:
    """Return icon, title, text and button of an empty list."""
    if view.kind == "search":
        hint = msg("Try fewer words.")
        return "search", msg("Nothing matches “{text}”.", text=view.text), hint, None
    if view.only != "all":
        return "filter", msg("Nothing here with this filter."), None, msg("Clear filter")
    if view.kind == "mine" and counts.unassigned:
        waiting = plural(
            "{count} conversation waits for anyone in the team. Take the one that is due first.",
            "{count} conversations wait for anyone in the team. Take the one that is due first.",
            counts.unassigned,
        )
        return "inbox", msg("Your queue is empty"), waiting, msg("Take the next one")
    if view.kind == "mine":
        text = msg("New conversations appear here by themselves.")
        return "inbox", msg("All answered"), text, None
    return "check", msg("Nothing is waiting."), None, None
