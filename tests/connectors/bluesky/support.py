"""What the tests of the Bluesky connector share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.connectors.polling import drained as drained

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.inbound import Cursor, Inbound, Party, RawItem
from agentdesk.sdk.outbound import Outbound
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing import MemorySecrets
from agentdesk_connectors.bluesky import create, interpret, manifest
from agentdesk_connectors.bluesky.connector import BlueskyAccount
from agentdesk_connectors.bluesky.naming import tid_for
from agentdesk_connectors.bluesky.session import Tokens, made_for
from agentdesk_connectors.bluesky.settings import read_settings
from agentdesk_connectors.bluesky.simulator import BlueskySimulator
from agentdesk_connectors.bluesky.simulator_world import Post

ANA = "ana.example"


def session_of(sim: BlueskySimulator, **settings: str) -> str:
    """A session of the simulated account, as the connector keeps it."""
    found = sim.session()
    given = read_settings(manifest.settings.clean({**sim.settings(), **settings}))
    kept = Tokens(
        did=found["did"],
        handle=found["handle"],
        base=sim.url,
        access=found["accessJwt"],
        refresh=found["refreshJwt"],
        made_for=made_for(given, sim.password),
    )
    return json.dumps({name: getattr(kept, name) for name in Tokens.__struct_fields__})


def account(sim: BlueskySimulator, secrets: MemorySecrets | None = None, **settings: str) -> BlueskyAccount:
    """The connector's object for the simulated account."""
    given = manifest.settings.clean({**sim.settings(), **settings})
    kept = secrets or MemorySecrets(app_password=sim.password)
    return create(AccountContext(new_id(), "Bluesky", given, kept))


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[tuple[BlueskySimulator, BlueskyAccount]]:
    """A served simulator and an account on it."""
    async with BlueskySimulator().served() as sim, opened_again(sim, None, **settings) as opened:
        yield sim, opened


@asynccontextmanager
async def opened_again(
    sim: BlueskySimulator, secrets: MemorySecrets | None = None, **settings: str
) -> AsyncIterator[BlueskyAccount]:
    """The account as a new process opens it."""
    opened = account(sim, secrets, **settings)
    try:
        yield opened
    finally:
        await opened.close()


def mention(sim: BlueskySimulator, text: str, by: str = ANA, **values: Any) -> Post:
    """A post that mentions the account."""
    return sim.world.post(
        sim.world.person(by, by.partition(".")[0].title()), text, mentions=[sim.world.owner], **values
    )


def answer(to: Inbound, text: str = "Good day", **changes: Any) -> Outbound:
    """An answer of ours to what came in."""
    post = to.post
    assert post is not None
    values: dict[str, Any] = {
        "message_id": new_id(),
        "to": (to.sender,),
        "text": text,
        "in_reply_to": to.external_id,
        "root": post.root or to.external_id,
        "visibility": post.visibility,
        "created_at": clock.now(),
    }
    values.update(changes)
    values.setdefault("key", tid_for(values["message_id"]))
    return Outbound(**values)


def private(did: str, text: str = "Good day", **changes: Any) -> Outbound:
    """A private message that begins a talk."""
    message_id = new_id()
    values: dict[str, Any] = {"visibility": Visibility.PRIVATE, "created_at": clock.now(), **changes}
    return Outbound(message_id, tid_for(message_id), (Party("bluesky", did),), text, **values)


async def incoming(opened: BlueskyAccount, cursor: Cursor | None = None) -> list[Inbound]:
    """What all items mean that wait."""
    items, _ = await drained(opened, cursor)
    return [meant(one) for one in items]


def meant(item: RawItem) -> Inbound:
    """What an item means."""
    return interpret(item.raw, item.facts)
