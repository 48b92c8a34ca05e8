"""What the tests of the Mastodon connector share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.connectors.polling import drained as drained

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.inbound import Inbound, Party, RawItem
from agentdesk.sdk.outbound import Outbound
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing import MemorySecrets
from agentdesk_connectors.mastodon import create, interpret, manifest
from agentdesk_connectors.mastodon.connector import MastodonAccount
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

ANA = "ana@elsewhere.example"


def account(sim: MastodonSimulator, *, token: str | None = None, **settings: str) -> MastodonAccount:
    """The connector's object for the simulated account."""
    given = manifest.settings.clean({**sim.settings(), **settings})
    secrets = MemorySecrets(access_token=sim.token if token is None else token)
    return create(AccountContext(new_id(), "Mastodon", given, secrets))


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[tuple[MastodonSimulator, MastodonAccount]]:
    """A served simulator and an account on it."""
    async with MastodonSimulator().served() as sim, opened_again(sim, **settings) as opened:
        yield sim, opened


@asynccontextmanager
async def opened_again(sim: MastodonSimulator, **settings: str) -> AsyncIterator[MastodonAccount]:
    """The account as a new process opens it."""
    opened = account(sim, **settings)
    try:
        yield opened
    finally:
        await opened.close()


def answer(status: Any, text: str = "Good day", **changes: Any) -> Outbound:
    """An answer of ours to a post of the simulated world."""
    values: dict[str, Any] = {
        "message_id": new_id(),
        "to": (Party("mastodon", status.author.acct, status.author.name),),
        "text": text,
        "in_reply_to": f"social.example/{status.id}",
        "visibility": Visibility.PUBLIC,
    }
    values.update(changes)
    values.setdefault("key", f"agentdesk-{values['message_id'].hex}")
    return Outbound(**values, created_at=clock.now())


def meant(item: RawItem) -> Inbound:
    """What an item means."""
    return interpret(item.raw, item.facts)
