"""What a visitor sees, and what is handed in of it: rows of a session, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.cleaning import one_line, storable
from agentdesk.server.chat.protocol import Agent, Line, LineFile
from agentdesk.store.tables import chat_line, chat_post, chat_session

__all__ = ["SessionGone", "add_line", "add_post", "lines_of", "locked", "number_of", "shown"]

_LONGEST_NAME = 300


class SessionGone(LookupError):
    """The session was dropped while its page was open: its customer was erased."""


async def locked(conn: AsyncConnection, session_id: UUID) -> Row[Any]:
    """Return a session, kept from others until the transaction ends. Raises SessionGone."""
    mine = select(chat_session).where(chat_session.c.id == session_id).with_for_update()
    row = (await conn.execute(mine)).first()
    if row is None:
        raise SessionGone
    return row


async def number_of(conn: AsyncConnection, session_id: UUID, key: str) -> int | None:
    """Return the number of the line of that key; None where there is none yet."""
    known = chat_line.c.session_id == session_id, chat_line.c.key == key
    found: int | None = await conn.scalar(select(chat_line.c.n).where(*known))
    return found


async def add_line(
    conn: AsyncConnection,
    row: Row[Any],
    key: str,
    origin: str,
    at: datetime,
    *,
    kind: str = "message",
    text: str = "",
    name: str = "",
    files: Sequence[str] = (),
    **session: Any,
) -> int:
    """Add a line to the session ``row``, which the caller has locked, and return its number.

    ``origin`` is ``visitor``, ``agent`` or ``system``; ``name`` who of us it was; ``files`` the ids of what
    it shows; ``session`` what else changes of the session. A message begins the chat, or keeps it going; its
    end ends it.
    """
    n: int = row.lines + 1
    line = {"session_id": row.id, "n": n, "key": key, "kind": kind, "origin": origin, "created_at": at}
    line["files"] = list(files) or None
    words = {"text": storable(text), "name": one_line(name, _LONGEST_NAME)}
    await conn.execute(insert(chat_line).values(**line, **words))
    session["lines"] = n
    if kind in ("message", "ended"):
        session["spoke_at"] = at if kind == "message" else None
    await conn.execute(update(chat_session).where(chat_session.c.id == row.id).values(session))
    return n


async def add_post(
    conn: AsyncConnection, row: Row[Any], name: str, content: Mapping[str, Any], at: datetime
) -> None:
    """Hand in ``content`` of the session ``row`` for its account; ``name`` is its own within the session."""
    whole = {**content, "visitor": _visitor(row)}
    await conn.execute(
        insert(chat_post).values(
            account_id=row.account_id,
            session_id=row.id,
            source_id=f"{row.id.hex}/{name}",
            content=msgspec.json.encode(whole).decode(),
            created_at=at,
        )
    )


def lines_of(session_id: UUID) -> Select[Any]:
    """Return the statement that reads the lines of a session."""
    return select(chat_line).where(chat_line.c.session_id == session_id)


def shown(row: Row[Any], files: Sequence[LineFile] = ()) -> Line:
    """Return a line as the page gets it."""
    agent = Agent(row.name) if row.origin == "agent" else None
    return Line(row.n, row.key, row.origin, row.text, row.created_at, agent, row.kind, tuple(files))


def _visitor(row: Row[Any]) -> dict[str, str]:
    said = {name: str(row.profile.get(name) or "") for name in ("name", "email", "topic")}
    return {"identity": row.identity, **said, **{name: str(value) for name, value in row.place.items()}}
