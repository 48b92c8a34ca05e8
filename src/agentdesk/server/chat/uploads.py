"""Where visitors' files come in and those of both sides go out, over plain HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec
from aiohttp import web

from agentdesk.base import clock
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.domain.uploads import RASTER, clean_name, kept_type, runs
from agentdesk.server.chat.blocking import refuse_blocked
from agentdesk.server.chat.files import Links, Stored, add_file, content_of, known_file, sent_today
from agentdesk.server.chat.limits import Buckets, Places
from agentdesk.server.chat.lines import locked
from agentdesk.server.chat.refused import Refused
from agentdesk.server.chat.sessions import Sessions
from agentdesk.server.chat.widgets import Widget
from agentdesk.store.engine import Database

__all__ = ["Uploads"]

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SECONDS, _CHUNK_SECONDS = 600.0, 30.0
_PORTION = 256 * 1024
_HEAD = 512
_AT_ONCE, _AT_ONCE_EACH, _IN_MEMORY = 64, 3, 4
_GIVEN, _GIVEN_EACH = 64, 24
"""So many go out at one time: each is in memory until it has been taken."""
_FILES, _FILES_PER_SECOND = 20, 1 / 6
_BYTES_A_DAY = 200_000_000
_MOST_NAME = 2_000


class Uploads:
    """Takes and gives the files of all sessions. A stranger decides what comes and how slowly, so nothing is
    in memory before it is whole, and few at a time."""

    def __init__(self, db: Database, vault: Vault, sessions: Sessions) -> None:
        self._db = db
        self._sessions = sessions
        self._links = Links(vault)
        self._files = Buckets(_FILES, _FILES_PER_SECOND)
        self._each, self._all = Places(_AT_ONCE_EACH), Places(_AT_ONCE)
        self._given_each, self._given = Places(_GIVEN_EACH), Places(_GIVEN)
        self._memory = asyncio.Semaphore(_IN_MEMORY)

    # --- in ---

    async def take(self, request: web.Request, widget: Widget, client: str) -> bytes:
        """Take a file of the visitor whose token comes with it; returns the JSON that names it.

        The same id is the same file: it is not read again. Raises Refused, SessionGone and DatabaseError.
        """
        session_id = await self._session(request, widget)
        key = request.headers.get("X-File-Id") or new_id().hex
        if not _KEY.fullmatch(key):
            raise Refused("invalid", "X-File-Id is 8 to 64 characters of A-Z a-z 0-9 _ -.")
        async with self._db.read() as conn:
            await refuse_blocked(conn, session_id)
            known = await known_file(conn, session_id, key)
            sent = await sent_today(conn, session_id)
        if known is not None:
            return _named(known.id, known._asdict())
        most = widget.page.file_bytes
        if not widget.page.files:
            raise Refused("not_here", "This widget takes no files.")
        if (request.content_length or 0) > most:
            raise Refused("too_large", "The file is too large.")
        wait = self._files.take(session_id) or (3_600 if sent > _BYTES_A_DAY else 0)
        if wait:
            raise Refused("slow_down", "Too many files.", int(wait) + 1)
        if not self._all.take(None):
            raise Refused("busy", "Too many files at this moment.", 5)
        try:
            return await self._placed(request, session_id, client, key, most)
        finally:
            self._all.give_back(None)

    async def _session(self, request: web.Request, widget: Widget) -> UUID:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= 100:
            raise Refused("unauthorized", "A token is needed.")
        session_id = await self._sessions.find(widget.id, token)
        if session_id is None:
            raise Refused("unauthorized", "This token is not known.")
        return session_id

    async def _placed(
        self, request: web.Request, session_id: UUID, client: str, key: str, most: int
    ) -> bytes:
        if not self._each.take(client):
            raise Refused("busy", "One file after the other.", 5)
        try:
            with tempfile.TemporaryFile() as kept:
                await _streamed(request, kept, most)
                async with self._memory:
                    content = await asyncio.to_thread(_whole, kept)
                    return await self._store(session_id, key, _judged(request, content), content)
        finally:
            self._each.give_back(client)

    async def _store(self, session_id: UUID, key: str, stored: Stored, content: bytes) -> bytes:
        async with self._db.write() as conn:
            await locked(conn, session_id)
            known = await known_file(conn, session_id, key)
            if known is not None:  # the same came twice at the same moment
                return _named(known.id, known._asdict())
            file_id = await add_file(conn, session_id, key, stored, content, clock.now())
        return _named(file_id, stored)

    # --- out ---

    @contextmanager
    def giving(self, client: str) -> Iterator[None]:
        """Have one of the files that go out to a client. Raises Refused where there are too many."""
        busy = Refused("busy", "Too many files at this moment.", 5)
        if not self._given_each.take(client):
            raise busy
        try:
            if not self._given.take(None):
                raise busy
            try:
                yield
            finally:
                self._given.give_back(None)
        finally:
            self._given_each.give_back(client)

    async def give(self, ticket: str, widget: Widget) -> web.Response:
        """Return the file of an address that a line has. Raises Refused."""
        file_id = self._links.file_of(ticket)
        async with self._db.read() as conn:
            found = await content_of(conn, widget.id, file_id) if file_id is not None else None
        if found is None:
            raise Refused("gone", "There is no such file, or its address has run out.")
        row, content = found
        picture = row.media_type in RASTER
        headers = {
            "Content-Type": row.media_type if picture else "application/octet-stream",
            "Content-Disposition": f"{_shown(picture)}; filename*=UTF-8''{quote(row.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Cache-Control": "private, max-age=86400, immutable",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(body=content, headers=headers)


def _shown(picture: bool) -> str:
    return "inline" if picture else "attachment"


async def _streamed(request: web.Request, kept: IO[bytes], most: int) -> None:
    """Write the body to ``kept``, no more than ``most`` bytes and not for ever. Raises Refused."""
    size, portion = 0, bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            while True:
                async with asyncio.timeout(_CHUNK_SECONDS):
                    chunk = await request.content.readany()
                size += len(chunk)
                portion += chunk
                if size > most:
                    raise Refused("too_large", "The file is too large.")
                if portion and (not chunk or len(portion) >= _PORTION):
                    await asyncio.to_thread(kept.write, bytes(portion))
                    portion.clear()
                if not chunk:
                    break
    except TimeoutError:
        raise Refused("busy", "The file came too slowly.", 5) from None
    except ConnectionError:
        raise Refused("invalid", "The connection was cut.") from None
    if not size:
        raise Refused("invalid", "The file is empty.")


def _whole(kept: IO[bytes]) -> bytes:
    kept.seek(0)
    return kept.read()


def _judged(request: web.Request, content: bytes) -> Stored:
    """What is written down of a file. Raises Refused for one that might run somewhere."""
    given = request.headers.get("X-File-Name", "")[:_MOST_NAME]
    name, claimed = clean_name(unquote(given)), request.headers.get("Content-Type", "")
    if runs(name, claimed, content[:_HEAD]):
        raise Refused("media_type", "Files of this kind are not taken.")
    return {
        "name": name,
        "media_type": kept_type(claimed, content),
        "size": len(content),
        "blob": hashlib.sha256(content).hexdigest(),
    }


def _named(file_id: UUID, stored: Stored) -> bytes:
    told = {"file": file_id.hex, "name": stored["name"], "type": stored["media_type"], "size": stored["size"]}
    return msgspec.json.encode(told)
