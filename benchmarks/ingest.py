"""Ingest from a real Dovecot, end to end: read over IMAP, stored, interpreted, threaded, indexed, recorded.

    python -m benchmarks.ingest [--messages 10000] [--database sqlite|postgresql]

The account, intake and recording are those of the server. Where the machine has two cores or more, this
process (and its workers) is kept to one and Dovecot and PostgreSQL to another. Prints messages per second,
and the bare fetch rate of the same mailbox in the same run: the account with a sink that forgets everything.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.fetch_mail import account_round, imaplib_round
from benchmarks.generated_mail import mails
from benchmarks.measuring import cpu_seconds, database, load, on_core, show_recorded, until_recorded
from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot

from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.server.admin import add_channel, add_inbox
from agentdesk.server.app import collect_seldom
from agentdesk.server.core import ServerCore
from agentdesk.store.engine import Database


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
    await until_recorded(db, count)
    took = time.perf_counter() - begun
    await core.stop()
    await show_recorded(db)
    await db.close()
    return took


def measure(name: str, url: str, mailbox: Mailbox, count: int) -> None:
    """Ingest once and print the rates."""
    cpu = cpu_seconds()
    with tempfile.TemporaryDirectory() as folder, on_core(0):
        took = asyncio.run(ingest(url, mailbox, count, Path(folder)))
    cpu = cpu_seconds() - cpu
    print(f"{name}: {count / took:,.0f} messages/s ({took:.1f} s, {load()});", end=" ")
    print(f"{count / cpu:,.0f} per second of our own processor time", flush=True)


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
        for kind in (options.database,) if options.database else ("sqlite", "postgresql"):
            with ExitStack() as stack:
                with on_core(1):
                    url = stack.enter_context(database(kind))
                measure(kind, url, mailbox, options.messages)
    finally:
        server.close()


if __name__ == "__main__":
    main()
