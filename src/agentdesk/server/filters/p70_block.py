"""Senders whom the team has blocked."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.commands.arrival import Arrival
from agentdesk.server.lookup import Lookup

_BLOCKED = msg("This sender is blocked.").text


def apply(arrival: Arrival, _lookup: Lookup) -> None:
    """Keep the message, but let it disturb nobody: its conversation stays, or begins, resolved."""
    if arrival.person is not None and arrival.person.blocked:
        arrival.extra_warnings.append(_BLOCKED)
