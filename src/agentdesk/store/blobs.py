"""Contents of mails and files, each kept once under the hash of what it is."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import CompoundSelect, delete, or_, select, text, union
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.store.bulk import insert_many
from agentdesk.store.tables import attachment, blob, chat_file, raw_item

_BYTES_AT_ONCE = 16_000_000
_BECOMING_A_MESSAGE = timedelta(hours=6)


def hash_of(content: bytes) -> str:
    """Return the name of a content: its SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


async def put_many(conn: AsyncConnection, contents: Mapping[str, bytes], now: datetime) -> None:
    """Keep ``contents`` by their hashes; those that are kept already are left alone.

    They go to the database in the order of their hashes, so that two writers never wait for each other in
    a circle, and a few at a time, as each portion is in memory twice.
    """
    portion: list[dict[str, object]] = []
    size = 0
    for name, content in sorted(contents.items()):
        portion.append({"hash": name, "size": len(content), "content": content, "created_at": now})
        size += len(content)
        if size > _BYTES_AT_ONCE:
            await insert_many(conn, blob, portion, ignore=True)
            portion, size = [], 0
    await insert_many(conn, blob, portion, ignore=True)


def used() -> CompoundSelect[tuple[str]]:
    """Return the statement for all contents that something needs. What visitors' pages show is that of
    messages; on its own it counts only until it is one."""
    fresh = or_(chat_file.c.n.is_(None), chat_file.c.created_at > clock.now() - _BECOMING_A_MESSAGE)
    waiting = select(chat_file.c.blob).where(fresh)
    return union(select(attachment.c.blob), select(raw_item.c.blob), waiting)


async def drop_unused(conn: AsyncConnection, names: Collection[str]) -> int:
    """Drop those of ``names`` that no attachment and no raw item uses; returns how many went.

    On PostgreSQL whoever is just about to use one of them is waited for, and seen.
    """
    if not names:
        return 0
    if conn.dialect.name == "postgresql":
        await conn.execute(text("LOCK TABLE blob IN SHARE ROW EXCLUSIVE MODE"))
    gone = await conn.execute(delete(blob).where(blob.c.hash.in_(names), blob.c.hash.not_in(used())))
    return gone.rowcount


async def get(conn: AsyncConnection, name: str) -> bytes | None:
    """Return the content of that hash, or None where it is not kept."""
    content: bytes | None = await conn.scalar(select(blob.c.content).where(blob.c.hash == name))
    return content


async def missing(conn: AsyncConnection, names: set[str]) -> set[str]:
    """Return those of ``names`` that are not kept."""
    return names - set(await conn.scalars(select(blob.c.hash).where(blob.c.hash.in_(sorted(names)))))
