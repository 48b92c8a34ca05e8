"""The same message once per inbox, by whatever way and however often it comes."""

from __future__ import annotations

from agentdesk.base.text import msg
from agentdesk.commands.arrival import Arrival
from agentdesk.server.lookup import Lookup

_SAME_ID = msg("Another message has the same identification, but says something else.").text


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """End a copy here. The same id with other content is another message: both are kept, and it is said."""
    if lookup.is_known(arrival):
        arrival.end = "duplicate"
    elif arrival.external_id and lookup.same_id(arrival.external_id):
        arrival.extra_warnings.append(_SAME_ID)
