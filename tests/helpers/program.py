"""Running our own programs as a person does: as processes, with their output read, always reaped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.helpers.processes import KILL, spawn, stop
from tests.helpers.until import until, until_sync

_READY = re.compile(r"^ready (https?://\S+)$", re.MULTILINE)


class Program:
    """One run of ``agentdesk`` (or another ``module``) with the given arguments, as a process of its own."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        log: Path,
        env: Mapping[str, str] | None = None,
        module: str = "agentdesk",
    ) -> None:
        self.arguments = arguments
        self._module = module
        self._log = log
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0

    def start(self) -> Program:
        """Start the program (again). Returns itself, so that starting and waiting fit on one line."""
        assert not self.running, "it runs already"
        self._read_from = self._log.stat().st_size if self._log.exists() else 0
        self._process = spawn([sys.executable, "-m", self._module, *self.arguments], self._log, env=self._env)
        return self

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the running program."""
        assert self._process is not None
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.poll() if self._process is not None else None

    def output(self) -> str:
        """Return what the program wrote since it was last started, both streams together."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(self._read_from)
            return log.read().decode(errors="replace")

    async def ready(self, timeout: float = 60) -> str:
        """Wait for the line ``ready http[s]://…`` and return the address in it."""
        return await until(self._address, timeout, what=f"the start of {' '.join(self.arguments)}")

    def ready_sync(self, timeout: float = 60) -> str:
        """Like `ready`, for code without an event loop."""
        return until_sync(self._address, timeout, what=f"the start of {' '.join(self.arguments)}")

    def _address(self) -> str | None:
        found = _READY.search(self.output())
        if found is None and not self.running:
            raise AssertionError(f"the program ended with status {self.status}:\n{self.output()}")
        return found[1] if found else None

    def stop(self, timeout: float = 30) -> int:
        """Ask the program to end (SIGTERM) and return its exit status; a program that does not is killed."""
        assert self._process is not None
        return stop(self._process, signal.SIGTERM, timeout)

    def kill(self) -> None:
        """Kill the program at once, as a power cut would."""
        if self._process is not None:
            stop(self._process, KILL)


class Programs:
    """Starts programs for one test and ends what still runs after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs: list[Program] = []

    def start(
        self, *arguments: str, env: Mapping[str, str] | None = None, module: str = "agentdesk"
    ) -> Program:
        """Start ``agentdesk`` (or another ``module``) with these arguments."""
        log = self._folder / f"program-{len(self._programs)}.log"
        program = Program(arguments, log, env, module)
        self._programs.append(program)
        return program.start()

    def run(
        self,
        *arguments: str,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> str:
        """Run ``agentdesk`` to its end and return its standard output; fails on another status than 0."""
        done = subprocess.run(
            [sys.executable, "-m", "agentdesk", *arguments],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            env={**os.environ, **(env or {})},
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run_json(self, *arguments: str) -> object:
        """Run ``agentdesk`` and return what it printed, read as JSON."""
        return json.loads(self.run(*arguments))

    def close(self) -> None:
        """Kill what still runs."""
        for program in self._programs:
            program.kill()
