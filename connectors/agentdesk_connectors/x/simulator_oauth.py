"""Consent at the simulated X: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code.

Whoever asks for consent gets it at once.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from agentdesk.base import clock

if TYPE_CHECKING:
    from agentdesk_connectors.x.simulator import XSimulator

__all__ = ["Consent"]

_ASKED = {
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
}
_LIFETIME = 7_200


class Consent:
    """The page on which people agree, and the address for tokens."""

    def __init__(self, server: XSimulator) -> None:
        self._server = server
        self._codes: dict[str, Mapping[str, str]] = {}
        self.declines = False
        self.renewals = 0

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        return (web.get("/i/oauth2/authorize", self.agree), web.post("/2/oauth2/token", self.token))

    async def agree(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        proper = set(asked) == _ASKED and asked["code_challenge_method"] == "S256"
        if not proper or asked["client_id"] != self._server.client_id or asked["response_type"] != "code":
            return web.Response(status=400, text="Something went wrong. You weren't able to give access.")
        if not asked["redirect_uri"].startswith("http://127.0.0.1:"):
            return web.Response(status=400, text="The callback address is not registered.")
        back = {"state": asked["state"], "error": "access_denied"}
        if not self.declines:
            code = f"code-{len(self._codes)}"
            self._codes[code] = asked
            back = {"state": asked["state"], "code": code}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form.get("client_id") != self._server.client_id:
            return _refused(401, "unauthorized_client", "Missing valid authorization header")
        if self._server.client_secret and not self._is_confidential(request):
            return _refused(401, "unauthorized_client", "Missing valid authorization header")
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem(form)
            case "refresh_token":
                return self._renew(form)
        return _refused(400, "invalid_request", "Missing required parameter [grant_type].")

    def _is_confidential(self, request: web.Request) -> bool:
        pair = f"{self._server.client_id}:{self._server.client_secret}"
        wanted = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return request.headers.get("Authorization") == wanted

    def _redeem(self, form: Mapping[str, str]) -> web.Response:
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return _refused(400, "invalid_request", "Value passed for the authorization code was invalid.")
        if asked["redirect_uri"] != form.get("redirect_uri"):
            return _refused(400, "invalid_request", "Value passed for the redirect uri did not match.")
        self._server.scopes = set(asked["scope"].split())
        return self._granted()

    def _renew(self, form: Mapping[str, str]) -> web.Response:
        if form.get("refresh_token") != self._server.refresh_token:
            return _refused(400, "invalid_request", "Value passed for the token was invalid.")
        self.renewals += 1
        return self._granted()

    def _granted(self) -> web.Response:
        """A new pair: the one before it is good no more."""
        server, number = self._server, self._server.world.new_id()
        server.token, server.refresh_token = f"access-{number}", f"refresh-{number}"
        server.token_ends = clock.seconds_from_now(_LIFETIME)
        answer = {"token_type": "bearer", "expires_in": _LIFETIME, "access_token": server.token}
        scopes = " ".join(sorted(server.scopes))
        return web.json_response({**answer, "refresh_token": server.refresh_token, "scope": scopes})


def _refused(status: int, error: str, words: str) -> web.Response:
    return web.json_response({"error": error, "error_description": words}, status=status)
