"""A small server and desks in one process, joined by an in-memory network that can be disturbed."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.tasks import Tasks
from agentdesk.commands.context import Actor, Context
from agentdesk.commands.executor import Executor
from agentdesk.commands.values import File
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.queries.rows import View
from agentdesk.server.api import web as api
from agentdesk.server.api.operations import Services
from agentdesk.server.api.web import error_response
from agentdesk.server.auth import Authenticator
from agentdesk.server.sync_endpoint import SyncEndpoint
from agentdesk.store.engine import Database
from agentdesk.store.tables import (
    account,
    contact,
    contact_identity,
    contact_inbox,
    conversation,
    inbox,
    message,
    user,
)
from agentdesk.store.unit import Changes, ServerUnit
from agentdesk.sync import changelog
from agentdesk.sync.desk_archive import DeskArchive
from agentdesk.sync.desk_files import DeskFiles
from agentdesk.sync.endpoint import Session
from agentdesk.sync.exchange import Exchange, Farewell
from agentdesk.sync.feed import Feed
from agentdesk.sync.older import OlderWish
from agentdesk.sync.outbox import Outbox
from agentdesk.sync.replica import Replica
from agentdesk.sync.servers import Addresses
from agentdesk.sync.upkeep import Upkeep
from agentdesk.sync.workbench import Workbench
from tests.helpers.desk_keys import keys
from tests.helpers.until import until


class FakeChannels:
    """Gives out keys as a channel would."""

    def asks(self, _account_id: UUID, _conversation_id: UUID) -> tuple[()]:
        return ()

    async def reserve_key(
        self, _conn: AsyncConnection, _account_id: UUID, _conversation_id: UUID, message_id: UUID
    ) -> str:
        return f"<{message_id}@desk.test>"

    async def show(self, _context: Context, _values: Mapping[str, Any]) -> bool:
        return False

    async def revise(self, _context: Context, _row: Mapping[str, Any], _text: str | None, _name: str) -> bool:
        return True


@dataclass
class Line:
    """Frames in both directions. ``rng`` delays and doubles some, ``cut`` loses what is under way."""

    rng: random.Random | None = None
    _queues: tuple[asyncio.Queue[bytes | None], asyncio.Queue[bytes | None]] = field(
        default_factory=lambda: (asyncio.Queue(), asyncio.Queue())
    )
    dead: bool = False

    def end(self, side: int) -> LineEnd:
        return LineEnd(self, side)

    def cut(self) -> None:
        """Frames under way are lost, and both ends notice."""
        self.dead = True
        for queue in self._queues:
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)


class LineEnd:
    """One end of a line, as a transport."""

    def __init__(self, line: Line, side: int) -> None:
        self._line = line
        self._in = line._queues[side]
        self._out = line._queues[1 - side]
        self._frames = 0

    async def receive(self) -> bytes | None:
        if self._line.dead and self._in.empty():
            return None
        if self._line.rng is not None and self._line.rng.random() < 0.3:
            await asyncio.sleep(self._line.rng.random() * 0.01)
        return await self._in.get()

    async def send(self, frame: bytes) -> None:
        if self._line.dead:
            raise ConnectionResetError
        self._out.put_nowait(frame)
        rng, self._frames = self._line.rng, self._frames + 1
        if rng is not None and self._frames > 1 and rng.random() < 0.05:
            self._out.put_nowait(frame)

    async def close(self) -> None:
        """What was sent before still arrives."""
        if not self._line.dead:
            self._line.dead = True
            for queue in self._line._queues:
                queue.put_nowait(None)


@dataclass
class World:
    """The server's side, with one inbox and one account to begin with."""

    db: Database
    bell: Bell
    feed: Feed
    executor: Executor
    tasks: Tasks
    actors: dict[str, Actor] = field(default_factory=dict)
    inbox_id: UUID = field(default_factory=new_id)
    account_id: UUID = field(default_factory=new_id)
    number: int = 0
    plain: Any = None
    places: list[tuple[UUID, UUID]] = field(default_factory=list)
    membership: UUID = field(default_factory=new_id)

    @classmethod
    async def start(cls, url: str, *, poll_seconds: float = 0.5, begin: bool = True) -> World:
        """Start a server; ``begin`` False joins a database that another one has begun."""
        db, bell = Database(url), Bell()
        await db.migrate()
        feed = Feed(db, bell, poll_seconds=poll_seconds)
        world = cls(db, bell, feed, Executor(db, bell, FakeChannels()), Tasks("world"))
        await world.feed.start()
        if begin:
            await world.write(world._begin)
        return world

    async def close(self) -> None:
        await self.tasks.close()
        await self.feed.stop()
        await self.db.close()

    async def replace_database(self, put: Callable[[], None], *, begin_epoch: bool) -> None:
        """Stop, let ``put`` put another database in the place of this one, and start again."""
        await self.feed.stop()
        await self.db.close()
        put()
        self.db = Database(str(self.db.url))
        self.feed = Feed(self.db, self.bell)
        self.plain = self.executor = Executor(self.db, self.bell, FakeChannels())
        if begin_epoch:
            async with self.db.write() as conn:
                await changelog.begin_epoch(conn)
        await self.feed.start()

    async def write(self, work: Callable[[ServerUnit], Awaitable[Any]]) -> Any:
        """Run ``work`` as one writing transaction of the server."""
        async with self.db.write() as conn:
            unit = ServerUnit(conn)
            result = await work(unit)
            await unit.flush()
        self.bell.ring()
        return result

    async def authenticate(self, token: str) -> Actor | None:
        return self.actors.get(token)

    async def add_user(self, name: str, role: Role = Role.SUPERVISOR, inboxes: Any = None) -> UUID:
        """Somebody who signs in with their name as the token."""
        user_id = new_id()
        row = {
            "id": user_id,
            "email": f"{name}@desk.test",
            "name": name,
            "role": role.value,
            "active": True,
            "created_at": clock.now(),
        }
        await self.write(lambda unit: unit.insert(user, [row]))
        self.actors[name] = Actor(Author.USER, user_id, role, inboxes)
        return user_id

    def actor(self, name: str, inboxes: frozenset[UUID]) -> Actor:
        """The agent ``name`` with other inboxes."""
        return replace(self.actors[name], inboxes=inboxes)

    async def add_inbox(self, name: str) -> tuple[UUID, UUID]:
        """Another inbox with its account."""
        inbox_id, account_id = new_id(), new_id()

        async def work(unit: ServerUnit) -> None:
            await self._inbox(unit, inbox_id, account_id, name)

        await self.write(work)
        return inbox_id, account_id

    async def mail(self, text: str = "Hello", **fields: Any) -> UUID:
        """A customer's first message; returns the conversation."""
        made: UUID = await self.write(lambda unit: self.new_conversation(unit, text, **fields))
        return made

    async def new_conversation(
        self,
        unit: ServerUnit,
        text: str,
        *,
        inbox_id: UUID | None = None,
        account_id: UUID | None = None,
        at: datetime | None = None,
        status: str = "open",
        contact_id: UUID | None = None,
    ) -> UUID:
        self.number += 1
        now = at or clock.now()
        inbox_id, account_id = inbox_id or self.inbox_id, account_id or self.account_id
        if contact_id is None:
            contact_id = new_id()
            await self._contact(unit, contact_id, inbox_id, now)
        conversation_id = new_id()
        await unit.insert(
            conversation,
            [
                {
                    "id": conversation_id,
                    "inbox_id": inbox_id,
                    "account_id": account_id,
                    "channel": "email",
                    "contact_id": contact_id,
                    "number": self.number,
                    "subject": f"Subject {self.number}",
                    "preview": text,
                    "status": status,
                    "priority": "normal",
                    "assignee_id": None,
                    "tags": [],
                    "language": "en",
                    "unread": True,
                    "waiting_since": now,
                    "last_message_id": None,
                    "last_message_at": now,
                    "last_customer_at": now,
                    "created_at": now,
                }
            ],
        )
        await self.new_message(unit, conversation_id, text, inbox_id=inbox_id, at=now, contact_id=contact_id)
        return conversation_id

    async def new_message(
        self,
        unit: ServerUnit,
        conversation_id: UUID,
        text: str,
        *,
        inbox_id: UUID | None = None,
        at: datetime | None = None,
        contact_id: UUID | None = None,
        origin_id: UUID | None = None,
    ) -> UUID:
        """A customer's message in a conversation."""
        message_id, now = new_id(), at or clock.now()
        parties = {"kind": "email", "value": "customer@else.test", "name": "Customer"}
        await unit.insert(
            message,
            [
                {
                    "id": message_id,
                    "conversation_id": conversation_id,
                    "inbox_id": inbox_id or self.inbox_id,
                    "account_id": self.account_id,
                    "kind": "message",
                    "direction": "in",
                    "author": "contact",
                    "contact_id": contact_id,
                    "origin_id": origin_id,
                    "sender": parties,
                    "to": [],
                    "cc": [],
                    "bcc": [],
                    "reply_to": [],
                    "subject": "Subject",
                    "text": text,
                    **dict.fromkeys(("html", "quoted_text", "quoted_html"), ""),
                    "external_id": f"<{message_id}@else.test>",
                    "references": [],
                    "reason": {"rule": "new", "evidence": ""},
                    "automatic": "no",
                    "remote_images": 0,
                    "protection": "",
                    "warnings": [],
                    "delivery": "",
                    "created_at": now,
                }
            ],
        )
        values = {"last_message_id": message_id, "last_message_at": now, "unread": True, "preview": text}
        await unit.update(conversation, conversation_id, values)
        return message_id

    async def _begin(self, unit: ServerUnit) -> None:
        await self._inbox(unit, self.inbox_id, self.account_id, "Support")

    async def _inbox(self, unit: ServerUnit, inbox_id: UUID, account_id: UUID, name: str) -> None:
        now = clock.now()
        await unit.insert(inbox, [{"id": inbox_id, "name": name, "everyone": True, "created_at": now}])
        row = {
            "id": account_id,
            "inbox_id": inbox_id,
            "channel": "email",
            "name": name,
            "address": f"{name.lower()}@desk.test",
            "paused": False,
            "created_at": now,
        }
        await unit.insert(account, [row])

    async def _contact(self, unit: ServerUnit, contact_id: UUID, inbox_id: UUID, now: datetime) -> None:
        words = dict.fromkeys(("company", "place", "language", "time_zone", "notes"), "")
        row = {"id": contact_id, "name": "Customer", **words, "fields": {}, "blocked": False}
        await unit.insert(contact, [{**row, "created_at": now}])
        identity = {
            "id": new_id(),
            "contact_id": contact_id,
            "kind": "email",
            "value": f"{contact_id.hex}@else.test",
            "display": "customer@else.test",
            "verified": True,
            "created_at": now,
        }
        await unit.insert(contact_identity, [identity])
        link = {"id": new_id(), "contact_id": contact_id, "inbox_id": inbox_id}
        await unit.insert(contact_inbox, [link])


