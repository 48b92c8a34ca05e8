"""A server with a chat widget in one process, and a visitor's page that speaks the documented protocol."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import Row, Table, select

from agentdesk.base.events import Bell
from agentdesk.base.secrets import Vault
from agentdesk.base.tasks import Tasks
from agentdesk.commands.context import Actor
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.server.admin import add_channel, add_inbox, add_user
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.endpoint import ChatEndpoint
from agentdesk.server.core import ServerCore
from agentdesk.server.peers import Peers
from agentdesk.server.sync_endpoint import SyncEndpoint
from agentdesk.store.engine import Database
from agentdesk.store.tables import conversation, message
from agentdesk.sync.feed import Feed
from tests.helpers.fake_world import QUICK, QUICK_PACE
from tests.helpers.until import until

ORIGIN = "https://shop.example"
SECRET = "a key that only the company's own server knows"


@dataclass
class ChatSite:
    """Inbox "Support", the widget "Shop", and the agent Maria, whose token is ``maria``."""

    url: str
    folder: Path
    name: str = "one"
    widget: UUID = field(init=False)
    inbox: UUID = field(init=False)
    maria: UUID = field(init=False)
    others: dict[str, Actor] = field(default_factory=dict)
    """Who else works here, by their token."""

    @classmethod
    async def make(cls, url: str, folder: Path, **settings: str) -> ChatSite:
        """Set everything up and start."""
        site = cls(url, folder)
        db = Database(url)
        site.inbox = await add_inbox(db, "Support")
        site.maria = await add_user(db, "maria@desk.example", "Maria Sol", Role.AGENT, "long enough")
        given = {"site": "shop.example", "origins": ORIGIN, **settings}
        secrets = {"identity_secret": SECRET}
        vault = Vault.at(folder / "key")
        site.widget = await add_channel(db, vault, "chat", "Support", "Shop", given, secrets)
        await db.close()
        await site.start()
        return site

    async def another(self) -> ChatSite:
        """Start another server on the same database."""
        other = ChatSite(self.url, self.folder, "two")
        other.inbox, other.maria, other.widget = self.inbox, self.maria, self.widget
        other.others = self.others
        await other.start()
        return other

    async def start(self) -> None:
        """Start a server on what is there."""
        self.db, bell, doors = Database(self.url), Bell(), Doors()
        vault = Vault.at(self.folder / "key")
        self.core = ServerCore(
            self.db,
            vault,
            self.folder / self.name,
            bell=bell,
            holder=f"test:{self.name}",
            times=QUICK,
            pace=QUICK_PACE,
            doors=doors,
        )
        self.feed = Feed(self.db, bell)
        self.desks = SyncEndpoint(self.db, self.feed, self.core.executor, self._authenticate)
        board, listener = self.desks.board, self.feed.listener
        self.chat = ChatEndpoint(self.db, vault, doors, board, Peers(), listener, self.feed.wake)
        app = web.Application()
        self.chat.add_routes(app)
        self.desks.add_routes(app)
        self.core.hooks.add_routes(app)
        self._server = TestServer(app, port=getattr(self, "port", 0))
        await self.feed.start()
        await self.core.start()
        await self._server.start_server(shutdown_timeout=1)
        self.port = self._server.port or 0

    async def stop(self) -> None:
        """Stop; what is in the database stays."""
        await asyncio.gather(self.desks.close(), self.chat.close(), self.core.park())
        await self._server.close()
        await self.core.stop()
        await self.feed.stop()
        await self.db.close()

    @property
    def address(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    async def hire(self, name: str, role: Role) -> Actor:
        """Somebody else works here from now on; their first name in small letters is their token."""
        token = name.split()[0].lower()
        user_id = await add_user(self.db, f"{token}@desk.example", name, role, "long enough")
        self.others[token] = Actor(Author.USER, user_id, role, frozenset({self.inbox}))
        return self.others[token]

    async def _authenticate(self, token: str) -> Actor | None:
        if token != "maria":
            return self.others.get(token)
        return Actor(Author.USER, self.maria, Role.AGENT, frozenset({self.inbox}))

    # --- asking ---

    async def rows(self, table: Table, *where: Any, order: Any = None) -> Sequence[Row[Any]]:
        """Rows of a table."""
        async with self.db.read() as conn:
            statement = select(table).where(*where)
            if order is not None:
                statement = statement.order_by(order)
            return (await conn.execute(statement)).all()

    async def texts(self, count: int, direction: str = "in") -> list[str]:
        """Wait until there are so many messages, and return their texts in order."""

        async def there() -> list[str] | None:
            rows = await self.rows(message, message.c.direction == direction, order=message.c.created_at)
            return [row.text for row in rows] if len(rows) >= count else None

        return await until(there, what=f"{count} messages")

    async def conversations(self) -> Sequence[Row[Any]]:
        """Conversations by number."""
        return await self.rows(conversation, order=conversation.c.number)


class Page:
    """One tab of a visitor: keeps token, epoch and cursor as the widget does."""

    def __init__(self, site: ChatSite, origin: str | None = ORIGIN) -> None:
        self.site = site
        self.http = aiohttp.ClientSession()
        self.origin = origin
        self.agent = ""
        self.token: str | None = None
        self.epoch: str | None = None
        self.cursor = 0
        self.lines: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self.closed: int | None = None
        self.welcome: dict[str, Any] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks = Tasks("page")

    async def close(self) -> None:
        """Close the tab."""
        await self.leave()
        await self.http.close()

    async def leave(self) -> None:
        """Lose the connection."""
        await self._tasks.close()
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    def path(self, rest: str) -> str:
        """An address below this widget."""
        return f"{self.site.address}/chat/v1/{self.site.widget}/{rest}"

    @property
    def headers(self) -> dict[str, str]:
        """What a browser sends."""
        agent = {"User-Agent": self.agent} if self.agent else {}
        return {"Origin": self.origin, **agent} if self.origin is not None else agent

    def hello(self, **more: Any) -> dict[str, Any]:
        """The first frame."""
        page = {"url": "https://shop.example/cart", "title": "Cart", "referrer": ""}
        return {
            "t": "hello",
            "v": 1,
            "token": self.token,
            "epoch": self.epoch,
            "cursor": self.cursor,
            "page": page,
            "language": "de",
            "time_zone": "Europe/Berlin",
            "identity": None,
            **more,
        }

    async def open(self) -> aiohttp.ClientWebSocketResponse:
        """Open the WebSocket and say nothing yet."""
        protocols = ("agentdesk.chat.v1",)
        return await self.http.ws_connect(
            self.path("socket"), headers=self.headers, protocols=protocols, max_msg_size=0
        )

    async def connect(self, **more: Any) -> dict[str, Any]:
        """Connect (again) and return the welcome."""
        await self.leave()
        self.closed, self.welcome = None, {}
        self._socket = await self.open()
        await self.send(self.hello(**more))
        self._tasks.start(self._read(self._socket), "read")
        await until(lambda: self.welcome or self.closed is not None, what="a welcome")
        return self.welcome

    async def send(self, frame: Mapping[str, Any]) -> None:
        """Send a frame."""
        assert self._socket is not None
        await self._socket.send_str(json.dumps(frame))

    async def write(self, text: str, key: str = "") -> str:
        """Write a message and wait for its ack; returns its id."""
        key = key or f"message-{len(self.lines)}-{len(self.others)}"
        await self.send({"t": "message", "id": key, "text": text, "files": []})
        await self.came("ack", id=key)
        return key

    async def came(self, kind: str, **values: Any) -> dict[str, Any]:
        """Wait for a frame of ``kind`` with ``values``."""

        def found() -> dict[str, Any] | None:
            fits = [
                frame
                for frame in self.others
                if frame["t"] == kind and all(frame[name] == value for name, value in values.items())
            ]
            return fits[-1] if fits else None

        return await until(found, what=lambda: f"{kind} {values}; there is {self.others}")

    async def shows(self, *texts: str) -> None:
        """Wait until exactly these lines are shown, in this order."""
        await until(
            lambda: [line["text"] for line in self.lines] == list(texts),
            what=lambda: f"{texts}; shown are {self.lines}",
        )

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for received in socket:
            if received.type is aiohttp.WSMsgType.TEXT:
                self.take(json.loads(received.data))
        self.closed = socket.close_code or 0

    def take(self, frame: dict[str, Any]) -> None:
        """Do with a frame what the widget does."""
        if frame["t"] == "welcome":
            self.welcome = frame
            self.token = frame["token"] or self.token
            self.epoch = frame["epoch"]
            if frame["fresh"]:
                self.lines, self.cursor = [], 0
        elif frame["t"] == "lines":
            for line in frame["lines"]:
                if line["n"] > self.cursor:
                    self.lines.append(line)
                    self.cursor = line["n"]
        else:
            self.others.append(frame)

    async def poll(
        self, *frames: Mapping[str, Any], wait: int = 0, **more: Any
    ) -> tuple[int, list[dict[str, Any]]]:
        """Ask over HTTP: the status, and the frames of the answer (one error where it was refused)."""
        body = json.dumps({"frames": [self.hello(**more), *frames], "wait": wait})
        headers = {**self.headers, "Content-Type": "text/plain"}
        async with self.http.post(self.path("poll"), data=body, headers=headers) as answer:
            told = await answer.json()
            given = told.get("frames", [told])
        for frame in given:
            self.take(frame)
        return answer.status, given

    async def upload(
        self,
        content: bytes | AsyncIterator[bytes],
        name: str,
        *,
        media_type: str = "application/octet-stream",
        key: str = "",
        done: Callable[[], None] = lambda: None,
    ) -> tuple[int, dict[str, Any]]:
        """Send a file up: the status and what is told."""
        headers = {
            **self.headers,
            "Authorization": f"Bearer {self.token}",
            "Content-Type": media_type,
            "X-File-Name": quote(name),
        }
        if key:
            headers["X-File-Id"] = key
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        async with self.http.post(self.path("files"), data=body, headers=headers) as answer:
            done()
            return answer.status, await answer.json()

    async def download(self, url: str) -> tuple[int, bytes]:
        """Load what an address leads to."""
        async with self.http.get(self.site.address + url, headers=self.headers) as answer:
            return answer.status, await answer.read()
