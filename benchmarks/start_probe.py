"""The desk with a stop-watch: started by start_desk.py, once per round."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QEvent, QObject

from agentdesk.app.desktop import DeskProgram
from agentdesk.desktop.loop import application, request_shutdown, run_app
from agentdesk.desktop.settings import SettingsFile
from agentdesk.queries.rows import View

_OPENED = 40
_IDLE_SECONDS = 3.0


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


async def watch(program: DeskProgram, paint: FirstPaint) -> None:
    """Wait for the rows, open conversations, idle, print, and end the program."""
    workspace, _desk = await program.ready()
    workspace.show_view(View(kind="all", order="newest"))
    model, table = workspace.queue.model, workspace.queue.table
    while not model.ids or model.row(model.ids[0]) is None or model.row(model.ids[9]) is None:
        await asyncio.sleep(0.001)
    table.viewport().repaint()
    complete = time.time()
    times = []
    for conversation_id in model.ids[:_OPENED]:
        begun = time.perf_counter()
        await workspace.conversation.open(conversation_id)
        workspace.conversation.repaint()
        times.append(1000 * (time.perf_counter() - begun))
        await asyncio.sleep(0.02)
    await asyncio.sleep(1)
    used = time.process_time()
    await asyncio.sleep(_IDLE_SECONDS)
    idle = 100 * (time.process_time() - used) / _IDLE_SECONDS
    times.sort()
    figures = {"first": paint.moment, "complete": complete, "pss": pss(), "idle": idle}
    figures |= {"open_median": times[len(times) // 2], "open_p99": times[-1]}
    print(json.dumps(figures), flush=True)
    request_shutdown("measured")


def main() -> None:
    """Run the desk on the folder given as the first argument."""
    folder = Path(sys.argv[1])
    parsed = argparse.Namespace(server=None, theme="light", language="en")
    program = DeskProgram(folder, SettingsFile(folder / "settings.json"), parsed)
    paint = FirstPaint()
    application().installEventFilter(paint)

    async def both() -> int:
        watching = asyncio.create_task(watch(program, paint))
        status = await program.main()
        await watching
        return status

    run_app(both)


if __name__ == "__main__":
    main()
