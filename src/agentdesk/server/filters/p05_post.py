"""Posts of networks: our own that come back, those that are known already, those that are gone."""

from __future__ import annotations

from agentdesk.commands.arrival import Arrival
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """End here what is no new post. One that is known may bring another text, or other counters."""
    post = arrival.inbound.post
    if post is None or arrival.inbound.happening is not None or arrival.replaces is not None:
        return
    if post.own:
        arrival.end, arrival.problem = "ignored", "our own post"
    elif lookup.was_deleted(arrival.external_id):
        arrival.end, arrival.problem = "revised", "deleted before it came"
    elif thread := lookup.thread_of_post(arrival.external_id):
        arrival.end, arrival.thread = "revised", thread
