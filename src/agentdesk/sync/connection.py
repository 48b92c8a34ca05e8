"""The desk's connection to its server: one at a time, made again whenever it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from agentdesk import __version__
from agentdesk.base import clock
from agentdesk.base.backoff import Backoff, scattered
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.events import Bell
from agentdesk.base.lazy import lazy_module
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import File
from agentdesk.sync.colleagues import Colleagues
from agentdesk.sync.desk import Link, LinkStatus
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.desk_files import DeskFiles, FileUnusable
from agentdesk.sync.desk_site import DeskSite
from agentdesk.sync.exchange import Exchange, Farewell, Unusable
from agentdesk.sync.protocol import MAX_FRAME_BYTES, Batch, Erase, Servers, Welcome
from agentdesk.sync.servers import Route
from agentdesk.sync.trust import tls_options, why_unreachable
from agentdesk.sync.workbench import Workbench

if TYPE_CHECKING:
    import aiohttp
else:
    aiohttp = lazy_module("aiohttp")

__all__ = ["Connection", "Offline"]

_CONNECT_SECONDS = 15.0
_MOVE_SECONDS = 5.0
"""How long a server is waited for where there are others."""
_SCATTER_SECONDS = 0.3
_ELSEWHERE = frozenset({"lost", "closing"})
"""Farewells after which another server may do better."""
_SILENCE_SECONDS = 60.0
_TOO_OLD_SECONDS = 300.0
_UPLOAD_CHUNK = 256 * 1024
_PERMANENT = frozenset({400, 403, 404, 409, 413, 422})

_log = get_logger(__name__)


class Offline(AgentDeskError):
    """What was asked for can only come from the server, which cannot be reached or does not have it."""


class Connection:
    """Keeps the desk connected. ``on_status`` is called on the loop whenever the status changes.
    ``authority`` is the path of a PEM file that is trusted besides the system's authorities, or empty.
    ``route`` says to which server, and where to go when that is gone; ``forget`` and ``archive`` are as for
    an exchange."""

    def __init__(
        self,
        route: Route,
        token: str,
        workbench: Workbench,
        files: DeskFiles,
        on_status: Callable[[LinkStatus], None],
        colleagues: Colleagues | None = None,
        *,
        authority: str = "",
        forget: Callable[[Erase], Awaitable[bool]] | None = None,
        on_servers: Callable[[tuple[str, ...]], None] = lambda _: None,
        archive: DeskArchive | None = None,
        site: DeskSite | None = None,
    ) -> None:
        self._route = route
        self._token = token
        self._workbench = workbench
        self._files = files
        self._on_status = on_status
        self._colleagues = colleagues
        self._authority = authority
        self._forget = forget
        self._can: tuple[str, ...] = ()
        self._on_servers = on_servers
        self._archive = archive
        self._site = site
        self._tasks = Tasks("connection")
        self._again = Bell()
        self._http: aiohttp.ClientSession | None = None
        self._lasted = False
        self.status = LinkStatus(link=Link.CONNECTING, since=clock.now())

    def start(self) -> None:
        """Begin to connect."""
        if not self._tasks.running("run"):
            self._tasks.start(self._run(), "run")

    def retry_now(self) -> None:
        """Try at once instead of waiting."""
        self._again.ring()

    async def close(self) -> None:
        """End the connection."""
        await self._tasks.close()
        if self._http is not None:
            await self._http.close()
            self._http = None

    def recount(self) -> None:
        """Tell again how many commands wait, where that number has changed."""
        if self.status.waiting != self._workbench.unsent():
            self._set(self.status.link)

    # --- what is fetched besides ---

    async def upload(self, file: File) -> None:
        """Give a file to the server. Raises ConnectionError to try again later, Unusable for ever."""
        try:
            content = await self._files.read(file.blob)
        except FileUnusable as error:
            reason = msg("The file {name} is not on this computer any more.", name=file.name)
            raise Unusable(reason) from error
        async with self._request("PUT", f"desk/blobs/{file.blob}", data=_in_chunks(content)) as answer:
            if answer.status in _PERMANENT:
                raise Unusable(msg("The server does not take the file {name}.", name=file.name))
            if answer.status >= 300:
                raise ConnectionError(f"upload: {answer.status}")

    @asynccontextmanager
    async def fetched(
        self, path: str, body: Any = None, *, silence: float = _SILENCE_SECONDS
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """What the server has at ``path`` (asked for with ``body``, where there is one); it is given up when
        nothing comes for ``silence`` seconds. Raises Offline."""
        method = "GET" if body is None else "POST"
        patience = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence)
        try:
            async with self._request(method, path, json=body, timeout=patience) as answer:
                if answer.status >= 300:
                    raise Offline(await _told(answer))
                yield answer
        except Invalid as error:  # the company's certificate
            raise Offline(error.message, error.hint) from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise Offline(
                msg("The server cannot be reached."), msg("Try again when you are connected.")
            ) from error

    @asynccontextmanager
    async def _request(self, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Authorization": f"Bearer {self._token}"}
        client = await self._client()
        async with client.request(method, self._route.now / path, headers=headers, **options) as answer:
            yield answer

    async def _client(self) -> aiohttp.ClientSession:
        tls = await asyncio.to_thread(tls_options, self._authority) if self._http is None else True
        if self._http is None:  # still: nobody else was faster
            timeout = aiohttp.ClientTimeout(
                total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS
            )
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls),
                timeout=timeout,
                headers={"User-Agent": f"AgentDesk/{__version__}"},
            )
        return self._http

    # --- the connection itself ---

    async def _run(self) -> None:
        await asyncio.to_thread(_load_http)
        backoff, failures = Backoff(first=0.5, longest=60.0), 0
        while True:
            self._lasted = False
            heard = self._again.rings
            farewell = await self._once()
            failures = 0 if self._lasted else failures + 1
            delay = backoff.delay(failures) if failures else 0.0
            if farewell.code in _ELSEWHERE and self._route.has_others and not self._route.turn():
                delay = scattered(0.0, _SCATTER_SECONDS)
            link, wait = _outcome(farewell, delay)
            _log.info("connection ended", code=farewell.code, link=link.value)
            self._set(link, farewell.reason)
            if wait != 0:
                await self._again.wait(heard, wait)

    async def _once(self) -> Farewell:
        if self.status.link is not Link.OFFLINE:  # offline stays so, with its reason, until it is not
            self._set(Link.CONNECTING)
        try:
            async with asyncio.timeout(_MOVE_SECONDS if self._route.has_others else None):
                transport = await self._connect()
        except Invalid as error:  # the company's certificate
            return Farewell("lost", error.message)
        except aiohttp.ClientSSLError as error:
            return Farewell("lost", why_unreachable(error, str(self._route.now)).message)
        except aiohttp.WSServerHandshakeError as error:
            return Farewell("lost", msg("The server answered with {status}.", status=error.status))
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Farewell("lost", msg("The server cannot be reached."))
        exchange = Exchange(
            transport,
            self._workbench,
            self._uploaded,
            self._welcomed,
            self._arrived,
            self._colleagues,
            self._forget,
            self._told_of_servers,
            self._archive,
            self._site,
        )
        return await exchange.run(self._token)

    async def _connect(self) -> _ClientTransport:
        client = await self._client()
        socket = await client.ws_connect(
            self._route.now / "desk/sync",
            max_msg_size=MAX_FRAME_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_receive=None, ws_close=2.0),
        )
        return _ClientTransport(socket)

    async def _uploaded(self, file: File) -> None:
        if await self._workbench.is_uploaded(file.blob):
            return
        try:
            await self.upload(file)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectionError("upload") from error
        await self._workbench.note_uploaded(file.blob)

    @property
    def can(self) -> tuple[str, ...]:
        """What the server knows beyond the protocol's version; nothing without a connection."""
        return self._can if self.status.link in (Link.SYNCED, Link.FILLING) else ()

    def _told_of_servers(self, servers: Servers) -> None:
        self._route.learn(servers.addresses)
        self._on_servers(servers.addresses)

    def _welcomed(self, welcome: Welcome) -> None:
        self._route.arrived()
        self._can = welcome.can
        self._set(Link.FILLING if welcome.fresh else Link.CONNECTING)

    def _arrived(self, batch: Batch) -> None:
        if batch.filling:
            self._set(Link.FILLING, done=batch.done, total=batch.total)
        elif not batch.more:
            self._lasted = True
            self._set(Link.SYNCED)

    def _set(self, link: Link, problem: Msg | None = None, *, done: int = 0, total: int = 0) -> None:
        now = clock.now()
        before = self.status
        synced_at = before.synced_at
        if Link.SYNCED in (link, before.link):
            synced_at = now
        status = LinkStatus(
            link=link,
            since=before.since if link is before.link else now,
            synced_at=synced_at,
            waiting=self._workbench.unsent(),
            done=done,
            total=total,
            problem=problem,
        )
        if _seen_by_people(status) != _seen_by_people(before):
            self._on_status(status)
        self.status = status


