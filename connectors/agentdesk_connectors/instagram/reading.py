"""What comes in by asking: the comments below the newest works, and the newest messages of each talk.

Written from https://developers.facebook.com/docs/instagram-platform/: instagram-graph-api/reference/
ig-media/comments, ig-user/media, and instagram-api-with-instagram-login/conversations-api (of a talk, only
the 20 newest messages can be read).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone
from agentdesk_connectors.instagram.finding import WORK, Finder
from agentdesk_connectors.instagram.naming import COMMENT, MESSAGE, named
from agentdesk_connectors.instagram.ourselves import Ourselves
from agentdesk_connectors.instagram.place import LATE, Place, Stood, read_place
from agentdesk_connectors.instagram.settings import InstagramSettings
from agentdesk_connectors.instagram.telling import moment_of
from agentdesk_connectors.meta.client import TALKS, Graph, Params
from agentdesk_connectors.meta.hooks import unreadable
from agentdesk_connectors.meta.ids import graph_id, in_path

__all__ = ["MESSAGES", "READABLE", "Reader"]

READABLE = 20
"""Messages of a talk that can be read."""
MESSAGES = "id,created_time,from,to,message,attachments,story,shares,reply_to,is_unsupported"
_COMMENT = "id,text,timestamp,username,from,hidden,like_count,parent_id"
_COMMENTS: Params = (("fields", f"{_COMMENT},replies.limit(50){{{_COMMENT}}}"), ("limit", "50"))
_WORKS, _ALWAYS_READ = 50, 10
_PAGES = 4
_REMEMBERED = 2_000
_OVERLAP = timedelta(minutes=1)
"""Times are whole seconds, and of another clock: what happened while a talk was read is read again."""
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class _Replies(msgspec.Struct):
    data: list[msgspec.Raw] = []


class _Thread(msgspec.Struct):
    replies: _Replies | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """Something that stands there: its ``name`` ("": it has none), where and since when it stands."""

    name: str
    raw: bytes
    stood: Stood
    ours: bool
    facts: Json


class Reader:
    """Reads one account; remembers in memory what need not be read again."""

    def __init__(self, settings: InstagramSettings, graph: Graph, who: Ourselves, finder: Finder) -> None:
        self._settings = settings
        self._who = who
        self._graph = graph
        self._finder = finder
        self._counts: OrderedDict[str, int | None] = OrderedDict()
        self._read_at: OrderedDict[str, datetime] = OrderedDict()

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return what is new, oldest first, and what was taken back. Raises as `Graph.call`."""
        place = read_place(cursor, self._settings.history, clock.now())
        found: list[_Found] = []
        gone: list[str] = []
        counts, read_at = dict(self._counts), dict(self._read_at)
        try:
            async for within, some, whole_since in self._places(place):
                found += some
                gone += await self._missing(place, within, some, whole_since)
        except BaseException:  # what was not handed over is read again
            self._counts, self._read_at = OrderedDict(counts), OrderedDict(read_at)
            raise
        return self._portion(place, found, gone)

    def _portion(self, place: Place, found: Sequence[_Found], gone: Sequence[str]) -> Portion:
        items, before = [], place
        for one in sorted(found, key=lambda one: (one.stood.at, len(one.name), one.name)):
            if one.ours or (one.name and not before.is_new(one.name, one.stood.at)):
                continue
            if not one.name:
                items.append(unreadable(one.raw, one.facts))
                continue
            items.append(RawItem(one.name, one.raw, one.stood.at, one.facts))
            place = place.with_one(one.name, one.stood)
        for name in gone:
            items.append(RawItem(f"{name}/deleted", b"{}", facts={**self._who.facts(), "deleted": name}))
            place = place.without(name)
        return Portion(tuple(items), place.cursor())

    # --- what stands where ---

    async def _places(self, place: Place) -> AsyncIterator[tuple[str, list[_Found], datetime | None]]:
        """Yield each work and talk with what stands there, and since when that is all of it (None: nobody
        knows)."""
        for number, work in enumerate(await self._works()):
            within = graph_id(work, "id")
            if within and self._is_worth(number, work, within):
                found, whole = await self._comments(within, work)
                yield within, found, _LONG_AGO if whole else None
        async for within in self._talks(place):
            found = await self._messages(within)
            whole_since = min((one.stood.at for one in found), default=None)
            yield within, found, whole_since if len(found) >= READABLE else _LONG_AGO

    async def _works(self) -> list[Json]:
        params = (("fields", f"{WORK},comments_count"), ("limit", str(_WORKS)))
        works = [_values(raw) for raw in (await self._graph.several("/me/media", params)).items]
        for work in works:
            self._finder.keep({name: one for name, one in work.items() if name != "comments_count"})
        return works

    def _is_worth(self, number: int, work: Json, within: str) -> bool:
        """Whether comments may be new: always below the newest works, else where their number changed."""
        count = fields.number(work, "comments_count")
        known = within in self._counts and self._counts[within] == count
        self._counts[within] = count
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return not known or number < _ALWAYS_READ

    async def _comments(self, within: str, work: Json) -> tuple[list[_Found], bool]:
        facts = {**self._who.facts(), "kind": "comment", "below": await self._finder.work(within)}
        found: list[_Found] = []
        after = ""
        for _ in range(_PAGES):
            params = (*_COMMENTS, *((("after", after),) if after else ()))
            page = await self._graph.several(f"/{in_path(within)}/comments", params)
            raws = [one for raw in page.items for one in (raw, *_replies(raw))]
            found += [self._found(COMMENT, raw, within, "timestamp", facts) for raw in raws]
            after = page.after
            if not after:
                return found, True
        return found, False

    async def _talks(self, place: Place) -> AsyncIterator[str]:
        """Yield the talks in which something has happened since."""
        since, after = max(place.begin, place.newest - LATE), ""
        for _ in range(_PAGES):
            params = (("platform", "instagram"), ("fields", "id,updated_time"), ("limit", "50"))
            more = (("after", after),) if after else ()
            page = await self._graph.several("/me/conversations", (*params, *more), of=TALKS)
            talks = [_values(raw) for raw in page.items]
            for talk in talks:
                within, at = graph_id(talk, "id"), moment_of(talk, "updated_time")
                begun = clock.now()
                read_at = self._read_at.get(within, _LONG_AGO)
                if within and (at is None or at >= max(since, read_at - _OVERLAP)):
                    yield within
                    self._read_at[within] = begun
            after = page.after
            if not after or all((moment_of(talk, "updated_time") or since) < since for talk in talks):
                break
        while len(self._read_at) > _REMEMBERED:
            self._read_at.popitem(last=False)

    async def _messages(self, within: str) -> list[_Found]:
        facts = {**self._who.facts(), "kind": "message"}
        params = (("fields", MESSAGES), ("limit", str(READABLE)))
        page = await self._graph.several(f"/{in_path(within)}/messages", params, of=TALKS)
        return [self._found(MESSAGE, raw, within, "created_time", facts) for raw in page.items]

    def _found(self, kind: str, raw: bytes, within: str, time: str, facts: Json) -> _Found:
        values = _values(raw)
        at = moment_of(values, time) or clock.now()
        ours = self._who.wrote(values)
        return _Found(named(kind, graph_id(values, "id")), raw, Stood(within, at), ours, facts)

    # --- what stands there no more ---

    async def _missing(
        self, place: Place, within: str, found: Sequence[_Found], whole_since: datetime | None
    ) -> list[str]:
        """Return what stood there and was taken back: it is asked for, one by one."""
        if whole_since is None:
            return []
        there = {one.name for one in found}
        watched = place.watched.items()
        absent = [
            name
            for name, one in watched
            if one.within == within and one.at > whole_since and name not in there
        ]
        return [name for name in absent if await self._is_gone(name)]

    async def _is_gone(self, name: str) -> bool:
        try:
            await self._graph.get(f"/{in_path(name.partition('/')[2])}", (("fields", "id"),))
        except Gone:
            return True
        return False


def _values(raw: bytes) -> Json:
    try:
        return fields.inner(fields.parse(raw))
    except Invalid:
        return {}


def _replies(raw: bytes) -> list[bytes]:
    try:
        found = msgspec.json.decode(raw, type=_Thread).replies
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [bytes(one) for one in found.data] if found is not None else []
