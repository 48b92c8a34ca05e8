"""What a visitor or an agent changes of what they have sent: later lines that are about an earlier one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.cleaning import storable
from agentdesk.domain.revising import DELETED, EDITED, may_revise
from agentdesk.server.chat.blocking import refuse_blocked
from agentdesk.server.chat.lines import add_line, add_post, locked, number_of
from agentdesk.server.chat.protocol import Delete, Edit
from agentdesk.store.tables import chat_file, chat_line, chat_session

__all__ = ["NotRevised", "revise_by_agent", "revise_by_visitor"]


class NotRevised(Exception):
    """It cannot be changed: ``code`` and ``text`` say why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


async def revise_by_visitor(
    conn: AsyncConnection, session_id: UUID, given: Edit | Delete, now: datetime
) -> int:
    """Change or delete a message of a visitor's own, once per id; returns the number of the line that says
    so. Raises NotRevised, SessionGone, Refused."""
    row = await locked(conn, session_id)
    before = await number_of(conn, session_id, given.id)
    if before is not None:
        return before
    await refuse_blocked(conn, session_id)
    line = await _line(conn, session_id, given.of)
    if line is None:
        raise NotRevised("gone", "There is no such message (any more).")
    if line.origin != "visitor":
        raise NotRevised("not_yours", "Only who wrote a message can change it.")
    if not may_revise(line.created_at, now):
        raise NotRevised("late", "A message can be changed for five minutes.")
    text = storable(given.text) if isinstance(given, Edit) else ""
    if isinstance(given, Edit) and not text.strip() and not line.files:
        raise NotRevised("invalid", "A message needs a text.")
    kind = EDITED if isinstance(given, Edit) else DELETED
    content = {"kind": kind, "id": f"{row.identity}/{given.of}", "text": text, "at": now}
    await add_post(conn, row, f"{kind}/{given.id}", content, now)
    if kind == DELETED:
        await _forget(conn, session_id, line)
    return await add_line(conn, row, given.id, "visitor", now, kind=kind, text=text, about=given.of)


async def revise_by_agent(
    conn: AsyncConnection, account_id: UUID, key: str, of: str, text: str | None, name: str, now: datetime
) -> UUID | None:
    """Change (or, with ``text`` None, delete) the line ``of`` of ours; returns the session that shows it,
    None where there is none. ``name`` is who does it."""
    session_id: UUID | None = await conn.scalar(
        select(chat_line.c.session_id)
        .join(chat_session, chat_session.c.id == chat_line.c.session_id)
        .where(chat_line.c.key == of, chat_line.c.origin == "agent", chat_session.c.account_id == account_id)
    )
    if session_id is None:
        return None
    row = await locked(conn, session_id)
    line = await _line(conn, session_id, of)
    if line is None:
        return None
    kind = DELETED if text is None else EDITED
    if kind == DELETED:
        await _forget(conn, session_id, line)
    await add_line(conn, row, key, "agent", now, kind=kind, text=text or "", name=name, about=of)
    return session_id


async def _line(conn: AsyncConnection, session_id: UUID, key: str) -> Row[Any] | None:
    """The message of that key; None where there is none, or it was deleted."""
    here = chat_line.c.session_id == session_id
    found = select(chat_line).where(here, chat_line.c.key == key, chat_line.c.kind == "message")
    line = (await conn.execute(found)).first()
    gone = select(chat_line.c.n).where(here, chat_line.c.about == key, chat_line.c.kind == DELETED)
    return None if line is None or await conn.scalar(gone) is not None else line


async def _forget(conn: AsyncConnection, session_id: UUID, line: Row[Any]) -> None:
    """Leave the bare line of a message, and of the changes that were made to it."""
    here = chat_line.c.session_id == session_id
    about = or_(chat_line.c.key == line.key, chat_line.c.about == line.key)
    await conn.execute(update(chat_line).where(here, about).values(text="", files=None, extras=None))
    theirs = chat_file.c.session_id == session_id, chat_file.c.n == line.n
    await conn.execute(delete(chat_file).where(*theirs))
