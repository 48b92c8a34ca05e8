"""Mastodon passes the suite of the connector contract, over the simulated server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from agentdesk.sdk.discover import connector
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands
from agentdesk_connectors.mastodon.simulator import MastodonSimulator
from agentdesk_connectors.mastodon.simulator_shapes import Status
from agentdesk_connectors.mastodon.wire import VISIBILITIES

_CALLED = {Visibility.PUBLIC: "public", Visibility.LIMITED: "private", Visibility.PRIVATE: "direct"}


class MastodonStage(Stage):
    visibilities = tuple(Visibility)

    def __init__(self, simulator: MastodonSimulator) -> None:
        super().__init__()
        self.module = connector("mastodon")
        self.simulator = self.server = simulator
        self.settings = simulator.settings()
        self.secrets = {"access_token": simulator.token}

    def _status(self, external_id: str) -> Status:
        return self.server.world.statuses[external_id.rpartition("/")[2]]

    async def say(self, said: Said) -> str:
        world = self.server.world
        media = [world.file("image/png", said.picture)] if said.picture else []
        above = self._status(said.below) if said.below else None
        who = world.person(f"{said.by}@elsewhere.example", said.by.title())
        more = {"visibility": _CALLED[said.visibility], "reply_to": above, "media": media}
        status = world.post(who, said.text, to=[] if said.watched else [world.owner], **more)
        return f"{self.server.domain}/{status.id}"

    async def change(self, external_id: str, text: str) -> None:
        self.server.world.edit(self._status(external_id), text)

    async def remove(self, external_id: str) -> None:
        self.server.world.delete(self._status(external_id))

    def stands(self) -> Sequence[Stands]:
        world = self.server.world
        return [_stands(world.domain, one) for one in world.statuses.values() if one.author is world.owner]

    def marks(self, external_id: str) -> set[str]:
        world = self.server.world
        liked = world.owner.id in self._status(external_id).favourites
        number = external_id.rpartition("/")[2]
        reported = any(number in one["status_ids"] for one in world.reports)
        return ({"liked"} if liked else set()) | ({"reported"} if reported else set())

    async def agree(self, page: str) -> None:
        async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
            await answer.read()


def _stands(domain: str, status: Status) -> Stands:
    below = f"{domain}/{status.parent.id}" if status.parent else ""
    text = status.text.partition(" ")[2] if status.text.startswith("@") else status.text
    alts = tuple(str(one["description"]) for one in status.media)
    return Stands(f"{domain}/{status.id}", text, VISIBILITIES[status.visibility], below, alts)


class TestMastodon(Conformance):
    package = "agentdesk_connectors.mastodon"

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with MastodonSimulator().served() as simulator:
            made = MastodonStage(simulator)
            try:
                yield made
            finally:
                await made.close()
