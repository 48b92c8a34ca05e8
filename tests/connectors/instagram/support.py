"""What the tests of the Instagram connector share."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.inbound import Cursor, Inbound, Party, RawItem
from agentdesk.sdk.outbound import Outbound
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing import MemorySecrets
from agentdesk.sdk.testing.stage import completed
from agentdesk_connectors.instagram import create, interpret, manifest
from agentdesk_connectors.instagram.connector import InstagramAccount
from agentdesk_connectors.instagram.simulator import InstagramSimulator
from agentdesk_connectors.instagram.simulator_world import Comment, Message, Person

ACCOUNT = "17841400000000001"
SECRET = "simulated-app-secret"
_PAYLOADS = Path(__file__).parent / "payloads"


def payload(name: str) -> bytes:
    """A recorded payload."""
    return (_PAYLOADS / f"{name}.json").read_bytes()


def call(body: bytes, secret: str = SECRET) -> HookCall:
    """The call that brings it."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return HookCall("POST", {}, {"x-hub-signature-256": f"sha256={signature}"}, body)


def unconnected(**settings: str) -> InstagramAccount:
    """An account of which no network is asked."""
    given = manifest.settings.clean({"account": ACCOUNT, "app": "7001", **settings})
    secrets = MemorySecrets(access_token="token", app_secret=SECRET, verify_token="words")
    return create(AccountContext(new_id(), "Instagram", given, secrets))


def heard(name: str, **facts: object) -> Inbound:
    """What a recorded call means."""
    (item,) = unconnected().hear(call(payload(name))).items
    return interpret(item.raw, {**item.facts, "username": "larkfield.home", **facts})


def account(
    sim: InstagramSimulator, secrets: MemorySecrets | None = None, **settings: str
) -> InstagramAccount:
    """The connector's object for the simulated account."""
    given = manifest.settings.clean({**sim.settings(), **settings})
    return create(AccountContext(new_id(), "Instagram", given, secrets or MemorySecrets(**sim.secrets())))


@asynccontextmanager
async def connected(**settings: str) -> AsyncIterator[tuple[InstagramSimulator, InstagramAccount]]:
    """A served simulator and an account on it."""
    async with InstagramSimulator().served() as sim, opened_again(sim, **settings) as opened:
        yield sim, opened


@asynccontextmanager
async def opened_again(
    sim: InstagramSimulator, secrets: MemorySecrets | None = None, **settings: str
) -> AsyncIterator[InstagramAccount]:
    """The account as a new process opens it."""
    opened = account(sim, secrets, **settings)
    try:
        yield opened
    finally:
        await opened.close()


async def told(sim: InstagramSimulator, opened: InstagramAccount) -> list[RawItem]:
    """What the calls since the last time have brought, with what was looked up."""
    calls, sim.hooks.calls[:] = list(sim.hooks.calls), []
    return [await completed(opened, item) for one in calls for item in opened.hear(one).items]


async def polled(opened: InstagramAccount, cursor: Cursor | None = None) -> tuple[list[RawItem], Cursor]:
    """What one poll brings, and the cursor after it, as it is stored."""
    portion = await opened.poll(cursor)
    return list(portion.items), json.loads(json.dumps(portion.cursor))


def meant(item: RawItem) -> Inbound:
    """What an item means."""
    return interpret(item.raw, item.facts)


def answer(about: Comment | Message, who: Person | None, text: str = "Good day", **changes: Any) -> Outbound:
    """An answer of ours to a comment or a message."""
    comment = isinstance(about, Comment)
    values: dict[str, Any] = {
        "message_id": new_id(),
        "to": (Party("instagram", who.id, who.username),) if who else (),
        "text": text,
        "in_reply_to": f"{'comment' if comment else 'message'}/{about.id}",
        "visibility": Visibility.PUBLIC if comment else Visibility.PRIVATE,
    }
    values.update(changes)
    values.setdefault("key", f"agentdesk-{values['message_id'].hex}")
    return Outbound(**values, created_at=clock.now())
