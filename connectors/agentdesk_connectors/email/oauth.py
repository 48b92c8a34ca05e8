"""Signing in at a provider's page: OAuth 2.0 (RFC 6749) with PKCE (7636) and a loopback address (8252)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.context import Secrets
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Unreachable
from agentdesk_connectors.email.errors import translated_web, words_of
from agentdesk_connectors.email.settings import OAuthSettings

REFRESH_TOKEN = "oauth_refresh_token"  # noqa: S105 - the name of a secret
CLIENT_SECRET = "oauth_client_secret"  # noqa: S105 - the name of a secret
SIGN_IN_SECONDS = 300.0
_EARLY_SECONDS = 90.0
_DEFAULT_LIFETIME = 3600.0
_REQUEST_SECONDS = 30.0
_LARGEST_ANSWER = 1 << 16


@dataclass(frozen=True, slots=True)
class Provider:
    """Where to ask. ``loopback`` is the name under which the provider lets any port of this computer be
    returned to; ``extra`` goes along with the request for consent."""

    authorize_url: str
    token_url: str
    scope: str
    loopback: str = "127.0.0.1"
    extra: Mapping[str, str] = field(default_factory=dict)


PROVIDERS = {
    "google": Provider(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        extra={"access_type": "offline", "prompt": "consent"},
    ),
    "microsoft": Provider(
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
        " offline_access",
        loopback="localhost",
        extra={"prompt": "select_account"},
    ),
}


def provider_of(settings: OAuthSettings) -> Provider:
    """Return the provider of an account; raises Invalid where a custom one has no addresses."""
    if settings.provider in PROVIDERS:
        return PROVIDERS[settings.provider]
    for key, url in (("authorize_url", settings.authorize_url), ("token_url", settings.token_url)):
        if urlsplit(url).scheme not in ("https", "http"):
            raise Invalid(msg("{name} is missing.", name=f"oauth.{key}"), field=f"oauth.{key}")
    return Provider(settings.authorize_url, settings.token_url, settings.scope)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider gave: ``expires_in`` seconds from now; ``refresh`` "" where it kept the old one."""

    access: str
    refresh: str
    expires_in: float


