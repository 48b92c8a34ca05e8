"""What a row says of a live chat: how long the visitor waits, and whether their page is still open."""

from __future__ import annotations

from datetime import datetime

from agentdesk.base.text import msg
from agentdesk.desktop.locale import age_text, wait_text
from agentdesk.desktop.widgets.chip import Chip, ChipKind
from agentdesk.domain.chat import CHANNEL, Pace, pace
from agentdesk.domain.conversation import Status
from agentdesk.queries.rows import QueueRow

__all__ = ["VISITOR_HERE", "VISITOR_LEFT", "visitor_chips", "waiting_chip"]

VISITOR_HERE = Chip(msg("On the page"), "plain", "eye")
VISITOR_LEFT = Chip(msg("Left the page"), "plain", "log-out")

_LOOKS: dict[Pace, tuple[ChipKind, str]] = {
    Pace.ON_TRACK: ("outline", "clock"),
    Pace.DUE_SOON: ("warn", "alarm-clock"),
    Pace.MISSED: ("bad", "triangle-alert"),
}


def waiting_chip(row: QueueRow, now: datetime) -> Chip | None:
    """Return how long the customer has waited at ``now`` (UTC), None where they do not; in a chat it counts,
    and shows how it stands against the goal."""
    since = row.waiting_since
    if since is None or row.status == Status.RESOLVED:
        return None
    if row.channel != CHANNEL:
        return Chip(age_text(since, now), "outline", "clock")
    kind, icon = _LOOKS[pace(now - since)]
    return Chip(wait_text(since, now), kind, icon)


def visitor_chips(here: bool | None) -> list[Chip]:
    """Return what is said of the visitor's page; nothing where that is not known."""
    if here is None:
        return []
    return [VISITOR_HERE if here else VISITOR_LEFT]
