"""The server process: opens the database, starts what runs without people, and answers on one address."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from sqlalchemy import select

from agentdesk import __version__
from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import msg
from agentdesk.domain.team import Role
from agentdesk.server import desk_keys, metrics, portrait_routes, second_factor_routes, sessions
from agentdesk.server.accounts import Times
from agentdesk.server.api import web as api
from agentdesk.server.api.operations import Services
from agentdesk.server.attendance import watch_for_ever
from agentdesk.server.audit_sealing import NOTES, seal_for_ever
from agentdesk.server.auth import Authenticator
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.endpoint import ChatEndpoint
from agentdesk.server.core import ServerCore
from agentdesk.server.erasing import carry_out_for_ever
from agentdesk.server.housekeeping import keep_house_for_ever
from agentdesk.server.keys import open_vault
from agentdesk.server.leases import LEASE_SECONDS
from agentdesk.server.peers import Network, Peers
from agentdesk.server.roster import Roster
from agentdesk.server.routing import route_for_ever
from agentdesk.server.second_factor import SecondFactors
from agentdesk.server.stalled import drop_stalled_for_ever
from agentdesk.server.sync_endpoint import SyncEndpoint
from agentdesk.server.tls import CertificateFiles, ServerTls
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.lock import FolderLock
from agentdesk.store.tables import user
from agentdesk.store.unit import ServerUnit
from agentdesk.sync.feed import Feed
from agentdesk.sync.trust import is_exposed

_log = get_logger(__name__)

_REQUEST_SECONDS = 1.0
"""How long requests that are under way may take when the server ends; asked twice, the second time firmly."""
QUIET_SECONDS = 75.0
"""How long a connection may wait for a whole request: longer than what proxies keep one open without use."""
_LATEST_SECONDS = 4.5
_COLLECT_AFTER = 20_000
"""New objects before the collector looks for garbage: a batch of mails makes many that live for a moment."""
_LOCAL_DESK = "this computer"

# A stranger's malformed request is answered with 400; it is no failure of ours and fills no log.
logging.getLogger("aiohttp.server").addFilter(
    lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server runs. ``port`` 0 takes a free one. ``local_token``: the desk of a private server signs in
    with it; allowed on loopback addresses only. ``tls``: without it the server speaks plain HTTP.
    ``public_url``: where desks reach this one of several servers; empty behind a load balancer.
    ``lease_seconds``: after how long another server takes over what this one does alone.
    ``trusted_proxies``: the networks of reverse proxies, whose word on the client's address is taken.
    ``offline_days``: how long a desk opens what it keeps without having reached a server."""

    database: str
    data: Path
    host: str
    port: int
    local_token: str | None = None
    tls: CertificateFiles | None = None
    public_url: str = ""
    lease_seconds: float = LEASE_SECONDS
    trusted_proxies: tuple[Network, ...] = ()
    offline_days: int = desk_keys.OFFLINE_DAYS


