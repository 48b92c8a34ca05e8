"""What is found by asking: the feed with its comments, and the conversations, since the cursor.

Written from https://developers.facebook.com/docs/graph-api/reference/page/feed, /object/comments and
/docs/messenger-platform/conversations. Lists name the newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.sdk.errors import AuthFailed, Rejected
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.facebook.hearing import Names, digest
from agentdesk_connectors.facebook.place import Place, mark, read_place
from agentdesk_connectors.facebook.settings import FacebookSettings
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone
from agentdesk_connectors.meta.client import CALLS, TALKS, Allowance, Graph, Several
from agentdesk_connectors.meta.hooks import unreadable
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["COMMENT_FIELDS", "MESSAGE_FIELDS", "POST_FIELDS", "Reader"]

COMMENT_FIELDS = (
    "id,from{id,name},message,created_time,permalink_url,parent{id},is_hidden,user_likes,like_count,"
    "comment_count,attachment"
)
POST_FIELDS = "id,from{id,name},message,created_time,permalink_url,full_picture,is_hidden"
MESSAGE_FIELDS = "id,created_time,from{id,name},to,message,attachments,sticker,shares"
_PAGE = 25
_INSIDE = 50
_MOST_PAGES = 40
_LOOKED_AT = 3
_NEWEST_FIRST = (("filter", "stream"), ("order", "reverse_chronological"))


class _Edge(msgspec.Struct):
    data: list[msgspec.Raw] = []
    paging: msgspec.Raw = msgspec.Raw(b"{}")


class _WithComments(msgspec.Struct):
    comments: _Edge | None = None


class _WithMessages(msgspec.Struct):
    messages: _Edge | None = None


@dataclass(slots=True)
class _Found:
    """What a page of a list has brought: items, what their texts say, and when the newest was written."""

    items: list[RawItem]
    texts: dict[str, str]
    newest: datetime | None = None

    def take(self, item: RawItem) -> None:
        """Take what is told with the time at which it was written."""
        self.items.append(item)
        self.newest = max((one for one in (self.newest, item.received_at) if one is not None), default=None)


class Reader:
    """Reads one page; remembers nothing but what the cursor holds."""

    def __init__(self, settings: FacebookSettings, graph: Graph, names: Names) -> None:
        self._settings = settings
        self._graph = graph
        self._names = names

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return what happened since ``cursor``, a page of the feed and of the conversations at a time, and
        what was changed or deleted meanwhile."""
        place = read_place(cursor, self._settings.history, clock.now())
        first = not (place.feed or place.talks)
        found = _Found([], {})
        if first or place.feed:
            place = replace(place, feed=await self._feed(place, found))
        if first or place.talks:
            place = replace(place, talks=await self._talks(place, found))
        changed, place = await self._changed(place, found, first)
        place, fresh = self._fresh(place, found)
        if place.feed or place.talks:
            return Portion((*fresh, *changed), place.cursor(), more=True)
        return Portion((*fresh, *changed), place.arrived().cursor())

    def _fresh(self, place: Place, found: _Found) -> tuple[Place, list[RawItem]]:
        """What was not handed over yet, oldest first."""
        new = {mark(item.source_id): item for item in found.items if mark(item.source_id) not in place.seen}
        now = clock.now()
        place = place.with_seen({one: item.received_at or now for one, item in new.items()}, found.newest)
        place = place.with_watched(found.texts)
        newest_last = [*new.values()][::-1]  # times are in whole seconds
        return place, sorted(newest_last, key=lambda item: item.received_at or now)

    # --- the feed ---

    async def _feed(self, place: Place, found: _Found) -> str:
        """Read a page of the feed; return the cursor of the next one, "" where nothing new is left."""
        comments = (
            f"comments.filter(stream).order(reverse_chronological).limit({_INSIDE}){{{COMMENT_FIELDS}}}"
        )
        asked = [("fields", f"{POST_FIELDS},{comments}"), ("limit", str(_PAGE))]
        several = await self._page(f"/{self._settings.page}/feed", asked, place.feed)
        for raw in several.items:
            await self._post(raw, place, found)
        return several.after if self._any_since(several.items, place.floor) else ""

    async def _post(self, raw: bytes, place: Place, found: _Found) -> None:
        values = _values(raw)
        post = {name: value for name, value in values.items() if name != "comments"}
        external_id = graph_id(post, "id")
        if not external_id:
            found.items.append(unreadable(raw, self._names.facts))
            return
        self._take(msgspec.json.encode(post), post, place, found, {})
        below = {"below": {**post, "message": fields.text(post, "message", 500)}}
        edge = self._edge(raw, _WithComments, found)
        path = f"/{in_path(external_id)}/comments"
        asked = [("fields", COMMENT_FIELDS), ("limit", str(_INSIDE)), *_NEWEST_FIRST]
        for one in await self._rest(edge, path, asked, place, CALLS):
            comment = _values(one)
            if graph_id(comment, "id"):
                self._take(one, comment, place, found, below)
            else:
                found.items.append(unreadable(one, self._names.facts))

    def _take(self, raw: bytes, value: Json, place: Place, found: _Found, facts: Json) -> None:
        """Take a comment or a post of others; what the page says itself is known."""
        external_id, at = graph_id(value, "id"), fields.moment(value, "created_time")
        if graph_id(fields.inner(value, "from"), "id") == self._settings.page:
            return
        text = digest(fields.text(value, "message"))
        known = place.watched.get(external_id)
        if known is not None and known != text:
            found.items.append(self._edited(external_id, raw, value, facts))
            found.texts[external_id] = text
        elif known is not None:
            found.texts.setdefault(external_id, text)
        elif _counts(at, place.floor):
            found.texts[external_id] = text
            found.take(RawItem(self._names.post(external_id), raw, at, {**self._names.facts, **facts}))

    def _edited(self, external_id: str, raw: bytes, value: Json, facts: Json) -> RawItem:
        """The time of a change is not told: it is when it was found."""
        now = clock.now()
        name = self._names.edited(external_id, fields.text(value, "message"))
        return RawItem(name, raw, now, {**self._names.facts, **facts, "edited_at": now.isoformat()})

    # --- conversations ---

    async def _talks(self, place: Place, found: _Found) -> str:
        """Read a page of the conversations; return the cursor of the next one, "" where nothing is new."""
        messages = f"messages.limit({_INSIDE}){{{MESSAGE_FIELDS}}}"
        asked = [("platform", "messenger"), ("fields", f"id,updated_time,{messages}"), ("limit", str(_PAGE))]
        several = await self._page(f"/{self._settings.page}/conversations", asked, place.talks, TALKS)
        for raw in several.items:
            talk = graph_id(_values(raw), "id")
            if not talk:
                found.items.append(unreadable(raw, self._names.facts))
                continue
            asked = [("fields", MESSAGE_FIELDS), ("limit", str(_INSIDE))]
            edge = self._edge(raw, _WithMessages, found)
            for one in await self._rest(edge, f"/{in_path(talk)}/messages", asked, place, TALKS):
                self._message(one, place, found)
        recent = self._any_since(several.items, place.floor, "updated_time")
        return several.after if recent else ""

    def _message(self, raw: bytes, place: Place, found: _Found) -> None:
        value = _values(raw)
        mid, at = graph_id(value, "id"), fields.moment(value, "created_time")
        if not mid:
            found.items.append(unreadable(raw, self._names.facts))
        elif graph_id(fields.inner(value, "from"), "id") != self._settings.page and _counts(at, place.floor):
            found.take(RawItem(self._names.message(mid), raw, at, dict(self._names.facts)))

    # --- lists ---

    async def _page(
        self, path: str, asked: Sequence[tuple[str, str]], after: str, of: Allowance = CALLS
    ) -> Several:
        return await self._graph.several(path, [*asked, *([("after", after)] if after else [])], of=of)

    def _edge(self, raw: bytes, kind: type[_WithComments] | type[_WithMessages], found: _Found) -> _Edge:
        """The list inside an object; what holds a damaged one is kept as unreadable."""
        try:
            whole = msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found.items.append(unreadable(raw, self._names.facts))
            return _Edge()
        return (whole.comments if isinstance(whole, _WithComments) else whole.messages) or _Edge()

    async def _rest(
        self, edge: _Edge, path: str, asked: Sequence[tuple[str, str]], place: Place, of: Allowance
    ) -> list[bytes]:
        """What a list inside an object names, and its further pages as far as they are new."""
        found = [bytes(one) for one in edge.data]
        paging = _values(bytes(edge.paging))
        after = fields.text(fields.inner(paging, "cursors"), "after", 1_000) if "next" in paging else ""
        newest = found
        for _ in range(_MOST_PAGES):
            if not after or not self._any_since(newest, place.floor):
                break
            several = await self._page(path, asked, after, of)
            newest, after = list(several.items), several.after
            found += newest
        return found

    def _any_since(self, raws: Iterable[bytes], floor: datetime | None, name: str = "created_time") -> bool:
        return any(_counts(fields.moment(_values(one), name), floor) for one in raws)

    # --- what became of it ---

    async def _changed(self, place: Place, found: _Found, first: bool) -> tuple[list[RawItem], Place]:
        """Look at the newest of the watched comments that no list has named: what says something else, and
        what is gone."""
        unnamed = [one for one in reversed(list(place.watched)) if one not in found.texts] if first else []
        items: list[RawItem] = []
        for external_id in unnamed[:_LOOKED_AT]:
            try:
                raw = await self._graph.call(
                    "GET", f"/{in_path(external_id)}", params=(("fields", self._fields_of(external_id)),)
                )
            except Gone:
                items.append(self._names.deleted(external_id))
                place = place.without(external_id)
                continue
            except (Rejected, AuthFailed):
                continue  # it may be there, and not for us to see
            text = digest(fields.text(_values(raw), "message"))
            if text != place.watched[external_id]:
                items.append(self._edited(external_id, raw, _values(raw), {}))
                place = place.with_watched({external_id: text})
        return items, place

    def _fields_of(self, external_id: str) -> str:
        return POST_FIELDS if self._names.post(external_id).startswith("post/") else COMMENT_FIELDS


def _counts(at: datetime | None, floor: datetime | None) -> bool:
    return at is None or floor is None or at >= floor


def _values(raw: bytes) -> Json:
    try:
        return fields.inner(fields.parse(raw))
    except Invalid:
        return {}
