"""What accounts of networks cost a server that holds many of them and hears of nothing.

    python -m benchmarks.many_accounts [--accounts 100] [--seconds 60] [--database postgresql|sqlite]

Simulated Mastodon servers in this process, one for each account, and a server process that has a stream open
to each and asks it now and then. The memory is what the server's process holds by itself (USS) above what the
same server holds without an account.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import psutil
from benchmarks.measuring import database, load
from benchmarks.network import connected, mastodon_account, networks
from benchmarks.office import server_process

_PATIENCE = 120.0
_SETTLE_SECONDS = 15.0


async def cost(kind: str, count: int, seconds: float) -> tuple[float, float]:
    """Return the bytes and the share of one core that a server with ``count`` accounts takes."""
    with tempfile.TemporaryDirectory() as name, database(kind) as url:
        async with networks(count) as served:
            accounts = [mastodon_account(one) for one in served]
            async with connected(url, Path(name), accounts) as address:
                server = psutil.Process(server_process(address))
                async with asyncio.timeout(_PATIENCE):
                    while not all(one.sockets for one in served):
                        await asyncio.sleep(0.1)
                await asyncio.sleep(_SETTLE_SECONDS)
                used, begun = server.cpu_times(), time.perf_counter()
                await asyncio.sleep(seconds)
                now, took = server.cpu_times(), time.perf_counter() - begun
                busy = (now.user + now.system - used.user - used.system) / took
                return server.memory_full_info().uss, busy


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    bare, idle = asyncio.run(cost(given.database, 0, given.seconds / 2))
    full, busy = asyncio.run(cost(given.database, given.accounts, given.seconds))
    each = (full - bare) / given.accounts
    print(load())
    for count, size, share in ((0, bare, idle), (given.accounts, full, busy)):
        print(f"server with {count:4} accounts     {size / 1e6:8.1f} MB   {100 * share:6.2f} % of one core")
    print(f"each account                  {each / 1e6:8.2f} MB")


if __name__ == "__main__":
    main()