async def run(settings: ServerSettings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``on_ready`` is called once with the address (``http[s]://host:port``).

    It belongs to a process of its own, which is left by force if something does not end within seconds.
    Raises AgentDeskError where it cannot start: certificate unusable, folder in use, database away or newer,
    address taken.
    """
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    if settings.local_token is not None:
        _stop_with_the_desk(stopping)
    async with AsyncExitStack() as stack:
        address = await _start(settings, stack)
        collect_seldom()
        on_ready(address)
        await stopping.wait()
        _log.info("stopping")
        _end_in_time()


def collect_seldom() -> None:
    """Keep what is there now to the end, and look for garbage less often."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)


async def _start(settings: ServerSettings, stack: AsyncExitStack) -> str:
    tls = ServerTls(settings.tls) if settings.tls is not None else None
    lock = FolderLock(settings.data)
    lock.acquire()
    stack.callback(lock.release)
    db = Database(settings.database)
    stack.push_async_callback(db.close)
    await db.migrate()
    vault = await open_vault(db)
    second_factors = SecondFactors(db, vault)
    authenticator = Authenticator(db, second_factors)
    if settings.local_token is not None:
        await _accept_local_desk(db, authenticator, settings)
    bell = Bell()
    times = Times(lease=settings.lease_seconds, lease_wait=settings.lease_seconds / 10)
    holder = f"{socket.gethostname()}:{new_id()}"
    doors = Doors()
    core = ServerCore(db, vault, settings.data, bell=bell, holder=holder, times=times, doors=doors)
    feed = Feed(db, bell)
    roster = Roster(db, settings.public_url, core.holder)
    endpoint = SyncEndpoint(db, feed, core.executor, authenticator.user_for, servers=roster.addresses)
    peers = Peers(settings.trusted_proxies)
    chat = ChatEndpoint(db, vault, doors, endpoint.board, peers, feed.listener, feed.wake)
    app = build_app(db, core, authenticator, endpoint, peers)
    chat.add_routes(app)
    second_factor_routes.add_routes(app, second_factors, authenticator.user_for)
    portrait_routes.add_routes(app, db, authenticator.user_for, bell)
    desk_keys.add_routes(app, db, authenticator.user_for, timedelta(days=settings.offline_days))
    await feed.start()
    stack.push_async_callback(feed.stop)
    await core.start()
    stack.push_async_callback(core.stop)
    chores = Tasks("chores")
    chores.start(keep_house_for_ever(db), "housekeeping")
    chores.start(seal_for_ever(db, core.holder, settings.data / NOTES), "audit")
    chores.start(watch_for_ever(db, bell, lambda: endpoint.desks, endpoint.arrivals), "attendance")
    chores.start(route_for_ever(db, bell, core.holder), "routing")
    chores.start(carry_out_for_ever(db, bell, core.holder), "erasures")
    if db.dialect == "postgresql":  # on SQLite there is one server
        chores.start(roster.run(), "roster")
    if tls is not None:
        _look_on_hangup(tls)
        chores.start(tls.follow(), "certificate")
    stack.push_async_callback(chores.close)
    runner = runner_of(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    chores.start(drop_stalled_for_ever(runner), "stalled connections")
    stack.push_async_callback(_say_goodbye, endpoint, chat, core)
    return await _listen(runner, settings, tls)


def build_app(
    db: Database,
    core: ServerCore,
    authenticator: Authenticator,
    endpoint: SyncEndpoint,
    peers: Peers | None = None,
) -> web.Application:
    """Return everything that is served on the address."""
    app = web.Application(client_max_size=api.MAX_BODY_BYTES, middlewares=[_known_errors])

    async def healthz(_request: web.Request) -> web.Response:
        try:
            async with db.read() as conn:
                await conn.scalar(select(user.c.id).limit(1))
        except DatabaseError as error:
            return api.error_response(error)
        known: dict[str, object] = {"status": "ok", "version": __version__}
        if endpoint.hears is not None:
            known["notifications"] = endpoint.hears
        return web.json_response(known)

    async def figures(_request: web.Request) -> web.Response:
        body = await metrics.exposition(db, endpoint.hears)
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", figures)
    api.add_routes(app, Services(db, core.executor), authenticator)
    sessions.add_routes(app, authenticator, peers or Peers())
    endpoint.add_routes(app)
    core.hooks.add_routes(app)
    return app


@web.middleware
async def _known_errors(request: web.Request, handler: Callable[[web.Request], object]) -> web.StreamResponse:
    try:
        return await handler(request)  # type: ignore[misc, no-any-return]
    except AgentDeskError as error:
        return api.error_response(error)
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        headers = {k: v for k, v in error.headers.items() if k == "Allow"}
        code = (error.reason or "error").lower().replace(" ", "_")
        return api.problem_response(error.status, code, msg("{why}.", why=error.reason), headers=headers)


def runner_of(app: web.Application) -> web.AppRunner:
    """Return what serves ``app``. A connection on which no whole request comes within a time is closed, also
    where headers dribble in."""
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_REQUEST_SECONDS,
        keepalive_timeout=QUIET_SECONDS,
    )


async def _listen(runner: web.AppRunner, settings: ServerSettings, tls: ServerTls | None) -> str:
    context = tls.context if tls is not None else None
    try:
        await web.TCPSite(runner, settings.host, settings.port, ssl_context=context).start()
    except OSError as error:
        raise Invalid(
            msg("The address {host}:{port} cannot be used.", host=settings.host, port=settings.port),
            msg("Another program may be using it. Choose another port with --listen."),
        ) from error
    host, port = runner.addresses[0][:2]
    scheme = "https" if tls is not None else "http"
    address = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    if is_exposed(address) and not settings.trusted_proxies:
        _log.warning(
            "passwords and mails can be read on the way: give --tls-cert and --tls-key, or put a proxy that "
            "speaks HTTPS before it and name that with --trusted-proxy",
            address=address,
        )
    return address


async def _accept_local_desk(db: Database, authenticator: Authenticator, settings: ServerSettings) -> None:
    """The desk that started this private server signs in as its only person, the administrator."""
    if settings.host not in ("127.0.0.1", "::1", "localhost"):
        raise Invalid(msg("A private server listens on this computer only."))
    user_id = await _only_person(db)
    await authenticator.forget_all("session", _LOCAL_DESK)  # of desks that are gone
    await authenticator.register(settings.local_token or "", "session", _LOCAL_DESK, user_id)


async def _only_person(db: Database) -> UUID:
    async with db.write() as conn:
        known = await conn.scalar(select(user.c.id).order_by(user.c.created_at).limit(1))
        if isinstance(known, UUID):
            return known
        user_id = new_id()
        unit = ServerUnit(conn)
        row = {"id": user_id, "email": "me@localhost", "name": "Me", "role": Role.ADMIN.value}
        await unit.insert(user, [{**row, "active": True, "created_at": clock.now()}])
        await unit.flush()
    return user_id


async def _say_goodbye(endpoint: SyncEndpoint, chat: ChatEndpoint, core: ServerCore) -> None:
    """Send desks and visitors away while the accounts finish what is under way."""
    await asyncio.gather(endpoint.close(), chat.close(), core.park())


def _end_in_time() -> None:
    """Leave whatever hangs. What counts is on the disk: mail is read again, an unsure reply is looked up."""

    def leave() -> None:
        _log.warning("left without waiting any longer")
        os._exit(0)

    latest = threading.Timer(_LATEST_SECONDS, leave)
    latest.daemon = True
    latest.start()


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stopping.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))


def _look_on_hangup(tls: ServerTls) -> None:
    """SIGHUP, where there is one, reads the certificate again: what renewing programs are used to send."""
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, tls.look_now)


def _stop_with_the_desk(stopping: asyncio.Event) -> None:
    """End when standard input closes: the desk at its other end is gone, even if it was killed."""
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=wait_for_end, name="desk watch", daemon=True).start()
