"""Plaza on a real server's core: found by its entry point, run like any channel, nothing edited for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tests.connectors.plaza.stage import PlazaStage
from tests.helpers.fake_world import FakeWorld
from tests.helpers.until import until

from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.commands.parts import File
from agentdesk.domain.abilities import abilities_of
from agentdesk.domain.figures import figures_of
from agentdesk.domain.party import Party
from agentdesk.domain.posts import Visibility, post_of
from agentdesk.queries.team import accounts
from agentdesk.sdk.hooks import hook_path
from agentdesk.sdk.testing.stage import Said
from agentdesk.server.admin import add_channel
from agentdesk.server.hooks import LONGEST_CALL, Hooks
from agentdesk.server.metrics import exposition
from agentdesk.store import blobs
from agentdesk.store.engine import Database
from agentdesk.store.tables import attachment, conversation

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


@pytest.fixture
async def world(
    migrated_sqlite_url: str, tmp_path: Path, fake_channel: None, stage: PlazaStage
) -> AsyncIterator[FakeWorld]:
    """An inbox with an account on Plaza beside the fake one."""
    made = await FakeWorld.make(Database(migrated_sqlite_url), tmp_path)
    about = (made.db, made.vault, "plaza", "Support", "Our Plaza")
    made.account_id = await add_channel(*about, {**stage.settings, "watch": "kettle"}, stage.secrets)
    yield made
    await made.close()


async def _state(world: FakeWorld) -> Any:
    async with world.db.read() as conn:
        return next(row for row in await accounts(conn) if row.id == world.account_id)


async def _came(world: FakeWorld, count: int) -> Any:
    async def there() -> Any:
        found = await world.messages()
        return found if len(found) >= count else None

    return await until(there, what=f"{count} messages")


async def test_posts_come_in_by_poll_and_stream_and_answers_go_out(
    world: FakeWorld, stage: PlazaStage
) -> None:
    first = await stage.say(Said("Before we looked", visibility=Visibility.LIMITED))
    core = await world.started()
    await _came(world, 1)
    await stage.say(Said("My kettle is lovely", "ben", watched=True))  # by the stream: polls come each minute
    ours, _ = await _came(world, 2)
    assert post_of(ours.post).visibility is Visibility.LIMITED
    assert [c.watched for c in await world.conversations()] == [False, True]

    file_id, content = new_id(), blobs.hash_of(_PNG)
    async with world.db.write() as conn:
        await blobs.put_many(conn, {content: _PNG}, ours.created_at)
    picture = File(file_id, "kettle.png", "image/png", len(_PNG), content, alt="A kettle")
    to = (Party("plaza", "u-ana"),)
    message_id = await world.reply(core, ours.conversation_id, to=to, text="Try this", files=(picture,))
    sent = await world.delivered(message_id, "sent")
    (stands,) = stage.stands()
    assert (stands.text, stands.below, stands.alts) == ("Try this", first, ("A kettle",))
    assert (stands.visibility, sent.external_id) == (Visibility.LIMITED, stands.external_id)
    (kept,) = await world.rows(attachment)
    assert kept.alt == "A kettle"


async def test_what_the_account_can_do_and_how_it_fares_is_stored_for_the_desks(
    world: FakeWorld, stage: PlazaStage
) -> None:
    stage.plaza.account.tier = "free"
    await stage.say(Said("Hello"))
    await world.started()
    await _came(world, 1)

    async def known() -> Any:
        row = await _state(world)
        return row if row.abilities and figures_of(row.figures).signs.scopes else None

    row = await until(known, what="what the account can do")
    abilities = abilities_of(row.abilities)
    assert abilities is not None
    assert (abilities.tier, list(abilities.denied)) == ("free", ["hide"])
    figures = figures_of(row.figures)
    assert figures.last_event_at is not None
    assert figures.signs.watching == ("kettle",)
    assert any(quota.limit == 300 for quota in figures.signs.quotas)
    told = await exposition(world.db)
    assert b'agentdesk_account_quota_remaining{account="Our Plaza",of="reads"}' in told
    assert b'agentdesk_account_token_seconds{account="Our Plaza"}' in told


async def test_a_call_is_stored_before_it_is_answered(world: FakeWorld, stage: PlazaStage) -> None:
    external_id = await stage.say(Said("By call"))
    (call,) = stage.calls()
    app = web.Application()
    bell = Bell()
    hooks = Hooks(world.db, world.vault, bell, {})  # of a server that does not run the account
    hooks.add_routes(app)
    path = hook_path(world.account_id)
    async with TestClient(TestServer(app)) as client:
        for _ in range(2):
            answer = await client.post(path, data=call.body, headers=dict(call.headers))
            assert answer.status == 200
        assert bell.rings == 2
        assert (await client.post(path, data=call.body + b" ", headers=dict(call.headers))).status == 403
        assert (await client.get(path, params={"challenge": "42"})).status == 200
        assert (await client.post(hook_path(UUID(int=1)), data=b"{}")).status == 404
        assert (await client.post("/hooks/nonsense", data=b"{}")).status == 404
        large = BytesIO(bytes(LONGEST_CALL + 1))
        assert (await client.post(path, data=large, headers=dict(call.headers))).status == 413
    await hooks.close()
    await world.started()
    (message,) = await _came(world, 1)  # polled as well, and still one
    assert message.external_id == external_id
    assert len(await world.rows(conversation)) == 1


async def test_a_call_at_the_server_that_runs_the_account_is_taken_up_at_once(
    world: FakeWorld, stage: PlazaStage
) -> None:
    core = await world.started()
    await stage.say(Said("First, by poll"))
    await _came(world, 1)
    app = web.Application()
    # Its own bell wakes nobody: what it took must have been handed over.
    hooks = Hooks(world.db, world.vault, Bell(), core.hooks.intakes)
    hooks.add_routes(app)
    stage.calls()
    stage.plaza.mute = True
    external_id = await stage.say(Said("Second, by call"))
    (call,) = stage.calls()
    async with TestClient(TestServer(app)) as client:
        answer = await client.post(hook_path(world.account_id), data=call.body, headers=dict(call.headers))
        assert answer.status == 200
    assert [m.external_id for m in await _came(world, 2)][1] == external_id
    await hooks.close()
