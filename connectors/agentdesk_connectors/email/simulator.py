"""A provider's sign-in, for tests and the demo: strict where the standards say MUST.

Written from RFC 6749 (sections 4.1, 5, 6), RFC 7636 (PKCE, S256 only) and RFC 8252 (loopback addresses with
any port). Whoever asks for consent gets it at once, as if a person had pressed the button.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from aiohttp import web

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class _Grant:
    """What an authorisation code is good for: once, for this client, address and verifier."""

    client_id: str
    redirect_uri: str
    challenge: str


@dataclass(slots=True)
class OAuthSimulator:
    """One provider with one client and one user. ``new_access_token`` makes tokens that servers accept."""

    client_id: str
    client_secret: str = ""
    scope: str = "mail"
    new_access_token: Callable[[], str] = lambda: secrets.token_urlsafe(16)
    lifetime: int = 3600
    rotates: bool = False
    """Give a new refresh token with each refresh, and let the old one end."""
    declines: bool = False
    """The person says no."""
    down: int = 0
    """An HTTP status that every request for a token gets instead of an answer."""
    requests: list[dict[str, str]] = field(default_factory=list)
    refresh_tokens: set[str] = field(default_factory=set)
    url: str = ""
    _codes: dict[str, _Grant] = field(default_factory=dict)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[OAuthSimulator]:
        """Serve it on a port of 127.0.0.1; ``url`` tells where."""
        app = web.Application()
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    def new_refresh_token(self) -> str:
        """Return a refresh token that holds."""
        token = secrets.token_urlsafe(16)
        self.refresh_tokens.add(token)
        return token

    # --- the page (RFC 6749 section 4.1.1) ---

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id or not _is_loopback(redirect_uri):
            return web.Response(status=400, text="unknown client or address")  # section 4.1.2.1: no redirect
        answer = self._consent(query)
        if "state" in query:
            answer["state"] = query["state"]
        raise web.HTTPFound(f"{redirect_uri}?{urlencode(answer)}")

    def _consent(self, query: Mapping[str, str]) -> dict[str, str]:
        if query.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
            return {"error": "invalid_request", "error_description": "PKCE with S256 is required"}
        if query.get("scope") != self.scope:
            return {"error": "invalid_scope"}
        if self.declines:
            return {"error": "access_denied", "error_description": "The person said no"}
        code = secrets.token_urlsafe(16)
        self._codes[code] = _Grant(query["client_id"], query["redirect_uri"], query["code_challenge"])
        return {"code": code}

    # --- the token endpoint (sections 4.1.3, 5 and 6) ---

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(form)
        if self.down:
            return web.Response(status=self.down, text="<html>out of order</html>")
        if request.content_type != _FORM:
            return _refused("invalid_request", "not a form")
        if form.get("client_id") != self.client_id or form.get("client_secret", "") != self.client_secret:
            return _refused("invalid_client", "unknown client", 401)
        grants = {"authorization_code": self._redeem, "refresh_token": self._refresh}
        grant = grants.get(form.get("grant_type", ""))
        return grant(form) if grant else _refused("unsupported_grant_type", form.get("grant_type", ""))

    def _redeem(self, form: Mapping[str, str]) -> web.Response:
        grant = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        if grant is None or not _VERIFIER.fullmatch(verifier):
            return _refused("invalid_grant", "unknown code or no verifier")
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != grant.challenge:
            return _refused("invalid_grant", "the verifier does not fit")
        if form.get("redirect_uri") != grant.redirect_uri:
            return _refused("invalid_grant", "another address than before")
        return self._granted(self.new_refresh_token())

    def _refresh(self, form: Mapping[str, str]) -> web.Response:
        token = form.get("refresh_token", "")
        if token not in self.refresh_tokens:
            return _refused("invalid_grant", "Token has been expired or revoked.")
        if not self.rotates:
            return self._granted("")
        self.refresh_tokens.discard(token)
        return self._granted(self.new_refresh_token())

    def _granted(self, refresh_token: str) -> web.Response:
        answer: dict[str, object] = {
            "access_token": self.new_access_token(),
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }
        if refresh_token:
            answer["refresh_token"] = refresh_token
        return web.json_response(answer, headers={"Cache-Control": "no-store"})


def _is_loopback(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "http" and (parts.hostname or "") in _LOOPBACK and parts.port is not None


def _refused(error: str, words: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error, "error_description": words}, status=status)
