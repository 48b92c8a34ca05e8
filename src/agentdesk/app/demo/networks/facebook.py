"""Facebook in the small world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agentdesk.app.demo.networks.network import Answer, Network, Words
from agentdesk_connectors.facebook.simulator import FacebookSimulator

__all__ = ["Facebook"]


class Facebook(Network):
    """The shop's page, which is asked now and then: so people speak at once."""

    channel = "facebook"
    words = (
        Words(0.0, "", "Greta Lindqvist", "Is the bench weatherproof?"),
        Words(0.0, "", "Omar Haddad", "Do you take old furniture along?", private=True),
    )

    def __init__(self) -> None:
        self._page = FacebookSimulator()
        super().__init__(self._page)
        world = self._page.world
        self._work = world.post(world.page, "The garden bench is back.")

    @property
    def settings(self) -> Mapping[str, str]:
        return self._page.settings()

    @property
    def secrets(self) -> Mapping[str, str]:
        return self._page.secrets()

    async def say(self, words: Words) -> str:
        world = self._page.world
        who = world.person(words.name)
        if words.private:
            return world.message(who, words.text).id
        return world.comment(who, words.text, self._work).id

    def answers(self) -> Iterable[Answer]:
        world = self._page.world
        for comment in list(world.comments):
            if comment.author is world.page:
                yield Answer(comment.id, comment.parent.author.name if comment.parent else "")
        for message in list(world.messages):
            if message.own:
                yield Answer(message.id, message.person.name)
