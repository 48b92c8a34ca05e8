"""Until when people may be written to; and signing in with the network's dialog."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest
from tests.connectors.meta.support import connected

from agentdesk.base import clock
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk_connectors.meta.errors import WindowClosed
from agentdesk_connectors.meta.oauth import sign_in
from agentdesk_connectors.meta.windows import open_until, terms

NOW = clock.now()


def _terms(hours: float, *, automatic: bool = False, human_agent: bool = True) -> object:
    return terms(NOW - timedelta(hours=hours), NOW, automatic=automatic, human_agent=human_agent)


def test_within_a_day_it_is_a_response() -> None:
    assert _terms(23.9, automatic=True, human_agent=False) == {"messaging_type": "RESPONSE"}


def test_within_a_week_people_may_still_write() -> None:
    assert _terms(24) == {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    with pytest.raises(Rejected):
        _terms(25, automatic=True)


@pytest.mark.parametrize(("hours", "human_agent"), [(24, False), (7 * 24, True), (1_000, True)])
def test_later_nobody_may(hours: float, human_agent: bool) -> None:
    with pytest.raises(WindowClosed):
        _terms(hours, human_agent=human_agent)


def test_who_never_wrote_may_not_be_written_to() -> None:
    with pytest.raises(WindowClosed):
        terms(None, NOW, automatic=False, human_agent=True)


def test_the_end_is_known_from_the_beginning() -> None:
    assert open_until(NOW, human_agent=False) - NOW == timedelta(hours=24)
    assert open_until(NOW, human_agent=True) - NOW == timedelta(days=7)


async def _agree(page: str) -> None:
    async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
        await answer.read()


async def test_the_dialog_ends_with_the_tokens_of_the_pages() -> None:
    async with connected() as (sim, graph):
        (page,) = await sign_in(graph, (sim.app_id, sim.app_secret), ("pages_messaging",), _agree)
        assert (page.id, page.name, page.token, page.instagram) == (sim.profile, sim.name, sim.token, "")
        assert sim.permissions == {"pages_messaging"}


async def test_who_does_not_come_is_not_waited_for() -> None:
    async def ignore(_page: str) -> None:
        return

    async with connected() as (sim, graph):
        with pytest.raises(AuthFailed):
            await sign_in(graph, (sim.app_id, sim.app_secret), (), ignore, timeout=0.01)
