"""How soon the window is there and how much memory it takes, with a replica of 100,000 conversations.

    python -m benchmarks.start_desk [--conversations 100000] [--rounds 5]

Each round starts a bare PySide6 window and the desk, one after the other, as programs of their own, and takes
the time from the start of the process to the first paint and, for the desk, until the rows of the queue are
painted. Then it opens conversations, takes the memory (PSS) and the processor time of an idle minute's share.
The desk has no server in this measurement; it works from its replica.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import select

BARE = """
import sys, time
from PySide6.QtWidgets import QApplication, QWidget
class W(QWidget):
    def paintEvent(self, event):
        print('{"first": %f}' % time.time(), flush=True)
        app.exit()
app = QApplication(sys.argv)
w = W()
w.resize(1440, 900)
w.show()
app.exec()
"""


async def build(folder: Path, count: int) -> None:
    """Write a replica with ``count`` conversations, and settings that lead to it."""
    from benchmarks import queries

    from agentdesk.desktop.settings import SettingsFile
    from agentdesk.store.engine import Database
    from agentdesk.store.tables import user
    from agentdesk.sync.replica import Replica, Standing, put_standing

    SettingsFile(folder / "settings.json").change(mode="team", server="http://127.0.0.1:9")
    (folder / "session").write_text("none")
    replica = Replica(folder / "replica.sqlite")
    await replica.open()

    class Ready(Database):
        """The replica's tables are there already."""

        async def migrate(self) -> None:
            pass

    rows = Ready(f"sqlite:///{folder / 'replica.sqlite'}", foreign_keys=False)
    await queries.build(rows, queries.World(count, 2))
    await rows.close()
    async with replica.write() as conn:
        me = await conn.scalar(select(user.c.id).limit(1))
        await put_standing(conn, Standing(epoch="bench", cursor="0", user_id=me, workspace="Bench"))
    await replica.close()


def run(code: str, *arguments: str) -> tuple[float, dict[str, float]]:
    """Run ``code`` in a fresh interpreter; returns when it was started and what it printed."""
    import time

    started = time.time()
    command = [sys.executable, *(("-c", code) if code else ()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            found |= json.loads(line)
    return started, found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parsed = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(build(folder, parsed.conversations))
        bare, first, complete, last = [], [], [], {}
        for _ in range(parsed.rounds):
            started, found = run(BARE)
            bare.append(found["first"] - started)
            started, found = run("", "-m", "benchmarks.start_probe", str(folder))
            first.append(found["first"] - started)
            complete.append(found["complete"] - started)
            last = found
    base = statistics.median(bare)
    print(f"{parsed.conversations} conversations, {parsed.rounds} rounds, {os.environ['QT_QPA_PLATFORM']}")
    print(f"bare window, first paint   {base:6.2f} s")
    for title, values in (("desk, first paint", first), ("desk, complete", complete)):
        middle = statistics.median(values)
        print(f"{title:26} {middle:6.2f} s   {middle / base:4.2f} x bare")
    print(f"open a conversation        {last['open_median']:6.1f} ms median, {last['open_p99']:.1f} ms p99")
    print(f"memory (PSS)               {last['pss']:6.1f} MB")
    print(f"idle processor time        {last['idle']:6.2f} % of one core")


if __name__ == "__main__":
    main()
