"""What stands on the page and in its conversations: when somebody wrote last, and what has gone out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from agentdesk.base.text import msg, plural
from agentdesk.sdk.outbound import Found, Outbound, Reconciliation
from agentdesk.sdk.posts import Visibility
from agentdesk_connectors import fields
from agentdesk_connectors.facebook.naming import is_post, person_of
from agentdesk_connectors.facebook.settings import FacebookSettings
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone
from agentdesk_connectors.meta.client import TALKS, Graph
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["Finder"]

_LOOKED_AT = 50
_CLOCKS = timedelta(seconds=30)
"""By how much the network's clock may be behind ours; it tells times in whole seconds."""
_MESSAGES = f"messages.limit({_LOOKED_AT}){{id,created_time,from,message,attachments}}"
_COMMENTS = "id,created_time,from,message,attachment"
_NO_TEXT = msg("The page has said nothing like it since then.")


class Finder:
    """Looks things up for one page."""

    def __init__(self, settings: FacebookSettings, graph: Graph) -> None:
        self._page = settings.page
        self._graph = graph

    async def last_from(self, person: str) -> datetime | None:
        """Return when somebody last wrote to the page in private; None where they never did."""
        times = [
            at
            for one in await self._talk_with(person)
            if self._author(one) == person and (at := fields.moment(one, "created_time")) is not None
        ]
        return max(times, default=None)

    async def read_by(self, person: str, until: datetime) -> list[str]:
        """Return the ids of the newest of our messages to somebody that were written before ``until``."""
        return [
            graph_id(one, "id")
            for one in await self._talk_with(person)
            if self._author(one) == self._page
            and (at := fields.moment(one, "created_time")) is not None
            and at <= until
        ]

    async def recognise(self, message: Outbound, since: datetime, known: Collection[str]) -> Reconciliation:
        """Look for ``message`` by what it says; ``known`` are ids that belong to others of ours."""
        own = await self._own_since(message, since)
        own = [one for one in own if graph_id(one, "id") not in known]
        same = [one for one in own if _letters(fields.text(one, "message")) == _letters(message.text)]
        whole = [one for one in same if message.text.strip() or _shows(one)]
        if len(whole) == 1 or (whole and message.text.strip()):
            return Reconciliation(
                Found.SENT, msg("The page has said the same there."), graph_id(whole[0], "id")
            )
        if whole or (message.attachments and any(_shows(one) for one in own)):
            evidence = plural(
                "The page has sent {count} file there since then. Look whether it is the one.",
                "The page has sent {count} files there since then. Look whether it is among them.",
                len([one for one in own if _shows(one)]),
            )
            return Reconciliation(Found.UNKNOWN, evidence)
        return Reconciliation(Found.ABSENT, _NO_TEXT)

    async def anything_since(self, since: datetime, known: Collection[str]) -> Reconciliation:
        """Say whether the page has said anything at all since then that is not ``known``."""
        own = [one for one in await self._all_since(since) if graph_id(one, "id") not in known]
        if not own:
            return Reconciliation(Found.ABSENT, _NO_TEXT)
        evidence = plural(
            "The page has {count} post from that time. Look whether it is the one.",
            "The page has {count} posts from that time. Look whether it is among them.",
            len(own),
        )
        return Reconciliation(Found.UNKNOWN, evidence)

    # --- asking ---

    async def _own_since(self, message: Outbound, since: datetime) -> list[Json]:
        if message.visibility is Visibility.PRIVATE:
            person = person_of(message.root) or next((one.value for one in message.to), "")
            found = await self._talk_with(person)
        else:
            below = message.root if is_post(self._page, message.root) else message.in_reply_to
            found = await self._comments_below(below)
        return [one for one in found if self._is_own(one, since)]

    async def _all_since(self, since: datetime) -> list[Json]:
        talks = await self._graph.get(
            f"/{self._page}/conversations",
            (("platform", "messenger"), ("fields", f"id,{_MESSAGES}")),
            of=TALKS,
        )
        comments = f"comments.filter(stream).order(reverse_chronological).limit({_LOOKED_AT}){{{_COMMENTS}}}"
        feed = await self._graph.get(f"/{self._page}/feed", (("fields", f"id,{comments}"),))
        found = [one for talk in fields.each(talks, "data") for one in _inside(talk, "messages")]
        found += [one for post in fields.each(feed, "data") for one in _inside(post, "comments")]
        return [one for one in found if self._is_own(one, since)]

    async def _talk_with(self, person: str) -> list[Json]:
        if not graph_id(person):
            return []
        asked = (("platform", "messenger"), ("user_id", person), ("fields", f"id,{_MESSAGES}"))
        found = await self._graph.get(f"/{self._page}/conversations", asked, of=TALKS)
        return [one for talk in fields.each(found, "data") for one in _inside(talk, "messages")]

    async def _comments_below(self, external_id: str) -> list[Json]:
        asked = (
            ("fields", _COMMENTS),
            ("filter", "stream"),
            ("order", "reverse_chronological"),
            ("limit", str(_LOOKED_AT)),
        )
        try:
            found = await self._graph.get(f"/{in_path(external_id)}/comments", asked)
        except Gone:
            return []
        return fields.each(found, "data")

    def _is_own(self, one: Json, since: datetime) -> bool:
        at = fields.moment(one, "created_time")
        return self._author(one) == self._page and (at is None or at >= since - _CLOCKS)

    def _author(self, one: Json) -> str:
        return graph_id(fields.inner(one, "from"), "id")


def _inside(whole: Json, name: str) -> list[Json]:
    return fields.each(fields.inner(whole, name), "data")


def _shows(one: Json) -> bool:
    return bool(fields.inner(one, "attachments") or fields.inner(one, "attachment"))


def _letters(text: str) -> str:
    return "".join(text.split())
