"""Instagram in the small world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentdesk.app.demo.networks.network import Answer, Network, Words
from agentdesk_connectors.instagram.simulator import InstagramSimulator

__all__ = ["Instagram"]


class Instagram(Network):
    """The shop's account, which is asked now and then: so people speak at once."""

    channel = "instagram"
    words = (
        Words(0.0, "hana.makes", "Hana Sato", "Which lamp is that in the corner?"),
        Words(0.0, "luis.e.casa", "Luis Ortega", "My voucher does not work.", private=True),
    )

    def __init__(self) -> None:
        self._network = InstagramSimulator()
        super().__init__(self._network)
        self._work = self._network.world.work("A corner to read in.")

    @property
    def settings(self) -> Mapping[str, str]:
        return self._network.settings()

    @property
    def secrets(self) -> Mapping[str, str]:
        return self._network.secrets()

    async def say(self, words: Words) -> str:
        world = self._network.world
        who = world.person(words.handle, words.name)
        if words.private:
            return world.write(who, words.text).id
        return world.comment(self._work, who, words.text).id

    def answers(self) -> Iterable[Answer]:
        world = self._network.world
        for comment in list(world.comments.values()):
            if comment.author is None:
                above = comment.parent.author if comment.parent else None
                yield Answer(comment.id, above.username if above else "")
        for talk in list(world.talks.values()):
            yield from (Answer(one.id, talk.person.username) for one in talk.messages if one.ours)
