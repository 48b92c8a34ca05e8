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
    elif _is_bare_receipt(arrival):
        arrival.end = "ignored"  # of what was written elsewhere in our name: it tells nobody anything
    else:
        arrival.automatic = Automatic.BOUNCE


def _is_bare_receipt(arrival: Arrival) -> bool:
    """Whether it says no more than that something has arrived, or was read."""
    reports = (one.report for one in arrival.inbound.reports)
    return not arrival.inbound.text and all(one in (Report.DELIVERED, Report.READ) for one in reports)
