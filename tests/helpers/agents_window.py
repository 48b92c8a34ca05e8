"""Maria at her window, for scenarios in which customers write from networks and she answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shiboken6 import isValid

from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.desk import Link
from agentdesk.sync.local import LocalDesk
from tests.helpers.chat_page import ChatSite
from tests.helpers.desk_keys import keys
from tests.helpers.until import until

__all__ = ["agent_at", "answer_in", "row_of"]


@asynccontextmanager
async def agent_at(site: ChatSite, folder: Path) -> AsyncIterator[Workspace]:
    """Maria's window at a server, with everything in her queue."""
    desk = LocalDesk(folder / "desk", site.address, "maria", keys=keys())
    await desk.start()
    window = MainWindow(SettingsFile(folder / "settings.json"))
    panes = window.attach(desk, workspace="Larkfield Home")
    window.show()
    panes.show_view(View(kind="all", order="newest"))
    try:
        await until(lambda: desk.status.link is Link.SYNCED)
        yield panes
    finally:
        await panes.release()
        await desk.close()
        window.hide()
        window.deleteLater()
        await until(lambda: not isValid(window))


async def row_of(panes: Workspace, preview: str) -> QueueRow:
    """Wait for the conversation whose newest words are these."""

    def found() -> QueueRow | None:
        rows = (panes.queue.model.row(one) for one in panes.queue.model.ids)
        return next((row for row in rows if row is not None and preview in row.preview), None)

    return await until(found, what=preview)


async def answer_in(panes: Workspace, row: QueueRow, text: str) -> None:
    """Open a conversation, type an answer, and send it at once."""
    panes.queue.select(row.id)
    panes.open_conversation(row.id)
    composer = panes.conversation.composer
    await until(lambda: composer.conversation_id == row.id)
    assert panes.actions_.trigger("reply.start")
    composer.box.reply_text.insert_text(text)
    QTest.keyClick(composer.box.reply_text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: composer.box.reply_text.is_blank() and composer.outbox.held is not None)
    await composer.send_now()
