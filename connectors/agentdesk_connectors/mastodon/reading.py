"""What comes in: notifications of mentions, page after page, and what became of the newest posts.

Written from https://docs.joinmastodon.org/methods/notifications/, /methods/conversations/ and
/methods/statuses/ (context; several at once).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.sdk.errors import AuthFailed, RateLimited, Rejected
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone
from agentdesk_connectors.mastodon.client import CONTEXTS, Client, Params
from agentdesk_connectors.mastodon.naming import age
from agentdesk_connectors.mastodon.place import Place, read_place
from agentdesk_connectors.mastodon.settings import MastodonSettings
from agentdesk_connectors.mastodon.watching import Watch
from agentdesk_connectors.mastodon.wire import plain_text, status_in, values

__all__ = ["Reader"]

_PAGE = 40
_KINDS = "mention", "update", "quote"
_TYPES: Params = (*(("types[]", kind) for kind in _KINDS), ("include_filtered", "true"))
_AT_ONCE = 20
_FEW = 5
_REMEMBERED = 2_000
_BELOW = 500
_T = TypeVar("_T")


class Reader:
    """Reads one account's mentions; remembers in memory what it has handed over lately."""

    def __init__(self, settings: MastodonSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._ancestors: OrderedDict[str, tuple[tuple[str, ...], Json]] = OrderedDict()
        self._talks: OrderedDict[str, str] = OrderedDict()
        self._handed: OrderedDict[str, str] = OrderedDict()
        self._several = True
        self._watch = Watch(client, settings, self._spoken)
        self.me = ""

    # --- polling ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return the next page of mentions; after the last one, what was changed or deleted meanwhile."""
        place = read_place(cursor, self._settings.history, clock.now())
        if place is None:
            return Portion((), (await self._newest()).cursor())
        self._recall(place)
        params = (("min_id", place.after), ("limit", str(_PAGE)), *_TYPES)
        page = [*reversed(await self._client.listed("/api/v1/notifications", params))]
        items, begun, after = [], place.after, place.after
        posts: dict[str, str] = {}
        await self._learn_talks(page)
        for raw in page:
            found = values(raw)
            after = max(after, fields.token(found, "id"), key=age)
            item = await self.item(raw)
            if item is None or _too_old(found, place):
                continue
            items.append(item)
            status = status_in(found)
            if fields.token(status, "id"):
                posts[fields.token(status, "id")] = fields.text(status, "edited_at", 50)
        place = replace(place, after=after).with_posts(posts)
        if after != begun:
            return Portion(tuple(items), place.cursor(), more=True)
        changed, place = await self._changed(replace(place, since=None))
        spoken, place = await self._watch.look(place)
        return Portion((*items, *changed, *spoken), place.cursor())

    async def _newest(self) -> Place:
        """Begin after whatever there is now."""
        page = await self._client.listed("/api/v1/notifications", (("limit", "1"), *_TYPES))
        return Place(next((fields.token(values(raw), "id") for raw in page), "") or "0")

    # --- one thing that came ---

    async def item(self, raw: bytes) -> RawItem | None:
        """Return what is to be handed over of a notification, a conversation or a post, with what can be
        found out about its thread; None for what does not concern us."""
        found = values(raw)
        kind = found.get("type")
        if isinstance(kind, str) and kind not in _KINDS:
            return None
        status = status_in(found)
        number = fields.token(status, "id")
        if not number:
            return RawItem(f"unreadable/{hashlib.sha256(raw).hexdigest()}", raw, facts=self._facts())
        if self.me and fields.token(fields.inner(status, "account"), "id") == self.me:
            return None
        if kind == "update" and number not in self._handed:
            return None  # of a post that we only liked or shared
        edited = fields.text(status, "edited_at", 50)
        self._remember(number, edited)
        facts = self._facts() | await self._thread(status, number)
        return RawItem(_source_id(number, edited), raw, fields.moment(found, "created_at"), facts)

    async def _spoken(self, raw: bytes) -> RawItem | None:
        """Return a post that was found by the watch list; None where it is ours, was handed over, or comes as
        a mention besides."""
        found = values(raw)
        number = fields.token(found, "id")
        named = [fields.token(one, "id") for one in fields.each(found, "mentions")]
        if not number or number in self._handed or self.me in named or fields.inner(found, "reblog"):
            return None
        item = await self.item(raw)
        return None if item is None else replace(item, facts={**item.facts, "watched": True})

    async def edited(self, raw: bytes) -> RawItem | None:
        """Return a post that was changed; None where it was never handed over."""
        number = fields.token(status_in(values(raw)), "id")
        return await self.item(raw) if number in self._handed else None

    def deleted(self, number: str) -> RawItem | None:
        """Return the notice that a post is gone; None where it was never handed over."""
        if number not in self._handed:
            return None
        del self._handed[number]
        return self._deletion(number)

    def _deletion(self, number: str) -> RawItem:
        raw = b'{"deleted":"%s"}' % number.encode()
        return RawItem(f"deleted/{number}", raw, facts=self._facts() | {"deleted": number})

    def _facts(self) -> dict[str, object]:
        return {"domain": self._settings.domain, "me": self.me}

    def _recall(self, place: Place) -> None:
        for number, edited in place.watched.items():
            if number not in self._handed:
                self._remember(number, edited)

    def _remember(self, number: str, edited: str) -> None:
        _keep(self._handed, number, edited)

    # --- its thread ---

    async def _thread(self, status: Json, number: str) -> dict[str, object]:
        facts: dict[str, object] = {}
        if fields.token(status, "in_reply_to_id"):
            ancestors, below = await self._above(number, fields.token(fields.inner(status, "account"), "id"))
            facts |= {"ancestors": list(ancestors), "below": below} if ancestors else {}
        if fields.text(status, "visibility", 20) == "direct":
            if number not in self._talks:
                await self._ask_for_talks()
            talk = self._talks.get(number, "")
            facts |= {"talk": talk} if talk else {}
        return facts

    async def _above(self, number: str, author: str) -> tuple[tuple[str, ...], Json]:
        """The posts above, oldest first, and what is shown of the first one. Nothing where it is not to be
        had now: the post itself names its parent."""
        if number in self._ancestors:
            return self._ancestors[number]
        try:
            answer = await self._client.get(f"/api/v1/statuses/{number}/context", of=CONTEXTS)
        except AuthFailed:
            raise
        except AgentDeskError:
            return (), {}
        above = [one for one in fields.each(fields.inner(answer), "ancestors") if fields.token(one, "id")]
        found = tuple(fields.token(one, "id") for one in above), self._work(above, author)
        _keep(self._ancestors, number, found)
        return found

    def _work(self, above: Sequence[Json], writer: str) -> Json:
        """What the thread began with, unless ``writer`` began it."""
        first = above[0] if above else {}
        author = fields.inner(first, "account")
        if not above or fields.token(author, "id") == writer:
            return {}
        return {
            "id": fields.token(first, "id"),
            "text": plain_text(fields.text(first, "content"))[:_BELOW],
            "author": fields.text(author, "display_name", 200) or fields.text(author, "username", 200),
            "url": fields.web_address(first, "url"),
            "at": fields.text(first, "created_at", 50),
            "ours": fields.token(author, "id") == self.me,
        }

    async def _learn_talks(self, page: Sequence[bytes]) -> None:
        """Ask once for all private messages of a page."""
        private = [
            status
            for status in map(status_in, map(values, page))
            if fields.text(status, "visibility", 20) == "direct"
        ]
        if any(fields.token(status, "id") not in self._talks for status in private):
            await self._ask_for_talks()

    async def _ask_for_talks(self) -> None:
        try:
            answer = await self._client.get("/api/v1/conversations", (("limit", str(_PAGE)),), of=CONTEXTS)
        except (RateLimited, Rejected):
            return  # some servers have none: then the posts' own threads must do
        for one in answer if isinstance(answer, list) else []:
            self.learn_talk(fields.inner(one))

    def learn_talk(self, conversation: Json) -> None:
        """Remember to which private conversation a post belongs."""
        talk = fields.token(conversation, "id")
        number = fields.token(fields.inner(conversation, "last_status"), "id")
        if talk and number:
            _keep(self._talks, number, talk)

    # --- what became of it ---

    async def _changed(self, place: Place) -> tuple[list[RawItem], Place]:
        """Look at the newest posts again: what says something else, and what is gone."""
        found = await self._look_up(list(place.watched))
        items: list[RawItem] = []
        for number, edited in place.watched.items():
            raw = found.get(number)
            if raw is None and number in found:
                items.append(self._deletion(number))
                self._handed.pop(number, None)
                place = place.without(number)
            elif raw is not None and fields.text(values(raw), "edited_at", 50) != edited:
                item = await self.item(raw)
                items += [item] if item is not None else []
                place = place.with_posts({number: fields.text(values(raw), "edited_at", 50)})
        return items, place

    async def _look_up(self, numbers: Sequence[str]) -> dict[str, bytes | None]:
        """Return posts as they are now; None for what is gone. Not all may be looked at."""
        found: dict[str, bytes | None] = {}
        try:
            for start in range(0, len(numbers) if self._several else 0, _AT_ONCE):
                wanted = numbers[start : start + _AT_ONCE]
                raws = await self._client.listed("/api/v1/statuses", [("id[]", one) for one in wanted])
                found |= {fields.token(values(raw), "id"): raw for raw in raws}
        except Gone:
            self._several = False  # a server older than 4.3
        doubtful = [one for one in reversed(numbers) if one not in found]
        for number in doubtful[: _FEW if self._several else 2 * _FEW]:
            try:
                found[number] = await self._client.call("GET", f"/api/v1/statuses/{number}")
            except Gone:
                found[number] = None
            except Rejected:
                continue
        return found


def _source_id(number: str, edited: str) -> str:
    return f"status/{number}/{edited}" if edited else f"status/{number}"


def _too_old(found: Json, place: Place) -> bool:
    came = fields.moment(found, "created_at")
    return place.since is not None and came is not None and came < place.since


def _keep(book: OrderedDict[str, _T], key: str, value: _T) -> None:
    book[key] = value
    while len(book) > _REMEMBERED:
        book.popitem(last=False)
