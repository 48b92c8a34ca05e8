"""Signing in at X: OAuth 2.0 with PKCE (RFC 6749, 7636, 8252), and tokens that are renewed.

Written from https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code. An access token
lives for two hours; each renewal brings a new refresh token and ends the old one.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.context import Secrets
from agentdesk.sdk.errors import AuthFailed, Rejected, Unreachable
from agentdesk_connectors.email.oauth import SIGN_IN_SECONDS, loopback
from agentdesk_connectors.fields import inner, moment, number, text
from agentdesk_connectors.x.errors import nonsense, problem_of
from agentdesk_connectors.x.settings import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    ENTERPRISE,
    REFRESH_TOKEN,
    XSettings,
)

__all__ = ["Tokens", "scopes_for", "sign_in"]

_SCOPES = (
    "dm.read",
    "dm.write",
    "media.write",
    "offline.access",
    "tweet.moderate.write",
    "tweet.read",
    "tweet.write",
    "users.read",
)
_EARLY_SECONDS = 90.0
_LIFETIME = 7_200
_PATH = "/2/oauth2/token"
_LONGEST = 4_000


def scopes_for(tier: str) -> tuple[str, ...]:
    """Return what is asked for; each is for one thing that the connector does in this tier."""
    return tuple(sorted((*_SCOPES, "like.write"))) if tier == ENTERPRISE else _SCOPES


class Asks(Protocol):
    """Posts a form to X without a token; returns the status and the body. Raises Unreachable, RateLimited."""

    async def __call__(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]: ...


@dataclass(frozen=True, slots=True)
class _Held:
    """An access token, until when it is good (UTC), and what it allows."""

    token: str
    ends: datetime
    scopes: tuple[str, ...]


class Tokens:
    """The tokens of one account: renewed shortly before they end, many askers causing one request, and kept
    among the secrets before anything else happens."""

    def __init__(self, client_id: str, store: Secrets, ask: Asks) -> None:
        self._client_id = client_id
        self._store = store
        self._ask = ask
        self._lock = asyncio.Lock()
        self._held: _Held | None = None

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """What the token allows; None: not known yet."""
        return self._held.scopes if self._held is not None and self._held.scopes else None

    async def get(self) -> str:
        """Return a good access token. Raises AuthFailed, Unreachable or RateLimited."""
        async with self._lock:
            if self._held is None:
                self._held = self._kept()
            if self._held is None or clock.now() >= self._held.ends:
                await self._renew()
            held = self._held
            return held.token if held is not None else ""

    def forget(self, token: str) -> None:
        """Drop an access token that X refused."""
        if self._held is not None and self._held.token == token:
            self._held = _Held("", clock.now(), self._held.scopes)

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> None:
        """Get and keep the tokens for a code. Raises as `get`."""
        async with self._lock:
            await self._fetch(
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "code_verifier": verifier,
                    "redirect_uri": redirect_uri,
                }
            )

    async def _renew(self) -> None:
        refresh = self._store.get(REFRESH_TOKEN)
        if not refresh:
            raise AuthFailed(msg("Nobody has signed in to this account yet."), msg("Sign in to the account."))
        await self._fetch({"grant_type": "refresh_token", "refresh_token": refresh})

    async def _fetch(self, question: Mapping[str, str]) -> None:
        secret = self._store.get(CLIENT_SECRET)
        headers = {"Authorization": _basic(self._client_id, secret)} if secret else {}
        status, body = await self._ask(_PATH, {**question, "client_id": self._client_id}, headers)
        answer = problem_of(body)
        if status != 200:
            raise _refused(status, answer)
        access, refresh = (text(answer, name, _LONGEST) for name in ("access_token", "refresh_token"))
        if not access:
            raise nonsense()
        if refresh:  # the one before it is good no more
            await self._store.set(REFRESH_TOKEN, refresh)
        lifetime = number(answer, "expires_in") or _LIFETIME
        ends = clock.seconds_from_now(max(lifetime - _EARLY_SECONDS, lifetime / 2))
        self._held = _Held(access, ends, tuple(sorted(text(answer, "scope", _LONGEST).split())))
        await self._store.set(ACCESS_TOKEN, self._written(self._held))

    def _written(self, held: _Held) -> str:
        """What is kept of an access token; it belongs to one refresh token."""
        of = _mark(self._store.get(REFRESH_TOKEN))
        values = {"token": held.token, "ends": held.ends.isoformat(), "scopes": " ".join(held.scopes)}
        return msgspec.json.encode({**values, "of": of}).decode()

    def _kept(self) -> _Held | None:
        kept = inner(problem_of((self._store.get(ACCESS_TOKEN) or "").encode()))
        token, ends = text(kept, "token", _LONGEST), moment(kept, "ends")
        if not token or ends is None or text(kept, "of", 100) != _mark(self._store.get(REFRESH_TOKEN)):
            return None
        return _Held(token, ends, tuple(text(kept, "scopes", _LONGEST).split()))


def _basic(client_id: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


def _mark(refresh: str | None) -> str:
    """What tells refresh tokens apart without showing them."""
    return hashlib.sha256((refresh or "").encode()).hexdigest()[:16]


def _refused(status: int, answer: Mapping[str, object]) -> AuthFailed | Rejected | Unreachable:
    error = text(answer, "error", 100)
    words = " ".join((text(answer, "error_description") or text(answer, "detail") or error).split())[:300]
    if not 400 <= status < 500:
        return nonsense()
    if error in ("invalid_client", "unauthorized_client"):
        return AuthFailed(
            msg("X does not know this app. It said: {words}", words=words),
            msg("Check the client ID and the client secret in the account's settings."),
        )
    return AuthFailed(
        msg("X no longer lets us in. It said: {words}", words=words), msg("Sign in to the account again.")
    )


async def sign_in(
    settings: XSettings,
    tokens: Tokens,
    show: Callable[[str], Awaitable[None]],
    timeout: float = SIGN_IN_SECONDS,
) -> None:
    """Let a person sign in on X's page, whose address ``show`` gets, and keep what that brings.

    Raises AuthFailed where they decline or ``timeout`` seconds pass, Unreachable, RateLimited.
    """
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    try:
        async with loopback("127.0.0.1", state, settings.callback_port) as (redirect_uri, answered):
            question = {
                "response_type": "code",
                "client_id": settings.client_id,
                "redirect_uri": redirect_uri,
                "scope": " ".join(scopes_for(settings.tier)),
                "state": state,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
            await show(f"{settings.consent}/i/oauth2/authorize?{urlencode(question)}")
            answer = await asyncio.wait_for(answered, timeout)
    except TimeoutError:
        raise AuthFailed(msg("Nobody signed in within the time allowed."), msg("Try again.")) from None
    except OSError as error:
        raise Unreachable(
            msg("Another program uses port {port} of this computer.", port=settings.callback_port),
            msg("Choose another port for signing in, here and in the app at X."),
        ) from error
    if "code" not in answer:
        raise AuthFailed(
            msg("AgentDesk was not allowed in on X."),
            msg("Sign in to the account again, and allow everything that is asked for."),
        )
    await tokens.redeem(answer["code"], verifier, redirect_uri)
