"""Proves that a frozen or installed program runs: ``python installer/smoke.py PROGRAM``.

It asks for the version, sets up a database, starts the server on a free port, asks whether it is healthy, and
ends it. Nothing of this repository is imported, so what runs is what was packed.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

TIMEOUT = 120.0


def run(program: str, *arguments: str, stdin: str = "") -> str:
    """Run the program to its end and return what it printed; raises when its status is not 0."""
    done = subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{arguments} ended with status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def first_line(server: subprocess.Popen[str]) -> str:
    """Return the first line the server prints; raises when none comes in time."""
    lines: queue.Queue[str] = queue.Queue()
    output = server.stdout
    assert output is not None
    threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
    try:
        return lines.get(timeout=TIMEOUT).strip()
    except queue.Empty:
        raise SystemExit("the server did not become ready") from None


def check_server(program: str, folder: Path) -> None:
    """Start the server, see that it answers, and see that it ends when asked."""
    options = ["--database", f"sqlite:///{folder / 'smoke.db'}", "--data", str(folder / "data")]
    run(program, "admin", *options[:2], "inbox", "add", "Support")
    channels = json.loads(run(program, "admin", *options[:2], "channel", "list", "--json"))
    if channels:
        raise SystemExit(f"a new database has channels: {channels}")
    server = subprocess.Popen(
        [program, "server", *options, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    try:
        word, _, address = first_line(server).partition(" ")
        if word != "ready":
            raise SystemExit(f"the server said {word!r} instead of being ready")
        with urllib.request.urlopen(f"{address}/healthz", timeout=TIMEOUT) as answer:
            print(f"{address}/healthz: {answer.status}")
        server.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        if server.wait(TIMEOUT) != 0 and os.name != "nt":
            raise SystemExit(f"the server ended with status {server.returncode}")
    finally:
        server.kill()
        server.wait()


def main() -> None:
    """Check the program named on the command line."""
    program = str(Path(sys.argv[1]).resolve())
    begun = time.monotonic()
    print(run(program, "--version").strip())
    with tempfile.TemporaryDirectory() as folder:
        check_server(program, Path(folder))
    print(f"it runs ({time.monotonic() - begun:.1f} s)")


if __name__ == "__main__":
    main()
