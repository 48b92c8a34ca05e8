"""Facebook passes the suite of the connector contract, over the simulated page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from agentdesk.sdk.discover import connector
from agentdesk.sdk.hooks import HookCall
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands
from agentdesk_connectors.facebook.simulator import FacebookSimulator
from agentdesk_connectors.facebook.simulator_world import Comment, Message, PagePost


class FacebookStage(Stage):
    visibilities = (Visibility.PUBLIC, Visibility.PRIVATE)

    def __init__(self, simulator: FacebookSimulator) -> None:
        super().__init__()
        self.module = connector("facebook")
        self.simulator = self.page = simulator
        self.world = simulator.world
        self.settings = simulator.settings()
        self.secrets = simulator.secrets()

    def _named(self, external_id: str) -> PagePost | Comment | Message:
        message = next((one for one in self.world.messages if one.id == external_id), None)
        found = message or self.world.find(external_id)
        assert found is not None
        return found

    async def say(self, said: Said) -> str:
        who = self.world.person(said.by.title())
        if said.visibility is Visibility.PRIVATE:
            return self.world.message(who, said.text).id
        picture = f"{self.page.url}/1.png" if said.picture else ""
        if not said.below:
            return self.world.post(who, said.text, picture).id
        above = self._named(said.below)
        assert not isinstance(above, Message)
        return self.world.comment(who, said.text, above).id

    async def change(self, external_id: str, text: str) -> None:
        self.world.change(self._named(external_id), text)

    async def remove(self, external_id: str) -> None:
        found = self._named(external_id)
        assert not isinstance(found, Message)
        self.world.remove(found)

    def stands(self) -> Sequence[Stands]:
        comments = [
            Stands(
                one.id,
                one.text,
                Visibility.PUBLIC,
                (one.parent or one.post).id,
                (one.file.alt,) if one.file else (),
            )
            for one in self.world.comments
            if one.author is self.world.page and not one.gone
        ]
        own = [one for one in self.world.messages if one.own]
        return [*comments, *(Stands(one.id, one.text, Visibility.PRIVATE) for one in own)]

    def marks(self, external_id: str) -> set[str]:
        found = self._named(external_id)
        assert not isinstance(found, Message)
        return ({"liked"} if found.liked else set()) | ({"hidden"} if found.hidden else set())

    def calls(self) -> list[HookCall]:
        calls, self.page.hooks.calls[:] = list(self.page.hooks.calls), []
        return calls

    async def agree(self, page: str) -> None:
        async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
            await answer.read()


class TestFacebook(Conformance):
    package = "agentdesk_connectors.facebook"

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with FacebookSimulator().served() as simulator:
            made = FacebookStage(simulator)
            try:
                yield made
            finally:
                await made.close()


class TestFacebookUncalled(TestFacebook):
    """The same where Facebook reaches nobody, and has to be asked for everything."""

    test_calls = None

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with FacebookSimulator().served() as simulator:
            simulator.hooks.silent = True
            made = FacebookStage(simulator)
            try:
                yield made
            finally:
                await made.close()
