"""``agentdesk demo``: the small world with the real desk on top, for a person or for a played agent."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agentdesk.base import log
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks

if TYPE_CHECKING:
    from agentdesk.app.demo.summary import Summary
    from agentdesk.app.demo.world import World
    from agentdesk.app.desktop import DeskProgram

_log = get_logger(__name__)

_DEFAULT_SECONDS = 45.0
_SETTLE_SECONDS = 20.0


def run(parsed: argparse.Namespace) -> int:
    """Run the demo. Headless: 0 only if every customer who was answered received the answer once."""
    headless = parsed.headless or not _has_display()
    if headless:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    log.configure(os.environ.get("AGENTDESK_LOG", "WARNING"))
    with tempfile.TemporaryDirectory(prefix="agentdesk-demo-", ignore_cleanup_errors=True) as folder:
        return _run_in(Path(folder), parsed, headless)


def _run_in(folder: Path, parsed: argparse.Namespace, headless: bool) -> int:
    from agentdesk.app.desktop import DeskProgram
    from agentdesk.desktop.loop import run_app
    from agentdesk.desktop.settings import SettingsFile

    settings = SettingsFile(folder / "settings.json")
    settings.change(mode="alone", undo_seconds=1 if headless else 10)
    program = DeskProgram(folder, settings, parsed)
    demo = _Demo(program, folder, parsed, headless)
    return run_app(demo.main)


class _Demo:
    def __init__(
        self, program: DeskProgram, folder: Path, parsed: argparse.Namespace, headless: bool
    ) -> None:
        self._program = program
        self._folder = folder
        self._headless = headless
        self._seconds: float = parsed.seconds or _DEFAULT_SECONDS
        self._out: Path | None = parsed.out
        self._finished = False

    async def main(self) -> int:
        from agentdesk.app.demo import world as demo_world
        from agentdesk.app.demo.summary import summarise

        world, tasks = demo_world.World(self._folder), Tasks("demo")
        try:
            await world.start()
            tasks.start(self._open_chat(world), "chat")
            played = tasks.start(self._play(world), "agent") if self._headless else None
            await self._program.main()
            if played is not None:
                await played
            await world.hush()
            summary = await summarise(self._folder, world.books)
        finally:
            await tasks.close()
            await world.stop()
        return self._tell(summary)

    async def _open_chat(self, world: World) -> None:
        world.open_chat(await self._program.address())
        if not self._headless:
            print(f"Be a customer yourself: {world.page}", flush=True)

    async def _play(self, world: World) -> None:
        """Play an agent, wait until the customers have what they were sent, take the picture, close."""
        from agentdesk.app.demo.agent import Agent
        from agentdesk.desktop.loop import request_shutdown

        loop = asyncio.get_running_loop()
        try:
            workspace, desk = await self._program.ready()
            end = loop.time() + self._seconds
            agent = Agent(workspace, desk)
            await agent.work(end - min(5.0, self._seconds / 4))
            await self._wait_until_quiet(world, end)
            if self._out is not None:
                self._out.mkdir(parents=True, exist_ok=True)
                await agent.take_picture(self._out / "desk.png")
            self._finished = True
        except (TimeoutError, AgentDeskError) as error:
            _log.error("the demo's agent gave up", why=repr(error))
        finally:
            request_shutdown("demo")

    async def _wait_until_quiet(self, world: World, end: float) -> None:
        """Until nothing waits any more, customers have had time to write again, and all of it has come in."""
        loop = asyncio.get_running_loop()
        _workspace, desk = await self._program.ready()
        deadline = max(end, loop.time() + _SETTLE_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline - loop.time()):
                while await desk.waiting():  # noqa: ASYNC110 - the outbox is asked, not listened to
                    await asyncio.sleep(0.1)
                await asyncio.sleep(4.0)
                await world.hush()
                while await world.has_unread():  # noqa: ASYNC110 - another process reads it
                    await asyncio.sleep(0.1)

    def _tell(self, summary: Summary) -> int:
        text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
        if self._out is not None:
            self._out.mkdir(parents=True, exist_ok=True)
            (self._out / "summary.json").write_bytes(text + b"\n")
        if not self._headless:
            return 0
        print(text.decode())
        return 0 if self._finished and summary.good else 1


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
