"""The end of a chat: by the visitor, by an agent, or because nobody has written for long. The next message of
either side begins it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.handover import Handover
from agentdesk.server.chat.lines import add_line, add_post, locked
from agentdesk.store.tables import chat_line, chat_session, message

__all__ = ["any_silent", "end_by_agent", "end_by_visitor", "end_silent", "last_end", "sessions_of"]

_AT_ONCE = 100


async def end_by_visitor(handover: Handover, key: str, at: datetime) -> int:
    """End a visitor's chat, once per key; returns the number of the line, 0 where it had ended already."""
    row = handover.row
    if handover.line is not None or row.spoke_at is None:
        return handover.line or 0
    await handover.post(f"ended/{key}", {"kind": "ended", "after": row.last, "at": at}, at)
    return await add_line(handover.conn, row, key, "visitor", at, kind="ended")


async def end_by_agent(
    conn: AsyncConnection, doors: Doors, conversation_id: UUID, key: str, name: str, at: datetime
) -> Sequence[UUID] | None:
    """End the chats of a conversation on their pages; returns the sessions that it has ended, and None where
    the conversation is none of a chat. ``name`` is who ends them."""
    theirs = await sessions_of(conn, conversation_id)
    ended = []
    for session_id in theirs:
        row = await locked(conn, session_id)
        if row.spoke_at is not None:
            await add_line(conn, row, key, "agent", at, kind="ended", name=name)
            doors.tell(conn, "page", session_id)
            ended.append(session_id)
    return ended if theirs else None


async def last_end(conn: AsyncConnection, session_id: UUID) -> int | None:
    """Return the number of the line with which a session's chat ended last; None where none has."""
    ends = chat_line.c.session_id == session_id, chat_line.c.kind == "ended"
    n: int | None = await conn.scalar(select(func.max(chat_line.c.n)).where(*ends))
    return n


async def any_silent(conn: AsyncConnection, account_id: UUID, before: datetime) -> bool:
    """Say whether there is anything to do for :func:`end_silent`."""
    return await conn.scalar(_silent(account_id, before).limit(1)) is not None


async def end_silent(
    conn: AsyncConnection, doors: Doors, account_id: UUID, before: datetime, at: datetime
) -> Sequence[UUID]:
    """End the chats of an account in which nobody has written since ``before``; returns their sessions."""
    ids: list[UUID] = list(await conn.scalars(_silent(account_id, before).limit(_AT_ONCE)))
    ended = []
    for session_id in sorted(ids):
        row = await locked(conn, session_id)
        if row.spoke_at is None or row.spoke_at >= before:
            continue
        content = {"kind": "ended", "after": row.last, "at": at, "silent": True}
        await add_post(conn, row, f"ended/{row.lines + 1}", content, at)
        await add_line(conn, row, f"ended-{row.lines + 1}", "system", at, kind="ended")
        doors.tell(conn, "page", session_id)
        ended.append(session_id)
    return ended


async def sessions_of(conn: AsyncConnection, conversation_id: UUID) -> list[UUID]:
    """Return the sessions whose visitors wrote last in a conversation."""
    found = await conn.scalars(
        select(chat_session.c.id)
        .distinct()
        .join(message, message.c.external_id == chat_session.c.last)
        .where(message.c.conversation_id == conversation_id, chat_session.c.last != "")
        .order_by(chat_session.c.id)
    )
    return list(found)


def _silent(account_id: UUID, before: datetime) -> Select[Any]:
    mine = chat_session.c.account_id == account_id, chat_session.c.spoke_at < before
    return select(chat_session.c.id).where(*mine)
