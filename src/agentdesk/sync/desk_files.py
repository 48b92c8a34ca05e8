"""Files on this computer: what is to be sent, and attachments that were fetched. Named by their content.

With a key each is encrypted whole (AES-256-GCM, bound to its content's hash), and its name is a keyed hash:
whoever has the disk cannot even tell whether a file they know is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import mimetypes
import os
import tempfile
from collections.abc import AsyncIterator, Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.ids import new_id
from agentdesk.base.text import msg
from agentdesk.commands.values import File

if TYPE_CHECKING:
    from agentdesk.base.secrets import Box

__all__ = ["MAX_FILE_BYTES", "DeskFiles", "FileUnusable"]

MAX_FILE_BYTES = 50 * 1024 * 1024


class FileUnusable(AgentDeskError):
    """A file cannot be read, is too large, or did not arrive as it should."""


class DeskFiles:
    """The desk's own store of files, a folder with one file per content (SHA-256). ``key``: 32 bytes that
    they are encrypted with."""

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        self._folder = folder
        self._key = key

    def path(self, blob: str) -> Path:
        """Return where the content ``blob`` lies or would lie."""
        name = blob if self._key is None else hmac.new(self._key, blob.encode(), hashlib.sha256).hexdigest()
        return self._folder / name[:2] / name

    async def has(self, blob: str) -> bool:
        """Say whether the content is here."""
        return await asyncio.to_thread(self.path(blob).is_file)

    async def read(self, blob: str) -> bytes:
        """Return the content ``blob``. Raises FileUnusable where it is not here, or damaged."""
        return await asyncio.to_thread(self._read, blob)

    async def take(self, path: Path) -> File:
        """Copy a file of the person's into the store. Raises FileUnusable."""
        return await asyncio.to_thread(self._take, path)

    async def take_bytes(self, name: str, media_type: str, content: bytes) -> File:
        """Put content into the store under a name. Raises FileUnusable."""
        if len(content) > MAX_FILE_BYTES:
            raise _too_large(name)
        blob = await asyncio.to_thread(self._keep, content)
        return File(id=new_id(), name=name, media_type=media_type, size=len(content), blob=blob)

    async def receive(self, blob: str, chunks: AsyncIterator[bytes]) -> bytes:
        """Store content as it comes in, and return it; it must be what ``blob`` names.

        Raises FileUnusable.
        """
        content = bytearray()
        async for chunk in chunks:
            content += chunk
            if len(content) > MAX_FILE_BYTES:
                raise _too_large(blob)
        whole = bytes(content)
        if await asyncio.to_thread(_hash, whole) != blob:
            raise FileUnusable(msg("The file did not arrive as it was sent."), msg("Try again."))
        await asyncio.to_thread(self._keep, whole)
        return whole

    def adopt(self, folder: Path) -> None:
        """Take over the files of another, unencrypted store, which is gone then. Blocks. Raises FileUnusable,
        OSError; begun anew it goes on."""
        for path in sorted(folder.glob("*/*")):
            self._keep(path.read_bytes())
            path.unlink()
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()  # of a transfer that was cut off
        folder.rmdir()

    def _read(self, blob: str) -> bytes:
        path = self.path(blob)
        try:
            content = path.read_bytes()
            return content if self._box is None else self._box.open(content, blob)
        except AgentDeskError:
            path.unlink(missing_ok=True)  # the server has it
            reason = msg("The file is damaged.")
        except OSError:
            reason = msg("The file is not on this computer any more.")
        raise FileUnusable(reason, msg("Try again."))

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
        blob = _hash(content)
        target = self.path(blob)
        if target.is_file():
            return blob
        temporary = self._temporary()
        try:
            with temporary.open("wb") as file:
                file.write(content if self._box is None else self._box.seal(content, blob))
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

    @cached_property
    def _box(self) -> Box | None:
        if self._key is None:
            return None
        from agentdesk.base.secrets import Box  # its library costs 20 ms

        return Box(self._key)

    def _temporary(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix="incoming-", dir=self._folder)
        os.close(handle)
        return Path(name)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _move(temporary: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary.replace(target)


def _too_large(name: str) -> FileUnusable:
    return FileUnusable(
        msg("The file {name} is too large.", name=name),
        msg("A file may have {count} MB at most.", count=MAX_FILE_BYTES // (1024 * 1024)),
    )
