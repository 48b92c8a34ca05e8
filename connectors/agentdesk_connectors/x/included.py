"""What X hands out beside a post: the people, posts, files and polls that it speaks of."""

from __future__ import annotations

from agentdesk.sdk.inbound import Party
from agentdesk_connectors.fields import Json, each, inner, text, token
from agentdesk_connectors.x.naming import KIND
from agentdesk_connectors.x.vocabulary import in_older_words

__all__ = ["Included"]


class Included:
    """The ``includes`` of an answer; the stream wraps what it holds once more in ``data``."""

    def __init__(self, includes: Json) -> None:
        self._users = self._by(includes, "users", "id")
        posts = {**self._by(includes, "tweets", "id"), **self._by(includes, "posts", "id")}
        self._posts = {number: in_older_words(one) for number, one in posts.items()}
        self._media = self._by(includes, "media", "media_key")
        self._polls = self._by(includes, "polls", "id")

    @staticmethod
    def _by(includes: Json, name: str, key: str) -> dict[str, Json]:
        listed = includes.get(name)
        if isinstance(listed, dict):  # the users beside direct messages of the stream
            includes = {name: list(listed.values())}
        found = (inner(one, "data") or one for one in each(includes, name))
        return {token(one, key): one for one in found if token(one, key)}

    def user(self, number: str) -> Json:
        """Return what is known of somebody; nothing where nothing is."""
        return self._users.get(number, {})

    def post(self, number: str) -> Json:
        """Return a post that another one answers or quotes."""
        return self._posts.get(number, {})

    def media(self, key: str) -> Json:
        """Return a picture or film."""
        return self._media.get(key, {})

    def poll(self, number: str) -> Json:
        """Return a poll."""
        return self._polls.get(number, {})

    def party(self, number: str) -> Party:
        """Return somebody as the core knows people: by number, with the name that they go by now."""
        user = self.user(number)
        name = " ".join(text(user, "name", 200).split())
        return Party(KIND, number, name or text(user, "username", 50))
