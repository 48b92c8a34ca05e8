"""A small strict IMAP server over a mailbox in memory, for histories that a real server plays too slowly.

It knows what the account uses and answers BAD to everything else. Its habits can be changed to those of other
servers, and it can cut the connection after any number of bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agentdesk_connectors.email.imap_syntax import date_time


@dataclass
class Kept:
    """A message in the folder."""

    uid: int
    raw: bytes
    arrived: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Habits:
    """What servers differ in."""

    tells_uidnext: bool = True
    knows_idle: bool = True
    refuses_idle: bool = False
    newest_first: bool = False
    speaks_of_flags: bool = False
    quotes_bodies: bool = False
    refuses_bodies: frozenset[int] = frozenset()
    leaves_out: frozenset[int] = frozenset()
    refuses_sizes: bool = False
    lies_about_size: int = 0


class ModelMailbox:
    """The folder INBOX."""

    def __init__(self) -> None:
        self.uidvalidity = 1000
        self.uidnext = 1
        self.kept: list[Kept] = []
        self.habits = Habits()
        self.cut_after: int | None = None
        self.commands: list[bytes] = []
        self.changed = asyncio.Event()

    def deliver(self, raw: bytes) -> None:
        self.kept.append(Kept(self.uidnext, raw))
        self.uidnext += 1
        self.changed.set()

    def expunge(self, index: int) -> None:
        if self.kept:
            del self.kept[index % len(self.kept)]

    def renumber(self) -> None:
        """Give all messages new UIDs in a new numbering."""
        self.uidvalidity += 1
        for uid, message in enumerate(self.kept, 1):
            message.uid = uid
        self.uidnext = len(self.kept) + 1

    def restore(self, lost: int) -> None:
        """Go back to before the last ``lost`` messages, without the new UIDVALIDITY that this demands."""
        self.kept = self.kept[: max(0, len(self.kept) - lost)]
        self.uidnext = max((message.uid for message in self.kept), default=0) + 1

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """Serve it on a port of 127.0.0.1, which is given."""
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await _Conversation(self, reader, writer).run()
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                connections.discard(task)
                writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in list(connections):
                task.cancel()
            if connections:
                await asyncio.wait(connections)


class _Conversation:
    def __init__(
        self, mailbox: ModelMailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._mailbox = mailbox
        self._reader = reader
        self._writer = writer
        self._told = 0
        self._selected = False

    async def run(self) -> None:
        self._say(b"* OK model server")
        while line := await self._reader.readline():
            assert line.endswith(b"\r\n"), "a line without CRLF"
            tag, _, command = line[:-2].partition(b" ")
            self._mailbox.commands.append(command)
            await self._answer(tag, command)
            await self._writer.drain()

    def _say(self, line: bytes) -> None:
        data = line + b"\r\n"
        left = self._mailbox.cut_after
        if left is not None:
            data, self._mailbox.cut_after = data[:left], max(0, left - len(data))
        self._writer.write(data)
        if self._mailbox.cut_after == 0:
            self._mailbox.cut_after = None
            raise ConnectionAbortedError("cut")

    async def _answer(self, tag: bytes, command: bytes) -> None:
        handlers: list[tuple[bytes, Callable[[re.Match[bytes]], bytes]]] = [
            (rb"CAPABILITY", self._capability),
            (rb'LOGIN "([^"]*)" "([^"]*)"', lambda _match: b"OK signed in"),
            (rb'EXAMINE "INBOX"', self._examine),
            (rb"UID SEARCH ALL", lambda _match: self._search(self._mailbox.kept)),
            (rb"UID SEARCH UID (\S+)( SINCE [0-9]{1,2}-[A-Z][a-z]{2}-\d{4})?", self._search_uids),
            (rb"UID FETCH (\S+) \((UID [^()]*)\)", self._fetch),
            (rb"NOOP", lambda _match: self._news()),
        ]
        habits = self._mailbox.habits
        if command == b"IDLE" and habits.knows_idle and not habits.refuses_idle:
            await self._idle()
            self._say(tag + b" OK")
            return
        for pattern, handler in handlers:
            match = re.fullmatch(pattern, command)
            if match:
                self._say(tag + b" " + handler(match))
                return
        self._say(tag + b" BAD not known here: " + command)

    def _capability(self, _match: re.Match[bytes]) -> bytes:
        idle = b" IDLE" if self._mailbox.habits.knows_idle else b""
        self._say(b"* CAPABILITY IMAP4rev1" + idle)
        return b"OK"

    def _examine(self, _match: re.Match[bytes]) -> bytes:
        self._selected = True
        self._news()
        self._say(b"* OK [UIDVALIDITY %d] valid" % self._mailbox.uidvalidity)
        if self._mailbox.habits.tells_uidnext:
            self._say(b"* OK [UIDNEXT %d] next" % self._mailbox.uidnext)
        return b"OK [READ-ONLY] open"

    def _news(self) -> bytes:
        if self._selected:
            self._told = len(self._mailbox.kept)
            self._say(b"* %d EXISTS" % self._told)
        return b"OK"

    def _search(self, found: Iterable[Kept]) -> bytes:
        self._say(b"* SEARCH" + b"".join(b" %d" % message.uid for message in found))
        return b"OK"

    def _search_uids(self, match: re.Match[bytes]) -> bytes:
        found = self._matching(match[1])
        if match[2]:
            since = datetime.strptime(match[2].decode(), " SINCE %d-%b-%Y").replace(tzinfo=UTC)
            found = [message for message in found if message.arrived.date() >= since.date()]
        return self._search(found)

    def _matching(self, uid_set: bytes) -> list[Kept]:
        highest = self._mailbox.kept[-1].uid if self._mailbox.kept else 0
        wanted: set[int] = set()
        for part in uid_set.split(b","):
            ends = [highest if end == b"*" else int(end) for end in part.split(b":")]
            wanted.update(range(min(ends), max(ends) + 1))
        return [message for message in self._mailbox.kept if message.uid in wanted]

    def _fetch(self, match: re.Match[bytes]) -> bytes:
        habits = self._mailbox.habits
        found = self._matching(match[1])
        items = match[2]
        if b"RFC822.SIZE" in items and habits.refuses_sizes:
            return b"NO [SERVERBUG] no sizes"
        about_content = b"BODY" in items
        for message in reversed(found) if habits.newest_first else found:
            if about_content and message.uid in habits.refuses_bodies:
                return b"NO [SERVERBUG] damaged"
            if about_content and message.uid in habits.leaves_out:
                continue
            number = self._mailbox.kept.index(message) + 1
            parts = [b"UID %d" % message.uid, *self._items(message, items)]
            if habits.speaks_of_flags:
                self._say(b"* %d FETCH (FLAGS (\\Seen $Junk))" % number)
                parts.append(b"FLAGS (\\Seen)")
            self._say(b"* %d FETCH (%s)" % (number, b" ".join(parts)))
        if len(self._mailbox.kept) > self._told:
            self._news()
        return b"OK"

    def _items(self, message: Kept, items: bytes) -> list[bytes]:
        if b"RFC822.SIZE" in items:
            size = len(message.raw) + self._mailbox.habits.lies_about_size
            return [b"RFC822.SIZE %d" % max(0, size), b"INTERNALDATE " + date_time(message.arrived)]
        part = re.search(rb"BODY\.PEEK\[(HEADER)?\](?:<0\.(\d+)>)?", items)
        assert part is not None, f"not PEEK: {items!r}"
        content = message.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if part[1] else message.raw
        name = b"BODY[%s]" % (part[1] or b"")
        if part[2]:
            content, name = content[: int(part[2])], name + b"<0>"
        if self._mailbox.habits.quotes_bodies and not re.search(rb'[\r\n"\\]', content):
            return [b'%s "%s"' % (name, content)]
        return [b"%s {%d}\r\n%s" % (name, len(content), content)]

    async def _idle(self) -> None:
        self._say(b"+ idling")
        done = asyncio.ensure_future(self._reader.readline())
        try:
            while not done.done():
                if len(self._mailbox.kept) > self._told:
                    self._news()
                self._mailbox.changed.clear()
                change = asyncio.ensure_future(self._mailbox.changed.wait())
                await asyncio.wait({done, change}, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
            assert done.result() in (b"DONE\r\n", b"")
        finally:
            done.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await done
