"""What is true of messages while nothing can go out: why, and what sets them going."""

from __future__ import annotations

from typing import NamedTuple

from agentdesk.base.text import Msg, msg
from agentdesk.sync.desk import Link

__all__ = ["AWAY", "Away"]


class Away(NamedTuple):
    """``writing`` stands beside the text being written, ``waiting`` below a message that waits."""

    icon: str
    writing: Msg
    waiting: Msg


AWAY: dict[Link, Away] = {
    Link.OFFLINE: Away(
        "cloud-off", msg("Offline, will be sent when you are back"), msg("Waiting for the network")
    ),
    Link.SIGN_IN: Away("key", msg("Sign in again to send"), msg("Waiting until you sign in again")),
    Link.TOO_OLD: Away("download", msg("Update AgentDesk to send"), msg("Waiting until you update")),
}
"""The states of the connection in which nothing goes out."""
