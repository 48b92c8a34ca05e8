"""Notices every file that is opened in a folder, by whatever code: Linux's inotify, without a package."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from types import TracebackType

IN_ACCESS = 0x01
IN_OPEN = 0x20
_HEAD = struct.Struct("iIII")


class OpenedFiles:
    """``with OpenedFiles(folder) as opened: …`` then ``opened.names()``: what was opened or read in it."""

    def __init__(self, *folders: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._folders = folders
        self._fd = -1
        self._seen: list[str] = []

    def __enter__(self) -> OpenedFiles:
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._fd >= 0, os.strerror(ctypes.get_errno())
        for folder in self._folders:
            watch = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), IN_OPEN | IN_ACCESS)
            assert watch >= 0, os.strerror(ctypes.get_errno())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._read()
        os.close(self._fd)
        self._fd = -1

    def names(self) -> list[str]:
        """The names of the files, in the order of the first opening of each."""
        if self._fd >= 0:
            self._read()
        return list(dict.fromkeys(self._seen))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 65536)
            except BlockingIOError:
                return
            place = 0
            while place < len(data):
                _, _, _, length = _HEAD.unpack_from(data, place)
                name = data[place + _HEAD.size : place + _HEAD.size + length].rstrip(b"\0")
                if name:
                    self._seen.append(os.fsdecode(name))
                place += _HEAD.size + length
