"""How soon the window is there and how much memory it takes, with a replica of 100,000 conversations.

    python -m benchmarks.start_desk [--conversations 100000] [--rounds 5] [--platform offscreen|xvfb|both]

Each round starts a bare PySide6 window and the desk, one after the other, as programs of their own, and takes
the time from the start of the process: to the first paint; until the rows of the list that the window opens
with are painted and it has followed a key (complete); until the replica is open behind them. The desk has
been there before, so it has kept what it showed last; one round more is without that. Then it shows the list
of all conversations, opens some, and takes the memory (PSS) and the processor time of an idle minute's share.
It has no server in this measurement; it works from its replica. Programs run from bytecode, as installed ones
do; the first round, which is not counted, compiles it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

_MOMENTS = ("first", "rows", "complete", "live")

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
    from benchmarks.world import World
    from benchmarks.world import build as build_world

    from agentdesk.app.desk_vault import DeviceKeyKeeper
    from agentdesk.base import clock
    from agentdesk.desktop.settings import SettingsFile
    from agentdesk.store.engine import Database
    from agentdesk.store.tables import user
    from agentdesk.sync.desk_key import HALF_BYTES, DeskKeys, LeaseFile
    from agentdesk.sync.key_lease import Granted, lease_from
    from agentdesk.sync.replica import Replica, Standing, put_standing

    settings = SettingsFile(folder / "settings.json")
    settings.change(mode="team", server="http://127.0.0.1:9")
    (folder / "session").write_text("none")
    device = await DeviceKeyKeeper(folder, settings, "").get()
    half = bytes(HALF_BYTES)
    key = DeskKeys(device, half).replica
    place = folder / f"desk-{device.id.hex}"
    LeaseFile(place / "lease", device).write(lease_from(Granted(half, 86_400), clock.now()))
    replica = Replica(place / "replica.sqlite", key)
    await replica.open()

    class Ready(Database):
        """The replica's tables are there already."""

        async def migrate(self) -> None:
            pass

    rows = Ready(f"sqlite:///{place / 'replica.sqlite'}", foreign_keys=False, key=key)
    await build_world(rows, World(count, 2))
    await rows.close()
    async with replica.write() as conn:
        me = await conn.scalar(select(user.c.id).limit(1))
        await put_standing(conn, Standing(epoch="bench", cursor="0", user_id=me, workspace="Bench"))
    await replica.close()


def run(code: str, *arguments: str) -> dict[str, float]:
    """Run ``code``, or the module in ``arguments``, in a fresh interpreter; returns what it printed, moments
    as seconds since it was started."""
    started = time.time()
    command = [sys.executable, *(("-c", code) if code else ()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            found |= json.loads(line)
    return found | {name: found[name] - started for name in _MOMENTS if name in found}


@contextlib.contextmanager
def display(platform: str) -> Iterator[None]:
    """Let programs show their windows on ``platform``: offscreen, or an X server made for this."""
    if platform == "offscreen":
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        yield
        return
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    os.environ |= {"QT_QPA_PLATFORM": "xcb", "DISPLAY": f":{server.stdout.readline().strip()}"}
    try:
        yield
    finally:
        server.terminate()
        server.wait()


def measure(folder: Path, rounds: int) -> tuple[list[float], list[dict[str, float]], dict[str, float]]:
    """Return the bare window's times, the desk's figures, and those of a start with nothing kept."""
    probe = ("-m", "benchmarks.start_probe", str(folder))
    run("", *probe)
    for screen in folder.glob("desk-*/screen"):
        screen.unlink()
    without = run("", *probe)
    bare, desk = [], []
    for _ in range(rounds):
        bare.append(run(BARE)["first"])
        desk.append(run("", *probe))
    return bare, desk, without


def report(bare: list[float], desk: list[dict[str, float]], without: dict[str, float]) -> None:
    """Print the medians."""
    base = statistics.median(bare)

    def middle(name: str) -> float:
        return statistics.median(figures[name] for figures in desk)

    print(f"bare window, first paint        {base:7.2f} s")
    for title, value in (
        ("desk, first paint", middle("first")),
        ("desk, rows painted", middle("rows")),
        ("desk, complete", middle("complete")),
        ("desk, replica open behind them", middle("live")),
        ("complete with nothing kept", without["complete"]),
    ):
        print(f"{title:31} {value:7.2f} s   {value / base:5.2f} x bare")
    print(f"list of all conversations       {1000 * middle('all'):7.0f} ms")
    median, p99 = middle("open_median"), middle("open_p99")
    print(f"open a conversation             {median:7.1f} ms median, {p99:.1f} ms p99")
    print(f"memory (PSS)                    {middle('pss'):7.1f} MB")
    print(f"idle processor time             {middle('idle'):7.2f} % of one core")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--platform", choices=("offscreen", "xvfb", "both"), default="both")
    parser.add_argument("--folder", type=Path, help="keep the replica here, for the next time")
    parsed = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = parsed.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if not list(folder.glob("desk-*/replica.sqlite")):
            asyncio.run(build(folder, parsed.conversations))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        for platform in ("offscreen", "xvfb") if parsed.platform == "both" else (parsed.platform,):
            with display(platform):
                figures = measure(folder, parsed.rounds)
            print(f"{parsed.conversations} conversations, {parsed.rounds} rounds, {platform}")
            report(*figures)


if __name__ == "__main__":
    main()
