"""What an account can do, and how it fares, asked of its connector now and then."""

from __future__ import annotations

import asyncio

from agentdesk.sdk.errors import ConnectorError, RateLimited
from agentdesk.sdk.protocols import Account, Signals, Varies
from agentdesk.server.health import Health

__all__ = ["learn"]


async def learn(account: Account, health: Health, every: float, after_failure: float) -> None:
    """Tell ``health`` what is to be known of an account, for ever where that changes. Times are seconds.

    Where nobody can say what it can do, what was known stays.
    """
    if isinstance(account, Signals):
        health.watch(account.signs)
    if not isinstance(account, Varies):
        await health.can(None)
        return
    while True:
        pause = every
        try:
            await health.can(await account.abilities())
        except RateLimited as limited:
            pause = limited.retry_after
        except ConnectorError:  # reading and sending tell of it
            pause = after_failure
        await asyncio.sleep(pause)
