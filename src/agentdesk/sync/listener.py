"""Hearing from the other servers on the same PostgreSQL that something was written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
from sqlalchemy.engine import URL

from agentdesk.base.backoff import Backoff
from agentdesk.base.log import get_logger
from agentdesk.store.unit import CHANNEL

__all__ = ["listen"]

_PROBE_SECONDS = 20.0
_ANSWER_SECONDS = 10.0

_log = get_logger(__name__)


async def listen(url: URL, ring: Callable[[], None]) -> None:
    """Call ``ring`` for each notification, for ever; a lost connection is made again with back-off.

    After each new connection it rings once, for what may have been missed.
    """
    backoff, failures = Backoff(first=0.5, longest=30.0), 0
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            await _listen_once(plain, ring)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            failures += 1
            _log.info("not listening for other servers", error=str(error) or type(error).__name__)
            await asyncio.sleep(backoff.delay(min(failures, 8)))
        else:
            failures = 0


async def _listen_once(url: str, ring: Callable[[], None]) -> None:
    connection = await asyncpg.connect(
        url, timeout=_ANSWER_SECONDS, server_settings={"application_name": "agentdesk listener"}
    )
    try:
        await connection.add_listener(CHANNEL, lambda *_: ring())
        ring()
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)
    finally:
        connection.terminate()
