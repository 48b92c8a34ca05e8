"""Bluesky passes the suite of the connector contract, over the simulated services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.connectors.bluesky.support import session_of

from agentdesk.sdk.discover import connector
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.protocols import Account
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands
from agentdesk_connectors.bluesky.naming import message_id
from agentdesk_connectors.bluesky.simulator import BlueskySimulator
from agentdesk_connectors.bluesky.simulator_world import Post


class BlueskyStage(Stage):
    visibilities = (Visibility.PUBLIC, Visibility.PRIVATE)

    def __init__(self, simulator: BlueskySimulator) -> None:
        super().__init__()
        self.module = connector("bluesky")
        self.simulator = self.server = simulator
        self.settings = simulator.settings()
        self.secrets = {"app_password": simulator.password}

    def open(self, **changes: Any) -> Account:
        """As a later process opens it: the session of an earlier one is kept."""
        opened = super().open(**changes)
        self.kept.values["session"] = session_of(self.server, **changes)
        return opened

    async def say(self, said: Said) -> str:
        world = self.server.world
        who = world.person(f"{said.by}.example", said.by.title())
        if said.visibility is Visibility.PRIVATE:
            message = world.write(who, said.text)
            return message_id(world.convo(who).id, message.id)
        pictures = [said.picture] if said.picture else []
        above = world.posts[said.below] if said.below else None
        mentions = () if said.watched else [world.owner]
        return world.post(who, said.text, mentions=mentions, reply_to=above, pictures=pictures).uri

    async def remove(self, external_id: str) -> None:
        world = self.server.world
        if external_id.startswith("chat/"):
            world.unsay(*world.talk_with(external_id))
        else:
            world.delete(world.posts[external_id])

    def stands(self) -> Sequence[Stands]:
        world = self.server.world
        posts = [(one.at, _stands(one)) for one in world.posts.values() if one.author is world.owner]
        said = [
            (one.at, Stands(message_id(convo.id, one.id), one.text))
            for convo in world.convos.values()
            for one in convo.messages
            if one.author is world.owner
        ]
        return [stands for _, stands in sorted([*posts, *said], key=lambda one: one[0])]

    def marks(self, external_id: str) -> set[str]:
        world = self.server.world
        liked = external_id in world.likes.values()
        reported = any(one["subject"]["uri"] == external_id for one in world.reports)
        return ({"liked"} if liked else set()) | ({"reported"} if reported else set())


def _stands(post: Post) -> Stands:
    alts = tuple(one["alt"] for one in post.record.get("embed", {}).get("images", ()))
    return Stands(post.uri, post.text, Visibility.PUBLIC, post.parent, alts)


class TestBluesky(Conformance):
    package = "agentdesk_connectors.bluesky"

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with BlueskySimulator().served() as simulator:
            made = BlueskyStage(simulator)
            try:
                yield made
            finally:
                await made.close()
