"""The accounts of channels: one runner each, under its own lease; a failure of one touches no other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.secrets import Vault
from agentdesk.base.tasks import Tasks, report_error
from agentdesk.base.text import msg
from agentdesk.commands.arrival import Source
from agentdesk.sdk.arriving import receiver_of
from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.limiter import Limiters
from agentdesk.sdk.pages import Hosted
from agentdesk.sdk.protocols import Account, Completes, ConnectorModule, Receives, Sends
from agentdesk.server.account_context import StoredSecrets, open_account
from agentdesk.server.act_ledger import ActLedger
from agentdesk.server.acting import Acting, DueActs, acts
from agentdesk.server.chat.doors import Doors
from agentdesk.server.completing import Completer
from agentdesk.server.delivery import Delivery, Pace
from agentdesk.server.health import Health, State
from agentdesk.server.intake import Intake
from agentdesk.server.interpreting import Interpreter
from agentdesk.server.learning import learn
from agentdesk.server.leases import LEASE_SECONDS, Lease, LeaseLost
from agentdesk.server.ledger import Ledger
from agentdesk.server.recording import Recorder
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import account, account_cursor, account_secret, account_state

_log = get_logger(__name__)

_SILENT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Times:
    """Waiting times in seconds."""

    look: float = 2.0
    lease: float = LEASE_SECONDS
    lease_wait: float = 3.0
    sign_in: float = 300.0
    misconfigured: float = 300.0
    park: float = 2.0
    learn: float = 900.0
    reconnect: Backoff = field(default_factory=lambda: Backoff(1.0, 300.0))


@dataclass(frozen=True, slots=True)
class Known:
    """An account as it stands in the database; equal as long as its runner may go on."""

    id: UUID
    inbox_id: UUID
    channel: str
    name: str
    address: str
    paused: bool
    settings: str
    secrets: tuple[tuple[str, bytes], ...]
    retry_at: datetime | None = None
    """When somebody last asked that it be tried again at once: its runner begins anew."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every runner works with."""

    db: Database
    vault: Vault
    bell: Bell
    holder: str
    interpreter: Interpreter
    times: Times
    pace: Pace
    doors: Doors
    due_acts: DueActs
    limiters: Limiters = field(default_factory=Limiters)
    intakes: dict[UUID, Intake] = field(default_factory=dict)
    """Of the accounts that run here: where calls of networks are handed in."""


class PartFailed(AgentDeskError):
    """A part of an account ended by an error that nobody foresaw; it was reported."""

    def __init__(self) -> None:
        super().__init__(
            msg("An unexpected error stopped this channel."), msg("It is started again shortly.")
        )


