"""What the lists of the rail are called, and what they say when they are empty."""

from __future__ import annotations

from agentdesk.base.text import Msg, msg, plural
from agentdesk.queries.rows import Counts, View
from agentdesk.sync.desk import LinkStatus

__all__ = ["CHANNEL_NAMES", "ORDERS", "channel_name", "empty_words", "filling_words", "title_of"]

CHANNEL_NAMES: dict[str, Msg] = {"email": msg("Email"), "chat": msg("Live chat")}

ORDERS: dict[str, Msg] = {
    "due": msg("Due first"),
    "newest": msg("Newest"),
    "oldest": msg("Oldest waiting"),
}
"""How a list can be sorted, by the key of the order."""

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


def filling_words(status: LinkStatus) -> tuple[Msg, Msg]:
    """Return title and text of a list that is empty because its conversations are still on the way."""
    title = msg("Getting your team's conversations")
    if status.total:
        return title, msg("{done} of {total} are here.", done=status.done, total=status.total)
    return title, msg("You can start with the open ones in a few seconds.")
