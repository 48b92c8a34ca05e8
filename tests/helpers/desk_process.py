"""The desk program as a process of its own, with what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from agentdesk.desktop.settings import DeskSettings
from tests.helpers.processes import KILL, spawn, stop
from tests.helpers.until import until


class DeskProcess:
    """A running desk program and what it has printed."""

    def __init__(self, profile: Path, *arguments: str, **more: str) -> None:
        profile.mkdir(exist_ok=True)
        self._profile = profile
        self._log = profile.parent / f"{profile.name}-{len(list(profile.parent.glob('*.out')))}.out"
        command = [sys.executable, "-m", "tests.helpers.desk_driver", str(profile), *arguments]
        env = {**os.environ, "PYTHONUNBUFFERED": "1", "QT_QPA_PLATFORM": "offscreen", **more}
        self.process: subprocess.Popen[bytes] = spawn(command, self._log, env=env)

    async def shows(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed a line like ``pattern``."""

        def found() -> re.Match[str] | None:
            text = self._log.read_text(errors="replace")
            match = re.search(pattern, text)
            assert match or self.process.poll() is None, f"it ended:\n{text}"
            return match

        return await until(found, timeout=90, what=f"the desk shows {pattern!r}")

    def output(self) -> str:
        """Everything it printed, both streams."""
        return self._log.read_text(errors="replace")

    async def acts(self, *orders: str) -> None:
        """Have a hand do something at the window: see the driver."""
        for order in orders:
            (self._profile / "act.new").write_text(order, encoding="utf-8")
            (self._profile / "act.new").rename(self._profile / "act")
            await until(lambda: not (self._profile / "act").exists(), timeout=30, what=order)

    def end(self) -> int:
        """Close its window; returns its status."""
        return stop(self.process)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        stop(self.process, KILL)


def make_profile(profile: Path, settings: DeskSettings) -> None:
    """Make a profile with these settings."""
    profile.mkdir()
    (profile / "settings.json").write_bytes(msgspec.json.encode(settings))


Start = Callable[..., DeskProcess]
"""Starts desks: ``start(profile, *arguments, **environment)``."""
