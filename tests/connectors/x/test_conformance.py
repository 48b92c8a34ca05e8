"""X passes the suite of the connector contract, over the simulated service."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest

from agentdesk.sdk.discover import connector
from agentdesk.sdk.posts import Visibility
from agentdesk.sdk.protocols import Account
from agentdesk.sdk.testing.conformance import Conformance
from agentdesk.sdk.testing.stage import Said, Stage, Stands
from agentdesk_connectors.x.simulator import XSimulator
from agentdesk_connectors.x.simulator_world import File, Message, Tweet


class XStage(Stage):
    visibilities = (Visibility.PUBLIC, Visibility.PRIVATE)

    def __init__(self, simulator: XSimulator, *, in_our_thread: bool = False) -> None:
        super().__init__()
        self.module = connector("x")
        self.simulator = self.x = simulator
        self.settings = {**simulator.settings(), "callback_port": str(_free_port())}
        self.secrets = simulator.secrets()
        self._work = simulator.world.post(simulator.world.owner, "Our news") if in_our_thread else None

    def open(self, **changes: Any) -> Account:
        """Each as it is after one and the same sign-in: renewing it would end it for the others."""
        given, self.secrets = self.secrets, {**self.secrets, **self.x.signed_in()}
        try:
            return super().open(**changes)
        finally:
            self.secrets = given

    async def say(self, said: Said) -> str:
        world = self.x.world
        who = world.person(said.by, said.by.title())
        files = [File(world.new_id(), "image/png", alt=said.picture)] if said.picture else []
        if said.visibility is Visibility.PRIVATE:
            return f"dm/{world.write(who, world.owner, said.text, files=files).id}"
        above = world.posts[said.below] if said.below else self._work
        names = () if said.watched else (world.owner,)
        return world.post(who, said.text, names=names, reply_to=above, files=files).id

    async def change(self, external_id: str, text: str) -> None:
        self.x.world.edit(self.x.world.posts[external_id], text)

    async def remove(self, external_id: str) -> None:
        self.x.world.remove(self.x.world.posts[external_id])

    def stands(self) -> Sequence[Stands]:
        world = self.x.world
        made: list[Tweet | Message] = [one for one in world.posts.values() if one.api]
        made += [one for one in world.messages if one.api]
        return [_stands(one) for one in sorted(made, key=lambda one: int(one.id))]

    def marks(self, external_id: str) -> set[str]:
        post = self.x.world.posts[external_id]
        return ({"liked"} if post.liked else set()) | ({"hidden"} if post.hidden else set())

    async def agree(self, page: str) -> None:
        async with aiohttp.ClientSession() as browser, browser.get(page) as answer:
            await answer.read()


def _stands(made: Tweet | Message) -> Stands:
    alts = tuple(one.alt for one in made.files)
    if isinstance(made, Message):
        return Stands(f"dm/{made.id}", made.text, Visibility.PRIVATE, "", alts)
    below = made.parent.id if made.parent else ""
    return Stands(made.id, made.texts[-1], Visibility.PUBLIC, below, alts)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


class TestX(Conformance):
    package = "agentdesk_connectors.x"

    @pytest.fixture
    async def stage(self, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
        """Answers can only be hidden in threads of ours, and liked by who has a contract with X."""
        acts = request.node.originalname == "test_acts"
        async with XSimulator().served() as simulator:
            made = XStage(simulator, in_our_thread=acts)
            if acts:
                simulator.world.tier = made.settings["tier"] = "enterprise"
            try:
                yield made
            finally:
                await made.close()
