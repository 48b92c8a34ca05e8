"""Signing in at the server's own page, and the test of the settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from tests.connectors.mastodon.support import account, connected

from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed
from agentdesk.sdk.testing.simulator import Fault
from agentdesk_connectors.mastodon.oauth import SCOPES, sign_in
from agentdesk_connectors.mastodon.settings import read_settings


async def _visit(page: str) -> None:
    """What the browser of somebody does who agrees."""
    async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
        await answer.read()


async def _steps(opened: Any) -> list[tuple[str, bool, str]]:
    return [(str(one.title), one.ok, str(one.found)) async for one in opened.check()]


async def test_a_person_allows_it_in_and_the_token_is_kept() -> None:
    async with connected() as (sim, _):
        fresh = account(sim, token="")
        pages = []

        async def show(page: str) -> None:
            pages.append(page)
            await _visit(page)

        await fresh.authorise(show)
        assert fresh._token() == sim.token
        assert sim.scopes == set(SCOPES)
        query = parse_qs(urlsplit(pages[0]).query)
        assert query["code_challenge_method"] == ["S256"]
        assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
        assert fresh.signs().missing == ()
        await fresh.close()


async def test_a_person_who_declines_or_does_not_come_leaves_no_token() -> None:
    async with connected() as (sim, _):
        fresh = account(sim, token="")
        sim.consent.declines = True
        with pytest.raises(AuthFailed, match="not allowed in"):
            await fresh.authorise(_visit)

        async def nobody(_page: str) -> None:
            return

        with pytest.raises(AuthFailed, match="Nobody signed in"):
            await sign_in(fresh._client, nobody, timeout=0.01)
        with pytest.raises(AuthFailed, match="Nobody has signed in"):
            await fresh.poll(None)
        await fresh.close()


async def test_the_test_of_the_settings_says_what_was_found() -> None:
    async with connected() as (_, opened):
        assert await _steps(opened) == [
            ("Reach the server", True, "Simulated runs version 4.5.2."),
            ("Sign in", True, "Signed in as support@social.example."),
            (
                "Read mentions and private messages",
                True,
                "Mentions can be read. No address of ours must be open to the net.",
            ),
            ("Answer posts", True, "A post may have 500 characters and 4 files."),
        ]


@pytest.mark.parametrize(
    ("fault", "path", "title"),
    [
        (Fault.BROKEN, "/api/v2/instance", "Reach the server"),
        (Fault.DEAD_TOKEN, "/api/v1/accounts", "Sign in"),
        (Fault.NO_SCOPE, "/api/v1/notifications", "Read mentions and private messages"),
    ],
)
async def test_the_first_step_that_fails_is_the_last(fault: Fault, path: str, title: str) -> None:
    async with connected() as (sim, opened):
        sim.fail(fault, path=path)
        steps = await _steps(opened)
        assert (steps[-1][0], [ok for _, ok, _ in steps]) == (title, [True] * (len(steps) - 1) + [False])


async def test_a_missing_permission_to_post_is_found_before_anybody_answers() -> None:
    async with connected() as (sim, opened):
        sim.scopes = {"read"}
        title, ok, found = (await _steps(opened))[-1]
        assert (title, ok) == ("Answer posts", False)
        assert "write:statuses" in found


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ({"address": "Support@Social.Example"}, "https://social.example"),
        ({"address": "a@b.example", "server": "m.b.example"}, "https://m.b.example"),
        ({"address": "a@b.example", "server": "https://m.b.example:8443/"}, "https://m.b.example:8443"),
        ({"address": "a@b.example", "server": "http://127.0.0.1:80"}, "http://127.0.0.1:80"),
    ],
)
def test_the_server_is_found_by_the_address(given: dict[str, str], base_url: str) -> None:
    assert read_settings(given).base_url == base_url


@pytest.mark.parametrize(
    "given",
    [
        {"address": "nobody"},
        {"address": "a@"},
        {"address": "a b@c.example"},
        {"address": "a@b.example", "server": "http://b.example"},
        {"address": "a@b.example", "server": "https://user:word@b.example"},
        {"address": "a@b.example", "server": "https://b.example/path"},
        {"address": "a@b.example", "server": "ftp://b.example"},
        {"address": "a@b.example", "server": "https://[::1"},
    ],
)
def test_what_is_no_server_is_refused_by_the_name_of_its_field(given: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read_settings(given)
