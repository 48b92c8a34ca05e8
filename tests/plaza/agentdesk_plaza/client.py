"""Plaza's API, thinly: one method for each call, limits obeyed, errors translated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, TypeVar

import aiohttp
import msgspec

from agentdesk.sdk.limiter import Limiter, Rate
from agentdesk_plaza.errors import raise_for, translated

T = TypeVar("T")
READS = Rate(300, 900.0)
WRITES = Rate(100, 900.0)
_TIMES = aiohttp.ClientTimeout(total=30.0, sock_connect=10.0)
_STREAM_TIMES = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=90.0)


class Me(msgspec.Struct):
    """What Plaza says of the account itself."""

    id: str
    handle: str
    tier: str
    scopes: tuple[str, ...]
    longest: int
    largest_picture: int
    price: str = ""
    token_ends: str = ""


class Events(msgspec.Struct):
    """What happened, each as Plaza wrote it: one that cannot be read must not keep the others away."""

    events: list[msgspec.Raw]
    more: bool = False


class Sent(msgspec.Struct):
    id: str
    key: str = ""


class Client:
    """Calls with one token. ``token`` may be set anew."""

    def __init__(self, server: str, token: str, limiter: Limiter) -> None:
        self.token = token
        self._server = server
        self._limiter = limiter
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, kind: type[T], **query: str) -> T:
        """Read ``path`` as a ``kind``. Raises Unreachable, RateLimited, AuthFailed, Rejected."""
        with translated():
            return msgspec.json.decode(await self._call("GET", path, "reads", READS, params=query), type=kind)

    async def write(self, method: str, path: str, *, doubt: bool = False, **request: Any) -> bytes:
        """Change something; ``doubt``: doing it twice does harm, so that no answer raises Uncertain."""
        with translated(leaves_doubt=doubt):
            return await self._call(method, path, "writes", WRITES, **request)

    async def _call(self, method: str, path: str, allowance: str, rate: Rate, **request: Any) -> bytes:
        await self._limiter.turn(allowance, rate)
        headers = {**self._authorised(), **request.pop("headers", {})}
        async with self._opened().request(
            method, f"{self._server}{path}", headers=headers, timeout=_TIMES, **request
        ) as answer:
            body = await answer.read()
            self._limiter.heard(allowance, answer.headers)
            raise_for(answer.status, answer.headers, body)
            return body

    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes | None, None]:
        """Yield None once the stream is heard, then each of its lines."""
        with translated():
            async with self._opened().get(
                f"{self._server}{path}", headers=self._authorised(), params=query, timeout=_STREAM_TIMES
            ) as answer:
                raise_for(answer.status, answer.headers, b"" if answer.status < 400 else await answer.read())
                yield None
                async for line in answer.content:
                    if line.strip():
                        yield line

    def _authorised(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session
