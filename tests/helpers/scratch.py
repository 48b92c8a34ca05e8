"""Where the files of a test run lie: in memory where there is room, for most of them live for a second."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")  # Linux; elsewhere, and in small containers, files lie where they always do
_FREE_THERE = 2 * 2**30
_FREE_AT_ALL = 4 * 2**30
_NAME = "agentdesk-tests-"


def keep_files_in_memory() -> None:
    """Put temporary files, also of programs started from here, into memory, unless ``TMPDIR`` says where.

    Making a database of PostgreSQL and removing it again touches six hundred files: on a disk that takes ten
    times as long. Nothing that is tested tells the difference, for a program that is killed leaves its files
    behind in either place. At the end of the run they are gone, whoever made them.
    """
    if "TMPDIR" in os.environ or not _has_room():
        return
    _sweep()
    folder = _MEMORY / f"{_NAME}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o711)  # PostgreSQL's own user passes through
    atexit.register(_remove, folder, os.getpid())
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def _has_room() -> bool:
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return False
    return shutil.disk_usage(_MEMORY).free > _FREE_THERE and psutil.virtual_memory().available > _FREE_AT_ALL


def _sweep() -> None:
    """Remove what runs have left that were killed."""
    for folder in _MEMORY.glob(f"{_NAME}*"):
        owner = folder.name.removeprefix(_NAME)
        if owner.isdecimal() and (int(owner) == os.getpid() or not psutil.pid_exists(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and not a child of it
        shutil.rmtree(folder, ignore_errors=True)
