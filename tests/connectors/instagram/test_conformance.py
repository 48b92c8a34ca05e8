"""Instagram passes the suite of the connector contract, over the simulated network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from agentdesk.sdk.discover import connector
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands
from agentdesk_connectors.instagram.simulator import InstagramSimulator
from agentdesk_connectors.instagram.simulator_world import Comment, Message


class InstagramStage(Stage):
    """One account with one post."""

    visibilities = (Visibility.PUBLIC, Visibility.PRIVATE)

    def __init__(self, simulator: InstagramSimulator) -> None:
        super().__init__()
        self.module = connector("instagram")
        self.simulator = self.network = simulator
        self.settings = simulator.settings()
        self.secrets = simulator.secrets()
        self._work = simulator.world.work("The new kettle")

    def _comment(self, external_id: str) -> Comment | None:
        return self.network.world.comments.get(external_id.rpartition("/")[2])

    async def say(self, said: Said) -> str:
        world = self.network.world
        who = world.person(said.by)
        if said.visibility is Visibility.PRIVATE:
            return f"message/{world.write(who, said.text).id}"
        above = self._comment(said.below) if said.below else None
        return f"comment/{world.comment(self._work, who, said.text, above).id}"

    async def remove(self, external_id: str) -> None:
        comment = self._comment(external_id)
        assert comment is not None
        self.network.world.take_back(comment)

    def stands(self) -> Sequence[Stands]:
        return [_stands(one) for one in self.network.world.standing()]

    def marks(self, external_id: str) -> set[str]:
        comment = self._comment(external_id)
        return {"hidden"} if comment is not None and comment.hidden else set()

    def calls(self) -> list[HookCall]:
        calls, self.network.hooks.calls[:] = list(self.network.hooks.calls), []
        return calls


def _stands(one: Comment | Message) -> Stands:
    if isinstance(one, Message):
        return Stands(f"message/{one.id}", one.text, Visibility.PRIVATE)
    below = f"comment/{one.parent.id}" if one.parent else ""
    return Stands(f"comment/{one.id}", one.text, Visibility.PUBLIC, below)


class TestInstagram(Conformance):
    package = "agentdesk_connectors.instagram"

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with InstagramSimulator().served() as simulator:
            made = InstagramStage(simulator)
            try:
                yield made
            finally:
                await made.close()