class SimDesk:
    """A desk without HTTP: workbench and exchange over an in-memory line."""

    def __init__(self, world: World, folder: Path, token: str) -> None:
        self.world = world
        self.folder = folder
        self.token = token
        self.changes: list[Changes] = []
        self.farewell: Farewell | None = None
        self.synced = asyncio.Event()
        self.line: Line | None = None
        self.uploaded: list[str] = []
        self._tasks = Tasks(f"desk {token}")
        self._make()

    def _make(self) -> None:
        self.replica = Replica(self.folder / "replica.sqlite", keys().replica)
        self.outbox = Outbox(self.folder / "outbox.sqlite", keys().outbox)
        self.workbench = Workbench(self.replica, self.outbox, self.changes.append)
        self.files = DeskFiles(self.folder / "files")
        self.archive = DeskArchive()
        self.upkeep = Upkeep(self.workbench, self.replica, self.outbox, self.files, self.archive)

    async def open(self) -> None:
        await self.workbench.open()

    async def reopen(self) -> None:
        """Close and open the files again, as a new start of the program does."""
        await self.disconnect()
        await self.workbench.close()
        self._make()
        await self.workbench.open()

    async def connect(self, rng: random.Random | None = None) -> None:
        """Connect; a connection that there was is cut first."""
        await self.disconnect()
        self.farewell = None
        self.line = Line(rng)
        world = self.world
        session = Session(self.line.end(1), world.db, world.feed, world.executor, world.authenticate)
        self._tasks.start(session.run(), "server")
        self._tasks.start(self._run(self.line), "desk")

    async def _run(self, line: Line) -> None:
        exchange = Exchange(
            line.end(0),
            self.workbench,
            self._upload,
            lambda _: None,
            self._arrived,
            archive=self.archive,
        )
        self.farewell = await exchange.run(self.token)

    async def disconnect(self) -> None:
        """Cut the line."""
        self.synced.clear()
        if self.line is not None:
            self.line.cut()
            self.line = None
        await self._tasks.drain()

    async def close(self) -> None:
        await self.disconnect()
        await self.workbench.close()

    def ask_for_older(self) -> None:
        """Ask for all that is not kept here, as far as one answer goes; nobody waits for it."""
        self._tasks.start(_quietly(self.archive.ask(OlderWish(view=View(kind="resolved")))), "older")

    def tidy(self) -> None:
        """Drop what is not in use, at once or when the server knows; nobody waits for it."""
        self._tasks.start(_quietly(self.upkeep.tidy()), "tidy")

    async def _upload(self, file: File) -> None:
        self.uploaded.append(file.blob)

    def _arrived(self, batch: Any) -> None:
        if not batch.more and not batch.filling:
            self.synced.set()


