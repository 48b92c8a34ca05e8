"""Bluesky in the small world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentdesk.app.demo.networks.network import Answer, Network, Words
from agentdesk_connectors.bluesky.simulator import BlueskySimulator

__all__ = ["Bluesky"]


class Bluesky(Network):
    """A server at which the shop has its account. It is asked twice a minute: so people speak at once."""

    channel = "bluesky"
    words = (
        Words(0.0, "ines.example", "Inês Duarte", "@larkfield.example is the oak table oiled or waxed?"),
        Words(0.0, "pavel.example", "Pavel Novák", "A screw is missing in my parcel.", private=True),
    )

    def __init__(self) -> None:
        self._server = BlueskySimulator("larkfield.example")
        super().__init__(self._server)

    @property
    def settings(self) -> Mapping[str, str]:
        return self._server.settings()

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"app_password": self._server.password}

    async def say(self, words: Words) -> str:
        world = self._server.world
        who = world.person(words.handle, words.name)
        if words.private:
            return world.write(who, words.text).id
        return _last(world.post(who, words.text, mentions=[world.owner]).uri)

    def answers(self) -> Iterable[Answer]:
        world = self._server.world
        for post in list(world.posts.values()):
            if post.author is world.owner:
                above = world.posts.get(post.parent)
                yield Answer(_last(post.uri), above.author.handle if above else "")
        for convo in list(world.convos.values()):
            whom = next((one.handle for one in convo.members if one is not world.owner), "")
            yield from (Answer(one.id, whom) for one in convo.messages if one.author is world.owner)


def _last(uri: str) -> str:
    return uri.rpartition("/")[2]
