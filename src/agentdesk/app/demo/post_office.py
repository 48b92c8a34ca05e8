"""The post office of the small world: a real IMAP server for the shop, a real SMTP server for everybody.

The IMAP server is a process of its own (pymap, in memory); the SMTP server (aiosmtpd) runs in a thread here.
Mail to the shop is put into its IMAP mailbox, mail to a customer is handed to ``on_mail``.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from agentdesk.app.demo.letters import SUPPORT
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg

USER = SUPPORT
PASSWORD = "practice"  # noqa: S105 - of a made-up mailbox that lives for minutes on the loopback address
_START_SECONDS = 20.0

OnMail = Callable[[str, bytes], None]


class PostOffice:
    """``on_mail(recipient, raw)`` is called, in a thread, for each mail to a customer."""

    def __init__(self, folder: Path, on_mail: OnMail) -> None:
        self._folder = folder
        self._on_mail = on_mail
        self._imap: subprocess.Popen[bytes] | None = None
        self._smtp: Any = None
        self._lock = Lock()
        self.imap_port = _free_port()
        self.smtp_port = _free_port()

    def start(self) -> None:
        """Open both servers (blocking). Raises AgentDeskError where the demo's packages are missing."""
        try:
            from aiosmtpd.controller import Controller
        except ImportError as error:
            raise AgentDeskError(
                msg("The demo needs two more packages."),
                msg("Install them with: pip install agentdesk[demo]"),
            ) from error
        log = (self._folder / "imap.log").open("ab")
        command = [sys.executable, "-m", "agentdesk.app.demo.imap_server"]
        command += ["--host", "127.0.0.1", "--port", str(self.imap_port), "--no-tls", "--no-service", "admin"]
        command += ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
        self._imap = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own program
        log.close()
        self._smtp = Controller(_Handler(self), hostname="127.0.0.1", port=self.smtp_port)
        self._smtp.start()
        _wait_for(self.imap_port)

    def stop(self) -> None:
        """Close both servers."""
        if self._smtp is not None:
            self._smtp.stop()
        if self._imap is not None:
            self._imap.terminate()
            self._imap.wait()

    def accept(self, recipient: str, raw: bytes) -> None:
        """Deliver one mail to one recipient."""
        if recipient.lower() == SUPPORT:
            self._put_into_mailbox(raw)
        else:
            self._on_mail(recipient.lower(), raw)

    def _put_into_mailbox(self, raw: bytes) -> None:
        import imaplib

        with self._lock, imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=20) as client:
            client.login(USER, PASSWORD)
            client.append("INBOX", "", imaplib.Time2Internaldate(time.time()), raw)


class _Handler:
    """What aiosmtpd calls for each mail."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        import asyncio

        for recipient in envelope.rcpt_tos:
            await asyncio.to_thread(self._office.accept, recipient, envelope.content)
        return "250 OK, taken"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AgentDeskError(msg("The demo's mail server did not start."))
