"""In: nothing lost, nothing twice.

Raw input and the account's cursor are stored in one transaction before anything is interpreted. What is
stored is then interpreted and recorded in small batches; each item comes to exactly one end. A crash at any
point leaves items in state ``new``, and the next start goes on with them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import msg
from agentdesk.commands.arrival import Source
from agentdesk.sdk.inbound import Cursor, RawItem
from agentdesk.sdk.protocols import ConnectorModule
from agentdesk.server.completing import Completer
from agentdesk.server.health import Health
from agentdesk.server.interpreting import Interpreter, Raw
from agentdesk.server.leases import Lease, LeaseLost
from agentdesk.server.meaning import Interpretation, Unreadable
from agentdesk.server.pending import Pending, Reading, by_name, known_names, pending_of, raw_row
from agentdesk.server.recording import Recorder, brief
from agentdesk.store import blobs
from agentdesk.store.bulk import insert_many
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import account_cursor, blob, raw_item

BATCH = 150
MOST_ATTEMPTS = 3
_BACKLOG_ITEMS = 400
_BACKLOG_BYTES = 64 * 1024 * 1024
_TRIES_OF_BATCH = 3
_LOOK_SECONDS = 1.0
_POLL_SECONDS = 30.0

_log = get_logger(__name__)


class Intake:
    """One account's way in: the sink of its connector, and the loop that records what the sink stored."""

    def __init__(
        self,
        db: Database,
        source: Source,
        module: ConnectorModule,
        lease: Lease,
        recorder: Recorder,
        interpreter: Interpreter,
        bell: Bell,
        health: Health,
        completer: Completer | None = None,
    ) -> None:
        self._db = db
        self._completer = completer
        self._source = source
        self._module = module
        self._lease = lease
        self._interpreter = interpreter
        self._bell = bell
        self._health = health
        self._recorder = recorder
        self._backlog: deque[Pending] = deque()
        self._backlog_bytes = 0
        self._held: set[UUID] = set()
        self._reading: Reading | None = None
        self._following: Reading | None = None
        self._tasks = Tasks("intake")
        self._stored = Bell()
        self._room = Bell()
        self.was_connected = False

    # --- the sink ---

    async def accept(self, items: Sequence[RawItem], cursor: Cursor | None) -> None:
        """Store ``items`` and ``cursor`` in one transaction; waits while too much is unrecorded."""
        await self._wait_for_room()
        pending: list[Pending] = []
        try:
            await self._store(items, cursor, pending)
        except BaseException:
            self._held.difference_update(one.id for one in pending)
            raise
        self._health.came([one.received_at for one in pending])
        for one in pending:
            self._backlog.append(one)
            self._backlog_bytes += len(one.raw or b"")
        self._stored.ring()

    async def _store(self, items: Sequence[RawItem], cursor: Cursor | None, pending: list[Pending]) -> None:
        """Write what is new of ``items``; it is in ``pending``, and held, before anybody can see its rows."""
        now = clock.now()
        async with self._db.write() as conn:
            await self._lease.check(conn)
            named, account_id = by_name(items), self._source.account_id
            known = await known_names(conn, account_id, list(named))
            fresh = {name: item for name, item in named.items() if name not in known}
            pending.extend(pending_of(item, now) for item in fresh.values())
            self._held.update(one.id for one in pending)
            if pending:
                hashes = [blobs.hash_of(item.raw) for item in fresh.values()]
                contents = {h: item.raw for h, item in zip(hashes, fresh.values(), strict=True)}
                await blobs.put_many(conn, contents, now)
                rows = [
                    raw_row(one, account_id, name, item, content, now)
                    for one, (name, item), content in zip(pending, fresh.items(), hashes, strict=True)
                ]
                await insert_many(conn, raw_item, rows, ignore=True)
            if cursor is not None:
                await conn.execute(
                    update(account_cursor)
                    .where(account_cursor.c.account_id == account_id)
                    .values(cursor=dict(cursor), updated_at=now)
                )

    async def known(self, source_ids: Sequence[str]) -> set[str]:
        """Return those of ``source_ids`` that are stored already."""
        async with self._db.read() as conn:
            return await known_names(conn, self._source.account_id, source_ids)

    async def progress(self, done: int, total: int | None) -> None:
        """Tell how far a long first reading has come."""
        await self._health.progress(done, total)

    async def caught_up(self) -> None:
        """Tell that everything there was has been handed over."""
        await self._health.caught_up()

    async def connected(self) -> None:
        """Tell that the service can be reached."""
        self.was_connected = True
        await self._health.connected()

    async def _wait_for_room(self) -> None:
        while len(self._backlog) >= _BACKLOG_ITEMS or self._backlog_bytes >= _BACKLOG_BYTES:
            await self._room.wait(self._room.rings)

    # --- the loop ---

    async def run(self) -> None:
        """Record what is stored, for ever. Raises LeaseLost."""
        try:
            await self._run()
        finally:
            await self._tasks.close()
            self._reading = self._following = None

    async def _run(self) -> None:
        patience, attempt, looked_at = Backoff(0.5, 30.0), 0, -1
        while True:
            heard_store, heard_bell = self._stored.rings, self._bell.rings
            try:
                if not self._backlog and looked_at != heard_bell:
                    looked_at = heard_bell
                    await self._look_for_unfinished()
                if self._backlog:
                    await self._take_batch()
                    attempt = 0
                    continue
                attempt = 0
            except DatabaseError as error:
                attempt += 1
                if attempt == 1:
                    _log.warning("recording waits for the database", problem=str(error))
                await asyncio.sleep(patience.delay(attempt))
                continue
            await self._rest(heard_store, heard_bell)

    async def _rest(self, heard_store: int, heard_bell: int) -> None:
        """Sleep until something is stored here; look around a little later when others have written."""
        stored = asyncio.ensure_future(self._stored.wait(heard_store, _POLL_SECONDS))
        others = asyncio.ensure_future(self._others_wrote(heard_bell))
        try:
            await asyncio.wait((stored, others), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in (stored, others):
                waiter.cancel()
            await asyncio.gather(stored, others, return_exceptions=True)

    async def _others_wrote(self, heard: int) -> None:
        await self._bell.wait(heard, _POLL_SECONDS)
        await asyncio.sleep(_LOOK_SECONDS)

    async def _look_for_unfinished(self) -> None:
        """Take up items left by an earlier run, and those that somebody wants to be tried again."""
        async with self._db.read() as conn:
            rows = await conn.execute(
                select(raw_item)
                .where(raw_item.c.state == "new", raw_item.c.account_id == self._source.account_id)
                .order_by(raw_item.c.id)
                .limit(_BACKLOG_ITEMS)
            )
            for row in rows:
                if row.id not in self._held:
                    came = row.received_at or row.created_at
                    self._held.add(row.id)
                    self._backlog.append(
                        Pending(row.id, None, row.facts, came, row.attempts, row.message_id, careful=True)
                    )

    async def _take_batch(self) -> None:
        """Record a batch; the one after it is interpreted meanwhile."""
        if self._reading is None:
            self._reading = await self._read_from(0)
        batch, results = self._reading.batch, await self._reading.results
        if self._following is None and len(self._backlog) > len(batch):
            self._following = await self._read_from(len(batch))
        await self._settle(list(zip(batch, results, strict=True)))
        self._reading, self._following = self._following, None
        for pending in batch:
            self._backlog.popleft()
            self._backlog_bytes -= len(pending.raw or b"")
            self._held.discard(pending.id)
        self._room.ring()

    async def _read_from(self, start: int) -> Reading:
        batch = list(islice(self._backlog, start, start + BATCH))
        reading = self._interpret(batch, await self._load(batch))
        return Reading(batch, self._tasks.start(reading, f"interpret {batch[0].id}"))

    async def _interpret(self, batch: Sequence[Pending], raws: list[Raw]) -> list[Interpretation]:
        if self._completer is not None:
            raws = await self._completer.complete(batch, raws)
        return await self._interpreter.interpret(self._module, raws)

    async def _load(self, batch: Sequence[Pending]) -> list[Raw]:
        wanted = [pending.id for pending in batch if pending.raw is None]
        stored: dict[UUID, bytes] = {}
        if wanted:
            async with self._db.read() as conn:
                rows = await conn.execute(
                    select(raw_item.c.id, blob.c.content)
                    .join(blob, blob.c.hash == raw_item.c.blob)
                    .where(raw_item.c.id.in_(wanted))
                )
                stored = {row.id: bytes(row.content) for row in rows}
        return [Raw(p.raw if p.raw is not None else stored.get(p.id, b""), p.facts, p.careful) for p in batch]

    async def _settle(self, batch: Sequence[tuple[Pending, Interpretation]]) -> None:
        """Record a batch; where that fails for a reason that lies in it, record its items one by one."""
        for _ in range(_TRIES_OF_BATCH):
            try:
                await self._record(batch)
            except IntegrityError:
                continue  # the same customer or message was recorded elsewhere at this moment
            except (DatabaseError, LeaseLost):
                raise
            except Exception as error:  # noqa: BLE001 - the top of the loop over what strangers sent
                _log.warning("a batch could not be recorded as a whole", problem=brief(error))
                break
            else:
                return
        for pending, result in batch:
            await self._settle_one(pending, result)

    async def _settle_one(self, pending: Pending, result: Interpretation) -> None:
        while True:
            try:
                await self._record([(pending, result)])
            except (DatabaseError, LeaseLost):
                raise
            except Exception as error:
                pending.attempts += 1
                _log.warning("a message could not be recorded", item=str(pending.id), problem=brief(error))
                if isinstance(result, Unreadable):
                    raise
                if pending.attempts >= MOST_ATTEMPTS:
                    result = Unreadable(msg("It could not be stored.").text)
                await self._count_attempt(pending)
            else:
                return

    async def _count_attempt(self, pending: Pending) -> None:
        async with self._db.write() as conn:
            await self._lease.check(conn)
            await conn.execute(
                update(raw_item).where(raw_item.c.id == pending.id).values(attempts=pending.attempts)
            )

    async def _record(self, batch: Sequence[tuple[Pending, Interpretation]]) -> None:
        async with self._db.write() as conn:
            await self._lease.check(conn)
            remember = await self._recorder.record(conn, batch)
        remember()
