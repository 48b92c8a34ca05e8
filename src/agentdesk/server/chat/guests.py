"""Who is on a site and agreed to be seen: pages say where they are, and are told whether an agent invites
them. Nothing of it outlives the visit, and nothing of it is logged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.domain.browsers import browser_of, system_of
from agentdesk.domain.cleaning import one_line
from agentdesk.server.chat.limits import Buckets
from agentdesk.server.chat.protocol import BadFrame, Key, Page
from agentdesk.server.chat.refused import Refused
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_guest
from agentdesk.sync.site import SEEN

__all__ = ["MOST", "Guests", "Here", "drop_gone", "read_here"]

MOST = 500
"""How many a widget shows; who comes when there are so many is not kept."""
_NEXT_SECONDS, _FULL_SECONDS = 15, 120
_WRITTEN = timedelta(seconds=45)
"""How often it is written down that nothing has changed."""
_LEFT = timedelta(seconds=10)
"""How long somebody is shown who leaves a page: they may be on their way to the next one."""
_NEW, _NEW_PER_SECOND = 20, 20 / 60
_REPORTS, _REPORTS_PER_SECOND = 40, 10.0


class Here(msgspec.Struct, frozen=True):
    """What a page of somebody says who agreed. ``key`` is what it calls this visit, ``token`` that of their
    chat; ``state`` whether they may be invited; ``leaving`` that the page is left, ``gone`` that they agree
    no more."""

    key: Key
    page: Page = Page()
    language: Annotated[str, Meta(max_length=35)] = ""
    time_zone: Annotated[str, Meta(max_length=64)] = ""
    returning: bool = False
    state: Literal["free", "invited", "closed", "chat"] = "free"
    token: Annotated[str, Meta(max_length=100)] | None = None
    leaving: bool = False
    gone: bool = False


def read_here(body: bytes) -> Here:
    """Return what a page says. Raises BadFrame."""
    try:
        return msgspec.json.decode(body, type=Here)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadFrame("This does not say where somebody is.") from None


class Guests:
    """Those of all widgets."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._new = Buckets(_NEW, _NEW_PER_SECOND)
        self._reports = Buckets(_REPORTS, _REPORTS_PER_SECOND)

    async def heard(
        self, widget: UUID, here: Here, session_id: UUID | None, agent: str, client: str
    ) -> Mapping[str, Any]:
        """Take note of a page, and return what it is told; ``agent`` is what the browser calls itself,
        ``client`` the network address. Raises Refused where that asks too much."""
        wait = self._reports.take(client)
        if wait:
            raise Refused("slow_down", "Too many requests.", int(wait) + 1)
        mine = chat_guest.c.account_id == widget, chat_guest.c.key == _hash(here.key)
        if here.gone:
            async with self._db.write() as conn:
                await conn.execute(delete(chat_guest).where(*mine))
            return {"next": _FULL_SECONDS}
        now = clock.now()
        async with self._db.read() as conn:
            row = (await conn.execute(select(chat_guest).where(*mine))).first()
        if row is None:
            return await self._come(widget, here, session_id, agent, client, now)
        values = _changes(row, here, session_id, agent, now)
        if values:
            async with self._db.write() as conn:
                await conn.execute(update(chat_guest).where(chat_guest.c.id == row.id).values(values))
        return {"next": _NEXT_SECONDS, "invitation": _invitation(row, here)}

    async def _come(
        self, widget: UUID, here: Here, session_id: UUID | None, agent: str, client: str, now: datetime
    ) -> Mapping[str, Any]:
        if here.leaving:
            return {"next": _FULL_SECONDS}
        wait = self._new.take(client)
        if wait:
            raise Refused("slow_down", "Too many visits.", int(wait) + 1)
        values = {
            "place": _place(here, agent),
            "session_id": session_id,
            "was_here": here.returning,
            "pages": 1,
        }
        moments = {"came_at": now, "page_at": now, "seen_at": now}
        key = {"id": new_id(), "account_id": widget, "key": _hash(here.key)}
        try:
            async with self._db.write() as conn:
                there = chat_guest.c.account_id == widget, chat_guest.c.seen_at > now - SEEN
                count = await conn.scalar(select(func.count()).select_from(chat_guest).where(*there))
                if (count or 0) >= MOST:
                    return {"next": _FULL_SECONDS}
                await conn.execute(insert(chat_guest).values(**key, **values, **moments))
        except IntegrityError:
            pass  # two requests of the same visit: the other one was faster
        return {"next": _NEXT_SECONDS}


async def drop_gone(conn: AsyncConnection) -> None:
    """Drop those who were not heard of any more."""
    await conn.execute(delete(chat_guest).where(chat_guest.c.seen_at < clock.now() - 2 * SEEN))


def _changes(
    row: Row[Any], here: Here, session_id: UUID | None, agent: str, now: datetime
) -> Mapping[str, Any]:
    """What is to be written of what a page says."""
    if here.leaving:
        return {"seen_at": min(row.seen_at, now - SEEN + _LEFT)}
    values: dict[str, Any] = {}
    place = _place(here, agent)
    if place["url"] != row.place.get("url"):
        values |= {"page_at": now, "pages": row.pages + 1}
    if place != row.place:
        values |= {"place": place}
    if session_id != row.session_id:
        values |= {"session_id": session_id}
    if values or now - row.seen_at > _WRITTEN:
        values |= {"seen_at": now}
    return values


def _place(here: Here, agent: str) -> dict[str, str]:
    return {
        "url": one_line(here.page.url, 500),
        "title": one_line(here.page.title, 200),
        "referrer": one_line(here.page.referrer, 500),
        "language": one_line(here.language, 35),
        "time_zone": one_line(here.time_zone, 64),
        "browser": browser_of(agent),
        "system": system_of(agent),
        "state": here.state,
    }


def _invitation(row: Row[Any], here: Here) -> Mapping[str, str] | None:
    """What an agent asks them, until the page has shown it."""
    if row.invited is None or here.state != "free":
        return None
    return {"id": str(row.id), "text": str(row.invited["text"])}


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
