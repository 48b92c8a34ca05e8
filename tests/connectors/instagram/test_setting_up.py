"""The token that is renewed, and the test of the settings, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import time_machine
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.connectors.instagram.support import account, connected, opened_again, polled

from agentdesk.base import clock
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.testing import MemorySecrets
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.instagram.connector import InstagramAccount
from agentdesk_connectors.instagram.permissions import COMMENTS, MESSAGES
from agentdesk_connectors.instagram.simulator import InstagramSimulator

NOON = "2026-11-22T12:00:00+00:00"


async def _steps(opened: InstagramAccount) -> list[tuple[str, bool, str]]:
    return [(str(one.title), one.ok, str(one.found)) async for one in opened.check()]


def _renewals(sim: InstagramSimulator) -> int:
    return sum(1 for one in sim.seen if one.path == "/refresh_access_token")


# --- the token ---


async def test_the_token_is_renewed_in_time_and_its_end_is_told() -> None:
    with time_machine.travel(NOON, tick=True) as traveller:
        async with InstagramSimulator().served() as sim:
            sim.rotates = True
            secrets = MemorySecrets(**sim.secrets())
            async with opened_again(sim, secrets) as opened:
                assert opened.signs().token_expires_at is None
                await polled(opened)
                assert secrets.get("access_token") == sim.token == "simulated-page-token-renewed"
                ends = opened.signs().token_expires_at
                assert ends is not None
                assert abs(ends - clock.seconds_from_now(60 * 86_400)) < timedelta(minutes=1)
                await polled(opened)
                assert _renewals(sim) == 1
            async with opened_again(sim, secrets) as opened:
                assert opened.signs().token_expires_at == ends, "it is known after a restart"
                await polled(opened)
                assert _renewals(sim) == 1
                traveller.shift(31 * 86_400)
                await polled(opened)
                assert _renewals(sim) == 2
                assert opened.signs().token_expires_at != ends


async def test_a_token_that_is_too_young_to_be_renewed_is_used() -> None:
    async with InstagramSimulator().served() as sim:
        sim.issued_at = clock.now()
        async with opened_again(sim) as opened:
            await polled(opened)
            await polled(opened)
            assert opened.signs().token_expires_at is None
            assert _renewals(sim) == 1


async def test_the_end_of_another_token_is_not_taken_for_that_of_a_new_one() -> None:
    async with connected() as (sim, _):
        secrets = MemorySecrets(
            **sim.secrets(), access_token_expires="0123456789abcdef 2026-01-01T00:00:00+00:00"
        )
        async with opened_again(sim, secrets) as opened:
            assert opened.signs().token_expires_at is None


# --- the test of the settings ---


async def test_the_test_says_what_was_found() -> None:
    async with connected() as (sim, opened):
        sim.told_of.clear()
        sim.world.work("The new kettle")
        assert await _steps(opened) == [
            ("Sign in", True, "Signed in as @larkfield.home."),
            ("Read comments", True, "Comments below the account's posts can be read."),
            ("Read private messages", True, "Private messages can be read."),
            ("Be told of what happens", True, "The app is told of comments, mentions and messages."),
            (
                "Be reached from outside",
                True,
                "There is no public address: the account is asked every few minutes instead.",
            ),
        ]
        assert "messages" in sim.told_of, "it was subscribed"


@pytest.mark.parametrize(
    ("permission", "title"), [(COMMENTS, "Read comments"), (MESSAGES, "Read private messages")]
)
async def test_a_missing_permission_is_told_by_its_name(permission: str, title: str) -> None:
    async with connected() as (sim, opened):
        sim.world.work("The new kettle")
        sim.permissions.discard(permission)
        step = [one async for one in opened.check()][-1]
        assert (str(step.title), step.ok) == (title, False)
        assert permission in str(step.found)
        assert step.remedy is not None


@pytest.mark.parametrize(
    ("fault", "path", "title"),
    [
        (Fault.DEAD_TOKEN, "/v25.0/me", "Sign in"),
        (Fault.BROKEN, "/v25.0/me/conversations", "Read private messages"),
        (Fault.NO_SCOPE, "/v25.0/17841400000000001/subscribed_apps", "Be told of what happens"),
    ],
)
async def test_the_first_step_that_fails_is_the_last(fault: Fault, path: str, title: str) -> None:
    async with connected() as (sim, opened):
        sim.fail(fault, path=path)
        steps = await _steps(opened)
        assert steps[-1][0] == title
        assert [ok for _, ok, _ in steps] == [True] * (len(steps) - 1) + [False]


_Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def _outside(answer: _Answer) -> AsyncIterator[str]:
    """A server at our public address that answers so."""
    app = web.Application()
    app.router.add_get("/hooks/{account}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_the_public_address_is_tried_from_here() -> None:
    async with connected() as (sim, other):

        async def ours(request: web.Request) -> web.Response:
            return web.Response(text=other.hear(HookCall("GET", dict(request.query))).body)

        async def somebody_elses(_request: web.Request) -> web.Response:
            return web.Response(text="<html>A parking page</html>")

        for answers, ok in ((ours, True), (somebody_elses, False)):
            async with _outside(answers) as address:
                opened = account(sim, public_address=address)
                title, found, _ = (await _steps(opened))[-1]
                assert (title, found) == ("Be reached from outside", ok)
                await opened.close()


async def test_a_public_address_needs_a_verify_token() -> None:
    async with connected() as (sim, _):
        secrets = MemorySecrets(access_token=sim.token, app_secret=sim.app_secret)
        async with opened_again(sim, secrets, public_address="https://desk.example.com") as opened:
            step = [one async for one in opened.check()][-1]
            assert not step.ok
            assert step.remedy is not None
