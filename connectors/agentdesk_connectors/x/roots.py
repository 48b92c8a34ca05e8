"""What an answer stands below: the posts with which threads began, looked up where nothing came with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.sdk.errors import AuthFailed
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.x.asking import page_of
from agentdesk_connectors.x.client import Client
from agentdesk_connectors.x.included import Included
from agentdesk_connectors.x.limits import ROOTS
from agentdesk_connectors.x.naming import is_id
from agentdesk_connectors.x.texts import shown_text
from agentdesk_connectors.x.vocabulary import in_older_words

__all__ = ["Roots"]

_AT_ONCE = 100
_REMEMBERED = 2_000
_BELOW = 500
_FIELDS = {
    "tweet.fields": "author_id,created_at,entities,note_tweet",
    "expansions": "author_id",
    "user.fields": "name,username",
}


class Roots:
    """The beginnings of threads, remembered in memory."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: OrderedDict[str, Json] = OrderedDict()

    async def learn(self, posts: Iterable[Json]) -> None:
        """Ask once for all beginnings of ``posts`` that are not known. What cannot be had now is left out:
        the posts themselves name theirs."""
        wanted = [root for root in dict.fromkeys(map(_root, posts)) if root and root not in self._known]
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            try:
                body = await self._client.call(
                    "GET", "/2/tweets", params={"ids": ",".join(some), **_FIELDS}, of=ROOTS
                )
                page = page_of(body)
            except AuthFailed:
                raise
            except AgentDeskError:
                return
            for one in some:
                self._keep(one, {})
            for raw in page.items:
                self._note(raw)

    async def below(self, post: Json, raw: bytes) -> Json:
        """Return what ``post`` stands below, as small values; nothing where its own author began that."""
        root = _root(post)
        if not root or len(raw) > 1_000_000:
            return {}
        if root not in self._known:
            await self.learn([post])
        found = self._known.get(root, {})
        return {} if found.get("author_id") == fields.token(post, "author_id") else found

    def _note(self, raw: bytes) -> None:
        try:
            value = fields.inner(fields.parse(raw))
        except Invalid:
            return
        found = in_older_words(fields.inner(value, "data"))
        number, author = fields.token(found, "id"), fields.token(found, "author_id")
        user = Included(fields.inner(value, "includes")).user(author)
        if is_id(number):
            self._keep(
                number,
                {
                    "id": number,
                    "text": shown_text(found)[:_BELOW],
                    "author": fields.text(user, "name", 200),
                    "author_id": author,
                    "handle": fields.text(user, "username", 50),
                },
            )

    def _keep(self, number: str, found: Json) -> None:
        self._known[number] = found
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _root(post: Json) -> str:
    """The number of the post with which the thread of an answer began."""
    answers = any(one.get("type") == "replied_to" for one in fields.each(post, "referenced_tweets"))
    root = fields.token(post, "conversation_id")
    return root if answers and is_id(root) and root != fields.token(post, "id") else ""
