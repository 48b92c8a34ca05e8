"""Messages per second from a connector's hand to recorded conversations: raw stored with its cursor,
interpreted, threaded, indexed, with change log, in batches, through the sink that connectors use.

``python -m benchmarks.ingest_core [COUNT] [--database URL] [--profile]``: without ``--database`` into a
fresh SQLite file and, where its programs are installed, a fresh PostgreSQL. Run it under ``taskset -c 0`` for
one core.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.generated_mail import mails
from benchmarks.measuring import cpu_seconds, database, show_recorded, until_recorded

import agentdesk_connectors.email as email_channel
from agentdesk.base.events import Bell
from agentdesk.base.secrets import Vault
from agentdesk.commands.arrival import Source
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.protocols import ConnectorModule
from agentdesk.server.admin import add_channel, add_inbox
from agentdesk.server.app import collect_seldom
from agentdesk.server.health import Health
from agentdesk.server.intake import Intake
from agentdesk.server.interpreting import Interpreter
from agentdesk.server.leases import Lease
from agentdesk.server.recording import Recorder
from agentdesk.store.engine import Database

_PORTION = 50
_BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_SETTINGS = {
    "address": "support@shop.example",
    "imap.host": "imap.shop.example",
    "imap.user": "support",
    "smtp.host": "smtp.shop.example",
    "smtp.user": "support",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """What an account of a channel is made of."""

    key: str
    module: ConnectorModule
    settings: Mapping[str, str]
    secrets: Mapping[str, str]


_MAIL = Channel("email", email_channel, _SETTINGS, {"password": "x"})


async def ingest(url: str, channel: Channel, corpus: Sequence[RawItem], folder: Path) -> tuple[float, float]:
    """Take ``corpus`` in and return the seconds it took, by the clock and of processor time."""
    db = Database(url)
    await db.migrate()
    vault = Vault.at(folder / "key")
    inbox_id = await add_inbox(db, "Support")
    account_id = await add_channel(
        db, vault, channel.key, "Support", "Mail", channel.settings, channel.secrets
    )
    lease = Lease(db, f"account:{account_id}", "benchmark", seconds=3600)
    await lease.acquire()
    interpreter, bell = Interpreter(), Bell()
    source = Source(account_id, inbox_id, channel.key, channel.settings["address"])
    intake = Intake(
        db,
        source,
        channel.module,
        lease,
        Recorder(vault, source, channel.module, lease, bell),
        interpreter,
        bell,
        Health(db, bell, account_id, inbox_id, "Mail"),
    )
    collect_seldom()
    begun, cpu = time.perf_counter(), cpu_seconds()
    loop = asyncio.create_task(intake.run())
    for start in range(0, len(corpus), _PORTION):
        await intake.accept(corpus[start : start + _PORTION], {"position": start + _PORTION})
    await until_recorded(db, len(corpus))
    took = time.perf_counter() - begun
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await interpreter.close()
    cpu = cpu_seconds() - cpu
    await show_recorded(db)
    await db.close()
    return took, cpu


def measure(name: str, url: str, channel: Channel, corpus: Sequence[RawItem], profile: bool) -> None:
    """Ingest once and print the rate; with ``profile`` also where the time went."""
    profiler = cProfile.Profile() if profile else None
    with tempfile.TemporaryDirectory() as folder:
        if profiler:
            profiler.enable()
        took, cpu = asyncio.run(ingest(url, channel, corpus, Path(folder)))
        if profiler:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
    print(f"{name}: {len(corpus) / took:,.0f} messages/s ({took:.1f} s);", end=" ")
    print(f"{len(corpus) / cpu:,.0f} per second of our own processor time")


def main() -> None:
    """Build the mails first, then take them in on each database in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--database")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--small", action="store_true", help="only mails under 20 kB")
    given = parser.parse_args()
    raws = [raw for raw in mails(given.count) if not given.small or len(raw) < 20_000]
    corpus = [RawItem(f"INBOX/1/{n}", raw, _BEGIN + timedelta(minutes=n)) for n, raw in enumerate(raws, 1)]
    print(f"{len(corpus)} mails, mean {sum(map(len, raws)) / len(raws) / 1000:.1f} kB")
    if given.database:
        measure(given.database.split(":")[0], given.database, _MAIL, corpus, given.profile)
        return
    for kind in ("sqlite", "postgresql"):
        with database(kind) as url:
            measure(kind, url, _MAIL, corpus, given.profile)


if __name__ == "__main__":
    main()
