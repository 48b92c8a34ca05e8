"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["sync_folder", "write_private"]


def write_private(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Put ``content`` in the place of what was there; only this account can read it.

    Makes the folder where it is missing. A program that dies leaves the old content, or the new; nothing
    waits for the disk unless it is to be ``durable``: then it survives a loss of power. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    os.replace(temporary, path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Let new names in ``folder`` survive a loss of power, where the system lets folders be asked to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
