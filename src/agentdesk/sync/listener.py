"""Hearing from the other servers on the same PostgreSQL, and knowing whether they can be heard at all.

A pooler in transaction mode (PgBouncer) swallows LISTEN without a word: it succeeds, and nothing ever comes.
So each listener sends itself a notification over another connection; where that does not come back, it says
so, and whoever relies on notifications asks more often instead.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import asyncpg
from sqlalchemy import func, select

from agentdesk.base.backoff import Backoff
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.herald import CHANNEL

__all__ = ["Listener", "notifications_arrive", "notify"]

_PROBE_CHANNEL = "agentdesk_probe"
_PROBE_SECONDS = 20.0
_ANSWER_SECONDS = 5.0
_CONNECT_SECONDS = 10.0

_UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, DatabaseError)

_log = get_logger(__name__)


class _Deaf(Exception):
    """The own notification did not come back."""


class Listener:
    """Calls ``ring`` when another server has written, and others by the channel they asked for.

    ``hears`` tells whether notifications arrive: None before that is known.
    """

    def __init__(
        self, db: Database, ring: Callable[[], None], *, answer_seconds: float = _ANSWER_SECONDS
    ) -> None:
        self._db = db
        self._ring = ring
        self._answer = answer_seconds
        self._heard_by: dict[str, Callable[[str], None]] = {}
        self._token = secrets.token_hex(8)
        self._back = Bell()
        self.hears: bool | None = None
        self.decided = asyncio.Event()

    def on(self, channel: str, hear: Callable[[str], None]) -> None:
        """Have ``hear`` called with the text of each notification on ``channel``; before it runs."""
        self._heard_by[channel] = hear

    async def run(self) -> None:
        """Listen for ever; a lost connection is made again with back-off.

        After each new connection it rings once, for what may have been missed.
        """
        backoff, failures = Backoff(first=0.5, longest=30.0), 0
        while True:
            before = self._back.rings
            try:
                await self._listen_once()
            except _Deaf:
                failures += 1
                self._tell_deaf()
            except _UNREACHABLE as error:
                failures += 1
                _log.info("not listening for other servers", error=str(error) or type(error).__name__)
            if self._back.rings > before:  # it had worked
                failures = 1
            await asyncio.sleep(backoff.delay(min(failures, 8)))

    async def _listen_once(self) -> None:
        address = self._db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(
            address,
            timeout=_CONNECT_SECONDS,
            command_timeout=_CONNECT_SECONDS,
            server_settings={"application_name": "agentdesk listener"},
        )
        try:
            await connection.add_listener(CHANNEL, self._others_wrote)
            await connection.add_listener(_PROBE_CHANNEL, self._came_back)
            for channel, hear in self._heard_by.items():
                await connection.add_listener(channel, _text_to(hear))
            self._ring()
            while True:
                await self._probe()
                await asyncio.sleep(_PROBE_SECONDS)
        finally:
            connection.terminate()

    async def _probe(self) -> None:
        """Send a notification round. Raises _Deaf, DatabaseError."""
        heard = self._back.rings
        await notify(self._db, _PROBE_CHANNEL, self._token)
        if await self._back.wait(heard, self._answer) == heard:
            raise _Deaf
        if self.hears is False:
            _log.info("the database's notifications arrive again")
        self.hears = True
        self.decided.set()

    def _others_wrote(self, _connection: object, _pid: int, _channel: str, text: object) -> None:
        if text != self._db.voice:  # whoever writes here rings by themselves
            self._ring()

    def _came_back(self, _connection: object, _pid: int, _channel: str, text: object) -> None:
        if text == self._token:
            self._back.ring()

    def _tell_deaf(self) -> None:
        if self.hears is not False:
            _log.warning(
                "the database's notifications do not arrive: other servers' changes are asked for instead",
                remedy="let the server reach PostgreSQL directly, or through a pooler in session mode",
            )
        self.hears = False
        self.decided.set()


async def notify(db: Database, channel: str, text: str) -> None:
    """Send ``text`` (under 8000 bytes) to all who listen on ``channel``. Raises DatabaseError."""
    async with db.write() as conn:
        await conn.execute(select(func.pg_notify(channel, text)))


async def notifications_arrive(db: Database) -> bool:
    """Try once whether this PostgreSQL address carries notifications. Raises DatabaseError."""
    listener = Listener(db, lambda: None)
    trying = asyncio.ensure_future(listener.run())
    try:
        async with asyncio.timeout(_CONNECT_SECONDS + _ANSWER_SECONDS):
            await listener.decided.wait()
    except TimeoutError:
        return False
    finally:
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
    return listener.hears is True


def _text_to(hear: Callable[[str], None]) -> Callable[[object, int, str, object], None]:
    def heard(_connection: object, _pid: int, _channel: str, text: object) -> None:
        hear(str(text))

    return heard