class _ClientTransport:
    """A WebSocket of aiohttp as frames."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> bytes | None:
        message = await self._socket.receive()
        return message.data if message.type is aiohttp.WSMsgType.BINARY else None

    async def send(self, frame: bytes) -> None:
        try:
            await self._socket.send_bytes(frame)
        except aiohttp.ClientError as error:
            raise ConnectionResetError from error

    async def close(self) -> None:
        await self._socket.close()


def _outcome(farewell: Farewell, delay: float) -> tuple[Link, float | None]:
    """What a farewell means: the status to show, and how long to wait (None: until somebody asks)."""
    if farewell.code == "auth":
        return Link.SIGN_IN, None
    if farewell.code == "protocol":
        return Link.TOO_OLD, _TOO_OLD_SECONDS
    return Link.OFFLINE, delay


def _seen_by_people(status: LinkStatus) -> tuple[Any, ...]:
    return status.link, status.waiting, status.done, status.total, status.problem


async def _told(answer: aiohttp.ClientResponse) -> Msg:
    """What the server gave as its reason, where it gave one."""
    try:
        body = msgspec.json.decode(await answer.read())
    except (msgspec.MsgspecError, aiohttp.ClientError):
        body = None
    text = body.get("detail") or body.get("message") if isinstance(body, dict) else None
    return msg("{reason}", reason=text) if isinstance(text, str) else msg("It is not on the server any more.")


async def _in_chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _UPLOAD_CHUNK):
        yield content[start : start + _UPLOAD_CHUNK]


def _load_http() -> type[aiohttp.ClientSession]:
    """Import the HTTP library now, in a thread: it is large, and the window answers meanwhile."""
    return aiohttp.ClientSession
