"""Invitations: what pages are told of them, how often they were seen, and which one a chat came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import parse_id
from agentdesk.domain.invitations import text_for
from agentdesk.server.chat.lines import Session, add_line, locked
from agentdesk.server.chat.protocol import BadFrame, Message
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_guest, chat_invitation

__all__ = ["Invitations", "Told", "answered", "read_told"]


class Told(msgspec.Struct, frozen=True):
    """What became of an invitation on a page."""

    id: str
    what: Literal["shown", "accepted", "closed"]


def read_told(body: bytes) -> Told:
    """Return what a page says of an invitation. Raises BadFrame."""
    try:
        return msgspec.json.decode(body, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadFrame("This says nothing of an invitation.") from None


class Invitations:
    """Those of all widgets."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def public(self, widget: UUID, language: str) -> Sequence[Mapping[str, Any]]:
        """Return those of a widget as its pages are told of them, the oldest first."""
        columns = chat_invitation.c.id, chat_invitation.c.texts, chat_invitation.c.rule
        mine = select(*columns).where(chat_invitation.c.account_id == widget)
        async with self._db.read() as conn:
            rows = (await conn.execute(mine.order_by(chat_invitation.c.created_at, columns[0]))).all()
        return [{"id": str(row.id), "text": text_for(row.texts, language), **row.rule} for row in rows]

    async def count(self, widget: UUID, told: Told) -> None:
        """Count what a page says; of one that is not known (any more) nothing."""
        invitation_id = parse_id(told.id)
        if invitation_id is None:
            return
        mine = chat_invitation.c.id == invitation_id, chat_invitation.c.account_id == widget
        column = chat_invitation.c[told.what]
        async with self._db.write() as conn:
            await conn.execute(update(chat_invitation).where(*mine).values({column: column + 1}))


async def answered(
    conn: AsyncConnection, row: Session, given: Message, at: datetime
) -> tuple[Session, Mapping[str, Any]]:
    """Show the invitation that the first message of a chat answers, as the line before it.

    Returns the session ``row`` as it is then, and what is handed in with the message: nothing where it
    answers none.

    A page can name an invitation, and say nothing in it.
    """
    if given.invitation is None or row.spoke_at is not None:
        return row, {}
    found = await _invited(conn, row, given.invitation)
    if found is None:
        return row, {}
    await add_line(conn, row, f"invited-{given.id}", "system", at, kind="invited", text=found["text"])
    return await locked(conn, row.id), {"invited": found}


async def _invited(conn: AsyncConnection, row: Session, key: str) -> Mapping[str, Any] | None:
    invitation_id = parse_id(key)
    if invitation_id is None:
        return None
    asked = chat_guest.c.id == invitation_id, chat_guest.c.account_id == row.account_id
    by_hand: Mapping[str, Any] | None = await conn.scalar(select(chat_guest.c.invited).where(*asked))
    if by_hand is not None:
        return by_hand
    mine = chat_invitation.c.id == invitation_id, chat_invitation.c.account_id == row.account_id
    columns = chat_invitation.c.name, chat_invitation.c.texts
    found = (await conn.execute(select(*columns).where(*mine))).first()
    if found is None:
        return None
    return {"name": found.name, "text": text_for(found.texts, str(row.place.get("language", "")))}
