"""One program per folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentdesk.store.lock import FolderInUse, FolderLock

_HOLD = """
import sys
from pathlib import Path
from agentdesk.store.lock import FolderLock
FolderLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_is_held_until_it_is_released(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    with FolderLock(folder) as lock:
        lock.acquire()  # holding it already is no error
        with pytest.raises(FolderInUse) as caught:
            FolderLock(folder).acquire()
        assert str(caught.value) == "AgentDesk is already running on this folder."
        assert str(folder) in str(caught.value.hint)
    with FolderLock(folder):
        pass
    lock.release()


def test_a_killed_program_leaves_the_folder_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FolderInUse):
            FolderLock(tmp_path).acquire()
        holder.kill()
    with FolderLock(tmp_path):
        pass


def test_other_folders_are_not_concerned(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "one"), FolderLock(tmp_path / "two"):
        pass
