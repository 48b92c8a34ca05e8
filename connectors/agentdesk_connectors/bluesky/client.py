"""Requests in the form of XRPC: addresses, limits, sizes and errors, in one place.

Written from https://atproto.com/specs/xrpc and https://docs.bsky.app/docs/advanced-guides/rate-limits.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp
import msgspec

from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import RateLimited
from agentdesk.sdk.limiter import Limiter, Rate
from agentdesk_connectors.bluesky.errors import Stale, nonsense, refusal
from agentdesk_connectors.fields import Json, parse
from agentdesk_connectors.http import Connected, read_whole, translated

__all__ = ["CHAT", "MODERATION", "Access", "Client", "Params", "Transport"]

Params = Sequence[tuple[str, str]]

CHAT = "did:web:api.bsky.chat#bsky_chat"
MODERATION = "did:plc:ar7c4by46qjdydhdevvrndac#atproto_labeler"
"""Services that the account's own server passes calls on to; the second is Bluesky's moderation."""

_SECONDS = 30.0
_UPLOAD_SECONDS = 300.0
_CALLS, _LOGINS, _WRITES, _WRITES_A_DAY = "calls", "sign-ins", "writes an hour", "writes a day"
_RATES = {
    _CALLS: Rate(3_000, 300.0),
    _LOGINS: Rate(30, 300.0),
    _WRITES: Rate(5_000, 3_600.0),
    _WRITES_A_DAY: Rate(35_000, 86_400.0),
}
_POINTS = {
    "com.atproto.repo.createRecord": 3,
    "com.atproto.repo.putRecord": 3,
    "com.atproto.repo.deleteRecord": 1,
}
"""What a write counts: to make a record 3, to change one 2, to take it away 1. Ours are never changed."""
_SIGN_IN = "com.atproto.server.createSession"
_UPLOAD = "com.atproto.repo.uploadBlob"
_POLICY = re.compile(r"(\d{1,9})\s*;\s*w=(\d{1,9})")
_BY_WINDOW = {3_600: _WRITES, 86_400: _WRITES_A_DAY}


class Transport(Connected):
    """Calls methods of services; knows no account. Everything goes through ``limiter``."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter

    async def call(
        self,
        base: str,
        method: str,
        *,
        params: Params = (),
        body: bytes | None = None,
        kind: str = "application/json",
        headers: Mapping[str, str] = {},
    ) -> bytes:
        """Call ``method`` (its NSID) of the service at ``base``: a procedure where there is a ``body``, else
        a query. Returns the body of a successful answer.

        Raises Unreachable, of it Interrupted where the request may have arrived; AuthFailed, of it Stale and
        Forbidden; RateLimited, Rejected, and of it Gone and Taken.
        """
        host = urlsplit(base).netloc
        given = {"Content-Type": kind} if body else {}
        await self._turn(method)
        seconds = _UPLOAD_SECONDS if method == _UPLOAD else _SECONDS
        with translated(host):
            async with self.session.request(
                "GET" if body is None else "POST",
                f"{base}/xrpc/{method}",
                params=list(params),
                data=body or None,
                headers={**given, **headers},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=10.0),
            ) as response:
                answer = await read_whole(response)
                return self._judged(host, method, response.status, response.headers, answer)

    async def _turn(self, method: str) -> None:
        points = _POINTS.get(method, 0)
        for name in (_WRITES, _WRITES_A_DAY) if points else ():
            await self.limiter.turn(name, _RATES[name], points=points)
        name = _LOGINS if method == _SIGN_IN else _CALLS
        await self.limiter.turn(name, _RATES[name])

    def _judged(
        self, host: str, method: str, status: int, headers: Mapping[str, str], answer: bytes | None
    ) -> bytes:
        allowance = _allowance(method, headers)
        self.limiter.heard(allowance, headers)
        if answer is None:
            raise nonsense(host)
        if status != 200:
            error = refusal(host, status, headers, answer)
            if isinstance(error, RateLimited):
                self.limiter.refused(allowance, error.retry_after)
            raise error
        return answer


def _allowance(method: str, headers: Mapping[str, str]) -> str:
    """Of which allowance an answer's headers speak: of the tightest one, known by its window's length."""
    if method == _SIGN_IN:
        return _LOGINS
    policy = next((value for key, value in headers.items() if key.lower() == "ratelimit-policy"), "")
    found = _POLICY.match(policy)
    return _BY_WINDOW.get(int(found[2]), _CALLS) if found else _CALLS


class Access(msgspec.Struct, frozen=True):
    """Where to call, and what proves who we are."""

    base: str
    token: str


class Client:
    """Calls methods as the account, for which ``enter`` signs in: it is given the token that is known no
    longer ("": none)."""

    def __init__(self, transport: Transport, enter: Callable[[str], Awaitable[Access]]) -> None:
        self._transport = transport
        self._enter = enter

    async def query(self, method: str, params: Params = (), via: str = "") -> object:
        """Ask, and return the answer as values; ``via`` is the service to which the call is passed on.
        Raises as `Transport.call`."""
        return self._parsed(*await self._call(method, params=params, via=via))

    async def listed(self, method: str, name: str, params: Params = (), via: str = "") -> Listed:
        """Ask for a list. Its elements are as they came: nobody has looked into them."""
        body, base = await self._call(method, params=params, via=via)
        try:
            found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            raws = msgspec.json.decode(found[name], type=list[msgspec.Raw])
            cursor = msgspec.json.decode(found["cursor"]) if "cursor" in found else ""
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
            raise nonsense(urlsplit(base).netloc) from None
        return Listed([bytes(one) for one in raws], cursor if isinstance(cursor, str) else "")

    async def tell(self, method: str, values: Json, via: str = "") -> object:
        """Call a procedure with ``values``. Raises as `Transport.call`."""
        return self._parsed(*await self._call(method, body=msgspec.json.encode(values), via=via))

    async def upload(self, content: bytes, media_type: str) -> object:
        """Hand over a file. Raises as `Transport.call`."""
        return self._parsed(*await self._call(_UPLOAD, body=content, kind=media_type))

    async def _call(
        self,
        method: str,
        *,
        params: Params = (),
        body: bytes | None = None,
        kind: str = "application/json",
        via: str = "",
    ) -> tuple[bytes, str]:
        """Call it; once more where the token had run out meanwhile, which nothing was done with."""
        access = await self._enter("")
        passed = {"atproto-proxy": via} if via else {}
        for is_last in (False, True):
            headers = {"Authorization": f"Bearer {access.token}", **passed}
            try:
                answer = await self._transport.call(
                    access.base, method, params=params, body=body, kind=kind, headers=headers
                )
            except Stale:
                if is_last:
                    raise
                access = await self._enter(access.token)
            else:
                break
        return answer, access.base

    @staticmethod
    def _parsed(body: bytes, base: str) -> object:
        try:
            return parse(body) if body else {}
        except Invalid:
            raise nonsense(urlsplit(base).netloc) from None


class Listed(msgspec.Struct, frozen=True):
    """A part of a list: its elements, and the cursor of what comes after them ("": nothing)."""

    raws: list[bytes]
    cursor: str
