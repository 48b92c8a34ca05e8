"""One program per data folder. The lock dies with the program that holds it, so nothing needs cleaning up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg

_NAME = "agentdesk.lock"


class FolderInUse(AgentDeskError):
    """Another AgentDesk works on the same folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            msg("AgentDesk is already running on this folder."),
            msg("Close the other one, or choose another folder than {folder}.", folder=str(folder)),
        )


class FolderUnusable(AgentDeskError):
    """The folder cannot be made or written to."""

    def __init__(self, folder: Path, error: OSError) -> None:
        why = error.strerror or str(error)
        super().__init__(
            msg("The folder {folder} cannot be used: {why}.", folder=str(folder), why=why),
            msg("Choose another folder, or give this account the right to write there."),
        )


class FolderLock:
    """Holds a folder for this process, as long as it is open. Usable in a ``with`` statement."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the folder, making it where it is missing. Raises FolderInUse and FolderUnusable."""
        if self._file is not None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(self._folder / _NAME, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise FolderUnusable(self._folder, error) from error
        try:
            _lock(file)
        except OSError:
            os.close(file)
            raise FolderInUse(self._folder) from None
        self._file = file

    def release(self) -> None:
        """Let go of the folder. The file stays: removing it would let two programs lock different files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
