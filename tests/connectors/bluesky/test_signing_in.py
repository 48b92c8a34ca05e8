"""Signing in: what wrong and dead passwords look like, and how a session is kept, renewed and made again."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.connectors.bluesky.support import account, connected, drained, mention, opened_again

from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing import MemorySecrets
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.bluesky import manifest
from agentdesk_connectors.bluesky.session import home_of, read_tokens
from agentdesk_connectors.bluesky.settings import read_settings
from agentdesk_connectors.bluesky.simulator import BlueskySimulator


def _calls(sim: BlueskySimulator, name: str) -> int:
    return sum(one.path.endswith(name) for one in sim.seen)


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_a_wrong_password_and_none_ask_for_a_new_one(password: str) -> None:
    async with (
        BlueskySimulator().served() as sim,
        opened_again(sim, MemorySecrets(app_password=password)) as opened,
    ):
        with pytest.raises(AuthFailed) as failed:
            await opened.poll(None)
        assert failed.value.hint is not None


async def test_an_account_that_was_taken_down_is_told_as_such() -> None:
    async with connected() as (sim, opened):
        sim.closed = "AccountTakedown"
        with pytest.raises(AuthFailed) as failed:
            await opened.poll(None)
        assert str(failed.value.message) == "Bluesky has taken this account down."


async def test_too_many_sign_ins_wait_as_long_as_the_service_says() -> None:
    async with connected() as (sim, opened):
        sim.limits["sign-ins"] = 0
        with pytest.raises(RateLimited) as limited:
            await opened.poll(None)
        assert 0 < limited.value.retry_after <= sim.patience + 1
        (quota,) = (one for one in opened.signs().quotas if one.name == "sign-ins")
        assert quota.remaining == 0


async def test_a_session_is_kept_over_a_restart() -> None:
    async with connected() as (sim, opened):
        secrets = MemorySecrets(app_password=sim.password)
        for _ in range(3):
            async with opened_again(sim, secrets) as again:
                await again.poll(None)
        assert _calls(sim, "createSession") == 1
        await opened.close()


async def test_a_token_that_has_run_out_is_renewed_once_for_all_who_wait() -> None:
    async with BlueskySimulator().served() as sim:
        secrets = MemorySecrets(app_password=sim.password)
        async with opened_again(sim, secrets) as opened:
            await opened.abilities()
            before = read_tokens(secrets.values["session"])
            sim.expire()
            await asyncio.gather(*(opened.abilities() for _ in range(5)))
            after = read_tokens(secrets.values["session"])
        assert _calls(sim, "refreshSession") == 1
        assert _calls(sim, "createSession") == 1
        assert before is not None
        assert after is not None
        assert after.refresh != before.refresh, "a refresh token is good once, and the new one is kept"


async def test_a_renewal_without_an_answer_does_not_end_the_account() -> None:
    async with connected() as (sim, opened):
        await opened.abilities()
        sim.expire()
        sim.fail(Fault.LOST_ANSWER, 1, path="/xrpc/com.atproto.server.refreshSession")
        with pytest.raises(Unreachable):
            await opened.poll(None)
        await opened.poll(None)
        assert _calls(sim, "createSession") == 2, (
            "the old refresh token was used up: the password makes another"
        )


async def test_a_session_that_is_over_is_made_again_and_a_revoked_password_is_told() -> None:
    async with connected() as (sim, opened):
        await opened.abilities()
        sim.expire()
        sim.refresh.clear()
        await opened.poll(None)
        assert _calls(sim, "createSession") == 2
        sim.revoke()
        with pytest.raises(AuthFailed) as failed:
            await opened.poll(None)
        assert failed.value.hint is not None


async def test_another_password_makes_another_session() -> None:
    async with BlueskySimulator().served() as sim:
        secrets = MemorySecrets(app_password=sim.password)
        async with opened_again(sim, secrets) as opened:
            await opened.abilities()
        sim.password = "other"
        secrets.values["app_password"] = "other"
        async with opened_again(sim, secrets) as opened:
            await opened.abilities()
        assert _calls(sim, "createSession") == 2


async def test_an_account_is_served_where_it_lives() -> None:
    async with BlueskySimulator().served() as entryway, BlueskySimulator().served() as home:
        entryway.home = home.url
        home.access, home.refresh = entryway.access, entryway.refresh
        mention(home, "I live here")
        async with opened_again(entryway) as opened:
            items, _ = await drained(opened, None)
        assert len(items) == 1
        assert [one.path for one in entryway.seen] == ["/xrpc/com.atproto.server.createSession"]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://pds.example", "https://pds.example"),
        ("https://pds.example/", "https://pds.example"),
        ("http://pds.example", "https://bsky.social"),
        ("http://127.0.0.1:99", "https://bsky.social"),
        ("https://localhost", "https://bsky.social"),
        ("javascript:alert(1)", "https://bsky.social"),
        (None, "https://bsky.social"),
    ],
)
def test_only_encrypted_addresses_of_others_are_followed(endpoint: str | None, expected: str) -> None:
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": endpoint}
    assert home_of({"service": [{"type": "Other"}, service]}, "https://bsky.social") == expected


async def test_a_password_without_private_messages_leaves_the_rest_as_it_is() -> None:
    async with connected() as (sim, opened):
        sim.direct = False
        post = mention(sim, "hello")
        items, cursor = await drained(opened, None)
        assert [one.source_id for one in items] == [f"post/{post.uri}"]
        assert opened.signs().missing == ("direct messages",)
        abilities = await opened.abilities()
        private = abilities.answering(Visibility.PRIVATE)
        assert private is not None
        assert private.refused is not None
        steps = [step async for step in opened.check()]
        assert [step.ok for step in steps] == [True, True, True, True, False]
        sim.direct = True
        sim.world.write(sim.world.person("ana.example"), "psst")
        await opened.abilities()
        items, _ = await drained(opened, cursor)
        assert [one.source_id.partition("/")[0] for one in items] == ["message"], "nothing was passed over"


async def test_the_check_stops_at_a_password_that_is_wrong_also_where_a_session_is_kept() -> None:
    async with BlueskySimulator().served() as sim:
        secrets = MemorySecrets(app_password=sim.password)
        async with opened_again(sim, secrets) as opened:
            assert all([step.ok async for step in opened.check()])
            sim.password = "other"
            steps = [step async for step in opened.check()]
        assert [step.ok for step in steps] == [True, False]
        assert steps[-1].remedy is not None


async def test_private_messages_can_be_left_out() -> None:
    async with connected(messages="no") as (sim, opened):
        sim.world.write(sim.world.person("ana.example"), "psst")
        assert (await drained(opened, None))[0] == []
        private = (await opened.abilities()).answering(Visibility.PRIVATE)
        assert private is not None
        assert private.refused is not None
        assert opened.signs().missing == ()


async def test_the_health_tells_how_long_the_sign_in_holds() -> None:
    async with connected() as (_, opened):
        assert opened.signs().token_expires_at is None
        await opened.poll(None)
        assert opened.signs().token_expires_at is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"handle": "no handle"}, "handle"),
        ({"handle": "localhost"}, "handle"),
        ({"handle": "a.example", "server": "http://pds.example"}, "server"),
        ({"handle": "a.example", "server": "https://x/y"}, "server"),
        ({"handle": "a.example", "watch": ",".join(f"t{n}" for n in range(26))}, "watch"),
    ],
)
def test_settings_that_cannot_work_are_named(given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as invalid:
        read_settings(manifest.settings.clean(given))
    assert invalid.value.field == field


@pytest.mark.parametrize("handle", ["@Support.Example", "did:plc:abcdefghijklmnopqrstuvwx"])
def test_handles_and_dids_are_taken(handle: str) -> None:
    settings = read_settings(manifest.settings.clean({"handle": handle}))
    assert settings.handle in ("support.example", handle)
    assert settings.server == "https://bsky.social"


@pytest.mark.parametrize("kept", ["", "{}", "[1]", json.dumps({"did": 5})])
async def test_a_session_that_cannot_be_read_is_made_again(kept: str) -> None:
    async with BlueskySimulator().served() as sim:
        opened = account(sim, MemorySecrets(app_password=sim.password, session=kept))
        await opened.poll(None)
        await opened.close()
        assert _calls(sim, "createSession") == 1
