"""The account's token, renewed while it holds: a long-lived one ends after 60 days.

Written from https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

from agentdesk.base import clock
from agentdesk.base.log import get_logger
from agentdesk.sdk.context import Secrets
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk_connectors import fields
from agentdesk_connectors.instagram.settings import ACCESS_TOKEN
from agentdesk_connectors.meta.client import Graph

__all__ = ["Access"]

RENEW_BEFORE = timedelta(days=30)
_TRY_AGAIN = timedelta(days=1)
_EXPIRES = "access_token_expires"
_log = get_logger(__name__)


class Access:
    """Keeps the token fresh; ``expires_at`` is until when it holds (UTC), None where nobody knows.

    Instagram tells that only when it renews a token, so it is kept, beside which token it is of.
    """

    def __init__(self, graph: Graph, secrets: Secrets) -> None:
        self._graph = graph
        self._secrets = secrets
        self._turn = asyncio.Lock()
        self._asked_at: datetime | None = None
        self.expires_at = self._kept()

    async def refresh(self) -> None:
        """Renew the token where it is time. One that is younger than a day cannot be renewed, and one that is
        dead not any more: neither is an error here. Raises Unreachable, RateLimited."""
        async with self._turn:
            if not self._is_due():
                return
            token = self._secrets.get(ACCESS_TOKEN) or ""
            asked = (("grant_type", "ig_refresh_token"), ("access_token", token))
            try:
                found = await self._graph.get("/refresh_access_token", asked, version="")
            except (Rejected, AuthFailed) as error:
                _log.info("the token was not renewed", reason=str(error))
            else:
                await self._keep(
                    fields.text(found, "access_token", 1_000) or token, fields.number(found, "expires_in")
                )
            self._asked_at = clock.now()

    def _is_due(self) -> bool:
        now = clock.now()
        if self._asked_at is not None and now - self._asked_at < _TRY_AGAIN:
            return False
        return self.expires_at is None or self.expires_at - now < RENEW_BEFORE

    async def _keep(self, token: str, seconds: int | None) -> None:
        if token != self._secrets.get(ACCESS_TOKEN):
            await self._secrets.set(ACCESS_TOKEN, token)
        if seconds is not None and seconds < 10 * 365 * 86_400:
            self.expires_at = clock.seconds_from_now(float(seconds))
            await self._secrets.set(_EXPIRES, f"{_mark(token)} {self.expires_at.isoformat()}")

    def _kept(self) -> datetime | None:
        mark, _, moment = (self._secrets.get(_EXPIRES) or "").partition(" ")
        if not moment or mark != _mark(self._secrets.get(ACCESS_TOKEN) or ""):
            return None  # it was of another token
        return datetime.fromisoformat(moment).astimezone(UTC)


def _mark(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]