class TokenEndpoint:
    """The provider's address for tokens, spoken to as one client."""

    def __init__(self, provider: Provider, client_id: str, client_secret: str | None) -> None:
        self._provider = provider
        self._client = {"client_id": client_id}
        if client_secret:
            self._client["client_secret"] = client_secret

    async def refresh(self, refresh_token: str) -> Tokens:
        """Return new tokens. Raises AuthFailed (a person must sign in again), Unreachable or RateLimited."""
        return await self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Return the tokens for an authorisation code; raises as `refresh`."""
        return await self._ask(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
            }
        )

    async def _ask(self, question: Mapping[str, str]) -> Tokens:
        host = urlsplit(self._provider.token_url).hostname or ""
        timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
        with translated_web(host):
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    self._provider.token_url,
                    data={**question, **self._client},
                    headers={"Accept": "application/json"},
                    allow_redirects=False,
                ) as response,
            ):
                body = await response.content.read(_LARGEST_ANSWER)
                return _tokens(host, response.status, body, response.headers.get("Retry-After", ""))


def _tokens(host: str, status: int, body: bytes, retry_after: str) -> Tokens:
    if status == 429:
        seconds = float(retry_after) if retry_after.isdigit() else 60.0
        raise RateLimited(msg("{host} asks for a pause.", host=host), seconds)
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or status >= 500:
        raise Unreachable(msg("{host} answers nonsense.", host=host))
    if status != 200 or "error" in answer:
        raise _refusal(answer)
    access, refresh = answer.get("access_token"), answer.get("refresh_token", "")
    if not isinstance(access, str) or not access or not isinstance(refresh, str):
        raise Unreachable(msg("{host} answers nonsense.", host=host))
    return Tokens(access, refresh, _lifetime(answer.get("expires_in")))


def _lifetime(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return _DEFAULT_LIFETIME


def _refusal(answer: Mapping[str, object]) -> ConnectorError:
    error = words_of(str(answer.get("error", "")))
    words = words_of(str(answer.get("error_description") or error))
    if error in ("temporarily_unavailable", "server_error"):
        return Unreachable(msg("The provider cannot sign in now. It said: {words}", words=words))
    if error in ("invalid_client", "unauthorized_client"):
        return AuthFailed(
            msg("The provider does not know this program. It said: {words}", words=words),
            msg("Check the client id and the client secret in the account's settings."),
        )
    return AuthFailed(
        msg("The provider no longer lets us in. It said: {words}", words=words),
        msg("Sign in to the account again."),
    )


class AccessTokens:
    """The access token of one account, refreshed shortly before it ends; many askers cause one request."""

    def __init__(self, endpoint: TokenEndpoint, secret_store: Secrets) -> None:
        self._endpoint = endpoint
        self._secrets = secret_store
        self._lock = asyncio.Lock()
        self._token = ""
        self._ends = 0.0

    async def get(self) -> str:
        """Return a valid access token. Raises AuthFailed, Unreachable or RateLimited."""
        async with self._lock:
            if not self._token or time.monotonic() >= self._ends:
                await self._refresh()
            return self._token

    def forget(self, token: str) -> None:
        """Drop ``token``: a server refused it."""
        if token == self._token:
            self._token = ""

    async def keep(self, tokens: Tokens) -> None:
        """Use ``tokens`` from now on; a new refresh token is stored before anything else happens."""
        if tokens.refresh and tokens.refresh != self._secrets.get(REFRESH_TOKEN):
            await self._secrets.set(REFRESH_TOKEN, tokens.refresh)
        early = min(_EARLY_SECONDS, tokens.expires_in / 2)
        self._token, self._ends = tokens.access, time.monotonic() + tokens.expires_in - early

    async def _refresh(self) -> None:
        refresh_token = self._secrets.get(REFRESH_TOKEN)
        if not refresh_token:
            raise AuthFailed(msg("Nobody has signed in to this account yet."), msg("Sign in to the account."))
        await self.keep(await self._endpoint.refresh(refresh_token))


async def authorise(
    provider: Provider,
    client_id: str,
    endpoint: TokenEndpoint,
    show: Callable[[str], Awaitable[None]],
    timeout: float = SIGN_IN_SECONDS,
) -> Tokens:
    """Let a person sign in: ``show`` gets the address of the provider's page and opens it in a browser here.

    Returns the tokens. Raises AuthFailed where the person declines or ``timeout`` seconds pass, and what
    `TokenEndpoint.redeem` raises.
    """
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    async with loopback(provider.loopback, state) as (redirect_uri, answered):
        question = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": provider.scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **provider.extra,
        }
        joint = "&" if urlsplit(provider.authorize_url).query else "?"
        await show(f"{provider.authorize_url}{joint}{urlencode(question)}")
        try:
            answer = await asyncio.wait_for(answered, timeout)
        except TimeoutError:
            raise AuthFailed(msg("Nobody signed in within the time allowed."), msg("Try again.")) from None
    if "code" not in answer:
        raise _refusal(answer)
    return await endpoint.redeem(answer["code"], verifier, redirect_uri)


@asynccontextmanager
async def loopback(
    name: str, state: str, port: int = 0
) -> AsyncIterator[tuple[str, asyncio.Future[Mapping[str, str]]]]:
    """Listen on 127.0.0.1 for the browser's return; only a return with our ``state`` counts. ``port`` is for
    providers that know only one. Raises OSError where something else listens there."""
    answered: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    async def returned(request: web.Request) -> web.Response:
        query = dict(request.query)
        genuine = secrets.compare_digest(query.pop("state", "").encode(), state.encode())
        if not genuine or answered.done() or not ("code" in query or "error" in query):
            return _page(400, "This is not the sign-in that was asked for.")
        answered.set_result(query)
        return _page(200, "You can close this page and go back to AgentDesk.")

    app = web.Application()
    app.router.add_get("/", returned)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield f"http://{name}:{runner.addresses[0][1]}/", answered
    finally:
        answered.cancel()
        await runner.cleanup()


def _page(status: int, words: str) -> web.Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'",
        "Referrer-Policy": "no-referrer",
        "Connection": "close",
    }
    return web.Response(status=status, text=words, headers=headers)
