"""Contents kept by what they are."""

from __future__ import annotations

import asyncio
import hashlib

from sqlalchemy import func, select

from agentdesk.base.clock import now
from agentdesk.store import blobs
from agentdesk.store.engine import Database
from agentdesk.store.tables import blob


async def test_contents_come_back_and_are_kept_once(db: Database) -> None:
    contents = {blobs.hash_of(content): content for content in (b"", b"a", bytes(range(256)) * 1000)}
    for _ in range(2):
        async with db.write() as conn:
            await blobs.put_many(conn, contents, now())
    async with db.read() as conn:
        for name, content in contents.items():
            assert await blobs.get(conn, name) == content
        assert await conn.scalar(select(func.count()).select_from(blob)) == 3
        assert await conn.scalar(select(func.sum(blob.c.size))) == 256_001
        assert await blobs.get(conn, "0" * 64) is None
        assert await blobs.missing(conn, {"0" * 64, *contents}) == {"0" * 64}
        assert await blobs.missing(conn, set()) == set()


def test_a_name_says_the_content() -> None:
    assert blobs.hash_of(b"abc") == hashlib.sha256(b"abc").hexdigest()


async def test_large_contents(db: Database) -> None:
    content = b"0123456789abcdef" * 2_500_000
    more = {blobs.hash_of(part): part for part in (content[:n] for n in (9_000_000, 9_000_001, 9_000_002))}
    contents = {blobs.hash_of(content): content, **more}
    async with db.write() as conn:
        await blobs.put_many(conn, contents, now())
    async with db.read() as conn:
        for name, kept in contents.items():
            assert await blobs.get(conn, name) == kept


async def test_two_writers_with_the_same_contents_do_not_wait_in_a_circle(db: Database) -> None:
    contents = {blobs.hash_of(bytes([n])): bytes([n]) for n in range(200)}
    backwards = dict(reversed(contents.items()))

    async def put(given: dict[str, bytes]) -> None:
        for _ in range(5):
            async with db.write() as conn:
                await blobs.put_many(conn, given, now())

    await asyncio.gather(put(contents), put(backwards), put(contents))
    async with db.read() as conn:
        assert await conn.scalar(select(func.count()).select_from(blob)) == 200
