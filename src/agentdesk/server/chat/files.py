"""Files of a session: those that its visitor has sent up, and those that its lines show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.ids import new_id, parse_id
from agentdesk.base.secrets import Vault
from agentdesk.domain.uploads import RASTER
from agentdesk.server.chat.protocol import LineFile
from agentdesk.store import blobs
from agentdesk.store.tables import blob, chat_file, chat_session

__all__ = [
    "WAITS",
    "Links",
    "Stored",
    "UnknownFile",
    "add_file",
    "claim",
    "files_of",
    "known_file",
    "sent_today",
]

WAITS = timedelta(days=1)
"""How long a file waits for its message."""
_MOST_WAITING = 20
_VALID = timedelta(days=7)
_PURPOSE = "chat file"

Stored = Mapping[str, Any]
"""What is known of a content: ``name``, ``media_type``, ``size`` and ``blob`` (SHA-256)."""


class UnknownFile(LookupError):
    """A message names a file that was not sent up, was dropped, or belongs to another message."""


async def known_file(conn: AsyncConnection, session_id: UUID, key: str) -> Row[Any] | None:
    """Return the file that a session has under a key."""
    mine = chat_file.c.session_id == session_id, chat_file.c.key == key
    return (await conn.execute(select(chat_file).where(*mine))).first()


async def sent_today(conn: AsyncConnection, session_id: UUID) -> int:
    """Return how many bytes a visitor has sent up within a day."""
    lately = chat_file.c.created_at > clock.now() - timedelta(days=1)
    size = select(func.sum(chat_file.c.size)).where(chat_file.c.session_id == session_id, lately)
    return int(await conn.scalar(size) or 0)


async def add_file(
    conn: AsyncConnection, session_id: UUID, key: str, stored: Stored, content: bytes, at: datetime
) -> UUID:
    """Keep a content and note that a session has it under ``key``, which it did not before; the caller has
    locked the session. Of those that wait for a message the oldest give way."""
    await blobs.put_many(conn, {stored["blob"]: content}, at)
    await conn.execute(update(blob).where(blob.c.hash == stored["blob"]).values(created_at=at))
    file_id = new_id()
    row = {"id": file_id, "session_id": session_id, "key": key, "n": None, "created_at": at}
    await conn.execute(insert(chat_file).values(**row, **stored))
    waiting = select(chat_file.c.id).where(chat_file.c.session_id == session_id, chat_file.c.n.is_(None))
    oldest = waiting.order_by(chat_file.c.id.desc()).offset(_MOST_WAITING).limit(100)
    gone = list(await conn.scalars(oldest))
    if gone:
        await conn.execute(delete(chat_file).where(chat_file.c.id.in_(gone)))
    return file_id


async def claim(conn: AsyncConnection, session_id: UUID, names: Sequence[str], n: int) -> list[Row[Any]]:
    """Return the files of those ids, in their order, which are from now on those of line ``n``.

    Raises UnknownFile.
    """
    ids = [parse_id(name) for name in names]
    mine = (
        chat_file.c.session_id == session_id,
        chat_file.c.n.is_(None),
        chat_file.c.id.in_([i for i in ids if i]),
    )
    found = {row.id: row for row in await conn.execute(select(chat_file).where(*mine))}
    if len(found) != len(ids):
        raise UnknownFile
    await conn.execute(update(chat_file).where(chat_file.c.id.in_(found)).values(n=n))
    return [found[one] for one in ids if one is not None]


async def files_of(conn: AsyncConnection, names: Sequence[str]) -> dict[str, Row[Any]]:
    """Return files by the ids under which lines name them; those that are gone are left out."""
    ids = [one for name in names if (one := parse_id(name))]
    rows = await conn.execute(select(chat_file).where(chat_file.c.id.in_(ids)))
    return {row.id.hex: row for row in rows}


class Links:
    """Addresses of files: whoever has one may load that file, for a week. Nobody else can make one."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def shown(self, prefix: str, row: Row[Any]) -> LineFile:
        """Return a file as its line shows it; ``prefix`` is the path below which its widget's are."""
        until = int((clock.now() + _VALID).timestamp())
        said = f"{row.id.hex}-{until}"
        url = f"{prefix}/files/{said}-{self._vault.sign(said, _PURPOSE)}"
        return LineFile(row.name, row.media_type, row.size, url, row.media_type in RASTER)

    def file_of(self, ticket: str) -> UUID | None:
        """Return the file that an address leads to; None where we did not make it, or it has run out."""
        said, _, signature = ticket.rpartition("-")
        name, _, until = said.partition("-")
        if not self._vault.signed_by_us(said, _PURPOSE, signature):
            return None
        return parse_id(name) if int(until) > clock.now().timestamp() else None


async def content_of(conn: AsyncConnection, account_id: UUID, file_id: UUID) -> tuple[Row[Any], bytes] | None:
    """Return a file of a widget and its content; None where it is gone."""
    statement = (
        select(chat_file, blob.c.content)
        .join(chat_session, chat_session.c.id == chat_file.c.session_id)
        .join(blob, blob.c.hash == chat_file.c.blob)
        .where(chat_file.c.id == file_id, chat_session.c.account_id == account_id)
    )
    row = (await conn.execute(statement)).first()
    return None if row is None else (row, bytes(row.content))
