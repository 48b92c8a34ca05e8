"""A TCP proxy between a client and a server that can delay, halve, stall and cut what passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tests.helpers.loop_thread import LoopThread

_CHUNK = 65_536


@dataclass(slots=True)
class Trouble:
    """What the proxy does to the bytes; change it at any time."""

    refuse: bool = False
    """Close new connections at once."""
    delay: float = 0.0
    """Seconds that each piece waits, in each direction."""
    stall: bool = False
    """Swallow everything: both sides stay connected and hear nothing, as with a dead line."""
    piece: int = _CHUNK
    """The largest number of bytes passed on at once."""
    cut_after: int | None = None
    """Cut both sides after this many more bytes from the server. Counts down over all connections."""


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes everything on to another port of it."""

    host = "127.0.0.1"

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.trouble = Trouble()
        self.connections = 0
        """How many connections were made so far."""
        self.heard: Callable[[bytes], None] | None = None
        """Is told, in another thread, what the server said, before the client is."""
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = LoopThread("proxy")
        self.port = self._thread.run(self._start())

    async def _start(self) -> int:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Cut every open connection, in the middle of whatever it does."""
        self._thread.run(self._cut())

    async def _cut(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()

    def heal(self) -> None:
        """Pass everything on again, for connections made from now on."""
        self.trouble = Trouble()

    def close(self) -> None:
        """Stop, cutting what is open."""
        self._thread.run(self._close())
        self._thread.close()

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        async with asyncio.timeout(5):
            while self._open:  # cancelling a connection's task instead makes asyncio log an error
                await asyncio.sleep(0.005)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.trouble.refuse:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(self.host, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, server_writer}
        self._open |= ends
        try:
            await asyncio.gather(
                self._pass_on(reader, server_writer, counted=False),
                self._pass_on(server_reader, writer, counted=True),
            )
        except OSError:
            pass  # one side is gone; the other follows below
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        while data := await source.read(min(self.trouble.piece, _CHUNK)):
            trouble = self.trouble
            if trouble.stall:
                continue
            if counted and self.heard is not None:
                self.heard(data)
            if trouble.delay:
                await asyncio.sleep(trouble.delay)
            if counted and trouble.cut_after is not None:
                data, trouble.cut_after = data[: trouble.cut_after], trouble.cut_after - len(data)
            sink.write(data)
            await sink.drain()
            if counted and trouble.cut_after is not None and trouble.cut_after <= 0:
                trouble.cut_after = None
                raise ConnectionAbortedError("cut here by the test")
        if sink.can_write_eof():
            sink.write_eof()
