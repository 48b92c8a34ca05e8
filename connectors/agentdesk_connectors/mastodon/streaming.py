"""The stream: one WebSocket for everything that concerns an account.

Written from https://docs.joinmastodon.org/methods/streaming/.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import msgspec

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, Unreachable
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import translated
from agentdesk_connectors.mastodon.client import Client
from agentdesk_connectors.mastodon.errors import refusal
from agentdesk_connectors.mastodon.reading import Reader

__all__ = ["Stream"]

STREAMS = ("user", "user:notification", "direct")
"""Deletions and edits come with the first; the others tell servers that know less what we want."""
HEARTBEAT_SECONDS = 30.0
_LARGEST_FRAME = 4 * 1024 * 1024
_OVER = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)

Hand = Callable[[Sequence[RawItem]], Awaitable[None]]


class Stream:
    """Hears one account's events at ``address`` (``wss://host``)."""

    def __init__(self, client: Client, reader: Reader, address: str) -> None:
        self._client = client
        self._reader = reader
        self._address = address

    async def run(self, hand: Hand, begun: Callable[[], None]) -> None:
        """Hand over what comes until cancelled. Raises Unreachable, AuthFailed or RateLimited."""
        try:
            with translated(self._client.host):
                async with self._client.session.ws_connect(
                    f"{self._address}/api/v1/streaming",
                    headers=self._client.authorization(),
                    heartbeat=HEARTBEAT_SECONDS,
                    autoping=False,
                    max_msg_size=_LARGEST_FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                ) as socket:
                    for name in STREAMS:
                        await socket.send_json({"type": "subscribe", "stream": name})
                    await socket.ping()
                    await self._listen(socket, hand, begun)
        except Unreachable as error:
            refused = error.__cause__
            if isinstance(refused, aiohttp.WSServerHandshakeError):
                raise self._refused(refused) from refused
            raise

    async def _listen(
        self, socket: aiohttp.ClientWebSocketResponse, hand: Hand, begun: Callable[[], None]
    ) -> None:
        """The answer to the first ping comes after what we asked for before it."""
        is_begun = False
        while True:
            received = await socket.receive()
            if received.type is aiohttp.WSMsgType.TEXT:
                item = await self._event(received.data)
                if item is not None:
                    await hand([item])
            elif received.type is aiohttp.WSMsgType.PING:
                await socket.pong(received.data)
            elif received.type is aiohttp.WSMsgType.PONG and not is_begun:
                is_begun = True
                begun()
            elif received.type in _OVER or received.type is aiohttp.WSMsgType.ERROR:
                raise Unreachable(msg("{host} closed the stream.", host=self._client.host))

    async def _event(self, data: str) -> RawItem | None:
        """What a frame brings; one that makes no sense is kept for a person to look at."""
        raw = data.encode("utf-8", "replace")
        try:
            frame = fields.inner(fields.parse(raw))
        except Invalid:
            return await self._reader.item(raw)
        if "error" in frame:
            self._complain(frame)
            return None
        payload = _payload(frame.get("payload"))
        match frame.get("event"):
            case "notification":
                return await self._reader.item(payload)
            case "status.update":
                return await self._reader.edited(payload)
            case "delete":
                return self._reader.deleted(payload.decode().strip('"'))
            case "conversation":
                return await self._conversation(payload)
        return None  # the home timeline, announcements, filters

    async def _conversation(self, payload: bytes) -> RawItem | None:
        try:
            found = fields.inner(fields.parse(payload))
        except Invalid:
            return await self._reader.item(payload)
        self._reader.learn_talk(found)
        return await self._reader.item(payload) if found.get("last_status") else None

    def _complain(self, frame: Json) -> None:
        """A stream that this token may not hear is passed over; a token that is not known any more is not."""
        if fields.number(frame, "status") == 401:
            raise AuthFailed(
                msg("{host} no longer lets us in.", host=self._client.host),
                msg("Sign in to the account again."),
            )

    def _refused(self, error: aiohttp.WSServerHandshakeError) -> ConnectorError:
        return refusal(self._client.host, error.status, dict(error.headers or {}), b"")


def _payload(value: object) -> bytes:
    """A payload is JSON within a string; some servers send it as it is."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value)
