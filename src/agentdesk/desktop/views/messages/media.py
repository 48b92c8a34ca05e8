"""Pictures of attachments, decoded off the window's thread and kept while they fit."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from uuid import UUID

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from agentdesk.base.errors import AgentDeskError
from agentdesk.desktop.views.messages.pictures import decode
from agentdesk.queries.rows import AttachmentRow
from agentdesk.sync.desk import DeskPort

__all__ = ["Media", "is_dangerous", "is_picture"]

_KEPT_BYTES = 48 * 1024 * 1024
_PICTURES = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"})
_DANGEROUS = frozenset(
    {
        "exe", "com", "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "msi",
        "msp",
        "scr", "pif", "cpl", "jar", "lnk", "url", "reg", "inf", "dll", "sys", "docm", "dotm", "xlsm", "xltm",
        "xlam", "pptm", "potm", "ppam", "sldm", "one", "iso", "img", "vhd", "vhdx", "app", "command", "sh",
        "desktop", "html", "htm", "mht", "mhtml", "svg", "xhtml", "chm", "application", "gadget",
        "msc", "settingcontent-ms", "library-ms", "search-ms",
    }
)  # fmt: skip


def is_picture(row: AttachmentRow) -> bool:
    """Say whether an attachment claims to be a picture that can be shown."""
    return row.media_type.lower() in _PICTURES


def is_dangerous(name: str) -> bool:
    """Say whether a file called ``name`` can run programs: such a file is only ever saved."""
    _, dot, ending = name.rstrip(". ").rpartition(".")
    return bool(dot) and ending.strip().lower() in _DANGEROUS


class Media:
    """Fetches pictures through the desk; what was decoded is kept up to 48 MB, the least used goes first."""

    def __init__(self, desk: DeskPort) -> None:
        self._desk = desk
        self._kept: OrderedDict[tuple[str, int, int], QImage] = OrderedDict()
        self._bytes = 0

    async def picture(self, row: AttachmentRow, within: QSize) -> QImage:
        """Return an attachment's picture, at most ``within`` pixels; null where there is none to show.

        Raises AgentDeskError where the file cannot be had now.
        """
        key = (row.blob, within.width(), within.height())
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        content = await self._desk.file(row.blob, row.id)
        image = await asyncio.to_thread(decode, content, within)
        self._keep(key, image)
        return image

    async def remote(self, message_id: UUID, url: str, within: QSize) -> QImage:
        """Return a picture from elsewhere, asked from the server; null where it cannot be had."""
        try:
            content = await self._desk.remote_picture(message_id, url)
        except AgentDeskError:
            return QImage()
        return await asyncio.to_thread(decode, content, within)

    def _keep(self, key: tuple[str, int, int], image: QImage) -> None:
        self._kept[key] = image
        self._bytes += image.sizeInBytes()
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.sizeInBytes()
