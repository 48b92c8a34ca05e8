"""How many posts the app may still read this month: https://docs.x.com/x-api/usage/introduction."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.posts import Quota
from agentdesk_connectors.fields import inner, number, token
from agentdesk_connectors.x.client import Client

__all__ = ["Usage"]

_EVERY = timedelta(hours=1)


class Usage:
    """The monthly allowance of reads; asked for once an hour, and only as the app itself."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked_at: datetime | None = None
        self.quota: Quota | None = None

    async def look(self) -> None:
        """Ask X, where it is time. What it does not say is left as it was."""
        now = clock.now()
        if not self._client.has_bearer or (self._asked_at and now - self._asked_at < _EVERY):
            return
        self._asked_at = now
        try:
            found = inner(await self._client.get("/2/usage/tweets", as_app=True), "data")
        except AgentDeskError:
            return
        cap, used = (_figure(token(found, name)) for name in ("project_cap", "project_usage"))
        day = number(found, "cap_reset_day") or 0
        if cap is not None and used is not None:
            resets_at = _next(day, now) if 1 <= day <= 31 else None
            self.quota = Quota("reads of the month", cap, max(0, cap - used), resets_at)


def _figure(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _next(day: int, now: datetime) -> datetime:
    """The next time that a month has come to ``day``, or to its end where it is shorter."""
    for months in (0, 1):
        year, month = now.year + (now.month - 1 + months) // 12, (now.month - 1 + months) % 12 + 1
        last = calendar.monthrange(year, month)[1]
        found = now.replace(
            year=year, month=month, day=min(day, last), hour=0, minute=0, second=0, microsecond=0
        )
        if found > now:
            return found
    return found
