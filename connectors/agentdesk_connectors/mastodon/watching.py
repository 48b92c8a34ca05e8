"""What speaks of us without naming the account: posts under tags, of accounts, and with words.

Written from https://docs.joinmastodon.org/methods/timelines/#tag, /methods/search/#v2, /methods/accounts/
(lookup, statuses). Words are found on servers that let posts be searched, in posts whose authors allow it;
tags everywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from agentdesk.base import clock
from agentdesk.base.log import get_logger
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected
from agentdesk.sdk.inbound import RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.mastodon.client import Client, Params
from agentdesk_connectors.mastodon.errors import nonsense
from agentdesk_connectors.mastodon.naming import age
from agentdesk_connectors.mastodon.place import Place, history_begins
from agentdesk_connectors.mastodon.settings import MastodonSettings
from agentdesk_connectors.mastodon.wire import values

__all__ = ["MOST_TERMS", "Watch"]

MOST_TERMS = 20
_PAGE = 40
_SEARCH = "/api/v2/search"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_log = get_logger(__name__)


class Watch:
    """Looks for the terms of the settings: ``#tag``, ``@name@server``, or words. ``spoken`` makes of a post
    what is handed over; None where it does not count."""

    def __init__(
        self,
        client: Client,
        settings: MastodonSettings,
        spoken: Callable[[bytes], Awaitable[RawItem | None]],
    ) -> None:
        self._client = client
        self._terms = settings.watch[:MOST_TERMS]
        self._history = settings.history
        self._spoken = spoken
        self._accounts: dict[str, str] = {}
        self._closed: set[str] = set()

    async def look(self, place: Place) -> tuple[list[RawItem], Place]:
        """Return what has come since ``place``, oldest first, and where the next look begins. A source that
        is closed to us is left alone; the others go on. Raises Unreachable."""
        items: list[RawItem] = []
        for term in self._terms:
            for source in _sources(term):
                try:
                    found, place = await self._read(source, place)
                except RateLimited:
                    return items, place  # mentions come first; the rest waits for the next poll
                except (Rejected, AuthFailed) as error:
                    self._closed.add(source)
                    _log.info("this cannot be watched", source=source, reason=str(error))
                    continue
                items += found
        return items, place

    async def _read(self, source: str, place: Place) -> tuple[list[RawItem], Place]:
        if source in self._closed:
            return [], place
        after = place.heard.get(source, "")
        page = await self._page(source, after)
        marks = [after or "0", *(fields.token(post, "id") for post, _ in page)]
        place = replace(place, heard={**place.heard, source: max(marks, key=age)})
        begun = None if after else history_begins(self._history, clock.now())
        counting = [raw for post, raw in page if begun is None or _posted_at(post) >= begun]
        spoken = [await self._spoken(raw) for raw in counting]
        return [one for one in spoken if one is not None], place

    async def _page(self, source: str, after: str) -> list[tuple[Json, bytes]]:
        """Posts with their numbers, oldest first."""
        params: Params = (("limit", str(_PAGE)), *((("min_id", after),) if after else ()))
        if source.startswith(_SEARCH):
            raws = await self._searched(source.partition("?")[2], params)
        else:
            raws = await self._client.listed(await self._path(source), params)
        posts = [(values(raw), raw) for raw in raws]
        return sorted(posts, key=lambda pair: age(fields.token(pair[0], "id")))

    async def _searched(self, words: str, params: Params) -> list[bytes]:
        asked = (("q", words), ("type", "statuses"), *params)
        body = await self._client.call("GET", _SEARCH, params=asked)
        try:
            return [bytes(one) for one in msgspec.json.decode(body, type=_Found).statuses]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise nonsense(self._client.host) from None

    async def _path(self, source: str) -> str:
        if not source.startswith("@"):
            return source
        if source not in self._accounts:
            found = await self._client.get("/api/v1/accounts/lookup", (("acct", source[1:]),))
            self._accounts[source] = fields.token(fields.inner(found), "id")
        return f"/api/v1/accounts/{self._accounts[source]}/statuses"


class _Found(msgspec.Struct):
    statuses: list[msgspec.Raw] = []


def _sources(term: str) -> Iterator[str]:
    """Where posts with a term are found."""
    if term.startswith("@"):
        yield term
        return
    word = term.removeprefix("#")
    if word.isidentifier():
        yield f"/api/v1/timelines/tag/{quote(word)}"
    if word == term:
        yield f"{_SEARCH}?{term}"


def _posted_at(post: Json) -> datetime:
    return fields.moment(post, "created_at") or _LONG_AGO
