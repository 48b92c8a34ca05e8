"""Asking the server for its half of the desk's key, and renewing that while the desk runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.lazy import lazy_module
from agentdesk.base.log import get_logger
from agentdesk.base.text import Msg, msg
from agentdesk.sync.desk_key import HALF_BYTES, Lease, LeaseFile
from agentdesk.sync.servers import Route, ServersFile
from agentdesk.sync.trust import tls_options, why_unreachable

if TYPE_CHECKING:
    import aiohttp
else:
    aiohttp = lazy_module("aiohttp")

__all__ = [
    "Granted",
    "KeyKeeper",
    "LeaseOver",
    "SignedOut",
    "Wish",
    "ask_server",
    "ask_servers",
    "lease_from",
]

_SECONDS = 20.0
_LOOK_SECONDS = 30.0
_RENEW_EVERY = timedelta(hours=1)
_NOTE_EVERY = timedelta(minutes=10)

_log = get_logger(__name__)


class Wish(msgspec.Struct, frozen=True):
    """Which key a desk asks for; ``half`` is the server's, where the desk has it still."""

    id: UUID
    half: bytes | None = None


class Granted(msgspec.Struct, frozen=True):
    """The server's half, and for how many seconds it may be kept."""

    half: bytes
    seconds: int


class _Problem(msgspec.Struct):
    code: str
    message: str
    hint: str = ""


class SignedOut(AgentDeskError):
    """The server does not know the session any more: it was ended, or the person was let out."""

    def __init__(self) -> None:
        super().__init__(
            msg("You were signed out by your server."),
            msg("Sign in again. What you typed and did not send is kept, encrypted, until then."),
        )


class LeaseOver(AgentDeskError):
    """The desk has not reached its server for longer than that allows."""

    def __init__(self, reason: Msg | None = None) -> None:
        reason = reason or msg("Connect, then try again.")
        super().__init__(
            msg("This desk is locked until it reaches its server again."),
            msg("{reason} What you typed and did not send is kept, encrypted.", reason=reason),
        )


Ask = Callable[[bytes], Awaitable[Granted]]


async def ask_servers(
    file: ServersFile, home: str, token: str, key_id: UUID, half: bytes | None, authority: str = ""
) -> Granted:
    """Ask as :func:`ask_server` does, at ``home`` and then at each of the team's other servers that ``file``
    knows, until one answers. Raises the same; where none can be reached, what ``home`` said."""
    route = Route(home)
    route.learn(await asyncio.to_thread(file.read))
    not_reached: LeaseOver | None = None
    while True:
        try:
            return await ask_server(str(route.now), token, key_id, half, authority)
        except LeaseOver as error:
            not_reached = not_reached or error
        if route.turn():
            raise not_reached


async def ask_server(
    server: str, token: str, key_id: UUID, half: bytes | None, authority: str = ""
) -> Granted:
    """Return the server's half of the key ``key_id``; ``half`` is what the desk has of it still.

    Raises SignedOut, LeaseOver where the server cannot be reached, and AgentDeskError with the server's own
    words.
    """
    tls = await asyncio.to_thread(tls_options, authority)
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    body = msgspec.json.encode(Wish(key_id, half))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.post(server.rstrip("/") + "/desk/key", data=body, ssl=tls) as response,
        ):
            return _granted(response.status, await response.read())
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise LeaseOver(why_unreachable(error, server).message) from error


def _granted(status: int, body: bytes) -> Granted:
    if status == 401:
        raise SignedOut
    try:
        if status == 200:
            granted = msgspec.json.decode(body, type=Granted)
            if len(granted.half) == HALF_BYTES:
                return granted
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem("", "")
    if status == 403:
        raise AgentDeskError(Msg(problem.message), Msg(problem.hint))
    if status == 404:
        raise AgentDeskError(
            msg("The server is older than this AgentDesk."), msg("Ask your administrator to update it first.")
        )
    raise LeaseOver


class KeyKeeper:
    """Holds the lease while the desk runs: renews it hourly, and notices when it is over.

    The end is reckoned by the clock and by the time that has passed since, whichever comes first: setting the
    clock back does not put it off. ``on_over`` hears once why the desk must be closed.
    """

    def __init__(
        self, file: LeaseFile, lease: Lease, ask: Ask, on_over: Callable[[AgentDeskError], None]
    ) -> None:
        self._file = file
        self._lease = lease
        self._ask = ask
        self._on_over = on_over
        self._noted_at = lease.seen_at
        self._renewed_at: datetime | None = None
        self._end = self._loop_time() + (lease.expires_at - clock.now()).total_seconds()

    async def keep(self) -> None:
        """Go on until the lease is over."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look()
            except (SignedOut, LeaseOver) as over:
                await asyncio.to_thread(self._file.delete)
                self._on_over(over)
                return
            except OSError as error:
                _log.warning("the lease cannot be written", why=str(error))

    async def _look(self) -> None:
        now = clock.now()
        if self._renewed_at is None or not timedelta(0) <= now - self._renewed_at < _RENEW_EVERY:
            with contextlib.suppress(LeaseOver):  # not reached: it is tried again, as long as the lease holds
                await self._renew()
                return
        if not self._lease.holds(now) or self._loop_time() >= self._end:
            raise LeaseOver
        if now - self._noted_at >= _NOTE_EVERY:
            self._lease = msgspec.structs.replace(self._lease, seen_at=now)
            self._noted_at = now
            await asyncio.to_thread(self._file.write, self._lease)

    async def _renew(self) -> None:
        granted = await self._ask(self._lease.half)
        now = clock.now()
        self._lease = lease_from(Granted(self._lease.half, granted.seconds), now)
        self._renewed_at = self._noted_at = now
        self._end = self._loop_time() + granted.seconds
        await asyncio.to_thread(self._file.write, self._lease)

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()


def lease_from(granted: Granted, now: datetime) -> Lease:
    """Return what was granted just now, as it is kept."""
    return Lease(granted.half, now + timedelta(seconds=granted.seconds), now)
