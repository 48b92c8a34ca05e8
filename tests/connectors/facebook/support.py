"""What the tests of the Facebook connector share."""

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
from agentdesk.sdk.testing.stage import completed
from agentdesk_connectors.facebook import create, interpret, manifest
from agentdesk_connectors.facebook.connector import FacebookAccount
from agentdesk_connectors.facebook.naming import talk_id
from agentdesk_connectors.facebook.simulator import FacebookSimulator
from agentdesk_connectors.facebook.simulator_world import Comment, Message, PagePost


def account(sim: FacebookSimulator, *, without: str = "", **settings: str) -> FacebookAccount:
    """The connector's object for the simulated page; ``without`` names a secret that it lacks."""
    given = manifest.settings.clean({**sim.settings(), **settings})
    secrets = {name: value for name, value in sim.secrets().items() if name != without}
    return create(AccountContext(new_id(), "Facebook", given, MemorySecrets(**secrets)))


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[tuple[FacebookSimulator, FacebookAccount]]:
    """A served simulator and an account on it."""
    async with FacebookSimulator().served() as sim, opened_again(sim, **settings) as opened:
        yield sim, opened


@asynccontextmanager
async def opened_again(sim: FacebookSimulator, **settings: str) -> AsyncIterator[FacebookAccount]:
    """The account as a new process opens it."""
    opened = account(sim, **settings)
    try:
        yield opened
    finally:
        await opened.close()


def answer(to: PagePost | Comment | Message, text: str = "Good day", **changes: Any) -> Outbound:
    """An answer of ours, as public as what it answers."""
    private = isinstance(to, Message)
    person = to.person if isinstance(to, Message) else to.author
    post = to.post if isinstance(to, Comment) else to
    values: dict[str, Any] = {
        "message_id": new_id(),
        "to": (Party("facebook", person.id, person.name),),
        "text": text,
        "in_reply_to": to.id,
        "visibility": Visibility.PRIVATE if private else Visibility.PUBLIC,
        "root": talk_id("500100", person.id) if private else post.id,
    }
    values.update(changes)
    values.setdefault("key", f"agentdesk-{values['message_id'].hex}")
    return Outbound(**values, created_at=clock.now())


async def heard(sim: FacebookSimulator, opened: FacebookAccount) -> list[RawItem]:
    """What the calls have brought since they were fetched last, with what was looked up for them."""
    calls, sim.hooks.calls[:] = list(sim.hooks.calls), []
    items = [item for call in calls for item in opened.hear(call).items]
    return [await completed(opened, item) for item in items]


def meant(item: RawItem) -> Inbound:
    """What an item means."""
    return interpret(item.raw, item.facts)
