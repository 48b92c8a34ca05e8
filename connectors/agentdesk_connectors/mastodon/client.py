"""Requests to one server: the token, the limits, sizes, and errors, in one place.

Written from https://docs.joinmastodon.org/api/ (guidelines, rate-limits) and /client/token/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp
import msgspec

from agentdesk.base.errors import Invalid
from agentdesk.base.text import msg
from agentdesk.sdk.errors import AuthFailed, RateLimited
from agentdesk.sdk.limiter import Limiter, Rate
from agentdesk_connectors.fields import Json, parse
from agentdesk_connectors.http import Connected, read_whole, translated
from agentdesk_connectors.mastodon.errors import nonsense, refusal

__all__ = ["CONTEXTS", "GENERAL", "MEDIA", "REMOVALS", "Allowance", "Client", "Params"]

Params = Sequence[tuple[str, str]]


class Allowance(msgspec.Struct, frozen=True):
    """How many calls of a kind there may be; ``patience``: seconds that one of them may wait for its turn."""

    name: str
    rate: Rate
    patience: float = 30.0


GENERAL = Allowance("api", Rate(300, 300.0))
MEDIA = Allowance("media", Rate(30, 1_800.0), 120.0)
REMOVALS = Allowance("deletions", Rate(30, 1_800.0))
CONTEXTS = Allowance("threads", Rate(100, 300.0), 0.0)
"""Our own: a flood of answers must leave something for everything else."""

_SECONDS = 30.0
_UPLOAD_SECONDS = 300.0


class Client(Connected):
    """Speaks to the server at ``base_url`` as whoever ``token`` stands for ("": as nobody)."""

    def __init__(self, base_url: str, token: Callable[[], str], limiter: Limiter) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.limiter = limiter
        self._token = token

    def authorization(self) -> dict[str, str]:
        """Return the header that proves who we are. Raises AuthFailed where nobody has signed in."""
        token = self._token()
        if not token:
            raise AuthFailed(msg("Nobody has signed in to this account yet."), msg("Sign in to the account."))
        return {"Authorization": f"Bearer {token}"}

    # --- asking ---

    async def get(
        self, path: str, params: Params = (), *, of: Allowance = GENERAL, anonymous: bool = False
    ) -> object:
        """Return what the server answers, as values. Raises as `call`."""
        return self._parsed(await self.call("GET", path, params=params, of=of, anonymous=anonymous))

    async def listed(self, path: str, params: Params = ()) -> list[bytes]:
        """Return the elements of a list, each as it came. Raises as `call`."""
        body = await self.call("GET", path, params=params)
        try:
            return [bytes(one) for one in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise nonsense(self.host) from None

    async def post(
        self,
        path: str,
        values: Json,
        *,
        method: str = "POST",
        headers: Mapping[str, str] = {},
        of: Allowance = GENERAL,
        anonymous: bool = False,
    ) -> object:
        """Send ``values`` and return the answer. Raises as `call`."""
        body = await self.call(
            method, path, body=msgspec.json.encode(values), headers=headers, of=of, anonymous=anonymous
        )
        return self._parsed(body)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] = {},
        of: Allowance = GENERAL,
        anonymous: bool = False,
    ) -> bytes:
        """Return the body of a successful answer.

        Raises Unreachable, of it Interrupted where the request may have arrived; AuthFailed, RateLimited,
        Rejected, and of it Gone.
        """
        given = {} if anonymous else self.authorization()
        if isinstance(body, bytes):
            given["Content-Type"] = "application/json"
        await self.limiter.turn(of.name, of.rate, of.patience)
        timeout = aiohttp.ClientTimeout(total=_UPLOAD_SECONDS if of is MEDIA else _SECONDS, sock_connect=10.0)
        with translated(self.host):
            async with self.session.request(
                method,
                self.base_url + path,
                params=list(params),
                data=body,
                headers={**given, **headers},
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                answer = await read_whole(response)
                return self._judged(of, response.status, response.headers, answer)

    def _judged(self, of: Allowance, status: int, headers: Mapping[str, str], answer: bytes | None) -> bytes:
        if of is not CONTEXTS:  # it is told of in the general one's figures
            self.limiter.heard(of.name, headers)
        if answer is None:
            raise nonsense(self.host)
        if status not in (200, 202, 206):
            error = refusal(self.host, status, headers, answer)
            if isinstance(error, RateLimited):
                self.limiter.refused(of.name, error.retry_after)
            raise error
        return answer

    def _parsed(self, body: bytes) -> object:
        try:
            return parse(body)
        except Invalid:
            raise nonsense(self.host) from None
