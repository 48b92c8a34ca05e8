"""What programs wrote (RFC 3834)."""

from __future__ import annotations

from agentdesk.commands.arrival import Arrival
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, _lookup: Lookup) -> None:
    """Mark what is automatic: it reopens nothing and makes nobody wait; nothing is ever sent back to it."""
    arrival.automatic = arrival.inbound.automation
