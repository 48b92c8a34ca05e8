"""How long the reads of a large queue take, on SQLite and, where a server is at hand, on PostgreSQL.

    python -m benchmarks.queries [--conversations 100000] [--postgres URL] [--messages 3]

Builds an invented database (on SQLite without the tables that stay on the server it is a desk's replica) and
prints the median and the 99th percentile of each read, in milliseconds, and what indexing cost.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.world import World, build

from agentdesk.base import clock
from agentdesk.queries import contact as contacts
from agentdesk.queries import conversation as conversations
from agentdesk.queries import queue
from agentdesk.queries.rows import View
from agentdesk.store.engine import Database
from agentdesk.store.search import find_conversations

_READS = 60

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
