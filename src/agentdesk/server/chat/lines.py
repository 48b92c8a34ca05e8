"""What a visitor sees, and what is handed in of it: rows of a session, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.cleaning import one_line, storable
from agentdesk.domain.extras import extras_of
from agentdesk.server.chat.faces import agent_of
from agentdesk.server.chat.protocol import Agent, Line, LineFile
from agentdesk.store.bulk import insert_many
from agentdesk.store.fixed import Fixed
from agentdesk.store.tables import chat_line, chat_post, chat_session

__all__ = [
    "LOCKED",
    "Session",
    "SessionGone",
    "add_line",
    "add_post",
    "content_of",
    "lines_of",
    "locked",
    "locked_of",
    "number_of",
    "shown",
    "source_of",
]

Session = Any
"""A row of ``chat_session``: its columns are attributes."""

_LONGEST_NAME = 300
_SESSION = bindparam("session_id", type_=chat_session.c.id.type)
LOCKED = Fixed(select(chat_session).where(chat_session.c.id == _SESSION).with_for_update())
_LOCKED_OF = Fixed(
    select(chat_session)
    .where(
        chat_session.c.account_id == bindparam("account_id", type_=chat_session.c.account_id.type),
        chat_session.c.identity == bindparam("identity", type_=chat_session.c.identity.type),
    )
    .with_for_update()
)
_NUMBER = Fixed(
    select(chat_line.c.n).where(
        chat_line.c.session_id == _SESSION, chat_line.c.key == bindparam("key", type_=chat_line.c.key.type)
    )
)


@cache
def _change_of(names: tuple[str, ...]) -> Fixed:
    values = {name: bindparam(f"new_{name}", type_=chat_session.c[name].type) for name in names}
    return Fixed(update(chat_session).where(chat_session.c.id == _SESSION).values(values))


class SessionGone(LookupError):
    """The session was dropped while its page was open: its customer was erased."""


async def locked(conn: AsyncConnection, session_id: UUID, by: Fixed = LOCKED) -> Session:
    """Return a session, kept from others until the transaction ends; ``by`` locks it. Raises SessionGone."""
    found = await by.first(conn, {"session_id": session_id})
    if found is None:
        raise SessionGone
    return SimpleNamespace(**found)


async def locked_of(conn: AsyncConnection, account_id: UUID, identity: str) -> Session | None:
    """Return the session of a visitor of an account, likewise; None where there is none."""
    found = await _LOCKED_OF.first(conn, {"account_id": account_id, "identity": identity})
    return None if found is None else SimpleNamespace(**found)


async def number_of(conn: AsyncConnection, session_id: UUID, key: str) -> int | None:
    """Return the number of the line of that key; None where there is none yet."""
    found = await _NUMBER.first(conn, {"session_id": session_id, "key": key})
    return found["n"] if found else None


async def add_line(
    conn: AsyncConnection,
    row: Session,
    key: str,
    origin: str,
    at: datetime,
    *,
    kind: str = "message",
    text: str = "",
    name: str = "",
    files: Sequence[str] = (),
    about: str | None = None,
    extras: Mapping[str, Any] | None = None,
    **session: Any,
) -> int:
    """Add a line to the session ``row``, which the caller has locked, and return its number.

    ``origin`` is ``visitor``, ``agent`` or ``system``; ``name`` who of us it was; ``files`` the ids of what
    it shows; ``extras`` what it offers; ``about`` the key of the line that it changes; ``session`` what else
    changes of the session. A message begins the chat, or keeps it going; its end ends it.
    """
    n: int = row.lines + 1
    line = {"session_id": row.id, "n": n, "key": key, "kind": kind, "origin": origin, "created_at": at}
    line |= {"text": storable(text), "name": one_line(name, _LONGEST_NAME)}
    line |= {"files": list(files) or None, "about": about, "extras": extras}
    await insert_many(conn, chat_line, [line])
    session["lines"] = n
    if kind in ("message", "ended"):
        session["spoke_at"] = at if kind == "message" else None
    given = {f"new_{name}": value for name, value in session.items()}
    await _change_of(tuple(session)).each(conn, [{**given, "session_id": row.id}])
    return n


async def add_post(
    conn: AsyncConnection, row: Session, name: str, content: Mapping[str, Any], at: datetime
) -> None:
    """Hand in ``content`` of the session ``row`` for its account; ``name`` is its own within the session."""
    await conn.execute(
        insert(chat_post).values(
            account_id=row.account_id,
            session_id=row.id,
            source_id=source_of(row, name),
            content=content_of(row, content),
            created_at=at,
        )
    )


def source_of(row: Session, name: str) -> str:
    """Return under which name the account gets what the session ``row`` hands in as ``name``."""
    return f"{row.id.hex}/{name}"


def content_of(row: Session, content: Mapping[str, Any]) -> str:
    """Return what is handed in as the connector reads it: with who it comes from."""
    return msgspec.json.encode({**content, "visitor": _visitor(row)}).decode()


def lines_of(session_id: UUID) -> Select[Any]:
    """Return the statement that reads the lines of a session."""
    return select(chat_line).where(chat_line.c.session_id == session_id)


def shown(row: Session, files: Sequence[LineFile] = ()) -> Line:
    """Return a line, read :func:`~agentdesk.server.chat.faces.with_faces`, as the page gets it."""
    agent = None
    if row.origin == "agent" or row.name:
        agent = agent_of(row.name, row.face) or Agent("")
    said = row.n, row.key, row.origin, row.text, row.created_at
    extras = extras_of(row.extras)
    return Line(*said, agent, row.kind, tuple(files), row.about, extras.choices, extras.cards)


def _visitor(row: Session) -> dict[str, str]:
    said = {name: str(row.profile.get(name) or "") for name in ("name", "email", "topic")}
    return {"identity": row.identity, **said, **{name: str(value) for name, value in row.place.items()}}
