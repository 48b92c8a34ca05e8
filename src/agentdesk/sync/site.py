"""Who is on the site, as desks are told: only those desks that look, and only while they do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, update

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, NotFound
from agentdesk.base.events import Bell
from agentdesk.base.text import msg
from agentdesk.commands.authority import refusal
from agentdesk.commands.context import Actor, Refusal
from agentdesk.commands.executor import as_text
from agentdesk.domain.authority import Permission
from agentdesk.domain.invitations import checked_text
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.tables import account, chat_guest, chat_session, conversation, message, user
from agentdesk.sync.protocol import encode
from agentdesk.sync.site_frames import Invite, InviteAnswer, LookAtSite, OnSite
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["SEEN", "SiteBoard", "SiteWatch"]

SEEN = timedelta(seconds=90)
"""How long somebody counts as being there without a word of their page."""
_LOOK_SECONDS = 2.0
_MOST = 1_000
_FRAMES_WAITING = 8

Put = Callable[[bytes], Awaitable[None]]


class SiteBoard:
    """Reads who is there every few ``seconds``, however many desks look."""

    def __init__(self, db: Database, *, seconds: float = _LOOK_SECONDS) -> None:
        self._db = db
        self.seconds = seconds
        self._known: Sequence[SiteVisitor] = ()
        self._until = 0.0
        self._reading = asyncio.Lock()

    async def visitors(self) -> Sequence[SiteVisitor]:
        """Return those who are there now, who came first first. Raises DatabaseError."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now >= self._until:
                async with self._db.read() as conn:
                    rows = (await conn.execute(_there(clock.now() - SEEN))).all()
                self._known = _once(rows)
                self._until = now + self.seconds / 2
            return self._known

    async def invite(self, actor: Actor, visitor_id: UUID, text: str) -> None:
        """Ask a visitor, once, whether they want to chat. Raises Refusal and NotFound."""
        if not actor.may(Permission.SEE_VISITORS):
            raise refusal(Permission.SEE_VISITORS)
        said = checked_text(text)
        async with self._db.write() as conn:
            name = await conn.scalar(select(user.c.name).where(user.c.id == actor.user_id))
            there = (
                select(chat_guest.c.place, chat_guest.c.invited, account.c.inbox_id)
                .join(account, account.c.id == chat_guest.c.account_id)
                .where(chat_guest.c.id == visitor_id, chat_guest.c.seen_at > clock.now() - SEEN)
            )
            row = (await conn.execute(there.with_for_update(of=chat_guest))).first()
            if row is None or not actor.sees(row.inbox_id):
                raise NotFound(msg("This visitor has left."))
            if row.invited is not None or row.place.get("state") != "free":
                raise Refusal("taken", msg("This visitor was invited already, or is in a chat."))
            invited = {"text": said, "user_id": str(actor.user_id), "name": name or ""}
            await conn.execute(
                update(chat_guest).where(chat_guest.c.id == visitor_id).values(invited=invited)
            )
        self._until = 0.0


class SiteWatch:
    """What one desk is told. ``person()`` says who is there and what they may now; ``put`` sends."""

    def __init__(self, board: SiteBoard, person: Callable[[], Actor], put: Put) -> None:
        self._board = board
        self._person = person
        self._put = put
        self._looks = False
        self._changed = Bell()
        self._told: dict[UUID, SiteVisitor] | None = None
        self._invites: asyncio.Queue[Invite] = asyncio.Queue(_FRAMES_WAITING)

    async def take(self, frame: LookAtSite | Invite) -> None:
        """Take what the desk says."""
        if isinstance(frame, Invite):
            await self._invites.put(frame)
        else:
            self._looks, self._told = frame.on, None
            self._changed.ring()

    async def tell(self) -> None:
        """Tell the desk who is there while it looks; nothing else is asked of the database for it."""
        while True:
            heard = self._changed.rings
            if self._looks:
                await self._tell_once()
            await self._changed.wait(heard, self._board.seconds if self._looks else None)

    async def answer(self) -> None:
        """Carry out invitations, one after the other."""
        while True:
            asked = await self._invites.get()
            refused = None
            try:
                await self._board.invite(self._person(), asked.visitor_id, asked.text)
            except AgentDeskError as error:
                refused = as_text(error.message)
            await self._put(encode(InviteAnswer(number=asked.number, refused=refused)))
            self._changed.ring()

    async def _tell_once(self) -> None:
        person = self._person()
        try:
            there = await self._board.visitors() if person.may(Permission.SEE_VISITORS) else ()
        except DatabaseError:
            return  # it is asked again in a moment
        now = {one.id: one for one in there if person.sees(one.inbox_id)}
        before = self._told
        if not self._looks or now == before:
            return
        known = before or {}
        fresh = tuple(one for one in now.values() if known.get(one.id) != one)
        gone = tuple(one for one in known if one not in now)
        self._told = now
        await self._put(encode(OnSite(visitors=fresh, gone=gone, whole=before is None)))


def _there(since: datetime) -> Select[Any]:
    talk = conversation.c.id, conversation.c.assignee_id, conversation.c.waiting_since
    return (
        select(
            chat_guest,
            account.c.inbox_id,
            account.c.name.label("site"),
            chat_session.c.spoke_at,
            *(column.label(f"talk_{column.name}") for column in talk),
        )
        .join(account, account.c.id == chat_guest.c.account_id)
        .outerjoin(chat_session, chat_session.c.id == chat_guest.c.session_id)
        .outerjoin(message, (message.c.external_id == chat_session.c.last) & (chat_session.c.last != ""))
        .outerjoin(conversation, conversation.c.id == message.c.conversation_id)
        .where(chat_guest.c.seen_at > since)
        .order_by(chat_guest.c.came_at, chat_guest.c.id)
        .limit(_MOST)
    )


def _once(rows: Iterable[Row[Any]]) -> list[SiteVisitor]:
    """Each visitor once, also where a message stands in two conversations."""
    return list({row.id: _visitor(row) for row in rows}.values())


def _visitor(row: Row[Any]) -> SiteVisitor:
    place = {name: str(row.place.get(name) or "") for name in _PLACE}
    chats = row.spoke_at is not None
    invited = row.invited or {}
    state = "chat" if chats else place.pop("state", "")
    if state == "free" and invited:
        state = "asked"
    place.pop("state", None)
    return SiteVisitor(
        id=row.id,
        inbox_id=row.inbox_id,
        site=row.site,
        returning=row.was_here,
        pages=row.pages,
        came_at=row.came_at,
        page_at=row.page_at,
        state=state,
        invited_by=str(invited.get("name", "")),
        conversation_id=row.talk_id if chats else None,
        waiting_since=row.talk_waiting_since if chats else None,
        **place,
    )


_PLACE = ("url", "title", "referrer", "language", "time_zone", "browser", "system", "state")
