"""What comes in: notifications, private messages, what the watch list finds, and what became of the newest.

Written from the lexicon app.bsky.notification.listNotifications. It lists from the newest backwards, and its
cursor leads to older ones only: a gap is filled from its new end to its old one, some pages with each poll.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agentdesk.base import clock
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.bluesky.client import Client
from agentdesk_connectors.bluesky.naming import did_of, read_uri
from agentdesk_connectors.bluesky.place import Place, begun, read_place
from agentdesk_connectors.bluesky.posts import Posts, deletion, keep, stamp, unreadable, values_of
from agentdesk_connectors.bluesky.settings import BlueskySettings
from agentdesk_connectors.bluesky.talks import Talks
from agentdesk_connectors.bluesky.watching import search
from agentdesk_connectors.bluesky.wire import WATCHED
from agentdesk_connectors.fields import Json

__all__ = ["OVERLAP", "Reader"]

OVERLAP = timedelta(hours=1)
"""How far before the newest known notification is looked, within its page: a post can be told late, under its
own time."""
_METHOD = "app.bsky.notification.listNotifications"
_REASONS = ("mention", "reply", "quote")
_LIMIT = 100
_PAGES = 10
"""So many pages are put in order together; a longer gap is handed over in pieces, the newest first."""
_FAR = timedelta(days=1)
"""What says to come from so far in the future does not count as the newest."""
_Step = tuple[list[RawItem], Place, bool]
"""What a step brings: items, the place after them, and whether more waits."""
_PASSED = "-"
"""Instead of a stamp: a post that was there before, and does not count."""
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class Reader:
    """Reads one account's posts and messages; remembers in memory what it has handed over lately."""

    def __init__(self, settings: BlueskySettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._posts = Posts(client)
        self._handed: OrderedDict[str, bool] = OrderedDict()
        self._offered: tuple[Cursor, tuple[str, ...]] = ({}, ())
        self.talks = Talks(client, self._posts)
        self.me = ""

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return the next things that came. Each kind of them is handed over as soon as there is some, so
        that one service that is out of order does not hold up what comes from another."""
        self._confirm(cursor)
        place = (read_place(cursor) if cursor else None) or await self._begun()
        for uri in place.watched:
            keep(self._handed, f"post/{uri}", True)
        for step in (self._notified, self._said, self._found):
            items, place, waits = await step(place)
            if items or waits:
                return self._portion(items, place, more=True)
        return self._portion(*await self._changed(place))

    def _confirm(self, cursor: Cursor | None) -> None:
        """What was offered is safe when its cursor comes back; else it has to be offered again."""
        offered, names = self._offered
        for name in names if cursor == offered else ():
            keep(self._handed, name, True)

    async def _begun(self) -> Place:
        """Where a first reading begins: after the newest notification, in the service's time, where what
        there is does not count."""
        place = begun(self._settings.history, clock.now())
        if self._settings.history != "now":
            return place
        listed = await self._client.listed(_METHOD, "notifications", _question(""))
        known = [
            (at, fields.text(one, "uri", 400)) for one in map(values_of, listed.raws) if (at := _when(one))
        ]
        if not known:
            return replace(place, floor=_LONG_AGO, after=_LONG_AGO, searched=place.floor)
        newest = max(at for at, _ in known)
        posts = {uri: _PASSED for at, uri in known if at == newest and read_uri(uri)}
        return replace(place, floor=newest, after=newest, searched=place.floor, watched=posts)

    def _portion(self, items: list[RawItem], place: Place, more: bool = False) -> Portion:
        """Watch the posts among what is handed over, and remember it once it is safe."""
        stamps = {}
        for item in items:
            kind, _, name = item.source_id.partition("/")
            if kind == "post" and read_uri(name):
                reason = fields.text(item.facts, "reason", 20)
                stamps[name] = f"{reason}:{stamp(values_of(item.raw))}"
        cursor = place.with_posts(stamps).cursor()
        self._offered = cursor, tuple(item.source_id for item in items)
        return Portion(tuple(items), cursor, more)

    # --- notifications ---

    async def _notified(self, place: Place) -> _Step:
        bound = max(place.floor, place.after - OVERLAP)
        page, newest, raws = place.page, place.newest or place.after, []
        horizon = clock.now() + _FAR
        for _ in range(_PAGES):
            listed = await self._client.listed(_METHOD, "notifications", _question(page))
            times = [at for at in map(_when, map(values_of, listed.raws)) if at is not None and at < horizon]
            newest, page = max([newest, *times]), listed.cursor
            raws += listed.raws
            if not page or (times and min(times) <= place.after):
                page = ""
                break
        items = await self._items(raws, bound)
        if page:
            return items, replace(place, page=page, newest=newest), True
        return items, replace(place, page="", newest=None, after=newest), False

    async def _items(self, raws: list[bytes], bound: datetime) -> list[RawItem]:
        """What concerns us among notifications and was not handed over yet, oldest first."""
        broken, wanted = [], {}
        for raw in reversed(raws):
            found = values_of(raw)
            uri, reason, at = fields.text(found, "uri", 400), found.get("reason"), _when(found)
            if isinstance(reason, str) and reason not in _REASONS:
                continue
            if at is None or not isinstance(reason, str) or read_uri(uri) is None:
                broken.append(unreadable(raw))
            elif at >= bound and did_of(fields.inner(found, "author").get("did")) != self.me:
                wanted[uri] = (at, raw, reason)
        new = {uri: one for uri, one in wanted.items() if f"post/{uri}" not in self._handed}
        shown = await self._posts.look_up(new) if new else {}
        ordered = sorted(new, key=lambda uri: new[uri][0])
        posts = [(shown.get(uri, new[uri][1]), new[uri][2]) for uri in ordered]
        fresh = [one for one in broken if one.source_id not in self._handed]
        return [*fresh, *await self._posts.items(posts, self.me)] if posts else fresh

    # --- the others ---

    async def _said(self, place: Place) -> _Step:
        if not self._settings.messages or self.talks.denied:
            return [], place, False
        items, place = await self.talks.poll(place, self.me, self._settings.history != "now")
        waits = bool(place.fill) and not self.talks.denied
        return [one for one in items if one.source_id not in self._handed], place, waits

    async def _found(self, place: Place) -> _Step:
        """What the watch list finds, but for what is told of as a notification."""
        if not self._settings.watch:
            return [], place, False
        raws, searched = await search(self._client, self._settings.watch, place, self.me)
        new = [raw for raw in raws if f"post/{fields.text(values_of(raw), 'uri', 390)}" not in self._handed]
        items = await self._posts.items([(raw, WATCHED) for raw in new], self.me) if new else []
        return items, replace(place, searched=searched), False

    async def _changed(self, place: Place) -> tuple[list[RawItem], Place]:
        """Look at the newest posts again: what is noticed more, what is closed, and what is gone."""
        watched = {uri: known for uri, known in place.watched.items() if known != _PASSED}
        found = await self._posts.look_up(watched)
        items, stamps, gone = [], {}, set()
        for uri, known in watched.items():
            if uri not in found:
                if await self._posts.is_gone(uri):
                    items.append(deletion(uri))
                    gone.add(uri)
                continue
            reason, now = known.partition(":")[0], stamp(values_of(found[uri]))
            if known != f"{reason}:{now}":
                (item,) = await self._posts.items([(found[uri], reason)], self.me)
                items.append(replace(item, source_id=f"{item.source_id}#{now}"))
                stamps[uri] = f"{reason}:{now}"
        return items, place.with_posts(stamps).without(gone)


def _question(page: str) -> list[tuple[str, str]]:
    reasons = [("reasons", one) for one in _REASONS]
    return [("limit", str(_LIMIT)), *reasons, *([("cursor", page)] if page else [])]


def _when(found: Json) -> datetime | None:
    return fields.moment(found, "indexedAt")
