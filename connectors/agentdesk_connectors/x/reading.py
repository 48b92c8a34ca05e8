"""What comes in by asking: mentions, direct messages, what the watch list finds, and what became of posts.

Written from https://docs.x.com/x-api/posts/timelines (mentions), /x-api/direct-messages/lookup,
/x-api/posts/search (recent search) and /x-api/posts/lookup.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta

from agentdesk.base import clock
from agentdesk.base.errors import Invalid
from agentdesk.base.log import get_logger
from agentdesk.sdk.errors import RateLimited, Rejected
from agentdesk.sdk.inbound import Cursor, Portion, RawItem
from agentdesk_connectors import fields
from agentdesk_connectors.fields import Json
from agentdesk_connectors.x.asking import MESSAGE_FIELDS, POST_FIELDS, page_of
from agentdesk_connectors.x.client import Client
from agentdesk_connectors.x.direct import direct_in
from agentdesk_connectors.x.errors import NoAccess
from agentdesk_connectors.x.naming import id_at, is_id, message_id, moment_of, newest
from agentdesk_connectors.x.place import Place, read_place
from agentdesk_connectors.x.roots import Roots
from agentdesk_connectors.x.settings import XSettings
from agentdesk_connectors.x.watching import queries, unmentioned
from agentdesk_connectors.x.wire import post_in, versions_of

__all__ = ["Reader"]

_log = get_logger(__name__)
_PAGE = 100
_MOST_PAGES = 8
"""Of mentions: X gives the newest 800."""
_MOST_FOUND = 3
_MESSAGE_DAYS = 30
_SEARCH_DAYS = 7
_LATE = timedelta(minutes=10)
"""How much later than its number says a message may be shown to us."""
_REMEMBERED = 2_000
_GONE = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable")
"""What X says of posts that are deleted, protected now, or whose author is suspended: none may be shown."""


class Reader:
    """Reads one account's mentions and messages. ``me`` is its number, ``verified`` whether X vouches for it,
    ``lacking`` the permissions that it has not been given, ``denied`` what X refuses to let us read."""

    def __init__(self, settings: XSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._roots = Roots(client)
        self._handed: OrderedDict[str, str] = OrderedDict()
        self._found: OrderedDict[str, str] = OrderedDict()
        self.me = ""
        self.verified = False
        self.lacking: tuple[str, ...] = ()
        self.denied: set[str] = set()

    # --- polling ---

    async def poll(self, cursor: Cursor | None) -> Portion:
        """Return what has come since ``cursor``, and what was changed or deleted meanwhile. Where one kind
        has to wait for its turn at X, or is not in the app's plan, the others go on."""
        place = read_place(cursor, self._settings.history, clock.now())
        for number, last in place.posts.items():
            self._handed.setdefault(number, last)
        items, place = await self._mentions(place)
        begun = place.page
        steps = {
            "direct messages": self._messages,
            "search": self._search,
            "posts looked up": self._changed,
        }
        for name, step in steps.items():
            try:
                more, place = await step(place)
            except RateLimited:
                continue
            except (NoAccess, Rejected) as error:
                if name not in self.denied:
                    _log.warning("X refuses a part of reading", part=name, reason=str(error))
                self.denied.add(name)
                continue
            self.denied.discard(name)
            items += more
        return Portion(tuple(items), place.cursor(), more=bool(place.page) and place.page != begun)

    async def _mentions(self, place: Place) -> tuple[list[RawItem], Place]:
        """All pages back to where we were, handed over oldest first."""
        raws, complete = await self._pages(place.mentions, _MOST_PAGES)
        items = [] if complete or place.mentions == "0" else [self._notice("mentions", place.mentions)]
        return await self._posts(items, raws, place, "mentions")

    async def _search(self, place: Place) -> tuple[list[RawItem], Place]:
        """Answers and quotes that do not mention us, and what the watch list finds, as far back as X
        searches."""
        oldest = id_at(clock.now() - timedelta(days=_SEARCH_DAYS) + timedelta(minutes=5))
        asked = [unmentioned(self._settings.handle), *queries(self._settings.watch, self._settings.handle)]
        begun, items = place, list[RawItem]()
        for query in asked:
            raws, complete = await self._pages(newest(begun.found, oldest), _MOST_FOUND, query)
            items += [] if complete else [self._notice("found", begun.found)]
            items, place = await self._posts(items, raws, place, "found", watched=query != asked[0])
        return items, place

    async def _pages(self, after: str, most: int, query: str = "") -> tuple[list[bytes], bool]:
        """Posts after ``after``: mentions, or what ``query`` finds; and whether those are all."""
        raws: list[bytes] = []
        following = None
        for _ in range(most):
            asked = {**POST_FIELDS, "max_results": _PAGE, "since_id": None if after == "0" else after}
            if query:
                call = self._client.api.search_recent_tweets(query, next_token=following, **asked)
            else:
                call = self._client.api.get_users_mentions(self.me, pagination_token=following, **asked)
            page = page_of(await call)
            raws += page.items
            following = page.following
            if not following:
                return raws, len(raws) < most * _PAGE
        return raws, False

    async def _posts(
        self, items: list[RawItem], raws: list[bytes], place: Place, name: str, *, watched: bool = False
    ) -> tuple[list[RawItem], Place]:
        """Hand over ``raws`` after ``items``, oldest first; the place ``name`` moves on to the newest."""
        await self._roots.learn([post_in(_values(raw))[0] for raw in raws])
        known: dict[str, str] = {}
        after = getattr(place, name)
        for raw in sorted(raws, key=_age):
            post = post_in(_values(raw))[0]
            after = newest(after, fields.token(post, "id"))
            item = await self.item(raw, watched=watched)
            if item is not None:
                items.append(item)
                if is_id(fields.token(post, "id")):
                    known[versions_of(post)[0]] = versions_of(post)[-1]
        return items, replace(place, **{name: after}).with_posts(known, clock.now())

    async def _messages(self, place: Place) -> tuple[list[RawItem], Place]:
        """One page of direct messages, newest first; a long way back goes on with the next poll."""
        if "dm.read" in self.lacking:
            return [], place
        now = clock.now()
        call = self._client.api.get_direct_message_events(
            event_types="MessageCreate",
            max_results=_PAGE,
            pagination_token=place.page or None,
            user_auth=False,
            **MESSAGE_FIELDS,
        )
        try:
            page = page_of(await call)
        except Rejected:
            if not place.page:
                raise
            return [], replace(place, page="", top="")  # X has forgotten that page: begin anew
        fresh = [raw for raw in page.items if _age(raw) > (int(place.messages), "")]
        items = [item for raw in sorted(fresh, key=_age) if (item := self.message(raw)) is not None]
        top = newest(place.top, place.messages, *(_number(raw) for raw in fresh))
        if page.following and len(fresh) == len(page.items):
            return items, replace(place, page=page.following, top=top)
        if place.messages != "0" and int(place.messages) < int(id_at(now - timedelta(days=_MESSAGE_DAYS))):
            items.insert(0, self._notice("messages", place.messages))
        seen = newest(top, id_at(now - _LATE))  # also where nobody wrote
        return items, replace(place, messages=seen, page="", top="")

    # --- one thing that came ---

    async def item(self, raw: bytes, *, watched: bool = False) -> RawItem | None:
        """Return what is to be handed over of a post; None for our own."""
        post = post_in(_values(raw))[0]
        number, author = fields.token(post, "id"), fields.token(post, "author_id")
        if not is_id(number):
            return self.unreadable(raw)
        if self.me and author == self.me:
            return None
        first, last = versions_of(post)[0], versions_of(post)[-1]
        facts = self._facts()
        if watched:
            facts["watched"] = True
            _keep(self._found, first, last)
        below = await self._roots.below(post, raw)
        self._remember(first, last)
        return RawItem(
            _source_id(first, last), raw, moment_of(last), facts | ({"below": below} if below else {})
        )

    def message(self, raw: bytes) -> RawItem | None:
        """Return what is to be handed over of a direct message, also of our own."""
        try:
            found = direct_in(_values(raw))
        except Invalid:
            return self.unreadable(raw)
        return RawItem(message_id(found.number), raw, found.at, self._facts())

    def unreadable(self, raw: bytes) -> RawItem:
        """Return what makes no sense, to be looked at by a person."""
        return RawItem(f"unreadable/{hashlib.sha256(raw).hexdigest()}", raw, facts=self._facts())

    def encrypted(self, raw: bytes, number: str) -> RawItem:
        """Return the notice that somebody wrote in a chat that only X's own programs can open."""
        named = number or hashlib.sha256(raw).hexdigest()
        return RawItem(f"chat/{named}", raw, facts=self._facts() | {"notice": "encrypted"})

    def _notice(self, kind: str, after: str) -> RawItem:
        """Return what tells people that something cannot be had any more."""
        self._remember(f"notice/{kind}/{after}", after)
        raw = b'{"after":"%s"}' % after.encode()
        return RawItem(f"notice/{kind}/{after}", raw, facts=self._facts() | {"notice": kind})

    def _facts(self) -> dict[str, object]:
        return {"me": self.me, "tier": self._settings.tier, "verified": self.verified}

    def _remember(self, number: str, last: str) -> None:
        _keep(self._handed, number, last)

    # --- what became of it ---

    async def _changed(self, place: Place) -> tuple[list[RawItem], Place]:
        """Look at the newest posts again: what says something else, and what is gone."""
        if not place.posts:
            return [], place
        page = page_of(await self._client.api.get_tweets(list(place.posts.values()), **POST_FIELDS))
        items: list[RawItem] = []
        first_of = {last: first for first, last in place.posts.items()}
        for error in page.errors:
            number = first_of.get(fields.token(error, "resource_id") or fields.token(error, "value"), "")
            if number and fields.text(error, "type", 300).rpartition("/")[2] in _GONE:
                items.append(self._deletion(number))
                place = place.without(number)
        spans = dict(_span(raw) for raw in page.items)
        edited = {first: last for first, last in spans.items() if place.posts.get(first, last) != last}
        if edited:  # each version has a number of its own
            page = page_of(await self._client.api.get_tweets(list(edited.values()), **POST_FIELDS))
            for raw in page.items:
                item = await self.item(raw, watched=_span(raw)[0] in self._found)
                items += [item] if item is not None else []
            place = place.with_posts(edited, clock.now())
        return items, place

    def _deletion(self, number: str) -> RawItem:
        self._handed.pop(number, None)
        raw = b'{"deleted":"%s"}' % number.encode()
        return RawItem(f"deleted/{number}", raw, facts=self._facts() | {"deleted": number})


def _keep(book: OrderedDict[str, str], number: str, last: str) -> None:
    book[number] = last
    while len(book) > _REMEMBERED:
        book.popitem(last=False)


def _source_id(first: str, last: str) -> str:
    return f"post/{first}" if first == last else f"post/{first}/{last}"


def _span(raw: bytes) -> tuple[str, str]:
    versions = versions_of(post_in(_values(raw))[0])
    return versions[0], versions[-1]


def _values(raw: bytes) -> Json:
    try:
        return fields.inner(fields.parse(raw))
    except Invalid:
        return {}


def _number(raw: bytes) -> str:
    return fields.token(fields.inner(_values(raw), "data"), "id")


def _age(raw: bytes) -> tuple[int, str]:
    """What sorts things by when they were made; what has no number comes first."""
    number = _number(raw)
    return (int(number), "") if is_id(number) else (0, number)
