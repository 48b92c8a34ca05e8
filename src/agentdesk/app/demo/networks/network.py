"""One network: its people post, and see what is answered."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from agentdesk.app.demo.customers import Book
from agentdesk.base.tasks import Tasks
from agentdesk.sdk.testing.simulator import Simulator

__all__ = ["Answer", "Network", "Words"]

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody says after so many seconds, to everybody or to the shop alone."""

    pause: float
    handle: str
    name: str
    text: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands on the network in the shop's name: its id, and the handle of whom it answers (empty: it
    answers nobody)."""

    id: str
    whom: str


class Network(ABC):
    """``book`` is what its people posted and what they were answered, by the network's own ids."""

    channel: str
    words: tuple[Words, ...]

    def __init__(self, simulator: Simulator) -> None:
        self.book = Book()
        self._simulator = simulator
        self._open = AsyncExitStack()
        self._reading = Tasks(f"{self.channel} readers")
        self._writing = Tasks(f"{self.channel} writers")
        self._seen: set[str] = set()

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """What connects the shop's account."""

    @property
    @abstractmethod
    def secrets(self) -> Mapping[str, str]:
        """What lets the shop in."""

    @abstractmethod
    async def say(self, words: Words) -> str:
        """Let somebody say something; returns its id."""

    @abstractmethod
    def answers(self) -> Iterable[Answer]:
        """Return all that stands there in the shop's name."""

    async def open(self) -> None:
        """Serve it."""
        await self._open.enter_async_context(self._simulator.served())

    def start(self) -> None:
        """Let people post."""
        self._reading.start(self._read(), "read")
        self._writing.start(self._write(), "write")

    async def hush(self) -> None:
        """Let them post no more; answers still reach them."""
        await self._writing.close()

    async def close(self) -> None:
        """Close the network."""
        await self.hush()
        await self._reading.close()
        await self._open.aclose()

    async def _write(self) -> None:
        for words in self.words:
            await asyncio.sleep(words.pause)
            self.book.written.append(await self.say(words))

    async def _read(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for answer in self.answers():
                self._note(answer)

    def _note(self, answer: Answer) -> None:
        if answer.id in self._seen:
            return
        self._seen.add(answer.id)
        self.book.received.setdefault(answer.whom, []).append(answer.id)
        if not answer.whom:
            self.book.misplaced.append(answer.id)
