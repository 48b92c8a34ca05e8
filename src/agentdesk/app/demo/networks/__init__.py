"""The networks on which people write about the invented shop: simulated, with the real protocols."""

from __future__ import annotations

from agentdesk.app.demo.networks.bluesky import Bluesky
from agentdesk.app.demo.networks.facebook import Facebook
from agentdesk.app.demo.networks.instagram import Instagram
from agentdesk.app.demo.networks.mastodon import Mastodon
from agentdesk.app.demo.networks.network import Network
from agentdesk.app.demo.networks.x import X

__all__ = ["Network", "networks"]


def networks() -> tuple[Network, ...]:
    """Return all of them, not served yet."""
    return Mastodon(), Bluesky(), X(), Facebook(), Instagram()
