"""What the demo claims, counted: the customers' books against the server's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk import __version__
from agentdesk.app.demo.customers import Book
from agentdesk.app.private_server import database_url
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Direction, Kind
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, contact_identity, conversation, message, outbox, raw_item

_GONE_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """One channel. ``answered``: customers of it who saw an answer."""

    conversations: int
    messages_in: int
    replies_sent: int
    customers: int
    answered: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """``lost``: what customers wrote and no conversation shows, plus answers that never reached the customer.
    ``duplicated``: what is shown twice, plus answers that arrived twice."""

    version: str
    conversations: int
    messages_in: int
    replies_sent: int
    replies_seen_by_customer: int
    chats_answered: int
    lost: int
    duplicated: int
    misplaced: int
    channels: dict[str, Tally]

    @property
    def good(self) -> bool:
        """Every customer who was answered received the answer once, in the right thread."""
        seen = self.replies_sent == self.replies_seen_by_customer
        return seen and self.replies_sent > 0 and not (self.lost or self.duplicated or self.misplaced)


@dataclass(frozen=True, slots=True)
class _Counted:
    """One channel, both sides. Who chats from a browser beside the demo keeps no book, so what they were told
    counts for nothing."""

    tally: Tally
    seen: int
    lost: int
    duplicated: int
    misplaced: int


async def summarise(profile: Path, books: Mapping[str, Book]) -> Summary:
    """Count both sides of each channel. The server must have stopped."""
    db = Database(database_url(profile / "server"))
    try:
        async with db.read() as conn:
            counted = {channel: await _count(conn, channel, book) for channel, book in books.items()}
    finally:
        await db.close()
    all_of_them = counted.values()
    return Summary(
        version=__version__,
        conversations=sum(one.tally.conversations for one in all_of_them),
        messages_in=sum(one.tally.messages_in for one in all_of_them),
        replies_sent=sum(one.tally.replies_sent for one in all_of_them),
        replies_seen_by_customer=sum(one.seen for one in all_of_them),
        chats_answered=counted["chat"].tally.answered,
        lost=sum(one.lost for one in all_of_them),
        duplicated=sum(one.duplicated for one in all_of_them),
        misplaced=sum(one.misplaced for one in all_of_them),
        channels={channel: one.tally for channel, one in counted.items()},
    )


async def _count(conn: AsyncConnection, channel: str, book: Book) -> _Counted:
    came_in = await _came_in(conn, channel)
    shown = Counter(own for _, own in came_in)
    written = set(book.written)
    theirs = {conversation_id for conversation_id, own in came_in if own in written}
    sent = [own for conversation_id, own in await _went_out(conn, channel) if conversation_id in theirs]
    arrived = Counter(one for received in book.received.values() for one in received)
    seen = sum(1 for one in sent if arrived[one])
    unread = sum(1 for one in book.written if one not in shown)
    here = select(conversation.c.contact_id).where(conversation.c.channel == channel)
    identities = select(func.count()).where(contact_identity.c.contact_id.in_(here))
    tally = Tally(
        conversations=await conn.scalar(select(func.count()).where(conversation.c.channel == channel)) or 0,
        messages_in=shown.total(),
        replies_sent=len(sent),
        customers=await conn.scalar(identities) or 0,
        answered=len(book.received),
    )
    return _Counted(
        tally=tally,
        seen=seen,
        lost=max(0, unread - await _absorbed(conn, channel)) + len(sent) - seen,
        duplicated=sum(count - 1 for counts in (shown, arrived) for count in counts.values()),
        misplaced=len(book.misplaced),
    )


async def _came_in(conn: AsyncConnection, channel: str) -> list[tuple[UUID, str]]:
    """What conversations show of customers: which conversation, and the customers' own id."""
    rows = await conn.execute(
        select(conversation.c.id, message.c.external_id)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(message.c.kind == Kind.MESSAGE, message.c.direction == Direction.IN)
        .where(conversation.c.channel == channel)
    )
    return [(row.id, _own_id(channel, row.external_id)) for row in rows]


async def _went_out(conn: AsyncConnection, channel: str) -> list[tuple[UUID, str]]:
    """Answers that count as sent: in which conversation, and their id."""
    rows = await conn.execute(
        select(conversation.c.id, func.coalesce(message.c.external_id, outbox.c.key).label("key"))
        .join(message, message.c.id == outbox.c.message_id)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(message.c.delivery.in_(_GONE_OUT), conversation.c.channel == channel)
    )
    return [(row.id, _own_id(channel, row.key)) for row in rows]


async def _absorbed(conn: AsyncConnection, channel: str) -> int:
    """Mails that are no messages to anybody: failed deliveries."""
    if channel != "email":
        return 0
    statement = (
        select(func.count())
        .select_from(raw_item)
        .join(account, account.c.id == raw_item.c.account_id)
        .where(raw_item.c.state == "done", raw_item.c.message_id.is_(None), account.c.channel == channel)
    )
    return await conn.scalar(statement) or 0


def _own_id(channel: str, external_id: str) -> str:
    """Return the id as it stands in the customers' books: Message-IDs in brackets, a chat's without its
    visitor."""
    return f"<{external_id.strip('<>')}>" if channel == "email" else external_id.rpartition("/")[2]
