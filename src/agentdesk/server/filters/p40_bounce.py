"""Delivery reports about messages of ours (RFC 3464)."""

from __future__ import annotations

from agentdesk.commands.arrival import Arrival
from agentdesk.domain.message import Automatic
from agentdesk.sdk.inbound import Report
from agentdesk.server.lookup import Lookup


def apply(arrival: Arrival, lookup: Lookup) -> None:
    """Match reports with what we sent. Our ids cannot be guessed, so a forged report matches nothing: it
    stays an ordinary message, marked as a bounce."""
    if not arrival.inbound.reports:
        return
    for report in arrival.inbound.reports:
        sent = lookup.sent(report.external_ids)
        if sent is not None:
            arrival.reports.append((sent, report))
    if arrival.reports:
        arrival.end = "report"
    elif all(report.report is Report.READ for report in arrival.inbound.reports) and not arrival.inbound.text:
        arrival.end = "ignored"  # of what was written elsewhere in our name: it tells nobody anything
    else:
        arrival.automatic = Automatic.BOUNCE
