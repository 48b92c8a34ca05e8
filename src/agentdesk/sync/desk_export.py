"""Everything about a customer as one file: from the server to where the person at the desk wants it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg

__all__ = ["NotSaved", "OnProgress", "save_whole"]

OnProgress = Callable[[int, int | None], None]
"""Hears how many bytes have come, of how many (None: not known)."""


class NotSaved(AgentDeskError):
    """The file cannot be written where the person wants it."""


async def save_whole(
    path: Path, chunks: AsyncIterator[bytes], total: int | None, on_progress: OnProgress
) -> None:
    """Write what comes to ``path``, readable by this account alone: all of it, or what was there stays.

    Raises NotSaved. Whoever is cancelled leaves nothing behind.
    """
    part = _Part(path)
    try:
        await part.begin()
        done = 0
        on_progress(done, total)
        async for chunk in chunks:
            await part.write(chunk)
            done += len(chunk)
            on_progress(done, total)
        await part.finish()
    finally:
        part.leave()


class _Part:
    """The file while it comes, beside its place. One thread does all of it, one thing after the other: what
    is cancelled in the middle of a write is taken away after that."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.{new_id().hex[-8:]}.part")
        self._file: BinaryIO | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="export")

    async def begin(self) -> None:
        await self._run(self._open)

    async def write(self, chunk: bytes) -> None:
        await self._run(self._write, chunk)

    async def finish(self) -> None:
        await self._run(self._replace)

    def leave(self) -> None:
        """Take away what has not come to its place."""
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[..., None], *args: bytes) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        except OSError as error:
            raise NotSaved(
                msg("{name} could not be saved: {reason}", name=self._path.name, reason=error.strerror or ""),
                msg("Choose another place, or make room on the disk."),
            ) from error

    def _open(self) -> None:
        self._file = os.fdopen(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def _write(self, chunk: bytes) -> None:
        if self._file is not None:
            self._file.write(chunk)

    def _replace(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._close()
            os.replace(self._beside, self._path)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _drop(self) -> None:
        self._close()
        self._beside.unlink(missing_ok=True)
