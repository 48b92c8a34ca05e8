"""The WebSocket of a page, spoken byte by byte: what RFC 6455 allows works, all else is closed as it says."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.helpers.chat_page import ORIGIN, ChatSite
from tests.helpers.until import until

from agentdesk.server import masked
from agentdesk.store.tables import chat_line

_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_MASK = b"\x01\x02\x03\x04"
_HELLO = json.dumps({"t": "hello", "v": 1}).encode()


def _plain(opcode: int, payload: bytes) -> bytes:
    """A frame that is not masked, which no client may send (section 5.1)."""
    return bytes([0x80 | opcode, len(payload)]) + payload


def _frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A frame as a client sends it (section 5.2)."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    head += bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
    return head + _MASK + bytes(byte ^ _MASK[n % 4] for n, byte in enumerate(payload))


def _close(code: int, reason: bytes = b"") -> bytes:
    return _frame(_CLOSE, struct.pack("!H", code) + reason)


class _Peer:
    """A client that keeps to no rule unless it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))

    async def next(self) -> tuple[int, bytes]:
        """The next frame of the server: opcode and payload."""
        async with asyncio.timeout(30):
            head = await self._reader.readexactly(2)
            assert not head[1] & 0x80, "a server masks nothing"
            assert not head[0] & 0x70, "nothing was negotiated"
            size = head[1] & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            return head[0] & 0x0F, await self._reader.readexactly(size)

    async def told(self, kind: str) -> dict[str, object]:
        """Wait for a text frame of ``kind``."""
        while True:
            opcode, payload = await self.next()
            if opcode == _TEXT and json.loads(payload)["t"] == kind:
                frame: dict[str, object] = json.loads(payload)
                return frame

    async def closed(self) -> int:
        """Wait for the close frame, and the end after it; returns its code."""
        while True:
            opcode, payload = await self.next()
            if opcode == _CLOSE:
                return int(struct.unpack("!H", payload[:2])[0])


