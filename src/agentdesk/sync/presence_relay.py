"""Presence across servers: each notifies the others, through PostgreSQL, of who is where at its own desks.

Told on change, gathered for a moment, and again while it lasts; what is not told again is forgotten, so a
server that goes silent takes its people along. Nothing is stored.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import deque
from collections.abc import Iterator
from uuid import UUID

import msgspec
from sqlalchemy import select

from agentdesk.base.events import Bell
from agentdesk.base.tasks import Tasks
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import conversation
from agentdesk.sync.listener import Listener, notify
from agentdesk.sync.presence import Writing
from agentdesk.sync.presence_board import EXPIRES_SECONDS, Board, Guest, Member, Place

__all__ = ["Relay"]

CHANNEL = "agentdesk_presence"
VISITORS = "agentdesk_visitors"
"""For customers, who are told of also while they only look: servers that do not know that do not listen."""
RENEW_SECONDS = 10.0
_GATHER_SECONDS = 0.1
_MOST_BYTES = 7_900
_POSTS_WAITING = 1_000
_PLACES_PER_POST = 80
"""Of 59 bytes at most; PostgreSQL carries less than 8000 bytes of text."""


class _Stand(msgspec.Struct, frozen=True, array_like=True):
    """Where a desk, or a customer, is: ``desk`` is its number at that server; no conversation: it left."""

    desk: int
    user_id: UUID
    conversation_id: UUID | None
    writing: Writing
    watching: bool = False


class _Post(msgspec.Struct, frozen=True, array_like=True):
    server: bytes
    stands: tuple[_Stand, ...]


_decoder = msgspec.msgpack.Decoder(_Post)


class Relay:
    """Joins the boards of all servers. ``seconds`` is how long a desk counts as present unrenewed."""

    def __init__(
        self, db: Database, board: Board, listener: Listener, *, seconds: float = EXPIRES_SECONDS
    ) -> None:
        self._db = db
        self._board = board
        self._seconds = seconds
        self._me = secrets.token_bytes(6)
        self._numbers: dict[Member, int] = {}
        self._next_number = 0
        self._to_tell: dict[Member, _Stand] = {}
        self._news = Bell()
        self._posts: deque[tuple[_Post, bool]] = deque(maxlen=_POSTS_WAITING)
        self._mail = Bell()
        self._guests: dict[tuple[bytes, int], tuple[Guest, float]] = {}
        self._tasks = Tasks("presence")
        board.on_move = self._moved
        listener.on(CHANNEL, self._hear)
        listener.on(VISITORS, self._hear_of_customers)

    def start(self) -> None:
        """Begin to tell and to take in; nothing where it has begun."""
        if not self._tasks.running("tell"):
            self._tasks.start(self._tell(), "tell")
            self._tasks.start(self._take_in(), "take in")

    async def close(self) -> None:
        """Tell what is still to be told, and nothing more."""
        await self._tasks.close()
        await self._send()

    # --- out ---

    def _moved(self, member: Member) -> None:
        number = self._numbers.get(member)
        if number is None:
            if member.place is None:
                return
            self._next_number += 1
            number = self._numbers[member] = self._next_number
        if member.place is None:
            del self._numbers[member]
        self._to_tell[member] = _stand(number, member)
        self._news.ring()

    async def _tell(self) -> None:
        heard = 0
        while True:
            rings = await self._news.wait(heard, RENEW_SECONDS)
            if rings == heard:  # nothing has changed for a while: all of it again
                self._to_tell |= {one: _stand(number, one) for one, number in self._numbers.items()}
            heard = rings
            await self._send()
            await asyncio.sleep(_GATHER_SECONDS)

    async def _send(self) -> None:
        told, self._to_tell = self._to_tell, {}
        customers = [stand for one, stand in told.items() if one.is_customer]
        desks = [stand for one, stand in told.items() if not one.is_customer]
        for channel, stands in ((CHANNEL, desks), (VISITORS, customers)):
            for text in _posts(self._me, stands):
                try:
                    await notify(self._db, channel, text)
                except DatabaseError:
                    return  # it is told again

    # --- in ---

    def _hear_of_customers(self, text: str) -> None:
        self._hear(text, of_customers=True)

    def _hear(self, text: str, *, of_customers: bool = False) -> None:
        try:
            post = _decoder.decode(base64.b64decode(text, validate=True))
        except (msgspec.MsgspecError, ValueError):
            return  # of another version
        if post.server != self._me:
            self._posts.append((post, of_customers))
            self._mail.ring()

    async def _take_in(self) -> None:
        heard = 0
        while True:
            heard = await self._mail.wait(heard, self._seconds / 5)
            while self._posts:
                await self._take(*self._posts.popleft())
            self._forget_silent()

    async def _take(self, post: _Post, of_customers: bool) -> None:
        """Place those whom a post tells of; in which inbox a conversation is, the database says, not the
        post."""
        wanted = {stand.conversation_id for stand in post.stands if stand.conversation_id is not None}
        try:
            async with self._db.read() as conn:
                query = select(conversation.c.id, conversation.c.inbox_id).where(
                    conversation.c.id.in_(wanted)
                )
                inboxes: dict[UUID, UUID] = {row.id: row.inbox_id for row in await conn.execute(query)}
        except DatabaseError:
            return
        now = asyncio.get_running_loop().time()
        for stand in post.stands:
            key = post.server, stand.desk
            inbox_id = inboxes.get(stand.conversation_id) if stand.conversation_id else None
            if stand.conversation_id is None or inbox_id is None:
                self._forget(key)
                continue
            guest, _ = self._guests.get(key) or (Guest(stand.user_id, is_customer=of_customers), now)
            self._guests[key] = guest, now
            self._board.host(guest, _place(stand, stand.conversation_id, inbox_id))

    def _forget_silent(self) -> None:
        oldest = asyncio.get_running_loop().time() - self._seconds
        for key in [key for key, (_, heard) in self._guests.items() if heard < oldest]:
            self._forget(key)

    def _forget(self, key: tuple[bytes, int]) -> None:
        guest, _ = self._guests.pop(key, (None, 0.0))
        if guest is not None:
            self._board.host(guest, None)


def _stand(number: int, member: Member) -> _Stand:
    place = member.place
    if place is None:
        return _Stand(number, member.user_id, None, "")
    return _Stand(number, member.user_id, place.conversation_id, place.writing, place.watching)


def _place(stand: _Stand, conversation_id: UUID, inbox_id: UUID) -> Place:
    return Place(conversation_id, inbox_id.hex, stand.writing, stand.watching)


def _posts(server: bytes, stands: list[_Stand]) -> Iterator[str]:
    """The texts that tell where desks are, each short enough to travel."""
    for start in range(0, len(stands), _PLACES_PER_POST):
        post = _Post(server, tuple(stands[start : start + _PLACES_PER_POST]))
        text = base64.b64encode(msgspec.msgpack.Encoder(uuid_format="bytes").encode(post)).decode()
        assert len(text) <= _MOST_BYTES
        yield text
