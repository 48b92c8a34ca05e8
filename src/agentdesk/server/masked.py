"""What RFC 6455 asks of a server's side and aiohttp does not look at: that clients mask their frames.

A frame that is not masked could have been made up by a web page to look like something else to a proxy on the
way (section 10.3), so a server must not go on with whoever sends one (section 5.1).
"""

from __future__ import annotations

import asyncio

from aiohttp import WSCloseCode, web

__all__ = ["MOST_PIECES", "look_at_frames"]

MOST_PIECES = 4_096
"""Into how many fragments a message may be cut: empty ones cost the sender next to nothing."""
_LONGEST_HEAD = 14
_CONTROL = 8
_AGAINST_THE_RULES = b"\xf0\x80"
"""A masked frame with reserved bits: aiohttp closes with 1002 wherever it meets one."""
_TOO_LARGE = b"\x81\xff" + b"\xff" * 8
"""The head of one that is longer than any may be: closed with 1009."""


async def look_at_frames(request: web.Request, socket: web.WebSocketResponse) -> None:
    """Answer the handshake of ``request``, and from then on look at each frame before ``socket`` does. A
    client that does not wait for the answer before it sends frames (section 4.1) is closed at once.

    Raises what ``socket.prepare`` raises.
    """
    early = bool(getattr(request.protocol, "_message_tail", b""))
    await socket.prepare(request)
    transport = request.transport
    if early:
        await socket.close(code=WSCloseCode.PROTOCOL_ERROR)
    elif transport is not None:
        transport.set_protocol(_Gate(request.protocol))


class _Gate(asyncio.Protocol):
    """Passes on what comes from the connection until a frame breaks a rule: in its place ``behind`` gets one
    that says the same to it, and nothing after that."""

    __slots__ = ("_behind", "_held", "_pieces", "_rest", "_shut")

    def __init__(self, behind: asyncio.Protocol) -> None:
        self._behind = behind
        self._held = b""
        """The beginning of a head, which is passed on when it is whole."""
        self._rest = 0
        self._pieces = 0
        self._shut = False

    def data_received(self, data: bytes) -> None:
        if self._shut:
            return
        data, self._held = self._held + data, b""
        at, size = 0, len(data)
        while at < size:
            if self._rest:
                step = min(self._rest, size - at)
                self._rest -= step
                at += step
                continue
            head = data[at : at + _LONGEST_HEAD]
            length = _length(head)
            instead = self._instead_of(head, length)
            if instead:
                self._shut = True
                data = data[:at] + instead
                break
            if length is None:
                self._held, data = head, data[:at]
                break
            at += length[0]
            self._rest = length[1]
        if data:
            self._behind.data_received(data)

    def _instead_of(self, head: bytes, length: tuple[int, int] | None) -> bytes:
        """What is passed on in place of a frame; empty where it is in order as far as it is known."""
        if len(head) > 1 and not head[1] & 0x80:
            return _AGAINST_THE_RULES
        if length is not None and head[0] & 0x0F < _CONTROL:
            self._pieces = 0 if head[0] & 0x80 else self._pieces + 1
        return _TOO_LARGE if self._pieces > MOST_PIECES else b""

    def eof_received(self) -> bool | None:
        return self._behind.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._behind.connection_lost(exc)

    def pause_writing(self) -> None:
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        self._behind.resume_writing()


def _length(head: bytes) -> tuple[int, int] | None:
    """How many bytes the head of a masked frame has, and how many follow it (section 5.2); None where the
    head is not whole."""
    if len(head) < 2:
        return None
    said = head[1] & 0x7F
    more = {126: 2, 127: 8}.get(said, 0)
    if len(head) < 6 + more:
        return None
    return 6 + more, int.from_bytes(head[2 : 2 + more], "big") if more else said
