"""kill -9 of the server in the middle of an answer to a network: it is there once, and we know it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from tests.conftest import NewCompany
from tests.connectors.bluesky.test_conformance import BlueskyStage
from tests.connectors.facebook.test_conformance import FacebookStage
from tests.connectors.instagram.test_conformance import InstagramStage
from tests.connectors.mastodon.test_conformance import MastodonStage
from tests.connectors.x.test_conformance import XStage
from tests.helpers.company import Company, add_account
from tests.helpers.until import until

from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.simulator import Fault, Simulator
from agentdesk.sdk.testing.stage import Said
from agentdesk_connectors.bluesky.simulator import BlueskySimulator
from agentdesk_connectors.facebook.simulator import FacebookSimulator
from agentdesk_connectors.instagram.simulator import InstagramSimulator
from agentdesk_connectors.mastodon.simulator import MastodonSimulator
from agentdesk_connectors.x.simulator import XSimulator

pytestmark = pytest.mark.faults
_ANSWER = "It leaves today."


@dataclass(frozen=True)
class Network:
    """How an account of a network is acted, and how the call begins that puts an answer there."""

    simulator: type[Simulator]
    stage: type[Any]
    method: str
    path: str
    visibility: Visibility = Visibility.PUBLIC


NETWORKS = {
    "bluesky": Network(BlueskySimulator, BlueskyStage, "POST", "/xrpc/com.atproto.repo.putRecord"),
    "bluesky privately": Network(
        BlueskySimulator,
        BlueskyStage,
        "POST",
        "/xrpc/chat.bsky.convo.sendMessage",
        Visibility.PRIVATE,
    ),
    "facebook": Network(FacebookSimulator, FacebookStage, "POST", "/v25.0/500100_"),
    "facebook privately": Network(
        FacebookSimulator, FacebookStage, "POST", "/v25.0/500100/messages", Visibility.PRIVATE
    ),
    "instagram": Network(InstagramSimulator, InstagramStage, "POST", "/"),
    "instagram privately": Network(InstagramSimulator, InstagramStage, "POST", "/", Visibility.PRIVATE),
    "mastodon": Network(MastodonSimulator, MastodonStage, "POST", "/api/v1/statuses"),
    "x": Network(XSimulator, XStage, "POST", "/2/tweets"),
    "x privately": Network(XSimulator, XStage, "POST", "/2/dm_", Visibility.PRIVATE),
}


@pytest.mark.parametrize("fault", [Fault.HELD_CALL, Fault.HELD_ANSWER])
@pytest.mark.parametrize("channel", NETWORKS)
async def test_an_answer_whose_server_was_killed_is_there_once(
    channel: str, fault: Fault, new_company: NewCompany, sqlite_url: str
) -> None:
    network = NETWORKS[channel]
    async with network.simulator().served() as simulator:
        stage = network.stage(simulator)
        await stage.say(Said("Where is my order?", visibility=network.visibility))
        company = await asyncio.to_thread(new_company, sqlite_url)
        company.module = "tests.faults.hasty"
        await asyncio.to_thread(add_account, company, channel.split()[0], stage.settings, stage.secrets)
        await asyncio.to_thread(company.start)
        (talk,) = await asyncio.to_thread(company.wait_for_conversations, 1)
        simulator.fail(fault, method=network.method, path=network.path)
        calls = _calls(simulator, network)
        answer = await asyncio.to_thread(company.reply, talk["id"], _ANSWER)
        await until(lambda: _calls(simulator, network) > calls, what="the answer is on its way")
        await asyncio.to_thread(company.kill)
        simulator.heal()
        await asyncio.to_thread(company.start)
        await asyncio.to_thread(company.wait_for_delivery, talk["id"], answer["id"], "sent", 60)
        assert [one.text for one in stage.stands()].count(_ANSWER) == 1
        await asyncio.to_thread(_come_to_rest, company)
        assert [one.text for one in stage.stands()].count(_ANSWER) == 1


def _calls(simulator: Simulator, network: Network) -> int:
    return sum(one.method == network.method and one.path.startswith(network.path) for one in simulator.seen)


def _come_to_rest(company: Company) -> None:
    assert company.stop() == 0
