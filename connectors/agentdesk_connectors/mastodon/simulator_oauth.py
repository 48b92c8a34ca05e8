"""The simulated server's sign-in (https://docs.joinmastodon.org/methods/apps/, /methods/oauth/)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from agentdesk_connectors.mastodon.simulator import MastodonSimulator

__all__ = ["Consent"]

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
_SCOPE = re.compile(r"(read|write)(:[a-z_]+)?|profile|follow|push")


@dataclass(frozen=True, slots=True)
class _App:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Code:
    client_id: str
    redirect_uri: str
    challenge: str
    scopes: frozenset[str]


class Consent:
    """Registers programs, and gives them a token for the owner. ``declines``: the owner says no."""

    def __init__(self, server: MastodonSimulator) -> None:
        self._server = server
        self._apps: dict[str, _App] = {}
        self._codes: dict[str, _Code] = {}
        self.declines = False

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""
        return (
            web.post("/api/v1/apps", self._register),
            web.get("/oauth/authorize", self._authorize),
            web.post("/oauth/token", self._token),
        )

    async def _register(self, request: web.Request) -> web.Response:
        form = await given(request)
        uris = tuple(str(form.get("redirect_uris") or "").split())
        scopes = str(form.get("scopes") or "read").split()
        if not form.get("client_name") or not uris:
            return _error("Validation failed: Name can't be blank", 422)
        if not all(_is_address(one) for one in uris) or not all(map(_SCOPE.fullmatch, scopes)):
            return _error("Validation failed: Redirect URI must be an absolute URI.", 422)
        known = _App(secrets.token_urlsafe(24), secrets.token_urlsafe(24), uris, frozenset(scopes))
        self._apps[known.id] = known
        return web.json_response(
            {
                "id": str(len(self._apps)),
                "name": form["client_name"],
                "website": None,
                "scopes": sorted(known.scopes),
                "redirect_uris": list(uris),
                "redirect_uri": "\n".join(uris),
                "client_id": known.id,
                "client_secret": known.secret,
                "client_secret_expires_at": 0,
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        known = self._apps.get(query.get("client_id", ""))
        redirect_uri = query.get("redirect_uri", "")
        if known is None or redirect_uri not in known.redirect_uris:
            return web.Response(status=400, text="unknown client or address")
        scopes = frozenset(query.get("scope", "read").split())
        answer = {"state": query["state"]} if "state" in query else {}
        if query.get("response_type") != "code" or not scopes <= known.scopes:
            answer |= {"error": "invalid_scope"}
        elif self.declines:
            answer |= {
                "error": "access_denied",
                "error_description": "The resource owner denied the request.",
            }
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = _Code(known.id, redirect_uri, query.get("code_challenge", ""), scopes)
            if redirect_uri == _OUT_OF_BAND:
                return web.Response(text=code)
            answer |= {"code": code}
        raise web.HTTPFound(f"{redirect_uri}?{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = await given(request)
        known = self._apps.get(str(form.get("client_id")))
        if known is None or form.get("client_secret") != known.secret:
            return _error("invalid_client", 401)
        code = self._codes.pop(str(form.get("code")), None)
        if form.get("grant_type") != "authorization_code":
            return _error("unsupported_grant_type", 400)
        if code is None or code.client_id != known.id or form.get("redirect_uri") != code.redirect_uri:
            return _error("invalid_grant", 400)
        if code.challenge and not _fits(str(form.get("code_verifier", "")), code.challenge):
            return _error("invalid_grant", 400)
        self._server.token = secrets.token_urlsafe(24)
        self._server.scopes = set(code.scopes)
        return web.json_response(
            {
                "access_token": self._server.token,
                "token_type": "Bearer",
                "scope": " ".join(sorted(code.scopes)),
                "created_at": 1_780_000_000,
            }
        )


async def given(request: web.Request) -> Mapping[str, Any]:
    """Return what a request brings, as JSON or as a form."""
    if request.content_type == "application/json":
        found = await request.json()
        return found if isinstance(found, dict) else {}
    form = await request.post()
    values: dict[str, Any] = {}
    for name in form:
        found = form.getall(name)
        values[name.removesuffix("[]")] = found if name.endswith("[]") else found[-1]
    return values


def _fits(verifier: str, challenge: str) -> bool:
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def _is_address(uri: str) -> bool:
    return uri == _OUT_OF_BAND or bool(urlsplit(uri).scheme and urlsplit(uri).netloc)


def _error(words: str, status: int) -> web.Response:
    return web.json_response({"error": words}, status=status)
