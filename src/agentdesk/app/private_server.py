"""The server of a person who works alone: a child process on this computer's own address.

It signs in its one desk by a random token, and ends with the desk: its standard input is a pipe that closes
when the desk goes, however it goes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

from agentdesk.base.backoff import Backoff
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.log import get_logger
from agentdesk.base.tasks import Tasks
from agentdesk.base.text import msg

_log = get_logger(__name__)

_START_SECONDS = 60.0
_STOP_SECONDS = 6.0
_DATABASE = "agentdesk.db"


def database_url(folder: Path) -> str:
    """Return the address of the private server's database in ``folder``."""
    return f"sqlite:///{folder / _DATABASE}"


class PrivateServer:
    """Starts the server, starts it again when it dies, and stops it at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._tasks = Tasks("private server")
        self._port = 0
        self.token = secrets.token_urlsafe(32)

    async def start(self) -> str:
        """Start it and return its address. Raises AgentDeskError with its own words where it cannot start."""
        address = await asyncio.to_thread(self._spawn)
        self._port = int(address.rpartition(":")[2])
        self._tasks.start(self._watch(), "watch")
        return address

    async def stop(self) -> None:
        """Ask it to end, and make sure that it does."""
        await self._tasks.close()
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(_end, process)

    def _spawn(self) -> str:
        """Start the child and wait for its ``ready`` line (blocking; runs in a thread)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [*program_command(), "server", "--database", database_url(self._folder)]
        command += ["--data", str(self._folder), "--listen", f"127.0.0.1:{self._port}"]
        errors = self._folder / "server.log"
        with errors.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "AGENTDESK_LOCAL_TOKEN": self.token},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        if self._process is not None:
            _close_pipes(self._process)
        self._process = process
        patience = threading.Timer(_START_SECONDS, process.kill)  # its end ends the reading
        patience.start()
        line = process.stdout.readline() if process.stdout else ""
        patience.cancel()
        word, _, address = line.strip().partition(" ")
        if word != "ready":
            process.wait()
            raise AgentDeskError(
                msg("The private server did not start: {why}", why=_last_line(errors)),
                msg("The whole story is in {path}.", path=str(errors)),
            )
        return address

    async def _watch(self) -> None:
        """A server that dies is started again on the same address; the desk reconnects by itself."""
        backoff, attempt = Backoff(first=0.5, longest=30), 0
        while self._process is not None:
            status = await asyncio.to_thread(_wait, self._process)
            if status is None:
                attempt = 0
                continue
            attempt += 1
            _log.warning("the private server ended and is started again", status=status)
            await asyncio.sleep(backoff.delay(attempt))
            try:
                await asyncio.to_thread(self._spawn)
            except AgentDeskError as error:
                _log.error("the private server does not start", why=str(error))


def program_command() -> list[str]:
    """How this program starts itself: frozen, or as a module."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "agentdesk"]


def _wait(process: subprocess.Popen[str]) -> int | None:
    try:
        return process.wait(0.5)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close_pipes(process)


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""
