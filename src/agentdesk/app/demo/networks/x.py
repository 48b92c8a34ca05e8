"""X in the small world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentdesk.app.demo.networks.network import Answer, Network, Words
from agentdesk_connectors.x.simulator import XSimulator

__all__ = ["X"]


class X(Network):
    """X, with the shop's account."""

    channel = "x"
    words = (
        Words(1.5, "okan_b", "Okan Bulut", "Two weeks and still no chair. Anybody there?"),
        Words(2.0, "mirela_p", "Mirela Popa", "Can I change the colour of order 5188?", private=True),
    )

    def __init__(self) -> None:
        self._service = XSimulator("larkfield")
        super().__init__(self._service)

    @property
    def settings(self) -> Mapping[str, str]:
        return self._service.settings()

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"refresh_token": self._service.refresh_token, "bearer_token": self._service.bearer}

    async def say(self, words: Words) -> str:
        world = self._service.world
        who = world.person(words.handle, words.name)
        if words.private:
            return world.write(who, world.owner, words.text).id
        return world.post(who, words.text, names=(world.owner,)).id

    def answers(self) -> Iterable[Answer]:
        world = self._service.world
        for post in list(world.posts.values()):
            if post.api:
                yield Answer(post.id, post.parent.author.handle if post.parent else "")
        for message in list(world.messages):
            if message.api:
                yield Answer(message.id, message.to.handle)
