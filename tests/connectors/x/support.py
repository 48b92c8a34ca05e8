"""What the tests of the X connector share."""

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
from agentdesk_connectors.x import create, interpret, manifest
from agentdesk_connectors.x.connector import XAccount
from agentdesk_connectors.x.simulator import XSimulator
from agentdesk_connectors.x.simulator_world import Message, Tweet


def account(sim: XSimulator, secrets: MemorySecrets | None = None, **settings: str) -> XAccount:
    """The connector's object for the simulated account."""
    given = manifest.settings.clean({**sim.settings(), **settings})
    return create(
        AccountContext(new_id(), "X", given, secrets or MemorySecrets(**sim.secrets(), **sim.signed_in()))
    )


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[tuple[XSimulator, XAccount]]:
    """A served simulator and an account on it."""
    async with XSimulator().served() as sim, opened_again(sim, **settings) as opened:
        sim.world.tier = settings.get("tier", "self_serve")
        yield sim, opened


@asynccontextmanager
async def opened_again(
    sim: XSimulator, secrets: MemorySecrets | None = None, **settings: str
) -> AsyncIterator[XAccount]:
    """The account as a new process opens it."""
    opened = account(sim, secrets, **settings)
    try:
        yield opened
    finally:
        await opened.close()


def answer(to: Tweet | Message, text: str = "Good day", **changes: Any) -> Outbound:
    """An answer of ours to a post or a message of the simulated world."""
    author = to.sender if isinstance(to, Message) else to.author
    values: dict[str, Any] = {
        "message_id": new_id(),
        "to": (Party("x", author.id, author.name),),
        "text": text,
        "in_reply_to": f"dm/{to.id}" if isinstance(to, Message) else to.id,
        "visibility": Visibility.PRIVATE if isinstance(to, Message) else Visibility.PUBLIC,
        "root": f"dm/talk/{to.talk}" if isinstance(to, Message) else to.root.id,
    }
    values.update(changes)
    values.setdefault("key", f"agentdesk-{values['message_id'].hex}")
    return Outbound(**values, created_at=clock.now())


def meant(item: RawItem) -> Inbound:
    """What an item means."""
    return interpret(item.raw, item.facts)
