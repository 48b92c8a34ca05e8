"""Visitors for the measurements of the live chat: many sockets in a process of their own, each from an
address of its own, as a reverse proxy would tell."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import aiohttp

__all__ = ["ORIGIN", "Plan", "Seen", "Visitor", "play", "visitors"]

ORIGIN = "https://shop.example"
_SUBPROTOCOL = "agentdesk.chat.v1"
_AT_ONCE = 25
_LAST_ANSWERS_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """``chats`` visitors have a chat open; ``talking`` of them write one message each ``pause`` seconds, for
    ``seconds``."""

    address: str
    widget: str
    chats: int
    talking: int
    pause: float
    seconds: float


@dataclass
class Seen:
    """Moments of the monotonic clock, which all processes share, by text."""

    written: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)


class Visitor:
    """One page: says hello, writes, and reads what comes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, seen: Seen) -> None:
        self._socket = socket
        self._seen = seen
        self._ids = itertools.count()
        self.welcomed = asyncio.Event()

    async def run(self) -> None:
        """Read until the end."""
        async for received in self._socket:
            now, frame = time.monotonic(), received.json()
            if frame["t"] == "welcome":
                self.welcomed.set()
            elif frame["t"] == "lines":
                for line in frame["lines"]:
                    if line["from"] == "agent":
                        self._seen.answered.setdefault(line["text"], now)

    async def hello(self) -> None:
        """Say who is there, and wait for the welcome."""
        frame = {"t": "hello", "v": 1, "token": None, "epoch": None, "cursor": 0, "identity": None}
        page = {"url": f"{ORIGIN}/desk", "title": "Walnut desk", "referrer": ""}
        await self._socket.send_json({**frame, "page": page, "language": "en", "time_zone": "Europe/Berlin"})
        await self.welcomed.wait()

    async def write(self, text: str) -> None:
        """Send a message."""
        self._seen.written[text] = time.monotonic()
        key = f"message-{next(self._ids):06}"
        await self._socket.send_json({"t": "message", "id": key, "text": text, "files": []})


@asynccontextmanager
async def visitors(address: str, widget: str, count: int, seen: Seen) -> AsyncIterator[Sequence[Visitor]]:
    """So many visitors who have been welcomed."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        tasks: list[asyncio.Task[None]] = []
        here: list[Visitor] = []
        for start in range(0, count, _AT_ONCE):
            some = [
                Visitor(await _socket(client, f"{address}/chat/v1/{widget}/socket", number), seen)
                for number in range(start, min(count, start + _AT_ONCE))
            ]
            tasks += [asyncio.create_task(one.run()) for one in some]
            await asyncio.gather(*(one.hello() for one in some))
            here += some
        yield here
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _socket(client: aiohttp.ClientSession, url: str, number: int) -> aiohttp.ClientWebSocketResponse:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    headers = {"Origin": ORIGIN, "X-Forwarded-For": address}
    return await client.ws_connect(url, protocols=(_SUBPROTOCOL,), headers=headers)


async def _talk(visitor: Visitor, number: int, plan: Plan) -> None:
    end = time.monotonic() + plan.seconds
    await asyncio.sleep(random.Random(number).uniform(0, plan.pause))
    for count in itertools.count():
        if time.monotonic() >= end:
            return
        await visitor.write(f"visitor {number} message {count}")
        await asyncio.sleep(plan.pause)


def play(plan: Plan, parent: Connection) -> None:
    """A process of visitors: says when all chats are open, talks when told, answers with what it saw."""

    async def main() -> Seen:
        seen = Seen()
        async with visitors(plan.address, plan.widget, plan.chats, seen) as here:
            for number, one in enumerate(here):
                await one.write(f"visitor {number} comes")
            parent.send("open")
            await asyncio.to_thread(parent.recv)
            await asyncio.gather(*(_talk(one, n, plan) for n, one in enumerate(here[: plan.talking])))
            await asyncio.sleep(_LAST_ANSWERS_SECONDS)
        return seen

    parent.send(asyncio.run(main()))
