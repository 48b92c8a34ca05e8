"""A private PostgreSQL server for the test run: own data folder, own port, nothing kept afterwards."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from tests.helpers.processes import KILL, accepts, free_port, spawn, stop
from tests.helpers.until import until_sync

T = TypeVar("T")

_SUPERUSER = "agentdesk"
_FAST_AND_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",
    "dynamic_shared_memory_type": "mmap",  # lies in the data folder: a server that is killed leaves nothing
    "timezone": "Asia/Kathmandu",  # far from UTC, so that a forgotten time zone shows
}


def find_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL server programs on this machine, or None."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


class PostgresServer:
    """One running server. `create_database` gives each test its own empty database.

    ``durable``: with the settings that PostgreSQL comes with, for what is measured.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._settings = {} if durable else _FAST_AND_FORGETFUL
        self._binaries = binaries
        self._user = "postgres" if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix="agentdesk-pg-"))
        self._password = secrets.token_urlsafe(12)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._initialise()
        self.start()

    def _initialise(self) -> None:
        secret = self._home / "password"
        secret.write_text(self._password)
        for path in (self._home, secret):
            if self._user:
                shutil.chown(path, self._user)
        command: list[str | Path] = [
            self._binaries / "initdb",
            *("--pgdata", self._home / "data", "--username", _SUPERUSER, "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        ]
        self._carry_out(command)

    def _carry_out(self, command: list[str | Path]) -> None:
        """Run one of PostgreSQL's programs to its end."""
        name = Path(command[0]).name
        log = self._home / f"{name}.log"
        process = spawn(command, log, user=self._user, cwd=self._home)
        if process.wait(60) != 0:
            raise RuntimeError(f"{name} failed:\n{log.read_text()}")

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = spawn(
            [self._binaries / "postgres", "-D", self._home / "data", *options],
            self._home / "server.log",
            user=self._user,
            cwd=self._home,
            death_signal=signal.SIGQUIT,
        )
        until_sync(self._answers, 30, what="PostgreSQL's start")

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended at once:\n{(self._home / 'server.log').read_text()}")
        if not accepts(self.port):
            return False
        try:
            self.execute("SELECT 1")
        except asyncpg.CannotConnectNowError:
            return False
        return True

    def stop(self) -> None:
        """Stop the server at once: open connections are cut, committed data is kept for `start`."""
        if self._process is not None:
            stop(self._process, signal.SIGINT)
            self._process = None

    def kill(self) -> None:
        """Kill the server without a word (SIGKILL), as a loss of power does."""
        if self._process is not None:
            stop(self._process, KILL)
            self._process = None

    def close(self) -> None:
        """Stop the server and remove its files."""
        if self._process is not None:
            stop(self._process, signal.SIGQUIT)
            self._process = None
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the URL of one database of this server, as a person would write it."""
        return f"postgresql://{_SUPERUSER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0") -> str:
        """Create a database, empty or as a copy of another that nobody is connected to; returns its name."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database; connections that are still open to it are cut."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement outside of a transaction, in the maintenance database."""
        run_aside(self._execute(statement))

    def ask(self, question: str) -> Any:
        """Return the one value that a query in the maintenance database gives."""

        async def asked() -> Any:
            connection = await asyncpg.connect(self.url("postgres"))
            try:
                return await connection.fetchval(question)
            finally:
                await connection.close()

        return run_aside(asked())

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class Standby(PostgresServer):
    """A streaming copy of ``primary``, which it reaches at ``port``; after `promote` a server of its own."""

    def __init__(self, primary: PostgresServer, port: int) -> None:
        self._primary, self._from = primary, port
        super().__init__(primary._binaries)

    def _initialise(self) -> None:
        self._password = self._primary._password
        if self._user:
            shutil.chown(self._home, self._user)
        address = self._primary.url("").replace(f":{self._primary.port}/", f":{self._from}/")
        command: list[str | Path] = [
            self._binaries / "pg_basebackup",
            *("--pgdata", self._home / "data", "--dbname", address, "--wal-method", "stream"),
            *("--write-recovery-conf", "--checkpoint", "fast", "--no-sync"),
        ]
        self._carry_out(command)

    def wait_until_level(self) -> None:
        """Wait until all that the primary has written is here."""
        end = self._primary.ask("SELECT pg_current_wal_lsn()::text")
        until_sync(lambda: self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{end}'"), 30, what="the standby")

    def promote(self) -> None:
        """Take the primary's place, with what has come of it."""
        self.execute("SELECT pg_promote()")


def run_aside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread with a loop of its own: the caller may be inside a running loop."""
    with ThreadPoolExecutor(1, "postgres-helper") as thread:
        return thread.submit(asyncio.run, work).result()
