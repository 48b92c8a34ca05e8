"""The Graph, for simulators of the networks that are reached through it: strict where the real one is.

Written from https://developers.facebook.com/docs/graph-api/ (overview, results, securing-requests, guides/
error-handling, overview/rate-limiting, reference/debug_token, webhooks). A subclass has the objects of its
network. Whoever asks for consent gets it at once.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from aiohttp import web

from agentdesk.sdk.testing.simulator import Refused, Simulator
from agentdesk_connectors.meta.client import VERSION, proof
from agentdesk_connectors.meta.simulator_fields import asked_fields, shaped
from agentdesk_connectors.meta.simulator_hooks import Hooks
from agentdesk_connectors.meta.token import app_token

__all__ = ["GraphSimulator"]

_FAULTS = {
    "invalid_token": ("190/460", "The session was invalidated because the password was changed."),
    "insufficient_scope": ("200", "(#200) Requires a permission that was not given."),
    "too_many_requests": ("80001", "There have been too many calls to this account."),
    "invalid_parameter": ("100", "(#100) Invalid parameter"),
    "invalid_request": ("100", "(#100) Invalid parameter"),
    "unsupported_media_type": ("100", "(#100) Invalid parameter"),
}
_MOST, _USUAL = 100, 25


class GraphSimulator(Simulator):
    """One app, one page or account (``profile``), and the token of whoever connected them.

    ``permissions`` are those that the token has; ``needs_proof`` that calls must show that they know the
    app's secret; ``expires_at`` when the token ends; ``calls_allowed`` how many calls there may be.
    """

    of_object: ClassVar[str] = "page"
    business_use_case: ClassVar[str] = "pages"
    patience = 60

    def __init__(self, profile: str, name: str, permissions: Iterable[str]) -> None:
        super().__init__()
        self.profile, self.name = profile, name
        self.app_id, self.app_secret = "7001", "simulated-app-secret"
        self.token = "simulated-page-token"  # noqa: S105
        self.user_token = "simulated-user-token"  # noqa: S105
        self.verify_token = "simulated-verify-token"  # noqa: S105
        self.permissions = set(permissions)
        self.needs_proof = True
        self.expires_at: datetime | None = None
        self.calls_allowed, self.calls_made = 4_800, 0
        self.told_of: set[str] = set()
        self.hooks = Hooks(self.of_object, self.app_secret)
        self._codes: dict[str, str] = {}

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Self]:
        """Serve it on a port of 127.0.0.1, and make its calls."""
        calling = asyncio.ensure_future(self.hooks.deliver())
        try:
            async with super().served():
                yield self
        finally:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)

    def common_routes(self) -> Iterable[web.RouteDef]:
        """Return what every network answers; they stand before those of a subclass."""
        return (
            web.get("/{version}/debug_token", self._debug_token),
            web.get("/{version}/dialog/oauth", self._dialog),
            web.get("/{version}/oauth/access_token", self._access_token),
            web.get("/{version}/me/accounts", self._accounts),
            web.get("/{version}/{id}/subscribed_apps", self._subscribed),
            web.post("/{version}/{id}/subscribed_apps", self._subscribe),
            web.post("/{version}/{id}/subscriptions", self._announce),
        )

    # --- what it says with each answer ---

    def error(self, status: int, code: str, words: str) -> Any:
        """Return the body of a refusal; ``code`` is ``CODE`` or ``CODE/SUBCODE``."""
        code, usual = _FAULTS.get(code, (code, ""))
        number, _, subcode = code.partition("/")
        named = {"message": words or usual, "type": "OAuthException", "code": int(number)}
        if subcode:
            named["error_subcode"] = int(subcode)
        return {"error": named | {"fbtrace_id": secrets.token_urlsafe(8)}}

    def allowance(self, request: web.Request, refused: bool) -> Mapping[str, str]:
        """Return the headers that say how much is used up."""
        used = 100 if refused else min(100, self.calls_made * 100 // self.calls_allowed)
        figures = {"call_count": used, "total_cputime": 1, "total_time": 1}
        by_business = {
            "type": self.business_use_case,
            **figures,
            "estimated_time_to_regain_access": self.patience // 60 if refused else 0,
        }
        return {
            "X-App-Usage": json.dumps(figures),
            "X-Business-Use-Case-Usage": json.dumps({self.profile: [by_business]}),
        }

    # --- for the answers of a subclass ---

    def authorized(self, request: web.Request, *permissions: str) -> None:
        """Raise Refused unless the request is of this version, bears the account's token with its proof, may
        be made now, and the token has all of ``permissions``."""
        self._bears(request, self.token)
        self.calls_made += 1
        if self.calls_made > self.calls_allowed:
            raise Refused(400, "80001", "(#80001) There have been too many calls to this account.")
        missing = sorted({*permissions} - self.permissions)
        if missing:
            raise Refused(403, "200", f"(#200) Requires {', '.join(missing)} permission")

    def _bears(self, request: web.Request, expected: str) -> None:
        if request.match_info.get("version", VERSION) != VERSION:
            raise Refused(400, "2500", "Unknown path components")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not given:
            raise Refused(400, "2500", "An active access token must be used to query information.")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refused(400, "190", "Invalid OAuth access token.")
        shown = request.query.get("appsecret_proof", "")
        if (shown or self.needs_proof) and shown != proof(given, self.app_secret):
            raise Refused(400, "100", "Invalid appsecret_proof provided in the API argument")

    def query(self, request: web.Request, *allowed: str) -> dict[str, str]:
        """Return the query of a call. Raises Refused where it has anything that is not documented."""
        return self.asked(request, {*allowed, "appsecret_proof"})

    def fielded(self, request: web.Request, whole: Mapping[str, Any], usual: str = "id") -> dict[str, Any]:
        """Return of an object what the query's ``fields`` ask for."""
        return shaped(whole, asked_fields(request.query.get("fields", usual)), self._edge)

    def paged(self, request: web.Request, wholes: Sequence[Mapping[str, Any]], usual: str = "id") -> Any:
        """Return a page of a list, by ``limit`` and ``after``."""
        asked = asked_fields(request.query.get("fields", usual))
        limit = min(_number(request.query.get("limit", ""), _USUAL), _MOST)
        begin = _begin(request.query.get("after", ""))
        shown = self.listed([shaped(one, asked, self._edge) for one in wholes[begin : begin + limit]])
        found: dict[str, Any] = {"data": shown}
        if shown:
            cursors = {"before": _cursor(begin), "after": _cursor(begin + limit)}
            found["paging"] = {"cursors": cursors}
            if begin + limit < len(wholes):
                query = urlencode({**request.query, "after": cursors["after"]})
                found["paging"]["next"] = f"{self.url}{request.path}?{query}"
        return found

    def _edge(self, items: list[Any], modifiers: Mapping[str, str]) -> Any:
        """A list inside an object, with its first page only."""
        limit = min(_number(modifiers.get("limit", ""), _USUAL), _MOST)
        found: dict[str, Any] = {"data": self.listed(items[:limit])}
        if items:
            cursors = {"before": _cursor(0), "after": _cursor(limit)}
            found["paging"] = {"cursors": cursors}
            if limit < len(items):
                found["paging"]["next"] = f"{self.url}/{VERSION}/next"
        return found

    # --- tokens ---

    async def _debug_token(self, request: web.Request) -> web.Response:
        self._bears(request, app_token(self.app_id, self.app_secret))
        given = self.query(request, "input_token").get("input_token", "")
        if given != self.token:
            about = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
            return web.json_response({"data": {"error": about, "is_valid": False, "scopes": []}})
        found = {
            "app_id": self.app_id,
            "type": "PAGE",
            "application": "AgentDesk",
            "data_access_expires_at": 0,
            "expires_at": int(self.expires_at.timestamp()) if self.expires_at else 0,
            "is_valid": True,
            "issued_at": 1_790_000_000,
            "profile_id": self.profile,
            "scopes": sorted(self.permissions),
            "user_id": "10001",
        }
        return web.json_response({"data": found})

    async def _dialog(self, request: web.Request) -> web.Response:
        query = self.asked(request, ("client_id", "redirect_uri", "state", "response_type", "scope"))
        back = query.get("redirect_uri", "")
        if query.get("client_id") != self.app_id or not back.startswith("http://localhost:"):
            raise Refused(400, "191", "The address to return to is not allowed for this app.")
        self._codes["simulated-code"] = back
        self.permissions = set(query["scope"].split(","))
        raise web.HTTPFound(f"{back}?{urlencode({'code': 'simulated-code', 'state': query['state']})}")

    async def _access_token(self, request: web.Request) -> web.Response:
        query = self.query(
            request, "client_id", "client_secret", "redirect_uri", "code", "grant_type", "fb_exchange_token"
        )
        if (query.get("client_id"), query.get("client_secret")) != (self.app_id, self.app_secret):
            raise Refused(400, "101", "Error validating application.")
        if query.get("grant_type") == "fb_exchange_token":
            if query.get("fb_exchange_token") != "simulated-short-token":
                raise Refused(400, "190", "Invalid OAuth access token.")
            return web.json_response({"access_token": self.user_token, "token_type": "bearer"})
        if query.get("redirect_uri") != self._codes.pop(query.get("code", ""), None):
            raise Refused(400, "100/36007", "This authorization code has been used.")
        return web.json_response(
            {"access_token": "simulated-short-token", "token_type": "bearer", "expires_in": 5_400}
        )

    async def _accounts(self, request: web.Request) -> web.Response:
        self._bears(request, self.user_token)
        page = {"id": self.profile, "name": self.name, "access_token": self.token}
        business = {"id": self.instagram} if self.instagram else None
        return web.json_response(self.paged(request, [page | {"instagram_business_account": business}]))

    @property
    def instagram(self) -> str:
        """The number of the account on Instagram that belongs to the page; "": none."""
        return ""

    # --- being told ---

    async def _subscribed(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_metadata")
        app = {"id": self.app_id, "name": "AgentDesk", "subscribed_fields": sorted(self.told_of)}
        return web.json_response({"data": [app] if self.told_of else []})

    async def _subscribe(self, request: web.Request) -> web.Response:
        self.authorized(request, "pages_manage_metadata")
        wanted = self.query(request, "subscribed_fields").get("subscribed_fields", "")
        self.told_of = {one for one in wanted.split(",") if one}
        return web.json_response({"success": True})

    async def _announce(self, request: web.Request) -> web.Response:
        self._bears(request, app_token(self.app_id, self.app_secret))
        told = await request.json()
        if request.match_info["id"] != self.app_id or told.get("object") != self.of_object:
            raise Refused(400, "100", "(#100) Invalid parameter")
        if not await self.hooks.verifies(str(told.get("callback_url")), str(told.get("verify_token"))):
            raise Refused(400, "2201", "(#2201) response does not match challenge")
        self.hooks.address = str(told["callback_url"])
        return web.json_response({"success": True})


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else otherwise


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode().rstrip("=")


def _begin(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("place:"))
    except ValueError:
        raise Refused(400, "100", "(#100) Invalid parameter") from None
