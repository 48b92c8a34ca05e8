"""What calls by networks leave out, looked up before the items are interpreted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import update

from agentdesk.base.log import get_logger
from agentdesk.base.tasks import report_error
from agentdesk.sdk.errors import ConnectorError
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

_log = get_logger(__name__)


class Completer:
    """Has the items of one account completed. What was found out is stored with them, so that they mean the
    same when they are read again."""

    def __init__(self, db: Database, account: Completes) -> None:
        self._db = db
        self._account = account

    async def complete(self, batch: Sequence[Pending], raws: Sequence[Raw]) -> list[Raw]:
        """Return ``raws``, with the facts of those that were incomplete; never raises for what goes wrong at
        the network or the database."""
        completed = list(raws)
        changed: list[Pending] = []
        try:
            async with asyncio.timeout(_SECONDS):
                for number, (pending, raw) in enumerate(zip(batch, raws, strict=True)):
                    if raw.facts.get(INCOMPLETE) is not True:
                        continue
                    pending.facts = await self._facts(raw)
                    completed[number] = Raw(raw.data, pending.facts, raw.careful)
                    changed.append(pending)
        except TimeoutError:
            _log.info("looking up what a network leaves out takes long", items=len(raws), done=len(changed))
        await self._keep(changed)
        return completed

    async def _facts(self, raw: Raw) -> Mapping[str, object]:
        try:
            return await self._account.complete(raw.data, raw.facts)
        except ConnectorError as error:
            _log.info("an item stays incomplete", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the top of the loop over items; connectors are anybody's
            report_error(error, "complete")
        return raw.facts

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
