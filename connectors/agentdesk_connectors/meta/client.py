"""Calls to the Graph: version, token, proof, limits, sizes and errors, in one place.

Written from https://developers.facebook.com/docs/graph-api/: overview, results, securing-requests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, RateLimited
from agentdesk.sdk.limiter import Limiter, Rate
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Connected, read_whole, translated
from agentdesk_connectors.meta.errors import nonsense, refusal, refusal_in
from agentdesk_connectors.meta.usage import usage_in

__all__ = [
    "CALLS",
    "FILES",
    "MESSAGES",
    "PRIVATE_REPLIES",
    "SERVER",
    "TALKS",
    "VERSION",
    "Allowance",
    "Graph",
    "Params",
    "Several",
    "proof",
]

Params = Sequence[tuple[str, str]]
SERVER = "https://graph.facebook.com"
VERSION = "v25.0"
"""Of the Graph. Each lives for about two years."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many calls of a kind there may be; ``patience``: seconds that one of them may wait for its turn."""

    name: str
    rate: Rate
    patience: float = 30.0


CALLS = Allowance("calls", Rate(4_800, 86_400.0))
"""All calls: that many for each person who had to do with the page in a day; the headers correct it."""
TALKS = Allowance("conversations", Rate(2, 1.0))
MESSAGES = Allowance("messages", Rate(40, 1.0))
"""More would be taken; a page that writes more than 40 a second is hidden from search."""
FILES = Allowance("files", Rate(10, 1.0), 120.0)
PRIVATE_REPLIES = Allowance("private replies", Rate(750, 3_600.0))

_SECONDS = 30.0
_UPLOAD_SECONDS = 300.0


class _Cursors(msgspec.Struct):
    after: str = ""


class _Paging(msgspec.Struct):
    cursors: _Cursors | None = None
    next: str = ""


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: _Paging | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """A page of a list: its elements as they came, and the cursor of the next page ("": it is the last)."""

    items: tuple[bytes, ...]
    after: str = ""


def proof(token: str, app_secret: str) -> str:
    """Return what shows that who calls with ``token`` knows the secret of its app."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


class Graph(Connected):
    """Calls the Graph at ``base_url`` with the token that ``token`` returns ("": nobody has signed in) and
    the secret of its app ("": no proof is given). Addresses of next pages are not followed, only cursors."""

    def __init__(
        self, base_url: str, token: Callable[[], str], app_secret: Callable[[], str], limiter: Limiter
    ) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.limiter = limiter
        self._token = token
        self._app_secret = app_secret

    # --- asking ---

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        of: Allowance = CALLS,
        token: str = "",
        version: str = VERSION,
    ) -> Json:
        """Return an object. Raises as `call`."""
        body = await self.call("GET", path, params=params, of=of, token=token, version=version)
        return self._object(body)

    async def several(self, path: str, params: Params = (), *, of: Allowance = CALLS) -> Several:
        """Return a page of a list, each element as it came. Raises as `call`."""
        body = await self.call("GET", path, params=params, of=of)
        try:
            found = msgspec.json.decode(body, type=_List)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise nonsense(self.host) from None
        paging = found.paging
        more = paging is not None and paging.next and paging.cursors is not None
        after = paging.cursors.after if paging is not None and paging.cursors is not None and more else ""
        return Several(tuple(bytes(one) for one in found.data), after)

    async def post(
        self, path: str, values: Json, params: Params = (), *, of: Allowance = CALLS, token: str = ""
    ) -> Json:
        """Send ``values`` and return the answer. Raises as `call`."""
        body = msgspec.json.encode(values)
        return self._object(await self.call("POST", path, params=params, body=body, of=of, token=token))

    async def upload(self, path: str, form: aiohttp.FormData) -> Json:
        """Send a file and return the answer. Raises as `call`."""
        return self._object(await self.call("POST", path, body=form, of=FILES))

    async def delete(self, path: str, params: Params = ()) -> Json:
        """Take something away. Raises as `call`."""
        return self._object(await self.call("DELETE", path, params=params))

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: bytes | aiohttp.FormData | None = None,
        of: Allowance = CALLS,
        token: str = "",
        version: str = VERSION,
    ) -> bytes:
        """Return the body of a successful answer. ``token`` stands for another than the account's;
        ``version`` is "" for the few paths that have none.

        Raises Unreachable, of it Interrupted and Nonsense where it may have been carried out; AuthFailed,
        RateLimited, Rejected, and of it Gone and those of `agentdesk_connectors.meta.errors`.
        """
        token = token or self._token()
        if not token:
            raise AuthFailed(msg("Nobody has signed in to this account yet."), msg("Sign in to the account."))
        await self._turn(of)
        secret = self._app_secret()
        proven = [("appsecret_proof", proof(token, secret))] if secret else []
        headers = {"Authorization": f"Bearer {token}"}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        seconds = _UPLOAD_SECONDS if of is FILES else _SECONDS
        with translated(self.host):
            async with self.session.request(
                method,
                f"{self.base_url}{version and f'/{version}'}{path}",
                params=[*params, *proven],
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=10.0),
            ) as response:
                answer = await read_whole(response)
                return self._judged(response.status, response.headers, answer)

    async def _turn(self, of: Allowance) -> None:
        if of is not CALLS:
            await self.limiter.turn(of.name, of.rate, of.patience)
        await self.limiter.turn(CALLS.name, CALLS.rate, CALLS.patience)

    def _judged(self, status: int, headers: Mapping[str, str], answer: bytes | None) -> bytes:
        self._hear(headers)
        if answer is None:
            raise nonsense(self.host)
        if status == 200 and refusal_in(answer) is None:
            return answer
        error = refusal(self.host, status, headers, answer)
        if isinstance(error, RateLimited):
            self.limiter.refused(CALLS.name, error.retry_after)
        raise error

    def _hear(self, headers: Mapping[str, str]) -> None:
        """Correct the allowance by what the network says of it."""
        usage = usage_in(headers)
        if usage.pause:
            self.limiter.refused(CALLS.name, usage.pause)
        elif usage.percent is not None:
            calls = CALLS.rate.calls
            left = max(0, calls * (100 - usage.percent) // 100)
            self.limiter.told(CALLS.name, left, None if left else clock.seconds_from_now(60.0), calls)

    def _object(self, body: bytes) -> Json:
        try:
            found = fields.parse(body)
        except Invalid:
            raise nonsense(self.host) from None
        if not isinstance(found, Mapping):
            raise nonsense(self.host)
        return found
