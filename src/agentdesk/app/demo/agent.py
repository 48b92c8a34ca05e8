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
    "nadia@pixel.example": "Hello Nadia, we do: within five days.",
    "yusuf@ankara.example": "Hello Yusuf, it is on its way and should come tomorrow.",
    "Inês Duarte": "It is oiled, twice, with linseed oil.",
    "Pavel Novák": "I am sorry. A bag of screws leaves us today.",
    "Okan Bulut": "We are here, and sorry. It left this morning; I have just sent you its number.",
    "Mirela Popa": "Of course: which colour shall it be?",
    "Greta Lindqvist": "It is: oak, oiled. It may stand outside all year.",
    "Omar Haddad": "We do, when we deliver. It costs nothing.",
    "hana.makes": "It is the Larch, in brass.",
    "luis.e.casa": "It does now. Sorry for that, Luis.",
    "Lena Vogel": "Guten Tag Frau Vogel, ja: 140 cm fertigen wir in zwei Wochen, zum selben Preis.",
    "Femi Adeyemi": "Hello Femi, we do, by air freight. I have just added Nigeria to your basket.",
    "ليلى حداد": "مرحبًا ليلى، نعم، اللون الداكن متوفر ويصل خلال أسبوع.",
}
_TEMPLATE = "late"
_PATIENCE = 20.0


class Agent:
    """Answers some of the customers; ``answered`` are their addresses, or names where they chat."""

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
            known = [identity.value for identity in contact.identities] if contact else []
            for who in (*known, row.contact_name):
                if who in _ANSWERS and who not in self.answered:
                    return who, row
        return None

    async def _answer(self, address: str, row: QueueRow) -> None:
        workspace = self._workspace
        conversation, composer = workspace.conversation, workspace.conversation.composer
        workspace.queue.select(row.id)
        workspace.open_conversation(row.id)
        await _until(lambda: composer.conversation_id == row.id)
        workspace.actions_.trigger("reply.start")
        editor = composer.box.reply_text
        if _ANSWERS[address]:
            editor.insert_text(_ANSWERS[address])
        else:
            await self._insert_template()
        QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await _until(lambda: editor.is_blank())
        await composer.send_now()
        assert conversation.conversation_id == row.id
        self.answered.append(address)
        _log.info("answered", customer=address)

    async def _insert_template(self) -> None:
        """As a person does: a slash, a few letters, Enter."""
        composer = self._workspace.conversation.composer
        editor = composer.box.reply_text
        QTest.keyClicks(editor, "/")
        await _until(lambda: composer.tools.picker is not None and composer.tools.picker.popup.isVisible())
        picker = composer.tools.picker
        assert picker is not None
        QTest.keyClicks(picker.popup.field, _TEMPLATE)
        await _until(lambda: bool(picker.popup.current()))
        QTest.keyClick(picker.popup.field, Qt.Key.Key_Return)
        await _until(lambda: len(editor.plain()) > len(_TEMPLATE) + 1)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is on screen has no event
            await asyncio.sleep(0.02)
