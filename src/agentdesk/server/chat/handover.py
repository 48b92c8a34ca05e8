"""What a visitor hands in: recorded in the transaction that stores it, where that can be.

Else it becomes a post, which the account's connector takes up, to be recorded by the loop of its intake:
where another server runs the account, where something handed in before waits still, where recording fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, exists, func, literal, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.chat import CHANNEL
from agentdesk.sdk.inbound import RawItem
from agentdesk.server.chat.doors import Doors, Way
from agentdesk.server.chat.lines import LOCKED, Session, add_post, content_of, locked, source_of
from agentdesk.server.leases import LeaseLost
from agentdesk.server.recording import NotNow
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseBusy
from agentdesk.store.fixed import Fixed, look_ahead
from agentdesk.store.tables import (
    chat_line,
    chat_post,
    chat_session,
    contact,
    contact_identity,
    conversation,
    message,
    raw_item,
)
from agentdesk.store.trips import postpone

__all__ = ["Handover", "hand_over"]

T = TypeVar("T")

_SESSION = bindparam("session_id", type_=chat_session.c.id.type)
_HELD = (
    select(conversation.c.id)
    .join(message, message.c.conversation_id == conversation.c.id)
    .join(chat_session, chat_session.c.last == message.c.external_id)
    .where(chat_session.c.id == _SESSION, chat_session.c.last != "")
    .order_by(conversation.c.id)
    .with_for_update(of=conversation)
    .cte("held")
)
_LOCKED_AFTER = Fixed(
    select(chat_session)
    .where(chat_session.c.id == _SESSION, select(func.count()).select_from(_HELD).scalar_subquery() >= 0)
    .with_for_update(of=chat_session)
)
"""A session, locked after its conversation: whoever answers locks them in this order too."""
_LINE = select(chat_line.c.n).where(
    chat_line.c.session_id == _SESSION, chat_line.c.key == bindparam("key", type_=chat_line.c.key.type)
)
_BLOCKED = exists().where(
    contact.c.blocked,
    contact.c.id == contact_identity.c.contact_id,
    contact_identity.c.kind == CHANNEL,
    contact_identity.c.value == bindparam("identity", type_=contact_identity.c.value.type),
)
_WAITING = or_(
    exists().where(chat_post.c.session_id == _SESSION),
    exists().where(
        raw_item.c.state == "new",
        raw_item.c.account_id == bindparam("account_id", type_=raw_item.c.account_id.type),
    ),
)
_KNOWN = Fixed(
    select(
        _LINE.scalar_subquery().label("n"),
        or_(_BLOCKED, literal(False)).label("blocked"),
        or_(_WAITING, literal(False)).label("waiting"),
    )
)


class Handover:
    """One transaction of the session ``row``, which it has locked.

    ``line`` is the number of the line that has the key of what is handed in, None where there is none yet;
    ``blocked`` that the visitor is.
    """

    def __init__(
        self, conn: AsyncConnection, row: Session, known: Mapping[str, Any], way: Way | None
    ) -> None:
        self.conn = conn
        self.row = row
        self.line: int | None = known["n"]
        self.blocked = bool(known["blocked"])
        self.afterwards: list[Callable[[], None]] = []
        self.posted = False
        self._way = None if known["waiting"] else way

    async def post(self, name: str, content: Mapping[str, Any], at: datetime) -> None:
        """Hand in ``content`` for the account; ``name`` is its own within the session."""
        if self._way is None:
            await add_post(self.conn, self.row, name, content, at)
            self.posted = True
            return
        raw = content_of(self.row, content).encode()
        item = RawItem(source_of(self.row, name), raw, at, {})
        self.afterwards.append(await self._way.take(self.conn, item))


async def hand_over(
    db: Database,
    doors: Doors,
    widget: UUID,
    session_id: UUID,
    key: str,
    step: Callable[[Handover], Awaitable[T]],
    *,
    shows: bool = True,
) -> T:
    """Carry out ``step`` in a transaction of a session, and wake whoever waits for what it did; ``key`` is
    that of the line which it may add, ``shows`` that the pages of the visitor may show it.

    Raises SessionGone, DatabaseError, and what ``step`` raises.
    """
    way = doors.way(widget)
    if way is not None:
        try:
            return await _once(db, doors, widget, session_id, key, step, way, shows)
        except (NotNow, DBAPIError, LeaseLost, DatabaseBusy):
            pass  # nothing of it was kept
    return await _once(db, doors, widget, session_id, key, step, None, shows)


async def _once(
    db: Database,
    doors: Doors,
    widget: UUID,
    session_id: UUID,
    key: str,
    step: Callable[[Handover], Awaitable[T]],
    way: Way | None,
    shows: bool,
) -> T:
    async with db.write() as conn:
        row = await locked(conn, session_id, LOCKED if way is None else _LOCKED_AFTER)
        about = {"session_id": session_id, "account_id": widget, "identity": row.identity, "key": key}
        if way is not None:
            await look_ahead(conn, (_KNOWN, about), way.asks_first(conn))
            postpone(conn)
        (known,) = await _KNOWN.rows(conn, about)
        handover = Handover(conn, row, known, way)
        result = await step(handover)
        if handover.posted:
            doors.tell(conn, "box", widget)
        if shows:
            doors.tell(conn, "page", session_id)
    for call in handover.afterwards:
        call()
    if handover.posted:
        doors.handed_in(widget)
    if shows:
        doors.shown(session_id)
    return result
