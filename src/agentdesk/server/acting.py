"""What is done with posts at their network besides answering: one loop per account, under its lease."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import report_error
from agentdesk.base.text import Msg, msg
from agentdesk.domain.acts import Act
from agentdesk.domain.delivery import DeliveryState
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected
from agentdesk.sdk.protocols import Account, Deletes, Edits, Hides, Likes, Reports
from agentdesk.server.act_ledger import ActLedger, ActOutcome, due_accounts
from agentdesk.server.delivery import Pace
from agentdesk.server.health import Health, State
from agentdesk.server.leases import LeaseLost
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError

__all__ = ["Acting", "DueActs", "acts"]

_log = get_logger(__name__)
_ABILITIES = (Deletes, Edits, Hides, Likes, Reports)


def acts(account: Account) -> bool:
    """Say whether an account's connector can do anything with posts."""
    return isinstance(account, _ABILITIES)


class DueActs:
    """Which accounts have something to do: asked once for all that run here, after a loud ring of ``bell`` or
    ``fresh`` seconds."""

    def __init__(self, db: Database, bell: Bell, fresh: float) -> None:
        self._db = db
        self._bell = bell
        self._fresh = fresh
        self._asking = asyncio.Lock()
        self._heard, self._until = -1, 0.0
        self._accounts: frozenset[UUID] = frozenset()

    async def has(self, account_id: UUID) -> bool:
        """Say whether something may be due for an account."""
        async with self._asking:
            heard, now = self._bell.loud_rings, asyncio.get_running_loop().time()
            if heard != self._heard or now >= self._until:
                self._accounts = await due_accounts(self._db)
                self._heard, self._until = heard, now + self._fresh
        return account_id in self._accounts


class Acting:
    """Does what is wished with the posts of one account, one after the other."""

    def __init__(
        self,
        account_id: UUID,
        account: Account,
        ledger: ActLedger,
        due: DueActs,
        bell: Bell,
        health: Health,
        pace: Pace,
    ) -> None:
        self._account_id = account_id
        self._account = account
        self._ledger = ledger
        self._due = due
        self._bell = bell
        self._health = health
        self._pace = pace
        self._blocked_until: datetime | None = None

    async def run(self) -> None:
        """Do what is due, for ever. Raises LeaseLost."""
        patience, attempt = Backoff(0.5, 30.0), 0
        while True:
            heard = self._bell.loud_rings
            try:
                worked = await self._step()
                attempt = 0
            except DatabaseError as error:
                attempt += 1
                if attempt == 1:
                    _log.warning("what is done with posts waits for the database", problem=str(error))
                await asyncio.sleep(patience.delay(attempt))
                continue
            if not worked:
                await self._bell.wait_for_loud(heard, self._pace.poll)

    async def _step(self) -> bool:
        """Do one act that is due; says whether there was one."""
        if self._blocked_until is not None and clock.now() < self._blocked_until:
            return False
        row = await self._ledger.next() if await self._due.has(self._account_id) else None
        if row is None:
            return False
        known = _settled_before(row)
        if known is not None:
            await self._ledger.settle(row, known)
        elif await self._ledger.claim(row):
            await self._ledger.lease.still_ours()
            outcome = await self._attempt(row)
            await self._ledger.settle(row, outcome)
        return True

    async def _attempt(self, row: Row[Any]) -> ActOutcome:
        """Do it once. What may have been done is done again: that does no harm. Raises LeaseLost."""
        try:
            async with asyncio.timeout(self._pace.attempt):
                await self._do(row)
        except LeaseLost:
            raise
        except Rejected as error:
            return ActOutcome(error.message, error.answer)
        except RateLimited as error:
            self._block(error.retry_after)
            return self._again(row, error.message, error.retry_after)
        except AuthFailed as error:
            self._block(self._pace.sign_in)
            await self._health.sending_failed(State.AUTH_FAILED, error)
            return self._again(row, error.message, self._pace.sign_in)
        except (AgentDeskError, TimeoutError) as error:  # Unreachable, Uncertain
            why = error.message if isinstance(error, AgentDeskError) else msg("The network did not answer.")
            return self._again(row, why, self._pace.retry.delay(row.attempts + 1))
        except Exception as error:  # noqa: BLE001 - the top of the loop over acts; connectors are anybody's
            report_error(error, f"act:{self._account_id}")
            return ActOutcome(msg("The connector failed unexpectedly."), type(error).__name__)
        await self._health.sending_works()
        return ActOutcome()

    async def _do(self, row: Row[Any]) -> None:
        account, external_id = self._account, row.external_id or row.sent_id
        match Act(row.act):
            case Act.LIKE if isinstance(account, Likes):
                await account.like(external_id, row.on)
            case Act.HIDE if isinstance(account, Hides):
                await account.hide(external_id, row.on)
            case Act.REPORT if isinstance(account, Reports):
                await account.report(external_id, row.text)
            case Act.EDIT if isinstance(account, Edits):
                await account.edit(external_id, row.text)
            case Act.DELETE if isinstance(account, Deletes):
                await account.delete(external_id)
            case _:
                raise Rejected(msg("This account cannot do that."))

    def _again(self, row: Row[Any], why: Msg, delay: float) -> ActOutcome:
        if clock.now() - row.wished_at > timedelta(seconds=self._pace.give_up):
            return ActOutcome(why)
        return ActOutcome(why, next_at=clock.seconds_from_now(delay))

    def _block(self, seconds: float) -> None:
        self._blocked_until = clock.seconds_from_now(seconds)


def _settled_before(row: Row[Any]) -> ActOutcome | None:
    """What becomes of an act with a message of ours that is surely not at the network, or perhaps."""
    if row.delivery == DeliveryState.FAILED:
        gone = row.act == Act.DELETE
        return ActOutcome() if gone else ActOutcome(msg("This message has not been sent yet."))
    if row.delivery == DeliveryState.UNCERTAIN:
        return ActOutcome(msg("It is not known whether this message was sent."))
    return None
