"""The desk with a stop-watch: started by start_desk.py, once per round."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent

from agentdesk.app import launch
from agentdesk.base.lazy import lazy_module
from agentdesk.desktop.application import application
from agentdesk.desktop.settings import SettingsFile

if TYPE_CHECKING:
    import asyncio

    from agentdesk.app.desktop import DeskProgram
    from agentdesk.desktop.window import MainWindow
    from agentdesk.desktop.workspace import Workspace
else:
    asyncio = lazy_module("asyncio")  # the desk paints its window without it

_OPENED = 40
_IDLE_SECONDS = 3.0
_ON_SCREEN = 8


class FirstPaint(QObject):
    """Notes the moment of the first paint of anything."""

    moment = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not self.moment and event.type() == QEvent.Type.Paint:
            self.moment = time.time()
        return False


def pss() -> float:
    """Proportional set size of this process in MB."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1000


async def panes(window: MainWindow) -> Workspace:
    """Wait until the window has its panes. Nothing here looks again and again: that would slow the start."""
    attached: asyncio.Future[Workspace] = asyncio.get_running_loop().create_future()
    attach = window.attach

    def noted(*given: Any, **named: Any) -> Workspace:
        workspace = attach(*given, **named)
        attached.set_result(workspace)
        return workspace

    window.attach = noted  # type: ignore[method-assign]
    return await attached


async def rows_painted(workspace: Workspace) -> float:
    """Wait until the first rows of the list are there, paint them, and return the time."""
    model = workspace.queue.model
    arrived = asyncio.Event()
    model.rows_arrived.connect(arrived.set)
    while not model.ids or any(model.row(one) is None for one in model.ids[:_ON_SCREEN]):
        await arrived.wait()
        arrived.clear()
    model.rows_arrived.disconnect(arrived.set)
    workspace.queue.table.viewport().repaint()
    return time.time()


async def key_answered(workspace: Workspace) -> float:
    """Press a key, wait until the list has followed it, and return the time."""
    table = workspace.queue.table
    followed = asyncio.Event()
    table.selectionModel().currentChanged.connect(lambda *_: followed.set())
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QCoreApplication.postEvent(table, QKeyEvent(kind, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier))
    await followed.wait()
    table.viewport().repaint()
    return time.time()


async def open_some(workspace: Workspace) -> list[float]:
    """Open conversations, one after the other; returns how long each took, in ms, ascending."""
    await asyncio.sleep(1)  # as long as it takes to find the one to begin with
    times = []
    for conversation_id in workspace.queue.model.ids[:_OPENED]:
        begun = time.perf_counter()
        await workspace.conversation.open(conversation_id)
        workspace.conversation.repaint()
        times.append(1000 * (time.perf_counter() - begun))
        await asyncio.sleep(0.02)
    return sorted(times)


async def watch(program: DeskProgram, window: MainWindow, paint: FirstPaint) -> None:
    """Follow the start, open conversations, idle, print, and end the program."""
    from agentdesk.desktop.loop import request_shutdown
    from agentdesk.queries.rows import View

    workspace = await panes(window)
    figures = {"rows": await rows_painted(workspace)}
    figures["complete"] = await key_answered(workspace)
    await program.ready()
    figures["live"] = await rows_painted(workspace)
    workspace.show_view(View(kind="all", order="newest"))
    begun = time.time()
    figures["all"] = await rows_painted(workspace) - begun
    times = await open_some(workspace)
    await asyncio.sleep(1)
    used = time.process_time()
    await asyncio.sleep(_IDLE_SECONDS)
    figures["idle"] = 100 * (time.process_time() - used) / _IDLE_SECONDS
    figures |= {"first": paint.moment, "pss": pss()}
    figures |= {"open_median": times[len(times) // 2], "open_p99": times[-1]}
    print(json.dumps(figures), flush=True)
    request_shutdown("measured")


def main() -> None:
    """Run the desk on the folder given as the first argument, in the steps of :func:`launch.run`."""
    gc.disable()
    folder = Path(sys.argv[1])
    parsed = argparse.Namespace(server=None, ca=None, theme="light", language="en")
    settings = SettingsFile(folder / "settings.json")
    paint = FirstPaint()
    application().installEventFilter(paint)
    window = launch.open_window(settings, parsed)
    launch.wait_until_painted(window)
    from agentdesk.app.desktop import DeskProgram
    from agentdesk.desktop.loop import run_app

    program = DeskProgram(folder, settings, parsed, window)

    async def both() -> int:
        watching = asyncio.create_task(watch(program, window, paint))
        status = await program.main()
        await watching
        return status

    run_app(both)


if __name__ == "__main__":
    main()
