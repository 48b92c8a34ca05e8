"""Requests to X: tweepy's calls and our own through one door, with the tokens, the limits, sizes and errors.

tweepy knows the calls; how they are made is ours (``_Api.request``): one session with time-outs for all of
them, turns by the limiter instead of sleeping, and answers that are not JSON understood as what they are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.context import Secrets
from agentdesk.sdk.errors import AuthFailed, RateLimited
from agentdesk.sdk.limiter import Limiter
from agentdesk_connectors.fields import Json, inner, parse
from agentdesk_connectors.http import Connected, read_whole, translated
from agentdesk_connectors.x.errors import nonsense, refusal
from agentdesk_connectors.x.limits import Allowance, allowance_of
from agentdesk_connectors.x.oauth import Tokens
from agentdesk_connectors.x.settings import BEARER_TOKEN, XSettings

__all__ = ["Client"]

_SECONDS = 30.0
_UPLOAD_SECONDS = 300.0
_SILENCE_SECONDS = 60.0
"""X sends an empty line to a stream every 20 seconds."""
_DAYS = ("x-app-limit-24hour-", "x-user-limit-24hour-")
_OK = (200, 201, 202, 204)


class Client(Connected):
    """Speaks to X for one account."""

    def __init__(self, settings: XSettings, secrets: Secrets, limiter: Limiter) -> None:
        self._settings = settings
        self._secrets = secrets
        self.limiter = limiter
        self.host = urlsplit(settings.api).netloc
        self.tokens = Tokens(settings.client_id, secrets, self._form)
        self._api: Any = None

    @property
    def api(self) -> Any:
        """tweepy's calls. Each returns the body of X's answer, and raises as `call`."""
        if self._api is None:
            from tweepy.asynchronous import AsyncClient  # half a second: only where X is spoken to

            self._api = AsyncClient(return_type=aiohttp.ClientResponse)
            self._api.request = self._tweepy
        return self._api

    @property
    def has_bearer(self) -> bool:
        """Whether the app's own token was given."""
        return bool(self._secrets.get(BEARER_TOKEN))

    # --- asking ---

    async def _tweepy(
        self,
        method: str,
        route: str,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        user_auth: bool = False,
    ) -> bytes:
        """What tweepy's own ``request`` is for; ``user_auth`` (OAuth 1) is never asked for."""
        return await self.call(method, route, params=params, json=json)

    async def asked(self, call: Awaitable[bytes]) -> Json:
        """Return what X answers to one of tweepy's calls, as values."""
        return self.values(await call)

    async def get(self, path: str, params: Mapping[str, Any] | None = None, *, as_app: bool = False) -> Json:
        """Return what X answers, as values. Raises as `call`."""
        return self.values(await self.call("GET", path, params=params, as_app=as_app))

    def values(self, body: bytes) -> Json:
        """Return an answer as values. Raises Nonsense where it is none."""
        try:
            found = parse(body)
        except Invalid:
            raise nonsense() from None
        if not isinstance(found, Mapping):
            raise nonsense()
        return inner(found)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        form: Callable[[], aiohttp.FormData] | None = None,
        as_app: bool = False,
        of: Allowance | None = None,
    ) -> bytes:
        """Return the body of a successful answer. A token that X refuses is renewed once.

        Raises Unreachable, of it Interrupted where the request may have arrived; AuthFailed, RateLimited,
        Rejected, and of it Gone.
        """
        of = of or allowance_of(method, path)
        await self._turn(of)
        for again in (False, True):
            token = self._bearer() if as_app else await self.tokens.get()
            data = form() if form else msgspec.json.encode(json) if json is not None else None
            status, headers, body = await self._exchange(method, path, params or {}, data, token)
            if status != 401 or as_app or again:
                break
            self.tokens.forget(token)
        return self._judged(of, status, headers, body)

    async def _exchange(
        self, method: str, path: str, params: Mapping[str, Any], data: Any, token: str
    ) -> tuple[int, Mapping[str, str], bytes | None]:
        headers = {"Authorization": f"Bearer {token}"}
        if isinstance(data, bytes):
            headers["Content-Type"] = "application/json"
        is_file = isinstance(data, aiohttp.FormData)
        with translated(self.host):
            async with self.session.request(
                method,
                self._settings.api + path,
                params={name: str(value) for name, value in params.items() if value is not None},
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=_UPLOAD_SECONDS if is_file else _SECONDS, sock_connect=10.0
                ),
            ) as response:
                return response.status, response.headers, await read_whole(response)

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a stream as the app. Raises as `call`; Interrupted where it falls silent."""
        of = allowance_of("GET", path)
        await self._turn(of)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=_SILENCE_SECONDS)
        with translated(self.host):
            async with self.session.get(
                self._settings.api + path,
                params=dict(params),
                headers={"Authorization": f"Bearer {self._bearer()}"},
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                if response.status != 200:
                    self._judged(of, response.status, response.headers, await read_whole(response))
                self._heard(of, response.headers)
                yield response.content

    async def _form(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Ask for tokens."""
        of = allowance_of("POST", path)
        with translated(self.host):
            async with self.session.post(
                self._settings.api + path, data=dict(form), headers=dict(headers), allow_redirects=False
            ) as response:
                body = await read_whole(response, 1 << 16)
        if response.status == 429 or response.status >= 500:
            self._judged(of, response.status, response.headers, body)
        return response.status, body or b""

    # --- what answers say besides ---

    def _bearer(self) -> str:
        token = self._secrets.get(BEARER_TOKEN)
        if not token:
            raise AuthFailed(
                msg("The app's bearer token is missing."),
                msg("Copy it from developer.x.com into the settings."),
            )
        return token.strip()

    async def _turn(self, of: Allowance) -> None:
        await self.limiter.turn(of.name, of.rate, of.patience)
        if of.day is not None:
            await self.limiter.turn(f"{of.name}, a day", of.day, of.patience)

    def _heard(self, of: Allowance, headers: Mapping[str, str]) -> None:
        self.limiter.heard(of.name, headers)
        for day in _DAYS:
            self.limiter.heard(f"{of.name}, a day", _only(headers, day))

    def _judged(self, of: Allowance, status: int, headers: Mapping[str, str], body: bytes | None) -> bytes:
        self._heard(of, headers)
        if body is None:
            raise nonsense()
        if status not in _OK:
            error = refusal(status, headers, body)
            if isinstance(error, RateLimited):
                self.limiter.refused(of.name, error.retry_after)
            raise error
        return body


def _only(headers: Mapping[str, str], day: str) -> dict[str, str]:
    """What ``headers`` say of a day, as if it were the only window."""
    told = {name.lower(): value for name, value in headers.items()}
    return {f"x-rate-limit-{name.removeprefix(day)}": told[name] for name in told if name.startswith(day)}
