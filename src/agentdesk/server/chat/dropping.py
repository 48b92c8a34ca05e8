"""What visitors see and are known by, once it has served its time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.server.chat.files import WAITS
from agentdesk.server.chat.sessions import KEPT
from agentdesk.store.tables import chat_file, chat_line, chat_link, chat_post, chat_session, chat_token

__all__ = ["drop_lines", "drop_old", "drop_waiting_files"]


_REMEMBERED = timedelta(days=60)
"""How long it is known of a link in a mail that it has run out."""


async def drop_old(conn: AsyncConnection) -> int:
    """Drop sessions whose visitors have not come back, and tokens that have run out; returns how many
    sessions."""
    now = clock.now()
    await conn.execute(delete(chat_token).where(chat_token.c.expires_at < now))
    await conn.execute(delete(chat_link).where(chat_link.c.expires_at < now - _REMEMBERED))
    waiting = select(chat_post.c.session_id)
    old = chat_session.c.seen_at < now - KEPT, chat_session.c.id.not_in(waiting)
    return (await conn.execute(delete(chat_session).where(*old))).rowcount


async def drop_waiting_files(conn: AsyncConnection) -> int:
    """Drop what visitors have sent up and never sent off; returns how many files."""
    waiting = chat_file.c.n.is_(None), chat_file.c.created_at < clock.now() - WAITS
    return (await conn.execute(delete(chat_file).where(*waiting))).rowcount


async def drop_lines(conn: AsyncConnection, external_ids: Sequence[str]) -> None:
    """Drop what visitors see of messages that are dropped; names of other channels' messages do no harm."""
    ours = select(chat_line.c.session_id).where(chat_line.c.key.in_(external_ids))
    await _drop(conn, chat_line.c.session_id.in_(list(await conn.scalars(ours))), _of(external_ids))
    theirs = [name.rpartition("/") for name in external_ids if "/" in name]
    sessions = select(chat_session.c.id).where(chat_session.c.identity.in_({one[0] for one in theirs}))
    keys = {one[2] for one in theirs}
    await _drop(conn, chat_line.c.session_id.in_(sessions), _of(keys))


def _of(keys: Collection[str]) -> ColumnElement[bool]:
    """The lines of messages, and those that change them."""
    return or_(chat_line.c.key.in_(keys), chat_line.c.about.in_(keys))


async def _drop(conn: AsyncConnection, *which: ColumnElement[bool]) -> None:
    shown = select(chat_line.c.session_id, chat_line.c.n).where(*which, chat_line.c.files.is_not(None))
    for row in (await conn.execute(shown)).all():
        theirs = chat_file.c.session_id == row.session_id, chat_file.c.n == row.n
        await conn.execute(delete(chat_file).where(*theirs))
    await conn.execute(delete(chat_line).where(*which))
