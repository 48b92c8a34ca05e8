"""A Mastodon server, for tests and the demo: strict where the real one is.

Written from https://docs.joinmastodon.org/ (methods: apps, oauth, accounts, instance, notifications,
conversations, statuses, media, reports, streaming; api/rate-limits). One account's clients are served;
everybody else lives in :attr:`MastodonSimulator.world`. Whoever asks for consent gets it at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused, Simulator
from agentdesk_connectors.mastodon.simulator_api import Api
from agentdesk_connectors.mastodon.simulator_oauth import Consent
from agentdesk_connectors.mastodon.simulator_world import World

__all__ = ["MastodonSimulator"]

_PERIOD = {"api": 300, "media": 1_800, "deletions": 1_800}
_STREAMS = ("user", "user:notification", "direct")
_WORDS = {
    "invalid_token": "The access token is invalid",
    "insufficient_scope": "This action is outside the authorized scopes",
    "too_many_requests": "Too many requests",
}


class MastodonSimulator(Simulator):
    """One server with one account that clients can use; ``token`` is good for all of ``scopes``.

    ``limits`` are how many calls it allows, ``streams`` whether it takes WebSockets, ``searches`` whether it
    finds posts by their words, ``slow_files`` how often it says of a film that it is not ready yet,
    ``version`` which program it says to be.
    """

    def __init__(self, domain: str = "social.example", owner_name: str = "support") -> None:
        super().__init__()
        self.domain = domain
        self.owner_name = owner_name
        self.token = "simulated-token"  # noqa: S105
        self.scopes = {"read", "write"}
        self.version = "4.5.2"
        self.limits = {"api": 300, "media": 30, "deletions": 30}
        self.streams = True
        self.searches = True
        self.slow_files = 0
        self.sockets: dict[web.WebSocketResponse, set[str]] = {}
        self.world = World(domain, owner_name, told=self._tell)
        self.consent = Consent(self)
        self._used = dict.fromkeys(_PERIOD, 0)
        self._frames: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        stream = web.get("/api/v1/streaming", self._stream)
        return (*Api(self).routes(), *self.consent.routes(), stream)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Self]:
        """Serve it on a port of 127.0.0.1; ``url`` tells where."""
        speaking = asyncio.ensure_future(self._speak())
        try:
            async with super().served():
                self.world.url = self.url
                yield self
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)

    async def end(self) -> None:
        """Close all streams, as a server does that is started anew."""
        for socket in list(self.sockets):
            await socket.close()

    def settings(self) -> dict[str, str]:
        """Return what a person would give to connect the account."""
        return {"address": f"{self.owner_name}@{self.domain}", "server": self.url, "history": "all"}

    # --- what it says with each answer ---

    def error(self, status: int, code: str, words: str) -> Any:
        """Return the body of a refusal."""
        return {"error": _WORDS.get(code, words or code)}

    def allowance(self, request: web.Request, refused: bool) -> Mapping[str, str]:
        """Return the headers of https://docs.joinmastodon.org/api/rate-limits/."""
        name = _allowance_of(request)
        limit, period = self.limits[name], _PERIOD[name]
        reset = _iso(clock.seconds_from_now(self.patience if refused else period))
        left = 0 if refused else max(0, limit - self._used[name])
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": reset,
        }

    def authorized(self, request: web.Request, *any_of: str) -> None:
        """Raise Refused unless the request bears the token, with one of these permissions, and may be made
        now."""
        given = request.headers.get("Authorization", "")
        token = given.removeprefix("Bearer ") if given.startswith("Bearer ") else ""
        if not token or token != self.token:
            raise Refused(401, "invalid_token")
        name = _allowance_of(request)
        self._used[name] += 1
        if self._used[name] > self.limits[name]:
            raise Refused(429, "too_many_requests")
        if any_of and not self.scopes & {*any_of, *(one.partition(":")[0] for one in any_of)}:
            raise Refused(403, "insufficient_scope")

    # --- the stream ---

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.authorized(request, "read:statuses", "read:notifications")
        if not self.streams:
            raise Refused(404, "not_found", "Not found")
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self.sockets[socket] = set()
        try:
            async for received in socket:
                asked: Mapping[str, Any] = json.loads(received.data)
                if asked.get("type") == "subscribe" and asked.get("stream") in _STREAMS:
                    self.sockets[socket].add(str(asked["stream"]))
                else:
                    await socket.send_json({"error": "Unknown stream type", "status": 400})
        finally:
            self.sockets.pop(socket, None)
        return socket

    def _tell(self, stream: str, event: str, payload: Any) -> None:
        said = payload if isinstance(payload, str) else json.dumps(payload)
        names = ("user", "user:notification") if event == "notification" else (stream,)
        for name in names:
            self.say(name, json.dumps({"stream": [name], "event": event, "payload": said}))

    @property
    def unsaid(self) -> int:
        """How many frames have not been sent yet."""
        return self._frames.qsize()

    def say(self, stream: str, frame: str) -> None:
        """Send a frame, whatever it is, to all who hear a stream."""
        self._frames.put_nowait((stream, frame))

    async def _speak(self) -> None:
        while True:
            stream, frame = await self._frames.get()
            for socket, heard in list(self.sockets.items()):
                if stream in heard and not socket.closed:
                    await socket.send_str(frame)


def _allowance_of(request: web.Request) -> str:
    if request.method == "POST" and request.path.endswith("/media"):
        return "media"
    return "deletions" if request.method == "DELETE" else "api"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
