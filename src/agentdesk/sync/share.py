"""What one desk is sent: the rows it lacks, then what changes, while its agent's scope comes and goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid
from agentdesk.base.events import Bell
from agentdesk.store.engine import Database
from agentdesk.sync import fill
from agentdesk.sync.changelog import Cursor, Position
from agentdesk.sync.feed import Beside, Feed
from agentdesk.sync.protocol import SHRINK, Batch, Frame, Hello, encode
from agentdesk.sync.scope import Scope
from agentdesk.sync.subscription import Subscription

__all__ = ["Share"]

_NOTHING = Scope(frozenset())

Read = Callable[[AsyncConnection, Scope], Awaitable[Beside]]
Note = Callable[[Beside], Awaitable[None]]


class Share:
    """A desk's share of the feed.

    ``put`` sends a frame; ``look_up`` asks anew what the agent may see, None where they may not connect any
    more.
    """

    def __init__(
        self,
        db: Database,
        feed: Feed,
        hello: Hello,
        put: Callable[[bytes], Awaitable[None]],
        look_up: Callable[[], Awaitable[Scope | None]],
    ) -> None:
        self._db = db
        self._feed = feed
        self._hello = hello
        self._put = put
        self._look_up = look_up
        self._shrinks = SHRINK in hello.can
        self._subscription: Subscription | None = None
        self._joined = Bell()

    async def cursor_for(self, scope: Scope) -> Cursor | None:
        """Return the cursor to go on from, or None where the desk must be filled anew."""
        hello = self._hello
        if hello.cursor is None or hello.epoch != self._feed.epoch:
            return None
        try:
            cursor = Cursor.parse(hello.cursor)
        except Invalid:
            return None
        fits = self._shrinks or cursor.fits(scope)
        return cursor if fits and await self._feed.resumable(cursor) else None

    async def run(self, cursor: Cursor | None, scope: Scope) -> str:
        """Fill the desk where it needs it, then hand on what the feed has; returns why that ended.

        The reasons are those of a subscription and ``auth``: the agent may not connect any more.
        """
        held, first = cursor, cursor is None
        while True:
            subscription = self._subscribe(scope)  # first: commands are to be named to it from now on
            if held is not None and not held.fits(scope):
                if not self._shrinks:
                    return "scope"
                held = await self._shrink(held, scope, begun=not first)
            reached = await self._fill(None if first else held, scope)
            if isinstance(reached, Position):
                first, reached = False, Cursor(await self._follow(subscription, reached), scope)
                if subscription.ended != "scope":
                    return subscription.ended or "closing"
            seen = await self._look_up()
            if seen is None:
                return "auth"
            held, scope = reached, seen

    def name(self, commands: set[UUID]) -> None:
        """Let the next batch name these commands of the desk."""
        if commands and self._subscription is not None:
            self._subscription.name(commands)
            self._feed.wake()

    async def tell(self, frame: Frame) -> None:
        """Send the desk a frame that has to do with no rows."""
        await self._put(encode(frame))

    async def tell_anew(self, frame: Frame) -> None:
        """Send the desk a frame after which every conversation that it may lack comes whole."""
        while True:
            subscription = await self._hearing()
            if await self._feed.send_whole_again(subscription, encode(frame)):
                return

    async def give(self, read: Read, note: Note) -> None:
        """Send what ``read`` finds in what the agent may see now, in step with the changes, as soon as the
        desk has what it is to hold anyway. ``note`` is called before it is sent."""
        while True:
            subscription = await self._hearing()
            if await self._look_up() != subscription.scope:
                subscription.end("scope")
            elif await self._give_within(subscription, subscription.scope, read, note):
                return

    async def _give_within(self, subscription: Subscription, scope: Scope, read: Read, note: Note) -> bool:
        return await self._feed.insert(subscription, lambda conn: read(conn, scope), note)

    async def _hearing(self) -> Subscription:
        """The subscription, as soon as the desk hears what comes."""
        while True:
            heard, subscription = self._joined.rings, self._subscription
            if subscription is not None and subscription.joined and subscription.ended is None:
                return subscription
            await self._joined.wait(heard)

    def leave(self) -> None:
        """The desk has gone."""
        if self._subscription is not None:
            self._feed.leave(self._subscription)

    def _subscribe(self, scope: Scope) -> Subscription:
        """A new subscription, with the commands that the one before had still to name."""
        subscription = Subscription(self._hello.desk_id, scope)
        if self._subscription is not None:
            subscription.name(self._subscription.to_name())
        self._subscription = subscription
        return subscription

    async def _follow(self, subscription: Subscription, position: Position) -> Position:
        """Hand on what the feed has until the subscription ends; returns how far that went."""
        await self._feed.join(subscription, position, self._put_all)
        if await self._look_up() != subscription.scope:  # it changed between the first look and the joining
            subscription.end("scope")
        subscription.joined = True
        self._joined.ring()
        while (frame := await subscription.next()) is not None:
            await self._put(frame)
        self._feed.leave(subscription)
        return subscription.position

    async def _shrink(self, cursor: Cursor, scope: Scope, *, begun: bool) -> Cursor:
        """Let the desk drop what it may not see any more; returns its cursor from then on, which it is told
        unless it is in its first fill: that begins anew."""
        left = cursor.within(scope)
        assert scope.inboxes is not None  # whoever sees everything has lost nothing
        within = tuple(sorted(scope.inboxes))
        mark = left.text() if begun else ""
        await self._put(encode(Batch(cursor=mark, within=within, more=True, filling=True)))
        return left

    async def _fill(self, cursor: Cursor | None, scope: Scope) -> Position | Cursor:
        """Send what a desk with ``cursor`` lacks of ``scope``; returns where to go on in the log.

        Where the agent has meanwhile lost a part of the scope, it stops: the cursor then says what the desk
        was being given.
        """
        if cursor is not None and cursor.scope.includes(scope):
            return cursor.position
        missing = scope if cursor is None else scope.beyond(cursor.scope)
        filling = await fill.begin(self._db, missing, scope)
        start = Cursor(filling.position, _NOTHING) if cursor is None else cursor
        partly = Cursor(start.position, start.scope, missing)
        mark = "" if cursor is None else partly.text()
        async for page in filling.pages(self._feed.snapshot):
            seen = await self._look_up()
            if seen is None or not seen.includes(missing):
                return partly
            batch = Batch(
                cursor=mark, rows=page.rows, more=True, filling=True, done=page.done, total=page.total
            )
            await self._put(encode(batch))
        return start.position

    async def _put_all(self, frames: list[bytes]) -> None:
        for frame in frames:
            await self._put(frame)
