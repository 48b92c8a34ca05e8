"""The stream: one long answer, line by line, with what concerns all accounts of an app.

Written from https://docs.x.com/x-api/activity/introduction, /quickstart and /activity-stream. Subscriptions
are made as the account; the app itself lists them and reads the stream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import aiohttp

from agentdesk.base.errors import Invalid
from agentdesk.base.log import get_logger
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, Rejected, Unreachable
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.x.client import Client
from agentdesk_connectors.x.reading import Reader

__all__ = ["EVENTS", "Stream"]

EVENTS = {
    "post.mention.create": "tweet.read",
    "post.reply.create": "tweet.read",
    "post.quote.create": "tweet.read",
    "dm.received": "dm.read",
    "dm.sent": "dm.read",
    "chat.received": "dm.read",
    "oauth.revoke": "users.read",
}
"""What is subscribed to, each with the permission that it needs."""
_SUBSCRIPTIONS = "/2/activity/subscriptions"
_STREAM = "/2/activity/stream"
_BACKFILL_MINUTES = "5"
_LONGEST_LINE = 2 * 1024 * 1024
_log = get_logger(__name__)

Hand = Callable[[Sequence[RawItem]], Awaitable[None]]


class _Revoked(AuthFailed):
    """The account's owner has taken our permission back."""


class _NoStream(Rejected):
    """X does not let this app hear."""


class Stream:
    """Hears one account's events."""

    def __init__(self, client: Client, reader: Reader) -> None:
        self._client = client
        self._reader = reader
        self._backfill = True
        self.denied: set[str] = set()

    async def run(self, hand: Hand, begun: Callable[[], None]) -> None:
        """Hand over what comes until cancelled. Raises Unreachable, RateLimited, Rejected where this app may
        not hear, and AuthFailed where the account's owner has taken our permission back."""
        try:
            await self._subscribe()
            await self._listen(hand, begun)
        except _Revoked:
            raise
        except AuthFailed as error:  # the app's own token: the account itself may be all right
            raise _NoStream(error.message) from error

    async def _listen(self, hand: Hand, begun: Callable[[], None]) -> None:
        params = {"backfill_minutes": _BACKFILL_MINUTES} if self._backfill else {}
        try:
            async with self._client.stream(_STREAM, params) as content:
                begun()
                async for line in _lines(content):
                    item = await self._event(line)
                    if item is not None:
                        await hand([item])
        except Rejected as error:
            if not self._backfill or isinstance(error, _NoStream):
                raise
            self._backfill = False  # plans that are paid per use have none: polls fill the gap
            raise Unreachable(msg("X does not repeat what was missed.")) from None
        raise Unreachable(msg("X closed the stream."))

    # --- subscriptions ---

    async def _subscribe(self) -> None:
        """Make the subscriptions that are not there yet. What X does not let this app have is left out."""
        answer = await self._client.get(_SUBSCRIPTIONS, as_app=True)
        there = {
            fields.text(one, "event_type", 50)
            for one in fields.each(answer, "data")
            if fields.token(fields.inner(one, "filter"), "user_id") == self._reader.me
        }
        for event, scope in EVENTS.items():
            if event in there or event in self.denied or scope in self._reader.lacking:
                continue
            await self._make(event)

    async def _make(self, event: str) -> None:
        wanted = {"event_type": event, "filter": {"user_id": self._reader.me}, "tag": "agentdesk"}
        try:
            await self._client.call("POST", _SUBSCRIPTIONS, json=wanted)
        except (AuthFailed, Rejected) as error:
            if "duplicate" in str(getattr(error, "answer", "")).lower():
                return
            self.denied.add(event)
            _log.warning("X does not let us hear something", what=event, reason=str(error))

    # --- events ---

    async def _event(self, line: bytes) -> RawItem | None:
        """What a line brings; one that makes no sense is kept for a person to look at."""
        try:
            found = fields.inner(fields.parse(line))
        except Invalid:
            return self._reader.unreadable(line)
        data = fields.inner(found, "data")
        if "errors" in found and not data:
            raise Unreachable(msg("X closed the stream."))
        event = fields.text(data, "event_type", 50)
        payload = fields.inner(data, "payload")
        if event == "oauth.revoke":
            self._revoked(payload)
            return None
        if not event:
            return self._reader.unreadable(line)
        if fields.token(fields.inner(data, "filter"), "user_id") != self._reader.me:
            return None  # another account of the same app
        if event in ("post.mention.create", "post.reply.create", "post.quote.create"):
            return await self._reader.item(line)
        if event in ("dm.received", "dm.sent"):
            return self._reader.message(line)
        if event == "chat.received":
            return self._reader.encrypted(line, fields.token(payload, "id"))
        return None

    def _revoked(self, payload: Json) -> None:
        if fields.token(payload, "user_id") == self._reader.me:
            raise _Revoked(
                msg("The account's owner has taken our permission back on X."),
                msg("Sign in to the account again."),
            )


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield what stands between line ends, without the empty lines that keep the connection alive."""
    kept = bytearray()
    async for piece in content.iter_any():
        kept += piece
        if len(kept) > _LONGEST_LINE:
            raise Unreachable(msg("X answers nonsense."))
        *whole, rest = kept.split(b"\n")
        kept = bytearray(rest)
        for line in whole:
            if line.strip():
                yield bytes(line.strip())
