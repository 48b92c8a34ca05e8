"""An IMAP connection with the thread it lives in, for use from the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from agentdesk_connectors.email.credentials import Credentials
from agentdesk_connectors.email.errors import translated
from agentdesk_connectors.email.imap import ImapConnection
from agentdesk_connectors.email.network import dial, tls_context
from agentdesk_connectors.email.settings import EmailSettings

P = ParamSpec("P")
T = TypeVar("T")

_CLOSING_SECONDS = 0.8


class Session:
    """One connection, one thread. Calls are done one after another; `close` ends the one under way."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        self.connection = ImapConnection(sock)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"imap {name}")

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Have the thread do ``work``; the result can be awaited at any time, or never."""
        future = asyncio.wrap_future(self._executor.submit(work, *args, **kwargs))
        future.add_done_callback(_look_at)
        return future

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the thread do ``work`` and return its result."""
        return await self.submit(work, *args, **kwargs)

    async def close(self) -> None:
        """End what is under way, the connection and the thread, within a second."""
        self.connection.abort()
        closed = asyncio.wrap_future(self._executor.submit(self.connection.close))
        try:
            await asyncio.wait({closed}, timeout=_CLOSING_SECONDS)
        finally:
            self._executor.shutdown(wait=closed.done())


def _look_at(future: asyncio.Future[Any]) -> None:
    """Have asyncio know that a failure nobody waits for any more is no news."""
    if not future.cancelled():
        future.exception()


@asynccontextmanager
async def connected(settings: EmailSettings, name: str) -> AsyncIterator[Session]:
    """Give a session with the server of incoming mail, encrypted as the settings say and greeted.

    Raises Unreachable and RateLimited. ``name`` is part of the thread's name.
    """
    server = settings.imap
    context = tls_context(settings.ca_file, verify=settings.verify) if server.security != "none" else None
    with translated(server):
        sock = await dial(server.host, server.port)
    session = Session(sock, name)
    try:
        with translated(server):
            await session.run(_greet, session.connection, server.security, context, server.host)
        yield session
    finally:
        await session.close()


@asynccontextmanager
async def signed_in(settings: EmailSettings, credentials: Credentials, name: str) -> AsyncIterator[Session]:
    """Give a session that is signed in. Raises Unreachable, RateLimited and AuthFailed."""
    async with connected(settings, name) as session:
        await sign_in(session, settings, credentials)
        yield session


async def sign_in(session: Session, settings: EmailSettings, credentials: Credentials) -> None:
    """Sign in on a fresh session. Raises AuthFailed, Unreachable and RateLimited."""
    connection = session.connection
    login = connection.login if credentials.tokens is None else connection.login_xoauth2

    async def attempt(secret: str) -> None:
        with translated(settings.imap):
            await session.run(login, settings.imap.user, secret)

    await credentials.sign_in(attempt)


async def goodbye(session: Session) -> None:
    """Take leave of the server as one should; a lost connection is no trouble."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(session.run(session.connection.logout), 2)


def _greet(connection: ImapConnection, security: str, context: ssl.SSLContext | None, host: str) -> None:
    if security == "tls" and context is not None:
        connection.encrypt(context, host)
    connection.greet()
    if security == "starttls" and context is not None:
        connection.starttls(context, host)
