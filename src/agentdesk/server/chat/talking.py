"""The two ways in which a page and the server talk: a WebSocket, and requests that wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from agentdesk.base.tasks import Tasks
from agentdesk.server.chat.limits import Buckets
from agentdesk.server.chat.lines import SessionGone
from agentdesk.server.chat.protocol import (
    LONGEST_FRAME,
    PING_SECONDS,
    SUBPROTOCOL,
    BadFrame,
    Hello,
    Problem,
    decode,
    encode,
    frame_of,
)
from agentdesk.server.chat.refused import Refused
from agentdesk.server.chat.visit import Visit
from agentdesk.server.masked import look_at_frames
from agentdesk.store.errors import DatabaseError

__all__ = ["MOST_VISITS", "Polling", "Talking"]

MOST_VISITS = 8
_HELLO_SECONDS = 10.0
_BAD_FRAMES = 10
_FRAMES, _FRAMES_PER_SECOND = 60, 6.0
_PAUSE_SECONDS = 2.0
_COUNTED = (WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PONG)
_CLOSES = {
    "unauthorized": 4001,
    "version": 4002,
    "identity": 4003,
    "widget": 4004,
    "blocked": 4005,
    "too_many": 4029,
    "closing": WSCloseCode.GOING_AWAY,
}

Enter = Callable[[Hello], Awaitable[Visit]]
Leave = Callable[[Visit], None]


class _Over(Exception):
    """The connection is to be closed with ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Talking:
    """One WebSocket, from its first frame to its end."""

    def __init__(self, enter: Enter, leave: Leave) -> None:
        self._enter = enter
        self._leave = leave
        self._socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            max_msg_size=LONGEST_FRAME,
            heartbeat=PING_SECONDS,
            timeout=2.0,
            autoping=False,
            compress=False,
        )
        self._frames = Buckets(_FRAMES, _FRAMES_PER_SECOND)
        self._bad = 0
        self._visit: Visit | None = None
        self._tasks = Tasks("chat page")

    async def end(self) -> None:
        """Send the page away: the server ends."""
        if self._visit is not None:
            await self._visit.settle()
        await self._send([Problem(code="closing", text="The server is being restarted.")])
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def run(self, request: web.Request) -> web.StreamResponse:
        """Talk until either side has enough."""
        await look_at_frames(request, self._socket)
        try:
            await self._converse()
        except _Over as over:
            await self._socket.close(code=over.code)
        except ConnectionError:
            pass  # the page is gone
        return self._socket

    async def _converse(self) -> None:
        hello = await self._hello()
        if hello is None:
            return
        visit = self._visit = await self._entered(hello)
        try:
            await self._send([visit.welcome()])
            self._tasks.start(self._tell(visit), "tell")
            while (text := await self._receive()) is not None:
                await self._answer(visit, text)
        finally:
            try:
                await self._tasks.close()
            finally:  # also where the request is cancelled meanwhile
                self._leave(visit)

    async def _hello(self) -> Hello | None:
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                text = await self._receive()
        except TimeoutError:
            raise _Over(4008) from None
        if text is None:
            return None
        try:
            frame = decode(text)
        except BadFrame as bad:
            await self._refuse(Problem(code=bad.code, text=bad.text, id=bad.key))
            raise _Over(_CLOSES.get(bad.code, WSCloseCode.POLICY_VIOLATION)) from None
        if not isinstance(frame, Hello):
            await self._refuse(Problem(code="bad_frame", text="Say hello first."))
            raise _Over(WSCloseCode.POLICY_VIOLATION)
        return frame

    async def _entered(self, hello: Hello) -> Visit:
        try:
            return await self._enter(hello)
        except Refused as refused:
            await self._refuse(refused.problem)
            raise _Over(_CLOSES.get(refused.problem.code, WSCloseCode.POLICY_VIOLATION)) from None
        except DatabaseError:
            await self._refuse(Problem(code="busy", text="Not at present.", retry=5))
            raise _Over(WSCloseCode.TRY_AGAIN_LATER) from None

    async def _receive(self) -> str | None:
        """The next frame of the page; None at its end, also where it broke the rules of RFC 6455. Control
        frames count like all others."""
        while True:
            received = await self._socket.receive()
            if received.type is WSMsgType.BINARY:
                raise _Over(WSCloseCode.UNSUPPORTED_DATA)
            if received.type not in _COUNTED:
                return None
            if self._frames.take(None):
                await self._refuse(Problem(code="slow_down", text="Too many frames.", retry=10))
                raise _Over(WSCloseCode.POLICY_VIOLATION)
            if received.type is WSMsgType.TEXT:
                return str(received.data)
            if received.type is WSMsgType.PING:
                await self._socket.pong(received.data)

    async def _answer(self, visit: Visit, text: str) -> None:
        try:
            frame = decode(text)
        except BadFrame as bad:
            self._bad += 1
            await self._send([Problem(code=bad.code, text=bad.text, id=bad.key)])
            if self._bad >= _BAD_FRAMES:
                raise _Over(WSCloseCode.POLICY_VIOLATION) from None
            return
        try:
            await self._send(await visit.handle(frame))
        except Refused as refused:
            await self._refuse(refused.problem)
            raise _Over(_CLOSES.get(refused.problem.code, WSCloseCode.POLICY_VIOLATION)) from None
        except SessionGone:
            await self._refuse(Problem(code="unauthorized", text="This session is gone."))
            raise _Over(_CLOSES["unauthorized"]) from None
        except DatabaseError:
            key = getattr(frame, "id", None)
            await self._send([Problem(code="busy", text="Not at present.", id=key, retry=5)])

    async def _tell(self, visit: Visit) -> None:
        """Tell the page what is new, until it is gone."""
        with contextlib.suppress(ConnectionError):
            while not self._socket.closed:
                try:
                    await self._send(await visit.next())
                except Refused as refused:
                    await self._refuse(refused.problem)
                    await self._socket.close(code=_CLOSES[refused.problem.code])
                except DatabaseError:
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _refuse(self, problem: Problem) -> None:
        with contextlib.suppress(ConnectionError):
            await self._send([problem])

    async def _send(self, frames: Sequence[msgspec.Struct]) -> None:
        for frame in frames:
            await self._socket.send_str(encode(frame).decode())


class Polling:
    """One request of a page that cannot have a WebSocket: the same frames, the hello first."""

    def __init__(self, enter: Enter, leave: Leave) -> None:
        self._enter = enter
        self._leave = leave

    async def run(self, given: Sequence[dict[str, Any]], seconds: int) -> list[msgspec.Struct]:
        """Carry out frames and return the answers, waiting for something new where there are none.

        Raises BadFrame and Refused where the hello is not taken, SessionGone and DatabaseError.
        """
        hello = frame_of(given[0])
        if not isinstance(hello, Hello):
            raise BadFrame("Say hello first.")
        visit = await self._enter(hello)
        try:
            answers: list[msgspec.Struct] = [visit.welcome()]
            for one in given[1:]:
                answers.extend(await self._carried_out(visit, one))
            answers.extend(await visit.lines())
            if len(answers) == 1 and seconds:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await visit.next_line()
            answers.extend([*await visit.lines(), *await visit.changes()])
        finally:
            self._leave(visit)
        return answers

    async def _carried_out(self, visit: Visit, given: dict[str, Any]) -> list[msgspec.Struct]:
        try:
            return await visit.handle(frame_of(given))
        except BadFrame as bad:
            return [Problem(code=bad.code, text=bad.text, id=bad.key)]