class Runner:
    """Runs one account while its lease is ours: reads, records, sends."""

    def __init__(self, tools: Tools, known: Known) -> None:
        self.known = known
        self._tools = tools
        self._lease = Lease(tools.db, f"account:{known.id}", tools.holder, seconds=tools.times.lease)
        self._health = Health(
            tools.db, tools.bell, known.id, known.inbox_id, known.name, self._lease, known.retry_at
        )
        self._parts = Tasks(f"account {known.name}")
        self._delivery: Delivery | None = None
        self._secrets: StoredSecrets | None = None
        self._silent_until = 0.0
        self._failures = 0

    def goes_on_with(self, known: Known) -> bool:
        """Whether an account's change is only a secret that its connector renewed by itself."""
        if replace(known, secrets=()) != replace(self.known, secrets=()) or self._secrets is None:
            return False
        return dict(known.secrets) == dict(self._secrets.sealed)

    async def run(self) -> None:
        """Run until cancelled; waits where another server runs the account."""
        while True:
            pause = self._tools.times.lease_wait
            try:
                if await self._lease.acquire():
                    pause = await self._hold()
            except LeaseLost as lost:
                self._tell_lost(lost)
            except DatabaseError as error:
                self._tell_waiting(error)
            await asyncio.sleep(pause)

    def _tell_lost(self, lost: LeaseLost) -> None:
        if isinstance(lost.__cause__, DatabaseError):  # it could not be renewed
            self._tell_waiting(lost.__cause__)
        else:
            _log.warning("another server runs an account now", account=self.known.name)

    def _tell_waiting(self, error: DatabaseError) -> None:
        """Say why nothing comes in, once in a while: it is tried again every few seconds."""
        now = asyncio.get_running_loop().time()
        if now >= self._silent_until:
            self._silent_until = now + _SILENT_SECONDS
            _log.warning("an account waits for the database", account=self.known.name, problem=str(error))

    async def _hold(self) -> float:
        """Work until something ends it, tell what it was, and let go; returns how long to wait (seconds)."""
        times = self._tools.times
        try:
            try:
                await self._open_and_work()
            except (LeaseLost, DatabaseError):
                raise
            except PartFailed as error:
                self._failures += 1
                problem: AgentDeskError = error
                pause = times.reconnect.delay(self._failures)
            except AgentDeskError as error:  # settings or secrets that cannot be used
                problem, pause = error, times.misconfigured
            except Exception as bug:  # noqa: BLE001 - the top of a loop; connectors are anybody's
                report_error(bug, f"account:{self.known.name}")
                problem, pause = PartFailed(), times.misconfigured
            await self._health.reading_failed(State.ERROR, problem)
            return pause
        finally:
            with contextlib.suppress(DatabaseError):  # else it expires by itself
                await self._lease.release()

    async def _open_and_work(self) -> None:
        tools = self._tools
        module, opened, context = await open_account(
            tools.db, tools.vault, self.known.id, self._lease, tools.doors, tools.limiters
        )
        if isinstance(context.secrets, StoredSecrets):
            self._secrets = context.secrets
        try:
            await self._work(module, opened)
        finally:
            tools.doors.close_way(self.known.id)
            tools.intakes.pop(self.known.id, None)
            await opened.close()

    async def _work(self, module: ConnectorModule, opened: Account) -> None:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for name, work in (await self._works(module, opened)).items():
            self._parts.start(_until_ended(work, ended, f"{self.known.name}:{name}"), name)
        try:
            await ended
        except LeaseLost:
            await self._parts.close()  # at once: what is under way is another server's now
            raise
        finally:
            try:
                await self._parts.stop("receive")
                await self._park()
            finally:  # also where the server ends while it stops this account
                await self._parts.close()

    async def _works(self, module: ConnectorModule, opened: Account) -> dict[str, Coroutine[Any, Any, None]]:
        tools, known = self._tools, self.known
        source = Source(known.id, known.inbox_id, known.channel, known.address)
        recorder = Recorder(tools.vault, source, module, self._lease, tools.bell)
        intake = Intake(
            tools.db,
            source,
            module,
            self._lease,
            recorder,
            tools.interpreter,
            tools.bell,
            self._health,
            Completer(tools.db, opened) if isinstance(opened, Completes) else None,
        )
        tools.intakes[known.id] = intake
        if isinstance(opened, Hosted):
            tools.doors.open_way(known.id, recorder)
        works = {"lease": self._lease.keep(), "intake": intake.run()}
        if isinstance(opened, Sends):
            ledger = Ledger(tools.db, self._lease, known.id, tools.bell)
            self._delivery = Delivery(
                tools.db, tools.vault, known.id, opened, ledger, tools.bell, self._health, tools.pace
            )
            works["delivery"] = self._delivery.run()
        if acts(opened):
            act_ledger = ActLedger(tools.db, self._lease, known.id, tools.bell)
            doing = tools.due_acts, tools.bell, self._health, tools.pace
            works["acts"] = Acting(known.id, opened, act_ledger, *doing).run()
        works["abilities"] = learn(opened, self._health, tools.times.learn, tools.times.sign_in)
        receives = receiver_of(opened)
        if receives is not None:
            works["receive"] = self._receive(receives, intake)
        else:
            await self._health.set(State.OK)
        return works

    async def _receive(self, opened: Receives, intake: Intake) -> None:
        """Call the connector again and again, with the newest cursor, after a pause that fits the reason."""
        attempt = 0
        while True:
            intake.was_connected = False
            try:
                await opened.receive(await self._cursor(), intake)
                error: AgentDeskError = Unreachable(msg("The connection was closed."))
            except LeaseLost:
                raise
            except AgentDeskError as known:
                error = known
            except Exception as bug:  # noqa: BLE001 - the top of the loop; connectors are anybody's
                report_error(bug, f"receive:{self.known.name}")
                error = Unreachable(msg("The connector failed unexpectedly."))
            attempt = 1 if intake.was_connected else attempt + 1
            await asyncio.sleep(await self._pause(error, attempt))

    async def _pause(self, error: AgentDeskError, attempt: int) -> float:
        """Tell of the problem where it is the account's own, and return how long to wait in seconds."""
        times = self._tools.times
        if isinstance(error, AuthFailed):
            await self._health.reading_failed(State.AUTH_FAILED, error)
            return times.sign_in
        if isinstance(error, RateLimited):
            return max(error.retry_after, 1.0)
        if isinstance(error, DatabaseError):
            self._tell_waiting(error)
        else:
            await self._health.reading_failed(State.UNREACHABLE, error)
        return times.reconnect.delay(attempt)

    async def _cursor(self) -> Mapping[str, object] | None:
        async with self._tools.db.read() as conn:
            mine = account_cursor.c.account_id == self.known.id
            cursor: Mapping[str, object] | None = await conn.scalar(
                select(account_cursor.c.cursor).where(mine)
            )
        return cursor

    async def _park(self) -> None:
        """Let a message that is just leaving get through; one that takes longer is looked up next time."""
        delivery, self._delivery = self._delivery, None
        if delivery is None:
            return
        delivery.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._tools.times.park):
                await delivery.idle.wait()


