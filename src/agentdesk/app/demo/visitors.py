"""Visitors of the invented shop's website who use the live chat: they speak the page's protocol
(``docs/chat-protocol.md``) as the widget does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import aiohttp

from agentdesk.app.demo.customers import Book
from agentdesk.app.demo.letters import Chat, shop
from agentdesk.base.ids import new_id
from agentdesk.base.tasks import Tasks

_TYPING_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0
_SUBPROTOCOL = "agentdesk.chat.v1"


class Visitors:
    """All of them. ``book`` is what they wrote (ids) and saw (ids of the lines, by visitor's name)."""

    def __init__(self) -> None:
        self.book = Book()
        self._http: aiohttp.ClientSession | None = None
        self._tasks = Tasks("visitors")

    def start(self, server: str, widget: str, shop_page: str) -> None:
        """Let them come to ``shop_page`` and chat through ``widget`` of the server at ``server``."""
        self._http = aiohttp.ClientSession(base_url=server, headers={"Origin": shop_page.rstrip("/")})
        for chat in shop().chats:
            visitor = _Visitor(chat, self.book, shop_page)
            path = f"/chat/v1/{widget}"
            self._tasks.start(visitor.stay(self._http, f"{path}/socket"), f"visitor {chat.name}")
            self._tasks.start(visitor.look_around(self._http, f"{path}/here"), f"guest {chat.name}")

    async def stop(self) -> None:
        """Let them leave."""
        await self._tasks.close()
        if self._http is not None:
            await self._http.close()
            self._http = None


class _Visitor:
    def __init__(self, chat: Chat, book: Book, shop_page: str) -> None:
        self._chat = chat
        self._book = book
        self._shop_page = shop_page
        self._token: str | None = None
        self._epoch: str | None = None
        self._cursor = 0
        self._unconfirmed: dict[str, str] = {}
        self._asked = self._thanked = False
        self._key = new_id().hex

    async def stay(self, http: aiohttp.ClientSession, path: str) -> None:
        """Come, ask, read, thank; come back after each cut."""
        await asyncio.sleep(self._chat.after)
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.ws_connect(path, protocols=(_SUBPROTOCOL,), heartbeat=25) as socket:
                    await self._talk(socket)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def look_around(self, http: aiohttp.ClientSession, path: str) -> None:
        """Be on the page, as somebody who agreed to be seen."""
        while True:
            told: dict[str, Any] = {}
            with contextlib.suppress(aiohttp.ClientError):
                async with http.post(path, json=self._here()) as answer:
                    told = await answer.json()
            await asyncio.sleep(told.get("next", _RECONNECT_SECONDS))

    def _here(self) -> dict[str, Any]:
        return {
            "key": self._key,
            "page": self._page(),
            "language": self._chat.language,
            "time_zone": self._chat.time_zone,
            "state": "chat" if self._asked else "free",
            "token": self._token,
        }

    def _page(self) -> dict[str, str]:
        url = f"{self._shop_page}{self._chat.page}"
        return {"url": url, "title": self._chat.title, "referrer": ""}

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_json(self._hello())
        async for received in socket:
            frame = received.json()
            if frame["t"] == "welcome":
                await self._welcomed(socket, frame)
            elif frame["t"] == "ack":
                self._unconfirmed.pop(frame["id"], None)
            elif frame["t"] == "lines":
                await self._read(socket, frame["lines"])

    def _hello(self) -> dict[str, Any]:
        return {
            "t": "hello",
            "v": 1,
            "token": self._token,
            "epoch": self._epoch,
            "cursor": self._cursor,
            "page": self._page(),
            "language": self._chat.language,
            "time_zone": self._chat.time_zone,
            "identity": None,
        }

    async def _welcomed(self, socket: aiohttp.ClientWebSocketResponse, welcome: dict[str, Any]) -> None:
        self._token = welcome["token"] or self._token
        self._epoch = welcome["epoch"]
        if not self._asked:
            self._asked = True
            profile = {"name": self._chat.name, "email": "", "topic": "", "consent": True}
            await socket.send_json({"t": "profile", "id": new_id().hex, **profile})
            self._unconfirmed[self._noted()] = self._chat.text
        for key, text in self._unconfirmed.items():
            await socket.send_json({"t": "message", "id": key, "text": text, "files": []})

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            self._cursor = max(self._cursor, line["n"])
            if line["from"] == "agent":
                self._book.received.setdefault(self._chat.name, []).append(line["id"])
        await socket.send_json({"t": "seen", "upto": self._cursor, "state": "read"})
        if self._book.received.get(self._chat.name) and self._chat.follow_up and not self._thanked:
            self._thanked = True
            await self._thank(socket)

    async def _thank(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_json({"t": "typing", "on": True})
        await asyncio.sleep(_TYPING_SECONDS)
        key = self._noted()
        self._unconfirmed[key] = self._chat.follow_up
        await socket.send_json({"t": "message", "id": key, "text": self._chat.follow_up, "files": []})

    def _noted(self) -> str:
        """Return the id of a message that is about to be written; from now on it counts."""
        key = new_id().hex
        self._book.written.append(key)
        return key
