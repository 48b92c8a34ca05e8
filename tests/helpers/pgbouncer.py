"""A PgBouncer of its own before the PostgreSQL server of the test run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.helpers.processes import accepts, free_port, spawn, stop
from tests.helpers.until import until_sync


def find_pgbouncer() -> Path | None:
    """Return the program, or None where it is not installed."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None


class PgBouncer:
    """Pools connections to one database, by default for each transaction: the next one may go to another of
    PostgreSQL's processes."""

    def __init__(self, program: Path, postgres_url: str, mode: str = "transaction") -> None:
        parts = re.fullmatch(r"postgresql://(.+):(.+)@(.+):(\d+)/(.+)", postgres_url)
        assert parts is not None
        user, password, host, port, name = parts.groups()
        self._home = Path(tempfile.mkdtemp(prefix="agentdesk-pgbouncer-"))
        self.port = free_port()
        self.url = f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{name}"
        (self._home / "users").write_text(f'"{user}" "{password}"\n')
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": self._home / "users",
            "pool_mode": mode,
            "default_pool_size": 5 if mode == "transaction" else 30,
        }
        lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
        target = f"{name} = host={host} port={port} dbname={name}"
        (self._home / "pgbouncer.ini").write_text(f"[databases]\n{target}\n[pgbouncer]\n{lines}")
        owner = "postgres" if os.geteuid() == 0 else None
        if owner:
            for path in (self._home, *self._home.iterdir()):
                shutil.chown(path, owner)
        command: list[str | Path] = [program, self._home / "pgbouncer.ini"]
        self._process: subprocess.Popen[bytes] = spawn(command, self._home / "log", user=owner)
        until_sync(lambda: accepts(self.port), what="PgBouncer's start")

    def close(self) -> None:
        """Stop it at once."""
        stop(self._process, signal.SIGTERM)
        shutil.rmtree(self._home, ignore_errors=True)
