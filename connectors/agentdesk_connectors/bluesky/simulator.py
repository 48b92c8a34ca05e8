"""A server of the AT Protocol with Bluesky's services behind it, for tests and the demo: strict where the
real ones are.

Written from the published lexicons (com.atproto.server, .repo, .identity, .moderation; app.bsky.feed, .actor,
.notification; chat.bsky.convo), https://atproto.com/specs/xrpc and
https://docs.bsky.app/docs/advanced-guides/rate-limits. One account's clients are served; everybody else lives
in :attr:`BlueskySimulator.world`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self

from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused, Simulator
from agentdesk_connectors.bluesky.client import CHAT
from agentdesk_connectors.bluesky.simulator_calls import body_of
from agentdesk_connectors.bluesky.simulator_chat import ChatApi
from agentdesk_connectors.bluesky.simulator_feed import FeedApi
from agentdesk_connectors.bluesky.simulator_repo import RepoApi
from agentdesk_connectors.bluesky.simulator_shapes import Shapes
from agentdesk_connectors.bluesky.simulator_world import World

__all__ = ["BlueskySimulator"]

_NAMES = {
    "invalid_token": ("InvalidToken", "Token could not be verified"),
    "insufficient_scope": ("ScopeMissingError", "Missing required scope"),
    "too_many_requests": ("RateLimitExceeded", "Rate Limit Exceeded"),
    "invalid_parameter": ("InvalidRequest", ""),
    "invalid_request": ("InvalidRequest", ""),
    "unsupported_media_type": ("InvalidRequest", "Request encoding (Content-Type) required"),
}
_WINDOWS = {"calls": 300, "sign-ins": 300, "writes": 3_600}
_POINTS = {"putRecord": 3, "createRecord": 3, "deleteRecord": 1}


class BlueskySimulator(Simulator):
    """One server with one account. ``password`` is its app password; ``direct``: it may read and write
    private messages; ``limits`` are how many calls, sign-ins and write points there are in their
    windows; ``closed`` is why nobody can sign in (``AccountTakedown``); ``home`` is where the account lives,
    if elsewhere; ``lost_before`` is from where on the log of private messages is still known."""

    def __init__(self, handle: str = "support.bsky.example") -> None:
        super().__init__()
        self.world = World(handle)
        self.shapes = Shapes(self.world)
        self.password = "abcd-efgh-ijkl-mnop"  # noqa: S105
        self.direct = True
        self.closed = ""
        self.home = ""
        self.lost_before = ""
        self.limits = {"calls": 3_000, "sign-ins": 30, "writes": 5_000}
        self.used = dict.fromkeys(_WINDOWS, 0)
        self.access: set[str] = set()
        self.expired: set[str] = set()
        self.refresh: set[str] = set()
        self._numbers = 0

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        own = (
            web.get("/xrpc/com.atproto.server.describeServer", self._describe),
            web.post("/xrpc/com.atproto.server.createSession", self._create_session),
            web.post("/xrpc/com.atproto.server.refreshSession", self._refresh_session),
        )
        return (*own, *FeedApi(self).routes(), *RepoApi(self).routes(), *ChatApi(self).routes())

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Self]:
        """Serve it on a port of 127.0.0.1; ``url`` tells where."""
        async with super().served():
            self.shapes.url = self.url
            yield self

    def settings(self) -> dict[str, str]:
        """Return what a person would give to connect the account."""
        return {"handle": self.world.owner.handle, "server": self.url, "history": "all"}

    def expire(self) -> None:
        """Let all access tokens run out."""
        self.expired |= self.access
        self.access.clear()

    def revoke(self) -> None:
        """Let the account's owner take the app password away."""
        self.password = ""
        self.refresh.clear()
        self.expire()

    # --- what it says with each answer ---

    def error(self, status: int, code: str, words: str) -> Any:
        """Return the body of a refusal."""
        name, said = _NAMES.get(code, (code, ""))
        return {"error": name, "message": words or said or name}

    def allowance(self, request: web.Request, refused: bool) -> Mapping[str, str]:
        """Return the headers of the tightest limit."""
        name = _limit_of(request)
        left = 0 if refused else max(0, self.limits[name] - self.used[name])
        seconds = self.patience if refused or left == 0 else _WINDOWS[name]
        return {
            "RateLimit-Limit": str(self.limits[name]),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(math.ceil(clock.seconds_from_now(seconds).timestamp())),
            "RateLimit-Policy": f"{self.limits[name]};w={_WINDOWS[name]}",
        }

    def count(self, request: web.Request) -> None:
        """Count a call. Raises Refused where its limit is reached."""
        name = _limit_of(request)
        points = _POINTS.get(request.path.rpartition(".")[2], 1)
        if self.used[name] + points > self.limits[name]:
            raise Refused(429, "too_many_requests")
        self.used[name] += points

    def authorized(self, request: web.Request) -> None:
        """Raise Refused unless the request bears a good token, and may be made now."""
        self._check(_bearer(request), self.access)
        if request.path.startswith("/xrpc/chat.bsky."):
            if not self.direct:
                raise Refused(400, "InvalidToken", "Bad token method")
            if request.headers.get("atproto-proxy") != CHAT:
                raise Refused(400, "InvalidRequest", f"No service configured for {request.path[6:]}")
        self.count(request)

    def _check(self, token: str, good: set[str]) -> None:
        if not token:
            raise Refused(401, "AuthMissing", "Authentication Required")
        if token in self.expired:
            raise Refused(400, "ExpiredToken", "Token has expired")
        if token not in good:
            raise Refused(400, "InvalidToken", "Token could not be verified")

    # --- sessions ---

    async def _describe(self, _request: web.Request) -> web.Response:
        said = {"did": "did:web:bsky.example", "availableUserDomains": [".bsky.example"]}
        return web.json_response({**said, "inviteCodeRequired": False, "links": {}})

    async def _create_session(self, request: web.Request) -> web.Response:
        self.count(request)
        given = await body_of(request, {"identifier", "password"}, {"authFactorToken", "allowTakendown"})
        owner = self.world.owner
        known = str(given["identifier"]).lower() in (owner.handle, owner.did)
        if not known or not self.password or given["password"] != self.password:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        if self.closed:
            raise Refused(401, self.closed, "Account has been taken down")
        return web.json_response(self.session())

    async def _refresh_session(self, request: web.Request) -> web.Response:
        token = _bearer(request)
        self._check(token, self.refresh)
        if request.can_read_body or "Transfer-Encoding" in request.headers:
            raise Refused(400, "InvalidRequest", "A request body was provided when none was expected")
        self.count(request)
        self.refresh.discard(token)
        self.expired.add(token)
        return web.json_response(self.session())

    def session(self) -> dict[str, Any]:
        """Make a session: what createSession and refreshSession answer."""
        owner = self.world.owner
        access, refresh = self._token(hours=2), self._token(hours=60 * 24)
        self.access.add(access)
        self.refresh.add(refresh)
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer"}
        return {
            "did": owner.did,
            "handle": owner.handle,
            "didDoc": {
                "@context": ["https://www.w3.org/ns/did/v1"],
                "id": owner.did,
                "alsoKnownAs": [f"at://{owner.handle}"],
                "service": [{**service, "serviceEndpoint": self.home or self.url}],
            },
            "accessJwt": access,
            "refreshJwt": refresh,
            "email": "support@bsky.example",
            "emailConfirmed": True,
            "active": True,
        }

    def _token(self, hours: int) -> str:
        self._numbers += 1
        ends = clock.now() + timedelta(hours=hours)
        said = {"sub": self.world.owner.did, "jti": self._numbers, "exp": int(ends.timestamp())}
        parts = ({"typ": "at+jwt", "alg": "ES256K"}, said)
        coded = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts]
        return ".".join((*coded, "c2ln"))


def _bearer(request: web.Request) -> str:
    given = request.headers.get("Authorization", "")
    return given.removeprefix("Bearer ") if given.startswith("Bearer ") else ""


def _limit_of(request: web.Request) -> str:
    name = request.path.rpartition(".")[2]
    if name == "createSession":
        return "sign-ins"
    return "writes" if name in _POINTS else "calls"
