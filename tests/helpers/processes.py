"""Starting server programs for tests so that none of them outlives the test run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

_PR_SET_PDEATHSIG = 1
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows, ending a process is always a kill


def need(found: object, what: str) -> None:
    """Skip the test when ``what`` is not installed; where servers are required (CI), fail it instead."""
    if found:
        return
    if os.environ.get("AGENTDESK_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{what} is not installed, and this run requires it", pytrace=False)
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on at this moment.

    It is none of those that outgoing connections are given: one of them could take it before it is used.
    """
    for port in random.sample(range(10_000, 32_768), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port of 127.0.0.1 is free")


def accepts(port: int) -> bool:
    """Say whether somebody accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def resident_megabytes(pid: int | None = None) -> float:
    """The memory that a process holds, or this one."""
    return psutil.Process(pid).memory_info().rss / 1e6


def die_with_parent(signal_number: int = KILL) -> Callable[[], None] | None:
    """Return a ``preexec_fn`` that has Linux end the child when the test process dies, however it dies.

    The kernel ties this to the *thread* that starts the child, so only the main thread asks for it.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number)

    return ask_kernel


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: int = KILL,
) -> subprocess.Popen[bytes]:
    """Start a program with no input, its output appended to ``log``; as ``user`` when that is given."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            preexec_fn=die_with_parent(death_signal),
            **_as_user(user),
        )


def _as_user(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    import pwd  # not on Windows

    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def stop(process: subprocess.Popen[bytes], signal_number: int = signal.SIGTERM, timeout: float = 15) -> int:
    """Signal a program and wait for its end; kill it if it does not end in time. Returns its exit status."""
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode
