"""What a list says when nothing is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.views.view_names import FILTERS
from agentdesk.queries.rows import AccountRow, Counts, View
from agentdesk.sync.desk import Link, LinkStatus

__all__ = ["EmptyWords", "empty_words"]


class EmptyWords(NamedTuple):
    """An icon and the kind of its colour, a title, and perhaps a text and a button."""

    icon: str
    title: Msg
    text: Msg | None = None
    button: Msg | None = None
    kind: str = "ok"


def empty_words(
    view: View, counts: Counts, status: LinkStatus, accounts: Sequence[AccountRow] = ()
) -> EmptyWords:
    """Return what an empty list says: that its conversations are on the way, are elsewhere, or are not."""
    if status.link in (Link.FILLING, Link.CONNECTING) and status.synced_at is None:
        return _filling(status)
    if view.kind == "search":
        hint = msg("Try fewer words.")
        return EmptyWords("search", msg("Nothing matches “{text}”.", text=view.text), hint)
    if view.only != "all":
        return _filtered(view, _length(view, counts))
    if view.kind == "mine" and counts.unassigned:
        waiting = plural(
            "{count} conversation waits for anyone in the team. Take the one that is due first.",
            "{count} conversations wait for anyone in the team. Take the one that is due first.",
            counts.unassigned,
        )
        return EmptyWords("inbox", msg("Your queue is empty"), waiting, msg("Take the next one"))
    reading = next((one for one in accounts if _is_reading(one)), None)
    if reading is not None and not counts.all:
        text = msg(
            "Its messages are being read, {done} of about {total}.", done=reading.done, total=reading.total
        )
        title = msg("{name} is connected", name=reading.name)
        return EmptyWords("refresh-cw", title, text, kind="accent")
    if view.kind == "mine":
        text = msg("New conversations appear here by themselves.")
        return EmptyWords("inbox", msg("All answered"), text)
    return EmptyWords("check", msg("Nothing is waiting."))


def _filling(status: LinkStatus) -> EmptyWords:
    title = msg("Getting your team's conversations")
    text = msg("You can start with the open ones in a few seconds.")
    if status.total:
        text = msg("{done} of {total} are here.", done=status.done, total=status.total)
    return EmptyWords("refresh-cw", title, text, kind="accent")


def _filtered(view: View, hidden: int) -> EmptyWords:
    title, button = msg("Nothing here with this filter."), msg("Clear filter")
    if not hidden:
        return EmptyWords("filter", title, None, button)
    text = plural(
        "{count} conversation is hidden by the filter “{filter}”.",
        "{count} conversations are hidden by the filter “{filter}”.",
        hidden,
        filter=FILTERS[view.only],
    )
    return EmptyWords("filter", title, text, button)


def _length(view: View, counts: Counts) -> int:
    """How many a view has without its filter, where that is known."""
    if view.saved_id is not None:
        return 0
    if view.channel is not None:
        return counts.channels.get(view.channel, 0) if view.kind == "all" else 0
    known = {
        "mine": counts.mine,
        "unassigned": counts.unassigned,
        "all": counts.all,
        "snoozed": counts.snoozed,
        "mentions": counts.mentions,
    }
    return known.get(view.kind, 0)


def _is_reading(account: AccountRow) -> bool:
    return not account.paused and account.total is not None and account.done < account.total
