"""What the demo claims, counted: the customers' book against the server's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from agentdesk import __version__
from agentdesk.app.demo.customers import Book
from agentdesk.app.private_server import database_url
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Direction, Kind
from agentdesk.store.engine import Database
from agentdesk.store.tables import contact_identity, conversation, message, outbox, raw_item

_GONE_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """``lost``: mails of customers that no conversation shows, plus answers that never reached the customer.
    ``duplicated``: mails shown twice, plus answers that arrived twice."""

    version: str
    conversations: int
    messages_in: int
    replies_sent: int
    replies_seen_by_customer: int
    lost: int
    duplicated: int
    misplaced: int
    channels: dict[str, dict[str, int]]

    @property
    def good(self) -> bool:
        """Every customer who was answered received the answer once, in the right thread."""
        seen = self.replies_sent == self.replies_seen_by_customer
        return seen and self.replies_sent > 0 and not (self.lost or self.duplicated or self.misplaced)


async def summarise(profile: Path, book: Book) -> Summary:
    """Count both sides. The server must have stopped."""
    db = Database(database_url(profile / "server"))
    try:
        async with db.read() as conn:
            is_message = message.c.kind == Kind.MESSAGE
            came_in = await conn.scalars(
                select(message.c.external_id).where(is_message, message.c.direction == Direction.IN)
            )
            shown = Counter(f"<{one.strip('<>')}>" for one in came_in)
            absorbed = await conn.scalar(
                select(func.count()).where(raw_item.c.state == "done", raw_item.c.message_id.is_(None))
            )
            went_out = await conn.scalars(
                select(outbox.c.key)
                .join(message, message.c.id == outbox.c.message_id)
                .where(message.c.delivery.in_(_GONE_OUT))
            )
            sent = [f"<{key.strip('<>')}>" for key in went_out]
            by_channel = await conn.execute(
                select(conversation.c.channel, func.count()).group_by(conversation.c.channel)
            )
            conversations = {str(channel): int(count) for channel, count in by_channel}
            identities = await conn.scalar(select(func.count()).select_from(contact_identity))
    finally:
        await db.close()
    arrived = Counter(one for received in book.received.values() for one in received)
    missing_in = max(0, sum(1 for one in book.written if one not in shown) - (absorbed or 0))
    return _summary(book, shown, sent, arrived, conversations, identities or 0, missing_in)


def _summary(
    book: Book,
    shown: Counter[str],
    sent: list[str],
    arrived: Counter[str],
    conversations: dict[str, int],
    customers: int,
    missing_in: int,
) -> Summary:
    seen = sum(1 for one in sent if arrived[one])
    twice = sum(count - 1 for count in shown.values() if count > 1)
    twice += sum(count - 1 for count in arrived.values() if count > 1)
    total = sum(conversations.values())
    return Summary(
        version=__version__,
        conversations=total,
        messages_in=sum(shown.values()),
        replies_sent=len(sent),
        replies_seen_by_customer=seen,
        lost=missing_in + len(sent) - seen,
        duplicated=twice,
        misplaced=len(book.misplaced),
        channels={
            channel: {
                "conversations": count,
                "messages_in": sum(shown.values()) if count == total else count,
                "replies_sent": len(sent),
                "customers": customers,
            }
            for channel, count in conversations.items()
        },
    )
