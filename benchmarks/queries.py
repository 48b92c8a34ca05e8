"""How long the reads of a large queue take, on SQLite and, where a server is at hand, on PostgreSQL.

    python benchmarks/queries.py [--conversations 100000] [--postgres URL] [--messages 3]

Builds an invented database (on SQLite without the tables that stay on the server it is a desk's replica) and
prints the median and the 99th percentile of each read, in milliseconds, and what indexing cost.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.queries import contact as contacts
from agentdesk.queries import conversation as conversations
from agentdesk.queries import queue
from agentdesk.queries.rows import View
from agentdesk.store.engine import Database
from agentdesk.store.search import Entry, find_conversations, index_messages, search_text
from agentdesk.store.tables import account, contact, conversation, event, inbox, message, user

_ENGLISH = "order parcel invoice refund delivery address broken screen battery account password login cancel"
_MORE = "voucher shipping return exchange colour size the a is my to and of for not please when where still"
_OTHERS = "Größe Straße Rechnung kaputt commande facture pedido заказ возврат посылка طلب فاتورة شحن استرداد"
_UNSPACED = "退款申请 订单状态 配送時間 請求書 주문취소 환불요청 สินค้าเสีย"
_WORDS = f"{_ENGLISH} {_MORE} {_OTHERS} {_UNSPACED}".split()
_NAMES = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Katherine", "Ken", "Radia", "Hedy")
_NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_PORTION = 1000
_READS = 60


class World:
    """What was put into the database, to ask for."""

    def __init__(self, count: int, messages: int) -> None:
        self.choose = random.Random(11)
        self.count = count
        self.messages = messages
        self.inboxes = [new_id() for _ in range(4)]
        self.accounts = [new_id() for _ in range(4)]
        self.users = [new_id() for _ in range(12)]
        self.contacts = [new_id() for _ in range(max(1, count // 4))]
        self.conversations = [new_id() for _ in range(count)]
        self.indexing = 0.0

    def sentence(self, words: int) -> str:
        """Words that some customer might write."""
        return " ".join(self.choose.choices(_WORDS, k=words))


async def build(db: Database, world: World) -> None:
    """Fill the database."""
    await db.migrate()
    async with db.write() as conn:
        await conn.execute(insert(inbox), [_inbox(i, n) for n, i in enumerate(world.inboxes)])
        await conn.execute(insert(account), [_account(world, n) for n in range(4)])
        await conn.execute(insert(user), [_user(i, n) for n, i in enumerate(world.users)])
    for start in range(0, len(world.contacts), _PORTION):
        rows = [_contact(world, i) for i in world.contacts[start : start + _PORTION]]
        async with db.write() as conn:
            await conn.execute(insert(contact), rows)
    for start in range(0, world.count, _PORTION):
        await _add_conversations(db, world, start)
    async with db.write() as conn:
        await conn.execute(text("ANALYZE"))


async def _add_conversations(db: Database, world: World, start: int) -> None:
    ids = world.conversations[start : start + _PORTION]
    heads = [_conversation(world, row_id, start + n) for n, row_id in enumerate(ids)]
    bodies = [_message(world, head, n) for head in heads for n in range(world.messages)]
    lines = [_event(world, head) for head in heads]
    entries: list[Entry] = [
        (row["id"], row["conversation_id"], row["inbox_id"], search_text(row["subject"], row["text"]))
        for row in bodies
    ]
    async with db.write() as conn:
        for table, rows in ((conversation, heads), (message, bodies), (event, lines)):
            await conn.execute(insert(table), rows)
        began = time.perf_counter()
        await index_messages(conn, entries)
        world.indexing += time.perf_counter() - began


def _inbox(row_id: UUID, number: int) -> dict[str, Any]:
    return {"id": row_id, "name": f"Inbox {number}", "everyone": True, "created_at": _NOW, "ver": 1}


def _account(world: World, number: int) -> dict[str, Any]:
    return {
        "id": world.accounts[number],
        "inbox_id": world.inboxes[number],
        "channel": "email" if number < 3 else "chat",
        "name": f"Account {number}",
        "address": f"support{number}@desk.test",
        "paused": False,
        "created_at": _NOW,
        "ver": 1,
    }


def _user(row_id: UUID, number: int) -> dict[str, Any]:
    return {
        "id": row_id,
        "email": f"agent{number}@desk.test",
        "name": f"Agent {number}",
        "role": "agent",
        "active": True,
        "created_at": _NOW,
        "ver": 1,
    }


def _contact(world: World, row_id: UUID) -> dict[str, Any]:
    names = ("company", "place", "language", "time_zone", "notes")
    name = f"{world.choose.choice(_NAMES)} {world.choose.choice(_NAMES)}"
    filled = dict.fromkeys(names, "")
    return filled | {
        "id": row_id,
        "name": name,
        "fields": {},
        "blocked": False,
        "created_at": _NOW,
        "ver": 1,
    }


def _conversation(world: World, row_id: UUID, number: int) -> dict[str, Any]:
    choose = world.choose
    at = _NOW - timedelta(seconds=choose.random() * 90 * 86_400)
    kind = choose.randrange(4)
    return {
        "id": row_id,
        "inbox_id": world.inboxes[kind],
        "account_id": world.accounts[kind],
        "channel": "email" if kind < 3 else "chat",
        "contact_id": choose.choice(world.contacts),
        "number": number + 1,
        "subject": world.sentence(6),
        "preview": world.sentence(16),
        "status": choose.choices(["open", "snoozed", "resolved"], [30, 5, 65])[0],
        "priority": "normal",
        "assignee_id": choose.choice([None, *world.users]),
        "tags": ["vip", "returns"],
        "language": "en",
        "unread": choose.random() < 0.2,
        "waiting_since": at if choose.random() < 0.5 else None,
        "last_message_at": at,
        "last_customer_at": at,
        "created_at": at,
        "updated_at": at,
        "ver": 1,
    }


def _message(world: World, head: dict[str, Any], number: int) -> dict[str, Any]:
    ours = number % 2 == 1
    party = {"kind": "email", "value": "ada@example.org", "name": "Ada Lovelace"}
    body = world.sentence(world.choose.choice((20, 40, 80, 200)))
    nothing: dict[str, Any] = {name: [] for name in ("cc", "bcc", "reply_to", "references", "warnings")}
    blank = dict.fromkeys(("quoted_text", "quoted_html", "protection"), "")
    return (
        nothing
        | blank
        | {
            "id": new_id(),
            "conversation_id": head["id"],
            "inbox_id": head["inbox_id"],
            "account_id": head["account_id"],
            "kind": "message",
            "direction": "out" if ours else "in",
            "author": "user" if ours else "contact",
            "contact_id": None if ours else head["contact_id"],
            "user_id": world.users[0] if ours else None,
            "sender": party,
            "to": [party],
            "subject": head["subject"],
            "text": body,
            "html": f"<p>{body}</p>",
            "external_id": str(new_id()),
            "reason": {},
            "automatic": "no",
            "remote_images": 0,
            "delivery": world.choose.choices(["sent", "failed"], [99, 1])[0] if ours else "",
            "created_at": head["last_message_at"] - timedelta(hours=world.messages - number),
            "ver": 1,
        }
    )


def _event(world: World, head: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "conversation_id": head["id"],
        "inbox_id": head["inbox_id"],
        "kind": "assigned",
        "author": "user",
        "user_id": world.users[0],
        "data": {},
        "created_at": head["last_message_at"],
        "ver": 1,
    }


Read = Callable[[Any], Awaitable[Any]]


def reads(world: World) -> dict[str, Read]:
    """What a screen asks, by name."""
    me, choose = world.users[0], world.choose

    def ids(**view: Any) -> Read:
        return lambda conn: queue.queue_ids(conn, View(**view), me)

    def sections(group: str) -> Read:
        view, today_ends = View(kind="all", group=group), clock.next_midnight()
        return lambda conn: queue.queue_sections(conn, view, me, today_ends)

    def some(number: int) -> list[UUID]:
        return choose.sample(world.conversations, min(number, world.count))

    def one(of: list[UUID]) -> UUID:
        return choose.choice(of)

    return {
        "queue_ids all open, newest": ids(kind="all"),
        "queue_ids all open, oldest": ids(kind="all", order="oldest"),
        "queue_ids all open, one channel": ids(kind="all", channel="chat"),
        "queue_ids all open, unread": ids(kind="all", only="unread"),
        "queue_ids two inboxes": lambda conn: queue.queue_ids(conn, View(kind="all"), me, world.inboxes[:2]),
        "queue_ids resolved": ids(kind="resolved"),
        "queue_ids mine": ids(kind="mine"),
        "queue_rows of 60": lambda conn: queue.queue_rows(conn, some(60)),
        "sections by channel": sections("channel"),
        "sections by assignee": sections("assignee"),
        "counts": lambda conn: queue.counts(conn, me),
        "page of 50": lambda conn: queue.page(conn, status="open", limit=50),
        "head": lambda conn: conversations.head(conn, one(world.conversations)),
        "timeline": lambda conn: conversations.timeline(conn, one(world.conversations)),
        "contact": lambda conn: contacts.detail(conn, one(world.contacts)),
        "search, rare word": lambda conn: find_conversations(conn, "voucher Hedy ", inboxes=None),
        "search, common word": lambda conn: find_conversations(conn, "the ", inboxes=None),
        "search, two words": lambda conn: find_conversations(conn, "broken screen ", inboxes=None),
        "search, exact words": lambda conn: find_conversations(conn, '"broken screen"', inboxes=None),
        "search, two characters": lambda conn: find_conversations(conn, "退款", inboxes=None),
        "search, unfinished word": lambda conn: find_conversations(conn, "ship", inboxes=None),
        "search, two letters": lambda conn: find_conversations(conn, "pa", inboxes=None),
    }


async def measure(db: Database, world: World) -> None:
    """Print how long each read takes."""
    print(f"{'':34}{'median':>9}{'p99':>9}  ms")
    for name, read in reads(world).items():
        times = []
        size = 0
        for _ in range(_READS):
            async with db.read() as conn:
                began = time.perf_counter()
                found = await read(conn)
                times.append((time.perf_counter() - began) * 1000)
            size = len(found) if isinstance(found, list | dict) else 0
        times.sort()
        shown = f"{size:>8} rows" if size else ""
        print(f"{name:34}{statistics.median(times):9.2f}{times[int(len(times) * 0.99)]:9.2f}  {shown}")


async def run(url: str, count: int, messages: int) -> None:
    """Build, tell what it cost, and measure."""
    db = Database(url)
    world = World(count, messages)
    began = time.perf_counter()
    await build(db, world)
    total = count * messages
    print(
        f"\n{db.dialect}: {count:,} conversations, {total:,} messages in {time.perf_counter() - began:.0f} s;"
    )
    print(f"indexing {total / world.indexing:,.0f} messages/s")
    if db.path:
        print(f"file {db.path.stat().st_size / 1e6:,.0f} MB")
    await measure(db, world)
    await db.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=3, help="per conversation")
    parser.add_argument("--postgres", help="URL of an empty PostgreSQL database")
    parser.add_argument("--keep", type=Path, help="where to keep the SQLite file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "queries.db"
        asyncio.run(run(f"sqlite:///{path}", options.conversations, options.messages))
    if options.postgres:
        asyncio.run(run(options.postgres, options.conversations, options.messages))


if __name__ == "__main__":
    main()
