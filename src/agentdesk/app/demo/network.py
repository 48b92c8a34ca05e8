"""A Mastodon server on which people write about the invented shop: they post, and see what is answered."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from agentdesk.app.demo.customers import Book
from agentdesk.base.tasks import Tasks
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

__all__ = ["Network"]

_POSTS = (
    (1.0, "nadia@pixel.example", "Nadia Brandt", "public", "@larkfield Do you deliver to Graz?"),
    (3.0, "yusuf@ankara.example", "Yusuf Demir", "direct", "@larkfield My order 5120 has not come yet."),
)
_LOOK_SECONDS = 0.2


class Network:
    """The server and its people. ``book`` is what they posted and what was answered, by its key."""

    def __init__(self) -> None:
        self.book = Book()
        self._server = MastodonSimulator("chirp.example", "larkfield")
        self._open = AsyncExitStack()
        self._tasks = Tasks("network")
        self._writing = Tasks("network people")
        self._seen: set[str] = set()

    @property
    def settings(self) -> dict[str, str]:
        """What connects the shop's account."""
        return self._server.settings()

    @property
    def secrets(self) -> dict[str, str]:
        """What lets the shop in."""
        return {"access_token": self._server.token}

    async def open(self) -> None:
        """Serve it."""
        await self._open.enter_async_context(self._server.served())

    def start(self) -> None:
        """Let people post."""
        self._tasks.start(self._read(), "read")
        self._writing.start(self._write(), "write")

    async def hush(self) -> None:
        """Let them post no more; answers still reach them."""
        await self._writing.close()

    async def close(self) -> None:
        """Close the server."""
        await self.hush()
        await self._tasks.close()
        await self._open.aclose()

    async def _write(self) -> None:
        world = self._server.world
        for pause, address, name, visibility, text in _POSTS:
            await asyncio.sleep(pause)
            status = world.post(world.person(address, name), text, visibility=visibility)
            self.book.written.append(status.id)

    async def _read(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        world = self._server.world
        keys = {number: key for key, (number, _) in world.keys.items()}
        for status in list(world.statuses.values()):
            if status.author is not world.owner or status.id in self._seen:
                continue
            self._seen.add(status.id)
            key = keys.get(status.id, status.id)
            whom = status.parent.author.acct if status.parent is not None else ""
            self.book.received.setdefault(whom, []).append(key)
            if not whom:
                self.book.misplaced.append(key)
