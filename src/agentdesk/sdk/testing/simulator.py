"""A base for simulators of services: strict, on a port of 127.0.0.1, with faults on a switch.

They speak the service's own protocol, so the production connector is what is tested, shown and trained with.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

import msgspec
from aiohttp import web

__all__ = ["Fault", "Refused", "Seen", "Simulator"]

T = TypeVar("T")
_DRIP_BYTES = 64


class Fault(StrEnum):
    """What can go wrong on a service's side."""

    TOO_MANY = "too_many"
    """Calls are refused with 429, and headers that say for how long."""
    BROKEN = "broken"
    """Calls are answered with 500 and a page that is no JSON."""
    DUPLICATES = "duplicates"
    """Lists name everything twice."""
    REORDERED = "reordered"
    """Lists come in another order than things happened in."""
    TRUNCATED = "truncated"
    """Answers end in the middle, under a status that says that all is well."""
    DRIP = "drip"
    """Answers come a few bytes at a time."""
    DEAD_TOKEN = "dead_token"  # noqa: S105 - the name of a fault
    """The service knows the account's token no longer."""
    NO_SCOPE = "no_scope"
    """The account's owner has taken a permission back."""
    LOST_CALL = "lost_call"
    """The connection breaks before a call was carried out."""
    LOST_ANSWER = "lost_answer"
    """The connection breaks after a call was carried out, before its answer."""
    HELD_CALL = "held_call"
    """A call hangs, and is never carried out."""
    HELD_ANSWER = "held_answer"
    """A call is carried out, and its answer hangs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A call that came in."""

    method: str
    path: str
    query: Mapping[str, str]


class Refused(Exception):
    """The service refuses a call: ``status``, its own ``code``, and words."""

    def __init__(self, status: int, code: str, words: str = "") -> None:
        super().__init__(words or code)
        self.status = status
        self.code = code
        self.words = words


@dataclass(slots=True)
class _Armed:
    """A fault that is switched on, for so many calls yet (None: until it is healed), of some paths."""

    left: int | None
    method: str
    path: str

    def concerns(self, request: web.Request) -> bool:
        same = not self.method or request.method == self.method
        return self.left != 0 and same and request.path.startswith(self.path)


class Simulator(ABC):
    """One service. A subclass has its routes, its state, and what it says when it refuses."""

    patience = 2
    """Seconds for which a refusal with 429 asks."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._armed: dict[Fault, _Armed] = {}
        self._healed = asyncio.Event()

    # --- for a subclass to say ---

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """Return what it answers."""

    def error(self, status: int, code: str, words: str) -> Any:
        """Return the body of a refusal, as the service writes it."""
        return {"error": code, "error_description": words}

    def allowance(self, request: web.Request, refused: bool) -> Mapping[str, str]:
        """Return the headers that tell what is left of the caller's allowance; ``refused``: nothing is."""
        return {"Retry-After": str(self.patience)} if refused else {}

    # --- for tests and the demo ---

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Self]:
        """Serve it on a port of 127.0.0.1; ``url`` tells where."""
        app = web.Application(middlewares=[self._guard], client_max_size=64 * 1024 * 1024)
        app.router.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            self.heal()
            await self.end()
            await runner.cleanup()

    async def end(self) -> None:  # noqa: B027 - most have none
        """Let go of streams that are still open."""

    def fail(self, fault: Fault, times: int | None = None, method: str = "", path: str = "") -> None:
        """Switch a fault on: for ``times`` calls or until it is healed; of one method, below a path."""
        self._armed[fault] = _Armed(times, method, path)

    def heal(self) -> None:
        """Switch all faults off; what hangs breaks."""
        self._armed.clear()
        self._healed.set()
        self._healed = asyncio.Event()

    # --- for the answers of a subclass ---

    def listed(self, items: Sequence[T]) -> list[T]:
        """Return what a list names, as far as faults let it."""
        found = list(items)
        if Fault.DUPLICATES in self._armed:
            found = [one for one in found for _ in range(2)]
        return found[::-1] if Fault.REORDERED in self._armed else found

    @staticmethod
    def asked(request: web.Request, allowed: Collection[str]) -> dict[str, str]:
        """Return the query of a call. Raises Refused where it has anything that is not documented."""
        unknown = sorted(set(request.query) - set(allowed))
        if unknown:
            raise Refused(400, "invalid_parameter", f"unknown: {', '.join(unknown)}")
        return dict(request.query)

    @staticmethod
    async def told(request: web.Request, kind: type[T]) -> T:
        """Return the JSON body of a call as a ``kind`` (a Struct with ``forbid_unknown_fields``). Raises
        Refused where it is none."""
        if request.content_type != "application/json":
            raise Refused(415, "unsupported_media_type", request.content_type)
        try:
            return msgspec.json.decode(await request.read(), type=kind)
        except msgspec.DecodeError as error:
            raise Refused(422, "invalid_request", str(error)) from None

    # --- faults ---

    def _strikes(self, fault: Fault, request: web.Request) -> bool:
        armed = self._armed.get(fault)
        if armed is None or not armed.concerns(request):
            return False
        if armed.left is not None:
            armed.left -= 1
        return True

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.path, dict(request.query)))
        if self._strikes(Fault.LOST_CALL, request):
            return _hung_up(request)
        if self._strikes(Fault.HELD_CALL, request):
            return await self._hang(request)
        early = self._refusal(request)
        if early is not None:
            return early
        try:
            response: web.StreamResponse = await handler(request)
        except Refused as refused:
            response = self._refuse(request, refused)
        if self._strikes(Fault.LOST_ANSWER, request):
            return _hung_up(request)
        if self._strikes(Fault.HELD_ANSWER, request):
            return await self._hang(request)
        if not isinstance(response, web.Response):
            return response
        response.headers.update(self.allowance(request, False))
        return await self._spoilt(request, response)

    async def _hang(self, request: web.Request) -> web.Response:
        await self._healed.wait()
        return _hung_up(request)

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self._strikes(Fault.BROKEN, request):
            return web.Response(status=500, text="<html>out of order</html>", content_type="text/html")
        if self._strikes(Fault.TOO_MANY, request):
            refusal = self._refuse(request, Refused(429, "too_many_requests"))
            refusal.headers.update(self.allowance(request, True))
            return refusal
        if self._strikes(Fault.DEAD_TOKEN, request):
            return self._refuse(request, Refused(401, "invalid_token", "The token was revoked."))
        if self._strikes(Fault.NO_SCOPE, request):
            return self._refuse(request, Refused(403, "insufficient_scope", "A permission is missing."))
        return None

    def _refuse(self, request: web.Request, refused: Refused) -> web.Response:
        return web.json_response(
            self.error(refused.status, refused.code, refused.words), status=refused.status
        )

    async def _spoilt(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        body = response.body if isinstance(response.body, bytes) else b""
        if self._strikes(Fault.TRUNCATED, request):
            return web.Response(
                status=response.status, body=body[: len(body) // 2], content_type=response.content_type
            )
        if not self._strikes(Fault.DRIP, request):
            return response
        slow = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
        await slow.prepare(request)
        for start in range(0, len(body), _DRIP_BYTES):
            await slow.write(body[start : start + _DRIP_BYTES])
            await asyncio.sleep(0)
        return slow


def _hung_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
