"""Settings, the steps of testing them, and what an account knows of itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from tests.connectors.facebook.support import account, connected, opened_again

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.ids import new_id
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.posts import Act, Visibility
from agentdesk.sdk.testing import MemorySecrets
from agentdesk_connectors.facebook import create, manifest
from agentdesk_connectors.facebook.connector import FacebookAccount
from agentdesk_connectors.facebook.limits import TELLS
from agentdesk_connectors.facebook.settings import read_settings


@asynccontextmanager
async def _address(opened: FacebookAccount) -> AsyncIterator[str]:
    """An address of ours that leads to an account."""

    async def called(request: web.Request) -> web.Response:
        try:
            return web.Response(text=opened.hear(HookCall(request.method, dict(request.query))).body)
        except Rejected:
            return web.Response(status=403)

    app = web.Application()
    app.router.add_get("/hooks/{account}", called)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _steps(opened: FacebookAccount) -> list[CheckStep]:
    return [step async for step in opened.check()]


async def test_testing_the_settings_lets_the_page_tell_its_app() -> None:
    async with connected() as (sim, opened):
        steps = await _steps(opened)
        assert [step.ok for step in steps] == [True] * 4
        assert sim.told_of == set(TELLS)
        assert [step.ok for step in await _steps(opened)] == [True] * 4


async def test_facebook_is_told_of_an_address_that_answers() -> None:
    async with (
        connected() as (sim, opened),
        _address(opened) as address,
        opened_again(sim, public_address=address) as called,
    ):
        assert [step.ok for step in await _steps(called)] == [True] * 4
        assert sim.hooks.address.startswith(f"{address}/hooks/")
        assert called.poll_seconds > opened.poll_seconds


async def test_an_address_that_does_not_answer_is_told_with_a_remedy() -> None:
    async with connected(public_address="http://127.0.0.1:9") as (_, opened):
        last = (await _steps(opened))[-1]
        assert not last.ok
        assert last.remedy is not None


async def test_without_a_verify_token_nobody_is_told_of_the_address() -> None:
    async with connected() as (sim, opened), _address(opened) as address:
        lacking = account(sim, without="verify_token", public_address=address)
        last = (await _steps(lacking))[-1]
        assert not last.ok
        assert last.remedy is not None
        with pytest.raises(Rejected):
            lacking.hear(
                HookCall("GET", {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""})
            )
        await lacking.close()


@pytest.mark.parametrize("missing", ["pages_messaging", "pages_read_user_content", "pages_manage_engagement"])
async def test_a_missing_permission_is_named(missing: str) -> None:
    async with connected() as (sim, opened):
        sim.permissions.discard(missing)
        last = (await _steps(opened))[-1]
        assert not last.ok
        assert missing in str(last.found)
        assert opened.signs().missing == (missing,)


async def test_what_a_page_can_do_depends_on_its_token() -> None:
    async with connected() as (sim, opened):
        sim.permissions.discard("pages_manage_engagement")
        abilities = await opened.abilities()
        public, private = (abilities.answering(one) for one in (Visibility.PUBLIC, Visibility.PRIVATE))
        assert public is not None
        assert private is not None
        assert public.refused is not None
        assert private.refused is None
        assert abilities.acts == ()
        assert set(abilities.denied) == {Act.EDIT, Act.DELETE, Act.HIDE, Act.LIKE}


async def test_the_end_of_the_token_is_known() -> None:
    async with connected() as (sim, opened):
        sim.expires_at = clock.seconds_from_now(86_400).replace(microsecond=0)
        await opened.abilities()
        assert opened.signs().token_expires_at == sim.expires_at
        assert any("2" in str(step.found) for step in await _steps(opened))


async def test_who_signs_in_must_manage_the_page() -> None:
    async with connected(page="500999") as (_, opened):
        with pytest.raises(AuthFailed, match="Larkfield Home"):
            await opened.authorise(_agree)


async def _agree(page: str) -> None:

    async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
        await answer.read()


def test_without_the_app_secret_nothing_is_taken() -> None:
    given = manifest.settings.clean({"page": "500100", "app": "7001"})
    opened = create(AccountContext(new_id(), "Facebook", given, MemorySecrets()))
    with pytest.raises(Rejected):
        opened.hear(HookCall("POST", {}, {"x-hub-signature-256": "sha256="}, b"{}"))


@pytest.mark.parametrize(
    "given",
    [
        {"page": "larkfield", "app": "7001"},
        {"page": "500100", "app": ""},
        {"page": "500100", "app": "7001", "public_address": "http://desk.example.com"},
        {"page": "500100", "app": "7001", "public_address": "https://desk.example.com/hooks"},
        {"page": "500100", "app": "7001", "server": "ftp://graph.example"},
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read_settings(given)
