"""Mastodon in the small world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentdesk.app.demo.networks.network import Answer, Network, Words
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

__all__ = ["Mastodon"]


class Mastodon(Network):
    """A server at which the shop has its account."""

    channel = "mastodon"
    words = (
        Words(1.0, "nadia@pixel.example", "Nadia Brandt", "@larkfield Do you deliver to Graz?"),
        Words(3.0, "yusuf@ankara.example", "Yusuf Demir", "@larkfield My order 5120 has not come yet.", True),
    )

    def __init__(self) -> None:
        self._server = MastodonSimulator("chirp.example", "larkfield")
        super().__init__(self._server)

    @property
    def settings(self) -> Mapping[str, str]:
        return self._server.settings()

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"access_token": self._server.token}

    async def say(self, words: Words) -> str:
        world = self._server.world
        visibility = "direct" if words.private else "public"
        return world.post(world.person(words.handle, words.name), words.text, visibility=visibility).id

    def answers(self) -> Iterable[Answer]:
        world = self._server.world
        for status in list(world.statuses.values()):
            if status.author is world.owner:
                yield Answer(status.id, status.parent.author.acct if status.parent else "")
