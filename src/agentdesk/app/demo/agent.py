"""An agent who works through the real window: opens conversations, uses templates, types, sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from agentdesk.base.log import get_logger
from agentdesk.desktop.workspace import Workspace
from agentdesk.queries.rows import QueueRow, View
from agentdesk.sync.desk import DeskPort

_log = get_logger(__name__)

_ANSWERS: dict[str, str] = {
    "ana.ruiz@madrid.example": "",  # by template
    "tom.baker@leeds.example": "Hello Tom, your refund left us this morning. It takes two days to arrive.",
    "sara.khalil@dubai.example": "أهلًا سارة، نعم، غيّرت العنوان وسيصل الطلب يوم الخميس.",
    "juergen.weiss@koeln.example": "Guten Tag Herr Weiß, das Ersatzbein geht heute an Sie heraus.",
    "sofia.rossi@torino.example": "Buongiorno Sofia, il campione parte oggi per posta.",
    "grace.okafor@bristol.example": "Hi Grace, take 6 mm hollow-wall anchors. Four of them are enough.",
}
_TEMPLATE = "/late"
_PATIENCE = 20.0


class Agent:
    """Answers some of the customers; ``answered`` are their addresses."""

    def __init__(self, workspace: Workspace, desk: DeskPort) -> None:
        self._workspace = workspace
        self._desk = desk
        self.answered: list[str] = []

    async def work(self, until: float) -> None:
        """Answer one after the other until all are done, or the loop's clock says ``until`` (seconds)."""
        loop = asyncio.get_running_loop()
        self._workspace.show_view(View(kind="all", order="newest"))
        while loop.time() < until and len(self.answered) < len(_ANSWERS):
            row = await self._next()
            if row is None:
                await asyncio.sleep(0.1)
                continue
            address, waiting = row
            await self._answer(address, waiting)

    async def take_picture(self, path: Path) -> None:
        """Save what the window shows."""
        await asyncio.sleep(0.3)
        self._workspace.window().grab().save(str(path))

    async def _next(self) -> tuple[str, QueueRow] | None:
        for row in await self._desk.queue_rows(list(self._workspace.queue.model.ids)):
            contact = await self._desk.contact(row.contact_id)
            addresses = [identity.value for identity in contact.identities] if contact else []
            for address in addresses:
                if address in _ANSWERS and address not in self.answered:
                    return address, row
        return None

    async def _answer(self, address: str, row: QueueRow) -> None:
        workspace = self._workspace
        workspace.queue.select(row.id)
        workspace.open_conversation(row.id)
        conversation = workspace.conversation
        await _until(lambda: conversation.conversation_id == row.id and conversation.is_ready())
        workspace.actions_.trigger("reply.start")
        composer = conversation.composer
        await _until(composer.is_ready)
        text = _ANSWERS[address]
        if text:
            composer.editor.insertPlainText(text)
        else:
            await self._insert_template()
        await asyncio.sleep(0.05)
        QTest.keyClick(composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await _until(lambda: not composer.text().strip())
        self.answered.append(address)
        _log.info("answered", customer=address)

    async def _insert_template(self) -> None:
        composer = self._workspace.conversation.composer
        QTest.keyClicks(composer.editor, _TEMPLATE)
        await _until(composer.templates_shown)
        await asyncio.sleep(0.2)
        composer.insert_current_template()
        await _until(lambda: _TEMPLATE not in composer.text() and len(composer.text()) > len(_TEMPLATE))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is on screen has no event
            await asyncio.sleep(0.02)
