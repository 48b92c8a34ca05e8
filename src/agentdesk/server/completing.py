"""What calls by networks leave out, looked up before the items are interpreted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import update

from agentdesk.base import clock
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import report_error
from agentdesk.sdk.errors import ConnectorError, Rejected
from agentdesk.sdk.inbound import INCOMPLETE
from agentdesk.sdk.protocols import Completes
from agentdesk.server.interpreting import Raw
from agentdesk.server.pending import Pending
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import raw_item

__all__ = ["Completer"]

_SECONDS = 10.0
"""How long a batch may wait for it: what comes in matters more than whose name stands beside it."""
_REST, _LONGEST_REST = 30.0, 300.0
"""Seconds for which nothing is looked up after something went wrong."""

_log = get_logger(__name__)


class Completer:
    """Has the items of one account completed. What was found out is stored with them, so that they mean the
    same when they are read again. While a network is in trouble it is not asked: all comes in as it is."""

    def __init__(self, db: Database, account: Completes) -> None:
        self._db = db
        self._account = account
        self._resting_until = clock.now()

    async def complete(self, batch: Sequence[Pending], raws: Sequence[Raw]) -> list[Raw]:
        """Return ``raws``, with the facts of those that were incomplete; never raises for what goes wrong at
        the network or the database."""
        completed = list(raws)
        changed: list[Pending] = []
        try:
            async with asyncio.timeout(_SECONDS):
                for number, (pending, raw) in enumerate(zip(batch, raws, strict=True)):
                    if raw.facts.get(INCOMPLETE) is not True or clock.now() < self._resting_until:
                        continue
                    pending.facts = await self._facts(raw)
                    completed[number] = Raw(raw.data, pending.facts, raw.careful)
                    changed.append(pending)
        except TimeoutError:
            self._rest("it takes long", _REST)
        await self._keep(changed)
        return completed

    async def _facts(self, raw: Raw) -> Mapping[str, object]:
        try:
            return await self._account.complete(raw.data, raw.facts)
        except Rejected as error:
            _log.info("an item stays incomplete", reason=str(error))
        except ConnectorError as error:
            self._rest(str(error), min(getattr(error, "retry_after", _REST), _LONGEST_REST))
        except Exception as error:  # noqa: BLE001 - the top of the loop over items; connectors are anybody's
            report_error(error, "complete")
        return raw.facts

    def _rest(self, reason: str, seconds: float) -> None:
        self._resting_until = clock.seconds_from_now(seconds)
        _log.info("items stay incomplete for a while", reason=reason)

    async def _keep(self, changed: Sequence[Pending]) -> None:
        if not changed:
            return
        try:
            async with self._db.write() as conn:
                for pending in changed:
                    mine = raw_item.c.id == pending.id
                    await conn.execute(update(raw_item).where(mine).values(facts=dict(pending.facts)))
        except DatabaseError as error:  # it would be looked up again, were it ever read again
            _log.info("what was looked up could not be stored", problem=str(error))
