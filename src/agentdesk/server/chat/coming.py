"""Who of the team comes into a chat besides its agent, and leaves it again, as its visitor is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.ending import sessions_of
from agentdesk.server.chat.lines import add_line, locked

__all__ = ["say_who"]


async def say_who(
    conn: AsyncConnection, doors: Doors, conversation_id: UUID, key: str, kind: str, name: str, at: datetime
) -> Sequence[UUID]:
    """Add a line to the chats of a conversation that go on, and return their sessions. ``kind`` is ``joined``
    or ``left``, ``name`` who did."""
    told = []
    for session_id in await sessions_of(conn, conversation_id):
        row = await locked(conn, session_id)
        if row.spoke_at is not None:
            await add_line(conn, row, key, "system", at, kind=kind, name=name)
            doors.tell(conn, "page", session_id)
            told.append(session_id)
    return told
