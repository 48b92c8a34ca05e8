"""X for tests and the demo: strict where the real one is.

Written from https://docs.x.com/ (x-api: posts, direct messages, users, media, activity, usage; fundamentals:
authentication, rate limits, response codes). One account's client is served, and the app that it belongs to;
everybody else lives in :attr:`XSimulator.world`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from agentdesk.base import clock
from agentdesk.sdk.testing.simulator import Refused, Simulator
from agentdesk_connectors.x.limits import allowance_of
from agentdesk_connectors.x.simulator_activity import Activity
from agentdesk_connectors.x.simulator_api import Api
from agentdesk_connectors.x.simulator_media import Files
from agentdesk_connectors.x.simulator_oauth import Consent
from agentdesk_connectors.x.simulator_world import World

__all__ = ["XSimulator"]

_SCOPES = (
    "dm.read dm.write like.write media.write offline.access "
    "tweet.moderate.write tweet.read tweet.write users.read"
)
_TITLES = {
    400: "Invalid Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found Error",
    409: "Conflict",
    429: "Too Many Requests",
}
_GENERAL = ("invalid_token", "insufficient_scope", "too_many_requests")
_INVALID = ("invalid_parameter", "invalid_request", "unsupported_media_type")
_RESOURCES = {
    "resource-not-found": {"tweets": "tweet", "dm_events": "dm_event", "media": "media"},
    "not-authorized-for-resource": {},
}
"""The problems that name what kind of thing they are about, by the path of the call."""
_WINDOW = 900


class XSimulator(Simulator):
    """X with one account that clients can use.

    ``most_mentions`` is how far back mentions go, ``slow_files`` how often a film is not ready yet,
    ``bad_files`` that films cannot be used, ``denied_events`` what may not be subscribed to, ``spent`` that
    the credit is used up, ``refused_paths`` what is not in the plan.
    """

    def __init__(self, owner_name: str = "support") -> None:
        super().__init__()
        self.client_id = "client-1"
        self.client_secret = ""
        self.bearer = "app-bearer"
        self.token = "access-0"  # noqa: S105
        self.refresh_token = "refresh-0"  # noqa: S105
        self.token_ends = clock.seconds_from_now(7_200)
        self.scopes = set(_SCOPES.split())
        self.most_mentions = 800
        self.slow_files = 0
        self.bad_files = False
        self.denied_events: set[str] = set()
        self.spent = False
        self.refused_paths: tuple[str, ...] = ()
        self.limits: dict[str, int] = {}
        self.days: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self.activity = Activity(self)
        self.world = World(owner_name, told=self.activity.tell)
        self.consent = Consent(self)
        self._api, self._files = Api(self), Files(self)

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        parts = (self._api, self._files, self.consent, self.activity)
        return [route for part in parts for route in part.routes()]

    async def end(self) -> None:
        """Close all streams, as X does now and then."""
        self.activity.end()

    def settings(self) -> dict[str, str]:
        """Return what a person would give to connect the account."""
        return {
            "address": f"@{self.world.owner.handle}",
            "client_id": self.client_id,
            "server": self.url,
            "history": "all",
        }

    def secrets(self) -> dict[str, str]:
        """Return what is secret of that."""
        return {"refresh_token": self.refresh_token, "bearer_token": self.bearer}

    def signed_in(self) -> dict[str, str]:
        """Return what the connector keeps of a sign-in that has just been made."""
        of = hashlib.sha256(self.refresh_token.encode()).hexdigest()[:16]
        kept = {"token": self.token, "ends": self.token_ends.isoformat(), "of": of}
        return {"access_token": json.dumps({**kept, "scopes": " ".join(sorted(self.scopes))})}

    # --- what it says with each answer ---

    def error(self, status: int, code: str, words: str) -> Any:
        """Return the body of a refusal: https://docs.x.com/x-api/fundamentals/response-codes-and-errors."""
        general = code in (*_GENERAL, "about:blank")
        title = _TITLES.get(status, "Error")
        detail = title if code in _GENERAL else words
        name = "invalid-request" if code in _INVALID else code
        kind = "about:blank" if general else f"https://api.x.com/2/problems/{name}"
        return {"title": title, "detail": detail, "type": kind, "status": status}

    def allowance(self, request: web.Request, refused: bool) -> Mapping[str, str]:
        """Return the headers of https://docs.x.com/x-api/fundamentals/rate-limits."""
        name, limit = self._limit(request)
        wait = self.patience if refused else _WINDOW
        left = 0 if refused else max(0, limit - self._used.get(name, 0))
        found = {"x-rate-limit-limit": str(limit), "x-rate-limit-remaining": str(left)}
        found["x-rate-limit-reset"] = str(int(clock.seconds_from_now(wait).timestamp()) + 1)
        if name in self.days:
            left = max(0, self.days[name] - self._used.get(name, 0))
            reset = str(int(clock.seconds_from_now(86_400).timestamp()))
            found |= {"x-user-limit-24hour-limit": str(self.days[name])}
            found |= {"x-user-limit-24hour-remaining": str(left), "x-user-limit-24hour-reset": reset}
        return found

    def _limit(self, request: web.Request) -> tuple[str, int]:
        of = allowance_of(request.method, request.path)
        return of.name, self.limits.get(of.name, of.rate.calls)

    def authorized(self, request: web.Request, *scopes: str) -> None:
        """Raise Refused unless the request bears the account's token, with one of these permissions, and may
        be made now."""
        if (
            request.headers.get("Authorization", "") != f"Bearer {self.token}"
            or self.token_ends < clock.now()
        ):
            raise Refused(401, "invalid_token")
        self._count(request)
        if scopes and not self.scopes & set(scopes):
            raise Refused(403, "insufficient_scope")

    def authorized_app(self, request: web.Request) -> None:
        """Raise Refused unless the request bears the app's own token, and may be made now."""
        given = request.headers.get("Authorization", "")
        if given == f"Bearer {self.token}":
            raise Refused(
                403, "unsupported-authentication", "Authenticating with OAuth 2.0 User Context fails."
            )
        if given != f"Bearer {self.bearer}":
            raise Refused(401, "invalid_token")
        self._count(request)

    def _count(self, request: web.Request) -> None:
        if request.path in self.refused_paths:
            raise Refused(403, "client-forbidden", "Your plan does not include this endpoint.")
        if self.spent:
            raise Refused(402, "credits", "Your account does not have any credits to fulfill this request.")
        name, limit = self._limit(request)
        self._used[name] = self._used.get(name, 0) + 1
        if self._used[name] > min(limit, self.days.get(name, limit)):
            raise Refused(429, "too_many_requests")

    def _refuse(self, request: web.Request, refused: Refused) -> web.Response:
        problem = self.error(refused.status, refused.code, refused.words)
        kinds = _RESOURCES.get(refused.code)
        if kinds is not None:
            problem["resource_type"] = kinds.get(request.path.split("/")[2], "user")
        found = web.json_response(problem, status=refused.status, content_type="application/problem+json")
        if refused.status == 429:
            found.headers.update(self.allowance(request, True))
        return found
