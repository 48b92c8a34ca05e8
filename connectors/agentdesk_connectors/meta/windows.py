"""The times in which people may be written to, and the terms under which that happens.

Written from https://developers.facebook.com/docs/messenger-platform/policy/policy-overview: 24 hours after
the last message of the person; with the tag HUMAN_AGENT seven days, for what a person has written; in private
to who commented once, within seven days.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from agentdesk.base.text import msg
from agentdesk.sdk.errors import Rejected
from agentdesk_connectors.fields import Json
from agentdesk_connectors.meta.errors import window_closed

__all__ = ["HUMAN", "PRIVATE_REPLY", "REPLY", "open_until", "terms"]

REPLY = timedelta(hours=24)
HUMAN = timedelta(days=7)
PRIVATE_REPLY = timedelta(days=7)


def open_until(written_at: datetime, human_agent: bool) -> datetime:
    """Return until when a message may be answered; ``human_agent``: the app may use that tag."""
    return written_at + (HUMAN if human_agent else REPLY)


def terms(last: datetime | None, now: datetime, *, automatic: bool, human_agent: bool) -> Json:
    """Return under which terms a message goes out ``now``; ``last`` is when the person wrote last.

    Raises WindowClosed where there are none, and Rejected where only people's words may go out.
    """
    if last is None:
        raise window_closed()
    if now - last < REPLY:
        return {"messaging_type": "RESPONSE"}
    if not human_agent or now - last >= HUMAN:
        raise window_closed()
    if automatic:
        raise Rejected(msg("After 24 hours the network takes only what a person has written."))
    return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
