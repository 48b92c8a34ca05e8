"""Links in mails that lead to the chat they belong to: whoever has one may open that chat, for a month.

The token of a link is made from the id of its mail with the server's key, so that each attempt at sending has
the same one and nothing that could open a chat lies in the database: there is its SHA-256. It goes with its
session, which goes with its customer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.secrets import Vault
from agentdesk.server.chat.blocking import refuse_blocked
from agentdesk.server.chat.mailing import page_of
from agentdesk.server.chat.refused import Refused
from agentdesk.server.chat.sessions import new_token
from agentdesk.store.engine import Database
from agentdesk.store.tables import chat_link, chat_session

__all__ = ["Linked", "Links", "add_link", "link_of"]

_VALID = timedelta(days=30)
_PURPOSE = "conversation link"


@dataclass(frozen=True, slots=True)
class Linked:
    """Where a link leads: the widget, and the language of its visitor. ``works`` is false where it has run
    out, or its visitor was blocked."""

    widget: UUID
    language: str
    works: bool


async def add_link(conn: AsyncConnection, vault: Vault, session_id: UUID, message_id: UUID) -> None:
    """Let a mail have a link to the chat of a session, where it is known how the server is reached. Who is
    signed in at the company's site gets none: it would open their chat without that."""
    found = await conn.execute(select(chat_session).where(chat_session.c.id == session_id))
    session = found.first()
    if session is None or session.verified:
        return
    page = await page_of(conn, session.account_id)
    if page is None or not page.server:
        return
    token = _hash(vault.token(message_id.hex, _PURPOSE))
    values = {"hash": token, "message_id": message_id, "session_id": session_id}
    await conn.execute(insert(chat_link).values(**values, expires_at=clock.now() + _VALID))


async def link_of(conn: AsyncConnection, vault: Vault, message_id: UUID) -> str:
    """Return the address that stands in a mail; empty where it has none."""
    widget = (
        select(chat_session.c.account_id)
        .join(chat_link, chat_link.c.session_id == chat_session.c.id)
        .where(chat_link.c.message_id == message_id)
    )
    account_id = await conn.scalar(widget)
    page = None if account_id is None else await page_of(conn, account_id)
    if page is None or not page.server:
        return ""
    return f"{page.server}/help/c/{vault.token(message_id.hex, _PURPOSE)}"


class Links:
    """Looks links up, and opens them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, token: str) -> Linked | None:
        """Return where a link leads; None where there is none such. Changes nothing."""
        known = (
            select(chat_session, chat_link.c.expires_at)
            .join(chat_link, chat_link.c.session_id == chat_session.c.id)
            .where(chat_link.c.hash == _hash(token))
        )
        async with self._db.read() as conn:
            row = (await conn.execute(known)).first()
            if row is None:
                return None
            works = row.expires_at > clock.now()
            try:
                await refuse_blocked(conn, row.id)
            except Refused:
                works = False
        return Linked(row.account_id, str(row.place.get("language", "")), works)

    async def open(self, token: str) -> str | None:
        """Return a new token of the session that a link leads to; None where it does not work. Raises Refused
        where its visitor is blocked."""
        known = select(chat_link).where(
            chat_link.c.hash == _hash(token), chat_link.c.expires_at > clock.now()
        )
        async with self._db.write() as conn:
            row = (await conn.execute(known)).first()
            if row is None:
                return None
            await refuse_blocked(conn, row.session_id)
            return await new_token(conn, row.session_id, row.expires_at)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
