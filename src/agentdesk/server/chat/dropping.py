"""What visitors see and are known by, once it has served its time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.server.chat.sessions import KEPT
from agentdesk.store.tables import chat_line, chat_post, chat_session, chat_token

__all__ = ["drop_lines", "drop_old"]


async def drop_old(conn: AsyncConnection) -> int:
    """Drop sessions whose visitors have not come back, and tokens that have run out; returns how many
    sessions."""
    now = clock.now()
    await conn.execute(delete(chat_token).where(chat_token.c.expires_at < now))
    waiting = select(chat_post.c.session_id)
    old = chat_session.c.seen_at < now - KEPT, chat_session.c.id.not_in(waiting)
    return (await conn.execute(delete(chat_session).where(*old))).rowcount


async def drop_lines(conn: AsyncConnection, external_ids: Sequence[str]) -> None:
    """Drop what visitors see of messages that are dropped; names of other channels' messages do no harm."""
    await conn.execute(delete(chat_line).where(chat_line.c.key.in_(external_ids)))
    theirs = [name.rpartition("/") for name in external_ids if "/" in name]
    sessions = select(chat_session.c.id).where(chat_session.c.identity.in_({one[0] for one in theirs}))
    keys = {one[2] for one in theirs}
    await conn.execute(
        delete(chat_line).where(chat_line.c.session_id.in_(sessions), chat_line.c.key.in_(keys))
    )
