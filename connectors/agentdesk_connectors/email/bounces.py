"""Delivery failures, as far as they say so in the standard form (RFC 3464)."""

from __future__ import annotations

from agentdesk.sdk.inbound import DeliveryReport
from agentdesk_connectors.email.mime import Part


def reports(root: Part, subject: str, sender: str, texts: list[str]) -> tuple[DeliveryReport, ...]:
    """Return what a bounce says of each recipient; empty where the message is none."""
    return ()
