"""How long a post takes from a network's stream to the agent's screen.

    python -m benchmarks.post_arrival [--posts 200] [--database postgresql|sqlite]

A simulated Mastodon server and a desk with its window in this process, and a server process between them. The
clock runs from when the network's event is on its way until the row has been painted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from benchmarks.measuring import database, load, show
from benchmarks.network import connected, desk_at, mastodon_account, networks
from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem

from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.loop import run_app
from agentdesk.desktop.models.queue import ROW_ROLE
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.local import LocalDesk
from agentdesk_connectors.mastodon.simulator import MastodonSimulator

_WARM_UP = 5
_GAP_SECONDS = 0.1
_PATIENCE = 30.0


class StopWatch(QueueDelegate):
    """Notes when a post is first painted, by the number at the end of its text."""

    painted: dict[str, float]

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        row = index.data(ROW_ROLE)
        if isinstance(row, QueueRow):
            self.painted.setdefault(row.preview.rpartition(" ")[2], time.perf_counter())


async def watch(desk: LocalDesk, network: MastodonSimulator, folder: Path, count: int) -> list[float]:
    """Return the milliseconds of each post, one after the other."""
    window = MainWindow(SettingsFile(folder / "settings.json"))
    workspace = window.attach(desk)
    await workspace.complete()
    watch = StopWatch(workspace.queue)
    watch.painted = {}
    workspace.queue.table.setItemDelegate(watch)
    window.show()
    workspace.show_view(View(kind="all", order="newest"))
    took = []
    for number in range(count + _WARM_UP):
        person = network.world.person(f"ana{number}@pixel.example", f"Ana {number}")
        begun = time.perf_counter()
        network.world.post(person, f"@support Where is my parcel {number}")
        async with asyncio.timeout(_PATIENCE):
            while str(number) not in watch.painted:
                await asyncio.sleep(0.001)
        if number >= _WARM_UP:
            took.append(1000 * (watch.painted[str(number)] - begun))
        await asyncio.sleep(_GAP_SECONDS)
    await workspace.release()
    window.hide()
    return took


async def measure(url: str, folder: Path, count: int) -> list[float]:
    """Set everything up and measure."""
    async with (
        networks() as (network,),
        connected(url, folder, [mastodon_account(network)]) as address,
        desk_at(address, folder) as desk,
    ):
        async with asyncio.timeout(_PATIENCE):
            while not any(len(heard) == 3 for heard in network.sockets.values()):
                await asyncio.sleep(0.05)
        return await watch(desk, network, folder, count)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    given = parser.parse_args()
    results: list[list[float]] = []
    with tempfile.TemporaryDirectory() as name, database(given.database) as url:

        async def run() -> int:
            results.append(await measure(url, Path(name), given.posts))
            return 0

        run_app(run)
    print(load())
    show("stream event to painted row", results[0])


if __name__ == "__main__":
    main()
