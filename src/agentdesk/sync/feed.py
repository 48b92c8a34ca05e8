"""The server's feed: one reader of the change log per process, and every connected desk gets its share.

A reader is woken by the bell of this process and, on PostgreSQL, by the other servers' empty notifications;
a slow poll behind both catches whatever they missed. Two hundred desks cost one query, not two hundred.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.backoff import Backoff, scattered
from agentdesk.base.events import Bell
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks, report_error
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.sync.changelog import (
    Cursor,
    Position,
    Reached,
    WentBack,
    ensure_epoch,
    known_epoch,
    reached_now,
    read_on,
    read_since,
    still_good,
    where_now,
)
from agentdesk.sync.listener import Listener
from agentdesk.sync.protocol import Batch, Frame, encode
from agentdesk.sync.snapshot import Changed, cut, load, pack
from agentdesk.sync.subscription import Subscription
from agentdesk.sync.wire_rows import WireRow

__all__ = ["Beside", "Feed"]

POLL_SECONDS = 2.0
_DEAF_POLL_SECONDS = 0.5
"""How often it looks where other servers cannot be heard."""
KEPT_DAYS = 14
"""How long a desk may stay away and still be brought up to date instead of filled anew."""
_MOST_WHOLE = 20_000
_DESK_READS = 4
_REST_SECONDS = 0.0005
"""How long it rests when it has told the desks something, for each of them; see _LONGEST_REST_SECONDS."""
_LONGEST_REST_SECONDS = 0.1

_log = get_logger(__name__)


class Beside(NamedTuple):
    """Rows, parents first, that a desk is sent because it asked, and the frame that tells of them."""

    rows: Sequence[tuple[str, WireRow]]
    answer: Frame

    def has(self, table: str, row_id: UUID) -> bool:
        """Say whether a row is among them."""
        return any(name == table and row["id"] == row_id.bytes for name, row in self.rows)

    def frames(self) -> list[bytes]:
        """The frames in which they travel. They have no cursor: the desk stands where it stood."""
        pieces = list(pack(self.rows))
        batches = [
            Batch(cursor="", rows=piece, more=number < len(pieces)) for number, piece in enumerate(pieces, 1)
        ]
        return [encode(frame) for frame in (*batches, self.answer)]


class Feed:
    """Reads the log while anybody listens. ``bell`` rings after each commit of this process."""

    def __init__(self, db: Database, bell: Bell, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._db = db
        self._bell = bell
        self._poll = poll_seconds
        self.listener = Listener(db, bell.ring) if db.dialect == "postgresql" else None
        self._tasks = Tasks("feed")
        self._reading = asyncio.Lock()
        self._subscribers: set[Subscription] = set()
        self._reached = Reached(Position(0))  # changed only while reading is locked
        self._whole: set[UUID] = set()
        self._told_at = 0.0
        self._desk_reads = asyncio.Semaphore(_DESK_READS)
        self.epoch = ""

    async def start(self) -> None:
        """Make sure of the database's epoch and begin to read."""
        async with self._db.write() as conn:
            self.epoch = await ensure_epoch(conn)
        self._tasks.start(self._run(), "read")
        if self.listener is not None:
            self._tasks.start(self.listener.run(), "listen")

    async def stop(self) -> None:
        """Let everybody go and stop reading."""
        self._let_everybody_go()
        await self._tasks.close()

    def wake(self) -> None:
        """Read now: there is something to name, or to see."""
        self._bell.ring()

    async def resumable(self, cursor: Cursor) -> bool:
        """Say whether a desk may go on from ``cursor``, or must be filled anew."""
        async with self._db.read(snapshot=True) as conn:
            return await still_good(conn, cursor.position)

    async def join(
        self,
        subscription: Subscription,
        position: Position,
        send: Callable[[list[bytes]], Awaitable[None]],
    ) -> None:
        """Bring a desk from ``position`` to the present through ``send``, then let it hear what comes.

        The last stretch is read while the common reader stands still, so that nothing falls between.
        """
        whole: set[UUID] = set()
        while True:
            async with self._desk_reads:
                changed = await self._read(position, whole)
            if len(changed.rows) <= _SMALL_STRETCH:
                break
            await send(_frames(changed, subscription, _own(changed, subscription)))
            position = changed.position
            whole |= changed.whole
        async with self._reading:
            if not self._subscribers:
                await self._place()
            named = subscription.to_name()  # before it is read: the rows of a command come with its name
            changed = await self._read(position, whole)
            _put(changed, subscription, named)
            self._subscribers.add(subscription)
            self._whole.clear()  # the newcomer may lack what the others were sent whole

    def leave(self, subscription: Subscription) -> None:
        """A desk has gone."""
        self._subscribers.discard(subscription)

    async def insert(
        self,
        subscription: Subscription,
        read: Callable[[AsyncConnection], Awaitable[Beside]],
        note: Callable[[Beside], Awaitable[None]],
    ) -> bool:
        """Put what ``read`` finds among the changes that a desk which has joined is sent: what it was sent
        before is not newer, and all that changes later comes after. ``note`` hears of it first.

        Where something of it was written between reading and putting, it is read once more while the common
        reader stands still. False: the desk has left meanwhile.
        """
        async with self.snapshot() as conn:
            reached = await reached_now(conn)
            found = await read(conn)
        async with self._reading, self._db.read(snapshot=True) as conn:
            try:
                entries, _ = await read_on(conn, reached)
            except WentBack:  # the next round lets the desk go
                self.wake()
                return False
            if any(found.has(entry.table, entry.row_id) for entry in entries):
                found = await read(conn)
            if subscription.ended is not None:
                return False
            await note(found)
            subscription.put(found.frames(), subscription.position)
        return True

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A snapshot for one desk: few at a time, so that many desks that return together leave connections
        for everybody else."""
        async with self._desk_reads, self._db.read(snapshot=True) as conn:
            yield conn

    async def send_whole_again(self, subscription: Subscription, frame: bytes) -> bool:
        """Put a frame among the changes that a desk is sent: what comes after it counts on nothing that the
        desk was sent whole before. False: the desk has left meanwhile."""
        async with self._reading:
            self._whole.clear()
            subscription.put([frame], subscription.position)
        return subscription.ended is None

    async def _run(self) -> None:
        backoff, failures, heard = Backoff(first=0.2, longest=10.0), 0, 0
        while True:
            await self._bell.wait(heard, self._pause())
            await asyncio.sleep(_rest(len(self._subscribers), time.monotonic() - self._told_at))
            heard = self._bell.rings
            try:
                async with self._reading:
                    if self._subscribers:
                        await self._round()
                failures = 0
            except DatabaseError as error:
                failures += 1
                _log.warning("the change log cannot be read", error=str(error), failures=failures)
                await asyncio.sleep(backoff.delay(failures))
            except Exception as error:  # noqa: BLE001 - the feed must live; its desks come back by cursor
                failures += 1
                report_error(error, "feed")
                self._let_everybody_go()
                await asyncio.sleep(backoff.delay(failures))

    def _pause(self) -> float:
        deaf = self.listener is not None and self.listener.hears is False
        poll = min(self._poll, _DEAF_POLL_SECONDS) if deaf else self._poll
        return scattered(0.75 * poll, 1.25 * poll)

    def _let_everybody_go(self) -> None:
        for subscriber in self._subscribers:
            subscriber.end("closing")
        self._subscribers = set()

    async def _round(self) -> None:
        named = {subscriber: subscriber.to_name() for subscriber in self._subscribers}
        try:
            changed, self._reached = await self._read_on()
        except WentBack:
            await self._begin_anew()
            return
        if len(self._whole) > _MOST_WHOLE:
            self._whole.clear()
        self._whole |= changed.whole
        if changed.rows or changed.commands or any(named.values()):
            self._hand_out(changed, named)
            self._told_at = time.monotonic()

    def _hand_out(self, changed: Changed, named: dict[Subscription, frozenset[UUID]]) -> None:
        ready: dict[str, list[bytes]] = {}
        concerned: dict[str, bool] = {}
        issuers = set(changed.commands.values())
        for subscriber in self._subscribers:
            own = named.get(subscriber, frozenset())
            personal = any(subscriber.scope.is_of(person) for person in changed.people)
            if own or personal or subscriber.desk_id in issuers:
                _put(changed, subscriber, own)
                continue
            key = subscriber.key
            if key not in concerned:
                concerned[key] = changed.concerns(subscriber.scope)
            if not concerned[key] and subscriber.pass_by(changed.position):
                continue
            if key not in ready:
                ready[key] = _frames(changed, subscriber, own)
            subscriber.put(ready[key], changed.position)
        if changed.members:
            for subscriber in self._subscribers:
                subscriber.end("scope")
        self._subscribers = {subscriber for subscriber in self._subscribers if subscriber.ended is None}

    async def _begin_anew(self) -> None:
        """Send all desks away: they come again and say what they have, of which the database may know no
        more."""
        _log.warning("the database has gone back in time; all desks are asked to come again")
        async with self._db.read() as conn:
            self.epoch = await known_epoch(conn) or self.epoch
        self._let_everybody_go()

    async def _place(self) -> None:
        async with self._db.read(snapshot=True) as conn:
            self._reached = await reached_now(conn)
        self._whole.clear()

    async def _read_on(self) -> tuple[Changed, Reached]:
        """What has become visible since the last time, and how far that goes."""
        async with self._db.read(snapshot=True) as conn:
            entries, reached = await read_on(conn, self._reached)
            now = reached.position
            return await load(conn, entries, now, self._whole) if entries else Changed(now), reached

    async def _read(self, position: Position, whole: Set[UUID]) -> Changed:
        """What has become visible since ``position``, and some of what was visible already."""
        async with self._db.read(snapshot=True) as conn:
            now = await where_now(conn)
            entries = await read_since(conn, position)
            return await load(conn, entries, now, whole) if entries else Changed(now)


_SMALL_STRETCH = 500


def _rest(desks: int, since: float) -> float:
    """How many seconds to wait before desks are told more, ``since`` seconds after they were told something.

    What a frame costs a desk and its server hardly depends on how much is in it: with many desks what comes
    meanwhile travels together. What comes after a silence is told at once.
    """
    return max(0.0, min(_LONGEST_REST_SECONDS, desks * _REST_SECONDS) - since)


def _own(changed: Changed, subscriber: Subscription) -> frozenset[UUID]:
    """The commands of the subscriber's desk that changed something."""
    return frozenset(command for command, desk in changed.commands.items() if desk == subscriber.desk_id)


def _put(changed: Changed, subscriber: Subscription, named: frozenset[UUID]) -> None:
    """Queue one snapshot for one desk, with the names of its commands."""
    named |= _own(changed, subscriber)
    subscriber.put(_frames(changed, subscriber, named), changed.position, named)


def _frames(changed: Changed, subscriber: Subscription, named: frozenset[UUID]) -> list[bytes]:
    """The encoded batches of one snapshot for one desk. All carry the cursor; it is meant once the last one,
    without ``more``, is there."""
    cursor = Cursor(changed.position, subscriber.scope).text()
    pieces = list(cut(changed, subscriber.scope))
    last = len(pieces) - 1
    return [
        encode(
            Batch(
                cursor=cursor,
                rows=rows,
                departures=departures,
                own=tuple(named) if number == last else (),
                more=number < last,
            )
        )
        for number, (rows, departures) in enumerate(pieces)
    ]