def _handshake(site: ChatSite, *more: str) -> bytes:
    lines = [
        f"GET /chat/v1/{site.widget}/socket HTTP/1.1",
        *("Host: x", f"Origin: {ORIGIN}", "Connection: Upgrade", "Upgrade: websocket"),
        *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *more),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def _peer(site: ChatSite, *more: str, early: bytes = b"") -> AsyncIterator[_Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(_handshake(site, *more) + early)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in answer
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer, "the key of section 1.3"
    assert b"extensions" not in answer.lower(), "no compression, whoever asks"
    try:
        yield _Peer(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_control_frames_come_between_fragments(site: ChatSite) -> None:
    async with _peer(site, "Sec-WebSocket-Extensions: permessage-deflate") as peer:
        third = len(_HELLO) // 3
        peer.send(
            _frame(_TEXT, _HELLO[:third], fin=False),
            _frame(_PING, b"one"),
            _frame(_CONTINUED, b"", fin=False),  # an empty fragment is one
            _frame(_CONTINUED, _HELLO[third:-1], fin=False),
            _frame(_PONG, b"nobody asked"),
            _frame(_PING, b"x" * 125),
            _frame(_CONTINUED, _HELLO[-1:]),
        )
        assert await peer.next() == (_PONG, b"one")
        assert await peer.next() == (_PONG, b"x" * 125)
        assert (await peer.told("welcome"))["v"] == 1


async def test_letters_may_be_cut_between_fragments(site: ChatSite) -> None:
    async with _peer(site) as peer:
        text = json.dumps({"t": "message", "id": "some-id-1", "text": "€😀"}, ensure_ascii=False).encode()
        bits = [text[at : at + 1] for at in range(len(text))]
        first, *others, last = bits
        peer.send(_frame(_TEXT, _HELLO))
        await peer.told("welcome")
        peer.send(_frame(_TEXT, first, fin=False), *(_frame(_CONTINUED, one, fin=False) for one in others))
        peer.send(_frame(_CONTINUED, last))
        assert (await peer.told("ack"))["id"] == "some-id-1"
    assert await site.texts(1) == ["€😀"]


_BROKEN = [
    ([_frame(_TEXT, b"\xe2\x82", fin=False), _frame(_CONTINUED, b"x")], 1007),
    ([_frame(_TEXT, b"\xed\xa0\x80")], 1007),  # half a pair of surrogates
    ([_frame(_TEXT, b"\xc0\xaf")], 1007),  # a slash, longer than need be
    ([_frame(_TEXT, b"\xf4\x90\x80\x80")], 1007),  # beyond the last letter
    ([_frame(_TEXT, b"{", fin=False), _frame(_TEXT, b"}")], 1002),
    ([_frame(_CLOSE, b"", fin=False)], 1002),
    ([_frame(_PONG, b"x" * 126)], 1002),
    ([_frame(_TEXT, _HELLO, rsv=0x20)], 1002),
    ([_frame(_TEXT, _HELLO, rsv=0x10)], 1002),
    ([_frame(_PING, b"", rsv=0x40)], 1002),
    *(([_frame(opcode, b"")], 1002) for opcode in (4, 7, 11, 15)),
    ([_frame(_BINARY, b"x", fin=False), _frame(_CONTINUED, b"y")], 1003),
    ([_frame(_CLOSE, b"\x03")], 1002),
    *(([_close(code)], 1002) for code in (0, 999, 1004, 1005, 1015, 2999)),
    ([_close(1000, b"\xff")], 1007),
    ([_plain(_TEXT, _HELLO)], 1002),
    ([_plain(_PING, b"")], 1002),
    ([_frame(_TEXT, b"{", fin=False), _plain(_CONTINUED, b"}")], 1002),
    ([_frame(_TEXT, b"", fin=False), _frame(_CONTINUED, b"", fin=False) * masked.MOST_PIECES], 1009),
]


async def test_what_is_broken_is_closed(site: ChatSite) -> None:
    for sent, code in _BROKEN:
        async with _peer(site) as peer:
            peer.send(*sent)
            assert await peer.closed() == code, sent


async def test_a_close_is_answered(site: ChatSite) -> None:
    for code in (1000, 1001, 1006, 3000, 4999, 5000, 65535):
        async with _peer(site) as peer:
            peer.send(_frame(_TEXT, _HELLO))
            await peer.told("welcome")
            peer.send(_close(code, "Auf später".encode()))
            assert await peer.closed() in (1000, code)
    async with _peer(site) as peer:
        peer.send(_frame(_CLOSE))
        assert (await peer.next())[0] == _CLOSE
    await until(lambda: not site.chat._watching._at, what="nobody is there")


async def test_frames_may_be_cut_anywhere_on_their_way(site: ChatSite) -> None:
    async with _peer(site) as peer:
        wire = _frame(_TEXT, _HELLO) + _frame(_PING, b"x" * 125) + _frame(_TEXT, b'{"t":"ping"}' + b" " * 200)
        for at in range(0, len(wire), 3):
            peer.send(wire[at : at + 3])
            await asyncio.sleep(0)  # into a packet of its own
        assert (await peer.told("welcome"))["v"] == 1
        await peer.told("pong")


async def test_who_masks_no_frame_after_good_ones_is_closed(site: ChatSite) -> None:
    async with _peer(site) as peer:
        peer.send(_frame(_TEXT, _HELLO))
        await peer.told("welcome")
        text = b'{"t": "message", "id": "some-id-1", "text": "x"}'
        peer.send(_plain(_TEXT, text)[:1])  # the head comes in two parts
        peer.send(_plain(_TEXT, text)[1:], _frame(_TEXT, text))
        assert await peer.closed() == 1002
    assert await site.rows(chat_line) == []


async def test_who_does_not_wait_for_our_answer_is_closed(site: ChatSite) -> None:
    async with _peer(site, early=_plain(_TEXT, _HELLO)) as peer:
        assert await peer.closed() == 1002


async def test_control_frames_are_counted(site: ChatSite) -> None:
    for opcode in (_PING, _PONG):
        async with _peer(site) as peer:
            peer.send(_frame(_TEXT, _HELLO))
            await peer.told("welcome")
            peer.send(_frame(opcode, b"x") * 100)
            assert (await peer.told("error"))["code"] == "slow_down"
            assert await peer.closed() == 1008
