from __future__ import annotations

import os
import urllib.request
from pathlib import Path

import pytest

from tests.helpers.program import Program, Programs
from tests.helpers.until import until_sync


def serve(programs: Programs, folder: Path) -> Program:
    database = f"sqlite:///{folder / 'agentdesk.db'}"
    return programs.start(
        "server", "--database", database, "--data", str(folder / "data"), "--listen", "127.0.0.1:0"
    )


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() if os.name == "posix" else False


def test_run_returns_what_was_printed(programs: Programs) -> None:
    assert programs.run("--version").startswith("agentdesk ")
    with pytest.raises(AssertionError, match="status 2"):
        programs.run("no-such-command")


async def test_a_server_gets_ready_and_ends_when_asked(programs: Programs, tmp_path: Path) -> None:
    server = serve(programs, tmp_path)
    address = await server.ready()
    with urllib.request.urlopen(f"{address}/healthz") as answer:
        assert answer.status == 200
    assert server.stop() == 0
    assert not server.running


def test_a_killed_server_starts_again(programs: Programs, tmp_path: Path) -> None:
    server = serve(programs, tmp_path)
    server.ready_sync()
    first = server.pid
    server.kill()
    assert server.status == -9
    server.start()
    server.ready_sync()
    assert server.pid != first


def test_nothing_outlives_its_test(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    server = serve(programs, tmp_path)
    until_sync(lambda: server.running)
    programs.close()
    assert not exists(server.pid)


def test_a_program_that_ends_early_says_why(programs: Programs) -> None:
    broken = programs.start("server", "--database", "nonsense://", "--data", "/nowhere", "--listen", "x")
    with pytest.raises(AssertionError, match="ended with status"):
        broken.ready_sync()
