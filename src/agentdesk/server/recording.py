"""Recording what was taken in: decided by the rules and written, in the transaction of whoever asks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.log import get_logger
from agentdesk.base.secrets import Vault
from agentdesk.commands.arrival import Arrival, Source, Thread
from agentdesk.commands.inbound import record
from agentdesk.commands.placing import UNREADABLE
from agentdesk.commands.tidying import tidied
from agentdesk.domain.party import Party
from agentdesk.domain.threading import parents_first
from agentdesk.sdk.inbound import Inbound, RawItem
from agentdesk.sdk.protocols import ConnectorModule
from agentdesk.server.filters import apply_all, p60_identify
from agentdesk.server.flood import FloodGate
from agentdesk.server.interpreting import is_suspicious
from agentdesk.server.leases import Lease
from agentdesk.server.lookup import Lookup
from agentdesk.server.meaning import Interpretation, Unreadable, interpret_one
from agentdesk.server.pending import Pending, pending_of, raw_row
from agentdesk.store import blobs
from agentdesk.store.fixed import Asked
from agentdesk.store.tables import message
from agentdesk.store.unit import ServerUnit

__all__ = ["NotNow", "Recorder", "brief"]

_log = get_logger(__name__)


class NotNow(Exception):
    """The item cannot be recorded at once; it is to be stored, for the loop of the intake."""


class Recorder:
    """Records for one account, while its ``lease`` is ours. ``bell`` is rung after what was recorded."""

    def __init__(
        self, vault: Vault, source: Source, module: ConnectorModule, lease: Lease, bell: Bell
    ) -> None:
        self._vault = vault
        self._source = source
        self._module = module
        self._lease = lease
        self._bell = bell
        self._gate = FloodGate()

    async def record(
        self,
        conn: AsyncConnection,
        batch: Sequence[tuple[Pending, Interpretation]],
        fresh: Mapping[UUID, Mapping[str, Any]] | None = None,
        contents: Mapping[str, bytes] | None = None,
    ) -> Callable[[], None]:
        """Record what the items of a batch mean; what it returns is to be called after the commit.

        ``fresh`` are rows of raw items that are not stored yet, by id, and ``contents`` what is in them, by
        hash. Raises what
        :func:`agentdesk.commands.inbound.record` raises.
        """
        arrivals = parents_first([self._arrival(pending, result) for pending, result in batch])
        lookup = Lookup(self._source, self._vault, self._gate)
        unit = ServerUnit(conn)
        await lookup.load(conn, arrivals)
        for arrival in arrivals:
            if arrival.replaces is not None:
                await self._find_place(conn, arrival, lookup)
            if arrival.end == "quarantined":
                self._show_unreadable(arrival, lookup)
            else:
                apply_all(arrival, lookup)
        now = clock.now()
        await blobs.put_many(conn, contents or {}, now)
        await record(unit, arrivals, now, fresh or {})
        await unit.flush()

        def remember() -> None:
            for sender, thread in lookup.flood_threads.items():
                self._gate.remember(sender, thread.id)
            self._bell.ring(quietly=True)  # nothing goes out

        return remember

    def asks_first(self, conn: AsyncConnection) -> Asked:
        """Return what :meth:`take` asks the database first: whether the account is ours."""
        return self._lease.asks(conn)

    async def take(self, conn: AsyncConnection, item: RawItem) -> Callable[[], None]:
        """Store and record a small, harmless item in one go; what it returns is to be called after the
        commit. It must be known that the account has none of that name.

        Raises NotNow, and IntegrityError where somebody records the same at this moment: then nothing of the
        transaction may be kept. Raises LeaseLost and DatabaseError.
        """
        await self._lease.check(conn)
        now = clock.now()
        result = interpret_one(self._module.interpret, item.raw, item.facts)
        if isinstance(result, Unreadable) or is_suspicious(item.raw):
            raise NotNow
        pending, content = pending_of(item, now), blobs.hash_of(item.raw)
        row = raw_row(pending, self._source.account_id, item.source_id, item, content, now)
        try:
            return await self.record(conn, [(pending, result)], {pending.id: row}, {content: item.raw})
        except (AgentDeskError, IntegrityError):
            raise
        except Exception as error:
            _log.warning("an item could not be recorded at once", problem=brief(error))
            raise NotNow from error

    def _arrival(self, pending: Pending, result: Interpretation) -> Arrival:
        if isinstance(result, Unreadable):
            nobody = Party(self._module.manifest.identity_kind, "")
            inbound = Inbound(nobody, "", "", warnings=(UNREADABLE, result.reason), sender_verified=False)
            end, problem = "quarantined", result.reason
        else:
            inbound, end, problem = tidied(result), "message", ""
        arrival = Arrival(
            pending.id, self._source, inbound, pending.received_at, _key_hash(inbound), end, problem
        )
        if pending.replaces is not None:
            arrival.replaces = arrival.message_id = pending.replaces
        return arrival

    async def _find_place(self, conn: Any, arrival: Arrival, lookup: Lookup) -> None:
        """Give an item that is read again the conversation in which it was shown as unreadable."""
        where = select(message.c.conversation_id).where(message.c.id == arrival.replaces)
        conversation_id = await conn.scalar(where)
        arrival.thread = await lookup.thread_in(conn, conversation_id) if conversation_id else None
        if arrival.thread is None:
            arrival.replaces, arrival.message_id = None, new_id()

    def _show_unreadable(self, arrival: Arrival, lookup: Lookup) -> None:
        if arrival.thread is None:
            source = self._source
            arrival.thread = Thread(
                new_id(), source.inbox_id, source.account_id, source.channel, None, is_new=True
            )
        arrival.reason = {"rule": "unreadable", "evidence": ""}
        p60_identify.apply(arrival, lookup)


def _key_hash(inbound: Inbound) -> str:
    if not inbound.content_hash:
        return ""
    key = f"{inbound.external_id}\0{inbound.content_hash}"
    return hashlib.sha256(key.encode()).hexdigest()


def brief(error: Exception) -> str:
    """What went wrong, without the rows: they hold what customers wrote."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(error).__name__}: {type(cause).__name__}"