async def _quietly(work: Coroutine[Any, Any, Any]) -> None:
    with contextlib.suppress(AgentDeskError):
        await work


class Site:
    """The world behind an address that can go away and come back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.servers = Addresses()
        self._server: TestServer | None = None
        self._port = 0

    async def start(self) -> None:
        world = self.world
        self.endpoint = SyncEndpoint(
            world.db, world.feed, world.executor, world.authenticate, servers=self.servers
        )
        app = web.Application(middlewares=[_known_errors])
        self.endpoint.add_routes(app)
        known = cast(Authenticator, SimpleNamespace(user_for=world.authenticate))
        api.add_routes(app, Services(world.db, world.executor), known)
        self._server = TestServer(app, port=self._port)
        await self._server.start_server(shutdown_timeout=1)
        self._port = self._server.port or 0

    async def stop(self) -> None:
        if self._server is not None:
            await self.endpoint.close()
            await self._server.close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"


@web.middleware
async def _known_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except AgentDeskError as error:
        return error_response(error)


async def connected(desk: SimDesk) -> SimDesk:
    """Connect, wait until all there is has come, and return the desk."""
    await desk.connect()
    await until(desk.synced.is_set)
    return desk


async def ids_of(desk: SimDesk, column: Any) -> set[Any]:
    """Return what stands in a column of the desk's copy."""
    async with desk.replica.read() as conn:
        return set(await conn.scalars(select(column)))
