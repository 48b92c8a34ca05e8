"""Out: never silently twice, never silently lost.

One loop per account, under its lease. ``sending`` is committed before the first byte leaves; what may have
gone out is looked up before anything is repeated; only what is proven absent is sent again by itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import AgentDeskError, NotFound
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.secrets import Vault
from agentdesk.base.tasks import report_error
from agentdesk.base.text import Msg, msg
from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk.sdk.outbound import Found, Outbound, Receipt, Reconciliation
from agentdesk.sdk.protocols import Recognises, Reconciles, Sends
from agentdesk.server.health import Health, State
from agentdesk.server.leases import LeaseLost
from agentdesk.server.ledger import Ledger, Outcome
from agentdesk.server.outgoing import outbound_of
from agentdesk.server.uploading import with_files
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import outbox

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Waiting times in seconds: between tries, until giving up, after a refused sign-in, for one attempt."""

    retry: Backoff = field(default_factory=lambda: Backoff(60.0, 4 * 3600.0))
    give_up: float = 3 * 24 * 3600.0
    sign_in: float = 300.0
    attempt: float = 600.0
    poll: float = 2.0
    look_up: Backoff = field(default_factory=lambda: Backoff(5.0, 600.0))
    look_up_give_up: float = 24 * 3600.0


class Delivery:
    """Sends one account's messages, one at a time."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        account_id: UUID,
        account: Sends,
        ledger: Ledger,
        bell: Bell,
        health: Health,
        pace: Pace | None = None,
    ) -> None:
        self._db = db
        self._vault = vault
        self._account_id = account_id
        self._account = account
        self._ledger = ledger
        self._bell = bell
        self._health = health
        self._pace = pace or Pace()
        self._stopping = False
        self._blocked_until: datetime | None = None
        self.idle = asyncio.Event()
        self.idle.set()

    def stop(self) -> None:
        """Begin nothing new; what is under way may end."""
        self._stopping = True

    async def run(self) -> None:
        """Send what is queued and look up what is unsure, for ever. Raises LeaseLost."""
        patience, attempt = Backoff(0.5, 30.0), 0
        recovered = False
        while not self._stopping:
            heard = self._bell.loud_rings
            try:
                if not recovered:
                    await self._ledger.recover()
                    recovered = True
                worked = await self._step()
                attempt = 0
            except DatabaseError as error:
                attempt += 1
                if attempt == 1:
                    _log.warning("sending waits for the database", problem=str(error))
                await asyncio.sleep(patience.delay(attempt))
                continue
            if not worked:
                await self._bell.wait_for_loud(heard, self._pace.poll)

    async def _step(self) -> bool:
        """Work on one message that is due; says whether there was one."""
        row = await self._next()
        if row is None:
            return False
        self.idle.clear()
        try:
            if row.state == "verify":
                await self._verify(row)
            else:
                await self._send(row)
        finally:
            self.idle.set()
        return True

    async def _next(self) -> Row[Any] | None:
        now = clock.now()
        if self._blocked_until is not None and now < self._blocked_until:
            return None
        async with self._db.read() as conn:
            return (
                await conn.execute(
                    select(outbox)
                    .where(
                        outbox.c.account_id == self._account_id,
                        outbox.c.state.in_(("queued", "verify")),
                        outbox.c.next_at <= now,
                    )
                    .order_by(outbox.c.created_at)
                    .limit(1)
                )
            ).first()

    # --- sending ---

    async def _send(self, row: Row[Any]) -> None:
        try:
            async with self._db.read() as conn:
                outbound = await outbound_of(conn, self._vault, row.message_id)
            self._account.check_outbound(outbound)
        except (Rejected, NotFound) as error:
            await self._ledger.fail_queued(row, error.message, getattr(error, "answer", ""))
            return
        attempt_id = await self._ledger.claim(row)
        if attempt_id is None:
            return
        await self._ledger.lease.still_ours()
        outcome = await self._attempt(outbound, row)
        await self._for_sure(row, attempt_id, outcome)

    async def _attempt(self, outbound: Outbound, row: Row[Any]) -> Outcome:
        """Send once, and say what became of it. Whatever is not surely unsent counts as perhaps sent.

        Raises LeaseLost: then it is for the next holder to find out.
        """
        try:
            outbound = await with_files(self._account, outbound, self._pace.attempt)
            async with asyncio.timeout(self._pace.attempt):
                receipt = await self._account.send(outbound)
        except LeaseLost:
            raise
        except Rejected as error:
            return Outcome.failed(error.message, error.answer)
        except RateLimited as error:
            self._block(error.retry_after)
            return self._again(row, error, error.retry_after)
        except AuthFailed as error:
            self._block(self._pace.sign_in)
            await self._health.sending_failed(State.AUTH_FAILED, error)
            return self._again(row, error, self._pace.sign_in)
        except Unreachable as error:
            return self._again(row, error, self._pace.retry.delay(row.attempts + 1))
        except (AgentDeskError, TimeoutError) as error:  # Uncertain, or none of the four
            return Outcome.unsure(_words(error))
        except Exception as error:  # noqa: BLE001 - the top of the loop over messages; connectors are anybody's
            report_error(error, f"send:{self._account_id}")
            return Outcome.unsure(type(error).__name__)
        await self._health.sending_works()
        return Outcome.sent(receipt.external_id or outbound.key, receipt.answer, _refused(receipt))

    def _again(self, row: Row[Any], error: ConnectorError, delay: float) -> Outcome:
        first = row.first_attempt_at or clock.now()
        if clock.now() - first > timedelta(seconds=self._pace.give_up):
            return Outcome.failed(error.message, "")
        return Outcome.again(clock.seconds_from_now(delay), error.message, _words(error))

    def _block(self, seconds: float) -> None:
        self._blocked_until = clock.seconds_from_now(seconds)

    async def _for_sure(self, row: Row[Any], attempt_id: UUID | None, outcome: Outcome) -> None:
        """Write an outcome down, however long the database is away: it must not be forgotten."""
        patience, attempt = Backoff(0.2, 10.0), 0
        while True:
            try:
                await self._ledger.settle(row, attempt_id, outcome)
                return
            except DatabaseError:
                attempt += 1
                await asyncio.sleep(patience.delay(attempt))

    # --- looking up ---

    async def _verify(self, row: Row[Any]) -> None:
        if not isinstance(self._account, Reconciles):
            await self._for_sure(row, None, Outcome.uncertain(msg("This channel cannot be asked.")))
            return
        since = (row.first_attempt_at or row.created_at) - timedelta(minutes=10)
        await self._ledger.lease.still_ours()
        try:
            async with asyncio.timeout(self._pace.attempt):
                found = await self._look_up(self._account, row, since)
        except (ConnectorError, TimeoutError) as error:
            await self._for_sure(row, None, self._look_later(row, error))
            return
        except Exception as error:  # noqa: BLE001 - as above
            report_error(error, f"reconcile:{self._account_id}")
            await self._for_sure(row, None, self._look_later(row, error))
            return
        await self._for_sure(row, None, self._judged(row, found, self._account.settle_seconds))

    async def _look_up(self, account: Reconciles, row: Row[Any], since: datetime) -> Reconciliation:
        if isinstance(account, Recognises):
            try:
                async with self._db.read() as conn:
                    outbound = await outbound_of(conn, self._vault, row.message_id)
            except (Rejected, NotFound):  # a file of it is gone
                return await account.reconcile(row.key, since)
            return await account.recognise(outbound, since)
        return await account.reconcile(row.key, since)

    def _judged(self, row: Row[Any], found: Reconciliation, settle_seconds: float) -> Outcome:
        """What a look-up means. "Not there" counts only once the service has had time to show it."""
        if found.found is Found.SENT:
            return Outcome.found(found.external_id or row.key, found.evidence)
        settled = (row.last_attempt_at or row.created_at) + timedelta(seconds=settle_seconds)
        if clock.now() < settled:
            return Outcome.look_again(settled, found.evidence)
        if found.found is Found.ABSENT:
            return Outcome.absent(found.evidence)
        return Outcome.uncertain(found.evidence)

    def _look_later(self, row: Row[Any], error: Exception) -> Outcome:
        since = row.last_attempt_at or row.created_at
        waited = (clock.now() - since).total_seconds()
        why = error.message if isinstance(error, AgentDeskError) else msg("It could not be looked up.")
        if waited > self._pace.look_up_give_up:
            return Outcome.uncertain(why)
        tries = max(1, int(waited / max(self._pace.look_up.first, 0.001)).bit_length())
        return Outcome.look_again(clock.seconds_from_now(self._pace.look_up.delay(tries)), why)


def _refused(receipt: Receipt) -> Msg | None:
    if not receipt.refused:
        return None
    names = ", ".join(refused.recipient for refused in receipt.refused)
    return msg("Not accepted for {recipients}.", recipients=names[:500])


def _words(error: Exception) -> str:
    return str(getattr(error, "answer", "") or error)[:1_000]
