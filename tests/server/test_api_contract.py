"""The REST API does what its description says, for good requests and bad ones."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers.program import Programs


def test_the_api_is_as_described(
    programs: Programs, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    programs.run("admin", "--database", migrated_url, "inbox", "add", "Support")
    created = programs.run("admin", "--database", migrated_url, "token", "create", "--name", "contract")
    token = created.split()[-1]
    arguments = ("--database", migrated_url, "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0")
    address = programs.start("server", *arguments).ready_sync()
    tool = Path(sys.executable).with_name("schemathesis")
    assert tool.exists() or shutil.which("schemathesis")
    done = subprocess.run(
        [
            str(tool),
            "run",
            f"{address}/api/v1/openapi.json",
            "--header",
            f"Authorization: Bearer {token}",
            "--checks=all",
            "--max-examples=15",
            "--seed=1",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
