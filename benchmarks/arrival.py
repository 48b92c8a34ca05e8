"""How long a customer's mail takes from the mailbox to the screen.

    python -m benchmarks.arrival [--messages 100]

A real Dovecot, a server process, and a desk with its window in this process. Each message is put into the
mailbox as a delivery agent does it; the clock stops when its row has been painted. Beside it, in the same
run, the time until another IMAP client that idles on the same mailbox is told of the message: Dovecot waits
half a second by itself before it tells, so the difference of the two is what AgentDesk takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))

from imapclient import IMAPClient
from tests.helpers.certificates import make_certificates
from tests.helpers.company import Company, found_company, letter
from tests.helpers.dovecot import DovecotServer, Mailbox, find_dovecot
from tests.helpers.program import Programs
from tests.helpers.smtp import SmtpServer

from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.loop import run_app
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

    def _paint_row(self, *args: object) -> None:
        super()._paint_row(*args)  # type: ignore[arg-type]
        row = args[3]
        assert isinstance(row, QueueRow)
        painted.setdefault(row.subject, time.perf_counter())


class BareClient(threading.Thread):
    """Idles on the mailbox and notes when it is told that there is more."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(daemon=True)
        self.told: list[float] = []
        self.ready = threading.Event()
        self._client = IMAPClient(mailbox.host, mailbox.port, ssl=False)
        self._client.login(mailbox.user, mailbox.password)
        self._client.select_folder("INBOX")
        self._client.idle()

    def run(self) -> None:
        self.ready.set()
        while True:
            try:
                if any(answer[1] == b"EXISTS" for answer in self._client.idle_check(timeout=30)):
                    self.told.append(time.perf_counter())
            except OSError:
                return


async def watch(company: Company, folder: Path, count: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds to the screen, and those to the bare client."""
    token = await sign_in(company.address, "ana@desk.test", "correct horse")
    desk = LocalDesk(folder / "desk", company.address, token)
    await desk.start()
    window = MainWindow(SettingsFile(folder / "settings.json"))
    workspace = window.attach(desk)
    workspace.queue.table.setItemDelegate(StopWatch(workspace.queue))
    window.show()
    workspace.show_view(View(kind="all", order="newest"))
    while desk.status.link is not Link.SYNCED:
        await asyncio.sleep(0.05)
    bare = BareClient(company.mailbox)
    bare.start()
    await asyncio.to_thread(bare.ready.wait)
    screen, client = [], []
    for number in range(count + 3):
        subject = f"Message {number}"
        mail = letter(
            f"customer{number}@x.test", subject, "Hello there.", to=company.mailbox.address
        ).as_bytes()
        told = len(bare.told)
        begun = time.perf_counter()
        await asyncio.to_thread(company.mailbox.deliver, mail)
        while subject not in painted or len(bare.told) <= told:
            await asyncio.sleep(0.001)
            if time.perf_counter() - begun > 30:
                raise SystemExit(f"{subject} was not painted within 30 s")
        if number >= 3:  # the first ones warm everything up
            screen.append(1000 * (painted[subject] - begun))
            client.append(1000 * (bare.told[told] - begun))
        await asyncio.sleep(_GAP_SECONDS)
    await workspace.release()
    await desk.close()
    window.hide()
    return screen, client


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
            company = found_company(programs, database, folder / "data", dovecot.new_mailbox("support"), smtp)
            company.start()
            results: list[list[float]] = []

            async def measure() -> int:
                results.extend(await watch(company, folder, parsed.messages))
                return 0

            run_app(measure)
            company.stop()
        finally:
            programs.close()
            smtp.close()
            dovecot.close()
    screen, client = results
    for title, values in (
        ("mailbox to screen", screen),
        ("mailbox to a bare IDLE client", client),
        ("the difference", [one - other for one, other in zip(screen, client, strict=True)]),
    ):
        ordered = sorted(values)
        worst = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        middle = statistics.median(ordered)
        print(f"{title:32} median {middle:6.1f} ms   p99 {worst:6.1f} ms   n {len(ordered)}")


if __name__ == "__main__":
    main()