async def _until_ended(work: Coroutine[Any, Any, None], ended: asyncio.Future[None], where: str) -> None:
    """Run one part of an account; its failure ends the others, and the account begins anew."""
    try:
        await work
    except AgentDeskError as error:
        problem: AgentDeskError = error
    except Exception as error:  # noqa: BLE001 - the top of a loop
        report_error(error, where)
        problem = PartFailed()
    else:
        return
    if not ended.done():
        ended.set_exception(problem)


class Supervisor:
    """Keeps a runner for each account that is not paused, and notices new and changed ones within seconds."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        bell: Bell,
        holder: str,
        interpreter: Interpreter,
        times: Times | None = None,
        pace: Pace | None = None,
        doors: Doors | None = None,
    ) -> None:
        how = times or Times(), pace or Pace(), doors or Doors()
        self._tools = Tools(db, vault, bell, holder, interpreter, *how, DueActs(db, bell, how[1].poll))
        self.intakes: Mapping[UUID, Intake] = self._tools.intakes
        self._known: dict[UUID, Known] = {}
        self._runners: dict[UUID, Runner] = {}
        self._tasks = Tasks("accounts")
        self._failing = False

    async def run(self) -> None:
        """Look for changes for ever."""
        try:
            while True:
                try:
                    await self._reconcile()
                    self._failing = False
                except DatabaseError as error:
                    if not self._failing:
                        _log.warning("the accounts cannot be read", problem=str(error))
                    self._failing = True
                await asyncio.sleep(self._tools.times.look)
        finally:
            await self._tasks.close()

    async def _reconcile(self) -> None:
        wanted = {known.id: known for known in await self._read()}
        for account_id in [i for i in self._known if i not in wanted]:
            del self._known[account_id]
            await self._stop(account_id)
        for known in wanted.values():
            if self._known.get(known.id) == known:
                continue
            self._known[known.id] = known
            running = self._runners.get(known.id)
            if running is not None and running.goes_on_with(known):
                continue
            await self._stop(known.id)
            if known.paused:
                await self._pause(known)
            else:
                runner = self._runners[known.id] = Runner(self._tools, known)
                self._tasks.start(runner.run(), str(known.id))

    async def _stop(self, account_id: UUID) -> None:
        self._runners.pop(account_id, None)
        await self._tasks.stop(str(account_id))

    async def _pause(self, known: Known) -> None:
        tools = self._tools
        await Health(tools.db, tools.bell, known.id, known.inbox_id, known.name).set(State.PAUSED)

    async def _read(self) -> list[Known]:
        async with self._tools.db.read() as conn:
            rows = (
                await conn.execute(
                    select(account, account_cursor.c.settings, account_state.c.retry_at)
                    .join(account_cursor, account_cursor.c.account_id == account.c.id)
                    .outerjoin(account_state, account_state.c.id == account.c.id)
                )
            ).all()
            secrets: dict[UUID, list[tuple[str, bytes]]] = {}
            for row in await conn.execute(select(account_secret).order_by(account_secret.c.name)):
                secrets.setdefault(row.account_id, []).append((row.name, bytes(row.sealed)))
        return [
            Known(
                row.id,
                row.inbox_id,
                row.channel,
                row.name,
                row.address,
                row.paused,
                repr(sorted(row.settings.items())),
                tuple(secrets.get(row.id, ())),
                row.retry_at,
            )
            for row in rows
        ]
