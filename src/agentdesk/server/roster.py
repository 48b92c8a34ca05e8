"""Which servers are up: each holds a lease on the address at which desks reach it."""

from __future__ import annotations

import asyncio
import contextlib

from sqlalchemy import select

from agentdesk.base.log import get_logger
from agentdesk.server.leases import Lease, LeaseLost, database_time
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import lease
from agentdesk.sync.servers import Addresses

LEASE_SECONDS = 15.0
_LOOK_SECONDS = 5.0
_PREFIX = "server:"

_log = get_logger(__name__)


class Roster:
    """Keeps ``public_url`` (empty: this server is not named to desks) in the list, and ``addresses`` up to
    date."""

    def __init__(
        self, db: Database, public_url: str, holder: str, *, look_seconds: float = _LOOK_SECONDS
    ) -> None:
        self._db = db
        self._url = public_url.rstrip("/")
        self._lease = Lease(db, f"{_PREFIX}{self._url}", holder, seconds=LEASE_SECONDS)
        self._look = look_seconds
        self.addresses = Addresses()

    async def run(self) -> None:
        """Renew and look, for ever; takes the own address off the list when it is cancelled."""
        try:
            while True:
                try:
                    await self._keep()
                    self.addresses.set(await self._read())
                except DatabaseError as error:
                    _log.info("the list of servers cannot be kept", problem=str(error))
                await asyncio.sleep(self._look)
        finally:
            if self._lease.token:
                with contextlib.suppress(DatabaseError):
                    await self._lease.release()

    async def _keep(self) -> None:
        if not self._url:
            return
        try:
            await self._lease.renew()
        except LeaseLost:
            await self._lease.acquire()

    async def _read(self) -> list[str]:
        async with self._db.read() as conn:
            now = await database_time(conn)
            up = select(lease.c.name).where(lease.c.name.startswith(_PREFIX), lease.c.expires_at > now)
            names = await conn.scalars(up)
            return [name.removeprefix(_PREFIX) for name in names]
