"""Ingest from a real Dovecot, end to end: read over IMAP, stored, interpreted, threaded, indexed, recorded.

    python benchmarks/ingest.py [--messages 10000] [--database sqlite|postgresql]

The account, intake and recording are those of the server. Where the machine has two cores or more, this
process (and its workers) is kept to one and Dovecot and PostgreSQL to another. Prints messages per second,
and the bare fetch rate of the same mailbox in the same run: the account with a sink that forgets everything.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from fetch_mail import account_round, imaplib_round
from generated_mail import mails
from sqlalchemy import func, select
from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot
from tests.helpers.postgres import PostgresServer, find_binaries

from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.server.admin import add_channel, add_inbox
from agentdesk.server.app import collect_seldom
from agentdesk.server.core import ServerCore
from agentdesk.store.engine import Database
from agentdesk.store.tables import attachment, conversation, message, raw_item, search_entry

_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started meanwhile stays on one core; without two of them nothing is done."""
    if len(_CORES) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_CORES[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def ingest(url: str, mailbox: Mailbox, count: int, folder: Path) -> float:
    """Take the whole mailbox in as the server does; returns the seconds until the last one is recorded."""
    db, bell = Database(url), Bell()
    await db.migrate()
    vault = Vault.at(folder / "key")
    await add_inbox(db, "Support")
    settings = {
        "address": "support@shop.example",
        "imap.host": mailbox.host,
        "imap.port": str(mailbox.port),
        "imap.security": "none",
        "imap.user": mailbox.user,
        "history": "all",
    }
    await add_channel(db, vault, "email", "Support", "Mail", settings, {"password": mailbox.password})
    core = ServerCore(db, vault, folder, bell=bell, holder=f"benchmark:{new_id()}")
    collect_seldom()
    begun = time.perf_counter()
    await core.start()
    await _until_recorded(db, bell, count)
    took = time.perf_counter() - begun
    await core.stop()
    await _report(db)
    await db.close()
    return took


async def _until_recorded(db: Database, bell: Bell, count: int) -> None:
    """Wait until as many items have come to an end; asked only now and then, to take no time from them."""
    while True:
        async with db.read() as conn:
            ended = await conn.scalar(select(func.count()).where(raw_item.c.state != "new"))
        if (ended or 0) >= count:
            return
        await asyncio.sleep(0.25)


async def _report(db: Database) -> None:
    async with db.read() as conn:
        kinds = (message, conversation, attachment, search_entry)
        counts = [await conn.scalar(select(func.count()).select_from(table)) for table in kinds]
        ends = await conn.execute(select(raw_item.c.state, func.count()).group_by(raw_item.c.state))
        named = ", ".join(f"{number:,} {table.name}" for table, number in zip(kinds, counts, strict=True))
        print(f"  {named}; items: {dict(map(tuple, ends))}")


def measure(name: str, url: str, mailbox: Mailbox, count: int) -> None:
    """Ingest once and print the rates."""
    cpu = _cpu_seconds()
    with tempfile.TemporaryDirectory() as folder, on_core(0):
        took = asyncio.run(ingest(url, mailbox, count, Path(folder)))
    cpu = _cpu_seconds() - cpu
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{name}: {count / took:,.0f} messages/s ({took:.1f} s, load {load:.1f});", end=" ")
    print(f"{count / cpu:,.0f} per second of our own processor time", flush=True)


def _cpu_seconds() -> float:
    """Processor time of this process and of workers that have ended; a PostgreSQL server's is not in it."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def bare(mailbox: Mailbox, count: int) -> None:
    """Print how fast the mailbox can be read at all."""
    imaplib_round(mailbox)  # Dovecot's index and the disk cache are warm for everybody
    with on_core(0):
        begun = time.perf_counter()
        found = asyncio.run(account_round(mailbox))
        took = time.perf_counter() - begun
    if found != count:
        raise SystemExit(f"{found} messages instead of {count}")
    print(f"bare fetch: {count / took:,.0f} messages/s", flush=True)


def main() -> None:
    """Fill a mailbox, read it bare, then into each database."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    program = find_dovecot()
    if program is None:
        raise SystemExit("Dovecot is not installed (Debian's package dovecot-imapd)")
    with on_core(1):
        server = DovecotServer(program)
    try:
        mailbox = server.new_mailbox("support")
        size = 0
        for raw in mails(options.messages):
            mailbox.deliver(raw)
            size += len(raw)
        print(f"{options.messages:,} mails, mean {size / options.messages / 1000:.1f} kB")
        bare(mailbox, options.messages)
        if options.database != "postgresql":
            with tempfile.TemporaryDirectory() as folder:
                measure("SQLite", f"sqlite:///{folder}/agentdesk.db", mailbox, options.messages)
        binaries = find_binaries()
        if options.database != "sqlite" and binaries is not None:
            with on_core(1):
                postgres = PostgresServer(binaries, durable=True)
            try:
                url = postgres.url(postgres.create_database())
                measure("PostgreSQL", url, mailbox, options.messages)
            finally:
                postgres.close()
    finally:
        server.close()


if __name__ == "__main__":
    main()
