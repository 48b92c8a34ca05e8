"""A simulated network with accounts of ours, a server process that is connected to them, and a desk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.office import serving, until_synced

from agentdesk.domain.team import Role
from agentdesk.server.admin import add_channel, add_inbox, add_user
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

__all__ = ["Account", "connected", "desk_at", "mastodon_account", "networks"]

_EMAIL, _PASSWORD = "ana@desk.test", "correct horse"
_ALLOWED = 10_000_000

Account = tuple[str, str, Mapping[str, str], Mapping[str, str]]
"""Channel, name, settings, secrets."""


@asynccontextmanager
async def networks(count: int = 1) -> AsyncIterator[list[MastodonSimulator]]:
    """Serve that many Mastodon servers, which allow as many calls as anybody likes."""
    async with AsyncExitStack() as stack:
        made = [MastodonSimulator(f"social{number}.example") for number in range(count)]
        for one in made:
            one.limits = dict.fromkeys(one.limits, _ALLOWED)
            await stack.enter_async_context(one.served())
        yield made


def mastodon_account(sim: MastodonSimulator) -> Account:
    """Our account on a simulated server."""
    return "mastodon", sim.domain, sim.settings(), {"access_token": sim.token}


@asynccontextmanager
async def connected(
    url: str, folder: Path, accounts: Sequence[Account], *, core: int | None = None
) -> AsyncIterator[str]:
    """A server process with these accounts in one inbox and the person Ana; gives its address."""
    os.environ["AGENTDESK_KEY_FILE"] = str(folder / "key")
    db = Database(url)
    try:
        await db.migrate()
        vault = await open_vault(db)
        await add_user(db, _EMAIL, "Ana", Role.ADMIN, _PASSWORD)
        await add_inbox(db, "Support")
        for channel, name, settings, secrets in accounts:
            await add_channel(db, vault, channel, "Support", name, settings, secrets)
    finally:
        await db.close()
    at_work = serving(url, folder, core=core)
    address = await asyncio.to_thread(at_work.__enter__)
    try:
        yield address
    finally:
        await asyncio.to_thread(at_work.__exit__, None, None, None)


@asynccontextmanager
async def desk_at(address: str, folder: Path) -> AsyncIterator[LocalDesk]:
    """Ana's desk, in step with the server."""
    desk = LocalDesk(folder / "desk", address, await sign_in(address, _EMAIL, _PASSWORD))
    await desk.start()
    try:
        await until_synced(desk)
        yield desk
    finally:
        await desk.close()
