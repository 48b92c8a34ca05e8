"""How long a visitor's line takes to the agent's screen, and an answer to the visitor's page.

    python -m benchmarks.chat [--chats 10 --talking 10 --pause 2] [--seconds 30]
                              [--database postgresql|sqlite]

Without --chats two sizes are measured, each with a server and a desk of its own: 10 chats that all talk, a
line every 2 seconds, and 1,000 open ones of which 100 talk, a line every 10 seconds.

A server process that has one core for itself, visitors in a process of their own, and a desk with its window
in this one. The clock runs from the visitor's frame until the row with that text has been painted, and from
the command that answers until the visitor's page has the line. Beside it, on the same core afterwards: a bare
aiohttp WebSocket that sends each frame back, with as many sockets and frames.

What a line and its answer ask of PostgreSQL is counted by PostgreSQL itself; what it is asked while nobody
writes is taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))

import aiohttp
import asyncpg
import psutil
from aiohttp import web
from benchmarks.chat_visitors import ORIGIN, Plan, Seen, play
from benchmarks.measuring import CORES, database, load, postgres, show, statements
from benchmarks.office import server_process, serving
from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem
from tests.helpers.postgres import PostgresServer

from agentdesk.base.ids import new_id
from agentdesk.commands.values import SendReply
from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.loop import run_app
from agentdesk.desktop.models.queue import ROW_ROLE
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.queries.rows import QueueRow, View
from agentdesk.server.admin import add_channel, add_inbox, add_user
from agentdesk.server.keys import open_vault
from agentdesk.store.engine import Database
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in

_EMAIL, _PASSWORD = "ana@desk.test", "correct horse"
_SERVERS_CORE = 0
_IDLE_SECONDS = 5.0
_SIZES = (10, 10, 2.0), (1_000, 100, 10.0)
"""Chats, those that talk, seconds from one line of each to the next."""


def is_talk(text: str) -> bool:
    """Whether a visitor has written it while the clock ran."""
    return text.startswith("visitor ") and " message " in text


class StopWatch(QueueDelegate):
    """Notes when a text is first painted, and lets ``answer`` know."""

    painted: dict[str, float]
    answer: Callable[[QueueRow], None]

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        row = index.data(ROW_ROLE)
        if isinstance(row, QueueRow) and is_talk(row.preview) and row.preview not in self.painted:
            self.painted[row.preview] = time.monotonic()
            self.answer(row)


class Agent:
    """Answers each line as soon as it is painted. ``begun``: when, by the text of the answer."""

    def __init__(self, desk: LocalDesk) -> None:
        self._desk = desk
        self._waiting: asyncio.Queue[QueueRow] = asyncio.Queue()
        self.begun: dict[str, float] = {}

    def notice(self, row: QueueRow) -> None:
        """There is something to answer."""
        self._waiting.put_nowait(row)

    async def work(self) -> None:
        """Answer for ever."""
        while True:
            row = await self._waiting.get()
            contact = await self._desk.contact(row.contact_id)
            assert contact is not None
            visitor = next(one for one in contact.identities if one.kind == "chat")
            text = row.preview.replace("visitor", "answer to")
            command = SendReply(
                message_id=new_id(),
                conversation_id=row.id,
                to=(Party("chat", visitor.value, visitor.display),),
                text=text,
                anyway=True,
            )
            self.begun[text] = time.monotonic()
            await self._desk.do(command)


async def set_up(url: str, folder: Path, origins: str = ORIGIN) -> str:
    """Make an inbox with a widget for pages of ``origins`` (none: all), and an agent; returns its id."""
    db = Database(url)
    try:
        await db.migrate()
        os.environ["AGENTDESK_KEY_FILE"] = str(folder / "key")
        vault = await open_vault(db)
        await add_user(db, _EMAIL, "Ana", Role.ADMIN, _PASSWORD)
        await add_inbox(db, "Support")
        given = {"site": "shop.example", "origins": origins}
        return str(await add_channel(db, vault, "chat", "Support", "Shop", given, {}))
    finally:
        await db.close()


@dataclass(frozen=True)
class Asked:
    """What PostgreSQL was asked so far: transactions, those that write, and statements (BEGIN and COMMIT
    among them)."""

    transactions: float = 0.0
    writing: float = 0.0
    statements: float = 0.0

    def since(self, before: Asked, idle: Asked | None = None, share: float = 0.0) -> Asked:
        """The difference, without ``share`` times what is asked while nobody writes."""
        off = idle or Asked()
        pairs = zip(astuple(self), astuple(before), astuple(off), strict=True)
        return Asked(*(now - then - share * taken for now, then, taken in pairs))


Count = Callable[[], Awaitable[Asked]]


async def nothing() -> Asked:
    """SQLite counts nothing."""
    return Asked()


def counted_by(server: PostgresServer, name: str) -> Count:
    """Ask a counting server what one of its databases was asked."""

    async def count() -> Asked:
        found = await statements(server, name)
        connection = await asyncpg.connect(server.url(name))
        try:
            ended = await connection.fetchval(
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
            )
            begun = await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        finally:
            await connection.close()
        return Asked(ended, begun, found)

    return count


async def chat(plan: Plan, folder: Path, start: Callable[[], Awaitable[Seen]]) -> dict[str, list[float]]:
    """Open a desk with its window, let the visitors talk, and return milliseconds each way."""
    desk = LocalDesk(folder / "desk", plan.address, await sign_in(plan.address, _EMAIL, _PASSWORD))
    await desk.start()
    agent = Agent(desk)
    window = MainWindow(SettingsFile(folder / "settings.json"))
    workspace = window.attach(desk)
    await workspace.complete()
    watch = StopWatch(workspace.queue)
    watch.painted, watch.answer = {}, agent.notice
    workspace.queue.table.setItemDelegate(watch)
    window.show()
    workspace.show_view(View(kind="all", order="newest"))
    while desk.status.link is not Link.SYNCED:
        await asyncio.sleep(0.05)
    while len(await desk.queue_ids(View(kind="all"))) < plan.chats:
        await asyncio.sleep(0.5)
    working = asyncio.create_task(agent.work())
    seen = await start()
    working.cancel()
    await workspace.release()
    await desk.close()
    window.hide()
    arrived = {text: at for text, at in agent.begun.items() if text in seen.answered}
    return {
        "in": [1000 * (at - seen.written[text]) for text, at in watch.painted.items()],
        "out": [1000 * (seen.answered[text] - at) for text, at in arrived.items()],
        "written": [float(sum(map(is_talk, seen.written)))],
    }


@contextmanager
def visiting(plan: Plan) -> Iterator[Connection]:
    """The process of the visitors; they are there when the connection says so."""
    near, far = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=play, args=(plan, far))
    process.start()
    try:
        yield near
    finally:
        process.join()


def measure(plan: Plan, folder: Path, count: Count) -> None:
    """Chat, and print what it took."""
    server, results, asked = psutil.Process(server_process(plan.address)), {}, list[Asked]()
    with visiting(plan) as visitors_end:
        visitors_end.recv()  # all chats are open

        async def talk() -> Seen:
            await asyncio.sleep(3)  # what the last ones bring about
            quiet = await count()
            await asyncio.sleep(_IDLE_SECONDS)
            before, begun, asked_before = server.cpu_times(), time.monotonic(), await count()
            idle = asked_before.since(quiet)
            visitors_end.send("talk")
            seen: Seen = await asyncio.to_thread(visitors_end.recv)
            after, took = server.cpu_times(), time.monotonic() - begun
            results["cpu"] = [after.user + after.system - before.user - before.system]
            asked.append((await count()).since(asked_before, idle, took / _IDLE_SECONDS))
            return seen

        async def main() -> int:
            results.update(await chat(plan, folder, talk))
            return 0

        run_app(main)
    print(f"{plan.chats} chats, {plan.talking} talk; {load()}")
    show("visitor's frame to painted row", results["in"])
    show("answer to visitor's page", results["out"])
    (written,), (cpu,) = results["written"], results["cpu"]
    print(f"{written:.0f} written, {len(results['in'])} painted, {len(results['out'])} answers arrived")
    print(f"server: {1000 * cpu / max(1, written):.2f} ms of processor time for a line and its answer")
    (each,) = [[value / max(1, written) for value in astuple(one)] for one in asked]
    print("PostgreSQL: {:.1f} transactions, {:.1f} of them write, {:.0f} statements".format(*each))


def echo(parent: Connection) -> None:
    """A process that sends each frame back."""

    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("agentdesk.chat.v1",), compress=False)
        await socket.prepare(request)
        async for received in socket:
            await socket.send_str(received.data)
        return socket

    async def main() -> None:
        app = web.Application()
        app.add_routes([web.get("/{path:.*}", answer)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        parent.send(runner.addresses[0][1])
        await asyncio.to_thread(parent.recv)
        await runner.cleanup()

    asyncio.run(main())


async def echoed(plan: Plan, address: str) -> list[float]:
    """Have a bare WebSocket send back as many frames on as many sockets; returns milliseconds."""
    taken: list[float] = []
    url = f"{address}/chat/v1/{plan.widget}/socket"
    frame = {"t": "message", "id": "message-000000", "text": "visitor 10 message 10", "files": []}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        sockets = [await client.ws_connect(url) for _ in range(plan.chats)]

        async def talk(socket: aiohttp.ClientWebSocketResponse, number: int) -> None:
            end = time.monotonic() + plan.seconds
            await asyncio.sleep(random.Random(number).uniform(0, plan.pause))
            while time.monotonic() < end:
                begun = time.monotonic()
                await socket.send_json(frame)
                await socket.receive_str()
                taken.append(1000 * (time.monotonic() - begun))
                await asyncio.sleep(plan.pause)

        await asyncio.gather(*(talk(socket, n) for n, socket in enumerate(sockets[: plan.talking])))
        for socket in sockets:
            await socket.close()
    return taken


@contextmanager
def bare_server(context: SpawnContext) -> Iterator[tuple[str, int]]:
    """The process of :func:`echo`: its address, and the number of the process."""
    near, far = context.Pipe()
    process = context.Process(target=echo, args=(far,))
    process.start()
    try:
        port = near.recv()
        assert process.pid is not None
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        near.send("end")
        process.join()


def compare(plan: Plan) -> None:
    """Measure the bare WebSocket on the server's core, and print."""
    context = multiprocessing.get_context("spawn")
    with bare_server(context) as (address, pid):
        bare = psutil.Process(pid)
        bare.cpu_affinity(CORES[_SERVERS_CORE : _SERVERS_CORE + 1])
        before = bare.cpu_times()
        taken = asyncio.run(echoed(plan, address))
        after = bare.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    show("bare WebSocket, there and back", taken)
    each = 1000 * cpu / max(1, len(taken))
    print(f"bare WebSocket: {each:.2f} ms of processor time for a frame and its echo")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=None)
    parser.add_argument("--talking", type=int, default=10)
    parser.add_argument("--pause", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    sizes = _SIZES if given.chats is None else ((given.chats, given.talking, given.pause),)
    context = multiprocessing.get_context("spawn")
    for size in sizes:  # each in a process of its own: a desk has one window
        one = context.Process(target=measure_size, args=(given.database, size, given.seconds))
        one.start()
        one.join()
        if one.exitcode:
            raise SystemExit(one.exitcode)


def measure_size(kind: str, size: tuple[int, int, float], seconds: float) -> None:
    """Measure one size, and print."""
    with tempfile.TemporaryDirectory() as name, counted(kind) as (url, count):
        folder = Path(name)
        widget = asyncio.run(set_up(url, folder))
        with serving(url, folder, "--trusted-proxy", "127.0.0.1", core=_SERVERS_CORE) as address:
            plan = Plan(address, widget, *size, seconds)
            measure(plan, folder, count)
        compare(plan)


@contextmanager
def counted(kind: str) -> Iterator[tuple[str, Count]]:
    """An empty database, and how to count what it is asked."""
    if kind == "sqlite":
        with database(kind) as url:
            yield url, nothing
        return
    with postgres(counting=True) as server:
        name = server.create_database()
        yield server.url(name), counted_by(server, name)


if __name__ == "__main__":
    main()
