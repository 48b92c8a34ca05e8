"""Signing in at X, and tokens that are renewed: once, however many ask, and kept before they are used."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from tests.connectors.x.support import answer, connected, drained, opened_again

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, RateLimited, Unreachable
from agentdesk.sdk.testing import MemorySecrets
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.x import manifest
from agentdesk_connectors.x.settings import read_settings
from agentdesk_connectors.x.simulator import XSimulator

GIVEN = {"address": "@Support", "client_id": "client-1"}


def _port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


async def _agree(page: str) -> None:
    async with aiohttp.ClientSession() as browser, browser.get(page) as shown:
        assert shown.status == 200


async def test_a_person_signs_in_with_a_secret_of_the_apps() -> None:
    async with XSimulator().served() as sim:
        sim.client_secret = "s3cr:t/"
        secrets = MemorySecrets(client_secret=sim.client_secret)
        async with opened_again(sim, secrets, callback_port=_port()) as opened:
            await opened.authorise(_agree)
            assert secrets.values["refresh_token"] == sim.refresh_token
            assert secrets.written == ["refresh_token", "access_token"], "what must not be lost comes first"
            assert opened.signs().scopes == tuple(sorted(sim.scopes))
            assert "like.write" not in sim.scopes
        async with opened_again(sim, secrets) as again:
            assert (await drained(again, None))[0] == []
            assert sim.consent.renewals == 0


async def test_the_page_is_asked_for_as_the_documents_say() -> None:
    async with connected(callback_port=(port := _port()), tier="enterprise") as (_, opened):
        shown: list[str] = []

        async def show(page: str) -> None:
            shown.append(page)
            await _agree(page)

        await opened.authorise(show)
        asked = dict(parse_qsl(urlsplit(shown[0]).query))
        assert asked["redirect_uri"] == f"http://127.0.0.1:{port}/"
        assert asked["code_challenge_method"] == "S256"
        assert {"offline.access", "dm.read", "like.write"} <= set(asked["scope"].split())


async def test_who_declines_and_a_port_that_is_taken_are_told() -> None:
    async with connected(callback_port=_port()) as (sim, opened):
        sim.consent.declines = True
        with pytest.raises(AuthFailed, match="not allowed in"):
            await opened.authorise(_agree)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with connected(callback_port=str(taken.getsockname()[1])) as (_, opened):
            with pytest.raises(Unreachable, match="Another program uses port"):
                await opened.authorise(_agree)


async def test_many_askers_cause_one_renewal_and_the_new_token_is_kept() -> None:
    async with XSimulator().served() as sim:
        secrets = MemorySecrets(refresh_token=sim.refresh_token)
        async with opened_again(sim, secrets) as opened:
            await asyncio.gather(*(opened.abilities() for _ in range(5)))
            assert sim.consent.renewals == 1
            assert secrets.values["refresh_token"] == sim.refresh_token
        async with opened_again(sim, secrets) as again:
            await again.abilities()
            assert sim.consent.renewals == 1, "the access token lives longer than a process"
        secrets.values["refresh_token"] = "of somebody else"
        async with opened_again(sim, secrets) as other:
            with pytest.raises(AuthFailed, match="no longer lets us in"):
                await other.abilities()


async def test_a_token_that_x_refuses_is_renewed_once_and_the_call_goes_on() -> None:
    async with connected() as (sim, opened):
        mention = sim.world.post(sim.world.person("ana"), "@support hello")
        await drained(opened, None)
        sim.token = "revoked by X"
        await opened.send(answer(mention))
        assert sim.consent.renewals == 1
        assert len([one for one in sim.world.posts.values() if one.api]) == 1
        sim.token, sim.refresh_token = "gone", "gone too"
        with pytest.raises(AuthFailed) as failed:
            await drained(opened, None)
        assert failed.value.hint is not None


async def test_a_token_ends_before_x_ends_it() -> None:
    async with connected() as (sim, _):
        sim.token_ends = clock.now() - timedelta(seconds=1)
        async with opened_again(sim) as opened:
            await drained(opened, None)
            assert sim.consent.renewals == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.TOO_MANY, RateLimited), (Fault.BROKEN, Unreachable), (Fault.TRUNCATED, Unreachable)],
)
async def test_a_renewal_that_fails_for_now_ends_nothing(fault: Fault, error: type[Exception]) -> None:
    async with XSimulator().served() as sim:
        secrets = MemorySecrets(refresh_token=sim.refresh_token)
        async with opened_again(sim, secrets) as opened:
            sim.fail(fault, 1, path="/2/oauth2/token")
            with pytest.raises(error):
                await opened.abilities()


async def test_an_app_that_x_does_not_know_and_no_sign_in_are_told() -> None:
    async with XSimulator().served() as sim:
        async with opened_again(sim, MemorySecrets(refresh_token="x"), client_id="wrong") as opened:
            with pytest.raises(AuthFailed, match="does not know this app"):
                await opened.abilities()
        async with opened_again(sim, MemorySecrets()) as opened:
            with pytest.raises(AuthFailed, match="Nobody has signed in"):
                await opened.abilities()


async def test_trying_the_settings_says_what_is_missing() -> None:
    async with connected() as (sim, _):
        sim.scopes -= {"dm.write"}
        async with opened_again(sim) as opened:
            steps = [step async for step in opened.check()]
            assert [step.ok for step in steps] == [True, True, True, False]
            assert "dm.write" in str(steps[-1].found)
        sim.bearer = "another"
        async with opened_again(sim, MemorySecrets(**sim.secrets(), **sim.signed_in())) as opened:
            sim.bearer = "changed"
            steps = [step async for step in opened.check()]
            assert (steps[-1].ok, steps[-1].remedy is not None) == (False, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "@a b"},
        {"address": "ana@x.example"},
        {"client_id": ""},
        {"server": "http://x.example"},
        {"server": "https://x.example/path"},
    ],
)
def test_settings_that_cannot_be_used_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read_settings(manifest.settings.clean({**GIVEN, **wrong}))


def test_settings_are_read_as_people_write_them() -> None:
    read = read_settings(manifest.settings.clean({**GIVEN, "watch": "kettle, @rival\n#steam"}))
    assert (read.handle, read.api, read.consent) == ("support", "https://api.x.com", "https://x.com")
    assert read.watch == ("kettle", "@rival", "#steam")


def test_what_is_read_and_opened_needs_no_library_of_calls() -> None:
    code = "import agentdesk_connectors.x.connector, sys; sys.exit('tweepy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
