"""How long a customer's mail takes from the mailbox to the screen.

    python -m benchmarks.arrival [--messages 100]

A real Dovecot, a server process, and a desk with its window in this process. Each message is put into the
mailbox as a delivery agent does it; the clock stops when its row has been painted. Dovecot waits half a
second by itself before it tells a client that idles, so a proxy between the two notes when it has spoken
(``EXISTS``): from there on it is what AgentDesk takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem
from tests.helpers.certificates import make_certificates
from tests.helpers.company import Company, found_company, letter
from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot
from tests.helpers.program import Programs
from tests.helpers.proxy import Proxy
from tests.helpers.smtp import SmtpServer

from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.loop import run_app
from agentdesk.desktop.models.queue import ROW_ROLE
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from agentdesk.sync.sign_in import sign_in

_GAP_SECONDS = 0.15

painted: dict[str, float] = {}


class StopWatch(QueueDelegate):
    """Notes when a subject is first painted."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        row = index.data(ROW_ROLE)
        if isinstance(row, QueueRow):
            painted.setdefault(row.subject, time.perf_counter())


class Told:
    """Notes when Dovecot tells of more mail."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def hear(self, data: bytes) -> None:
        """Take a piece of what Dovecot says."""
        if b" EXISTS\r\n" in data:
            self.at.append(time.perf_counter())


class Through(Mailbox):
    """The same mailbox, reached by way of a proxy."""

    def __init__(self, mailbox: Mailbox, between: Proxy) -> None:
        super().__init__(mailbox.server, mailbox.user, mailbox.password)
        self._between = between

    @property
    def port(self) -> int:
        """The proxy's port."""
        return self._between.port


async def watch(company: Company, told: Told, folder: Path, count: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds from the mailbox to the screen, and those since Dovecot told."""
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    desk = LocalDesk(folder / "desk", company.address, token)
    await desk.start()
    window = MainWindow(SettingsFile(folder / "settings.json"))
    workspace = window.attach(desk)
    await workspace.complete()
    workspace.queue.table.setItemDelegate(StopWatch(workspace.queue))
    window.show()
    workspace.show_view(View(kind="all", order="newest"))
    while desk.status.link is not Link.SYNCED:
        await asyncio.sleep(0.05)
    whole, ours = [], []
    for number in range(count + 3):
        subject = f"Message {number}"
        mail = letter(
            f"customer{number}@x.test", subject, "Hello there.", to=company.mailbox.address
        ).as_bytes()
        heard = len(told.at)
        begun = time.perf_counter()
        await asyncio.to_thread(company.mailbox.deliver, mail)
        while subject not in painted:
            await asyncio.sleep(0.001)
            if time.perf_counter() - begun > 30:
                raise SystemExit(f"{subject} was not painted within 30 s")
        if number >= 3:  # the first ones warm everything up
            whole.append(1000 * (painted[subject] - begun))
            ours.append(1000 * (painted[subject] - told.at[heard]))
        await asyncio.sleep(_GAP_SECONDS)
    await workspace.release()
    await desk.close()
    window.hide()
    return whole, ours


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100)
    parsed = parser.parse_args()
    program = find_dovecot()
    if program is None:
        sys.exit("Dovecot is not installed (Debian's package dovecot-imapd).")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dovecot = DovecotServer(program)
        smtp = SmtpServer(make_certificates(folder))
        programs = Programs(folder)
        try:
            database = f"sqlite:///{folder / 'server.db'}"
            mailbox = dovecot.new_mailbox("support")
            between, told = Proxy(mailbox.port), Told()
            between.heard = told.hear
            company = found_company(programs, database, folder / "data", Through(mailbox, between), smtp)
            company.start()
            results: list[list[float]] = []

            async def measure() -> int:
                results.extend(await watch(company, told, folder, parsed.messages))
                return 0

            run_app(measure)
            company.stop()
            between.close()
        finally:
            programs.close()
            smtp.close()
            dovecot.close()
    for title, values in zip(("mailbox to screen", "EXISTS to screen"), results, strict=True):
        ordered = sorted(values)
        worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        middle = statistics.median(ordered)
        print(f"{title:32} median {middle:6.1f} ms   p99 {worst:6.1f} ms   n {len(ordered)}")


if __name__ == "__main__":
    main()
