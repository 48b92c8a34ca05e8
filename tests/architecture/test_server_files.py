"""What a server is run with: the systemd unit, and that it needs no Qt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_QT = """
import sys
sys.modules.update(dict.fromkeys(("PySide6", "shiboken6", "qasync")))
import agentdesk.app.admin.command, agentdesk.app.doctor, agentdesk.cli
import agentdesk.server.app, agentdesk_connectors.email
"""


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    unit = (ROOT / "installer/linux/agentdesk-server.service").read_text("utf-8")
    assert "User=agentdesk" in unit  # the person and the program are not on every computer that tests
    here = unit.replace("User=agentdesk", "User=root").replace("/usr/bin/agentdesk", "/bin/true")
    (tmp_path / "agentdesk-server.service").write_text(here, "utf-8")
    command = [program, "verify", str(tmp_path / "agentdesk-server.service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_server_runs_where_there_is_no_qt() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_QT], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
