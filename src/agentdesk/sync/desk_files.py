"""Files on this computer: what is to be sent, and attachments that were fetched. Named by their content."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import tempfile
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.values import File

__all__ = ["MAX_FILE_BYTES", "DeskFiles", "FileUnusable"]

MAX_FILE_BYTES = 50 * 1024 * 1024
_CHUNK = 1024 * 1024


class FileUnusable(AgentDeskError):
    """A file cannot be read, is too large, or did not arrive as it should."""


class DeskFiles:
    """The desk's own store of files, a folder with one file per content (SHA-256)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, blob: str) -> Path:
        """Return where the content ``blob`` lies or would lie."""
        return self._folder / blob[:2] / blob

    async def has(self, blob: str) -> bool:
        """Say whether the content is here."""
        return await asyncio.to_thread(self.path(blob).is_file)

    async def take(self, path: Path) -> File:
        """Copy a file of the person's into the store. Raises FileUnusable."""
        return await asyncio.to_thread(self._take, path)

    async def take_bytes(self, name: str, media_type: str, content: bytes) -> File:
        """Put content into the store under a name. Raises FileUnusable."""
        if len(content) > MAX_FILE_BYTES:
            raise _too_large(name)
        blob = await asyncio.to_thread(self._keep, content)
        return File(id=new_id(), name=name, media_type=media_type, size=len(content), blob=blob)

    async def receive(self, blob: str, chunks: AsyncIterator[bytes]) -> Path:
        """Store content as it comes in; it must be what ``blob`` names. Raises FileUnusable."""
        target = self.path(blob)
        temporary = await asyncio.to_thread(self._temporary)
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > MAX_FILE_BYTES:
                        raise _too_large(target.name)
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
            if digest.hexdigest() != blob:
                raise FileUnusable(msg("The file did not arrive as it was sent."), msg("Try again."))
            await asyncio.to_thread(_move, temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        return target

    async def drop(self, blobs: Collection[str]) -> None:
        """Forget content; what is not here does not matter. Raises OSError."""
        await asyncio.to_thread(self._drop, blobs)

    def _drop(self, blobs: Collection[str]) -> None:
        for blob in blobs:
            self.path(blob).unlink(missing_ok=True)

    def _take(self, path: Path) -> File:
        try:
            size = path.stat().st_size
            if size > MAX_FILE_BYTES:
                raise _too_large(path.name)
            content = path.read_bytes()
        except OSError as error:
            raise FileUnusable(
                msg("The file {name} cannot be read.", name=path.name),
                msg("Check that it exists and that you may open it."),
            ) from error
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        blob = self._keep(content)
        return File(id=new_id(), name=path.name, media_type=media_type, size=len(content), blob=blob)

    def _keep(self, content: bytes) -> str:
        blob = hashlib.sha256(content).hexdigest()
        target = self.path(blob)
        if target.is_file():
            return blob
        temporary = self._temporary()
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _move(temporary, target)
        except OSError as error:
            raise FileUnusable(
                msg("The file could not be kept on this computer."), msg("Check the space on the disk.")
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        return blob

    def _temporary(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix="incoming-", dir=self._folder)
        os.close(handle)
        return Path(name)


def _move(temporary: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary.replace(target)


def _too_large(name: str) -> FileUnusable:
    return FileUnusable(
        msg("The file {name} is too large.", name=name),
        msg("A file may have {count} MB at most.", count=MAX_FILE_BYTES // (1024 * 1024)),
    )
