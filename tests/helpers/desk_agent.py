"""An agent at the real desk program who answers everybody and writes down what the window told, for tests
that kill the program at any instant.

``python -m tests.helpers.desk_agent PROFILE JOURNAL`` runs the program on a profile without a screen. It
opens each conversation without an answer, types into the reply, and sends. JOURNAL gets a line of JSON per
step, ``[step, conversation, text]``: ``opened`` with what stood in the reply, ``drafted`` when that much is
safe according to the desk, ``sent`` when the reply was handed over. It works until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from agentdesk.app.desktop import DeskProgram
from agentdesk.desktop.loop import request_shutdown, run_app
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.workspace import Workspace
from agentdesk.domain.message import Direction
from agentdesk.queries.rows import View
from agentdesk.sync.desk import DeskPort

_POLL = 0.02
_END = " complete"


class Agent:
    """Types and sends; ``tell(step, conversation, text)`` writes the journal."""

    def __init__(self, panes: Workspace, desk: DeskPort, tell: Callable[[str, uuid.UUID, str], None]) -> None:
        self._panes, self._desk, self._tell = panes, desk, tell
        self._answered: set[uuid.UUID] = set()

    async def work(self) -> None:
        """Answer one after the other, for ever."""
        self._panes.show_view(View(kind="all", order="newest"))
        while True:
            wanted = await self._next()
            if wanted is None:
                await asyncio.sleep(_POLL)
            else:
                await self._answer(wanted)

    async def _next(self) -> uuid.UUID | None:
        for conversation_id in list(self._panes.queue.model.ids):
            if conversation_id in self._answered:
                continue
            timeline = await self._desk.timeline(conversation_id)
            if not any(row.direction == Direction.OUT for row in timeline.messages):
                return conversation_id
            self._answered.add(conversation_id)
        return None

    async def _answer(self, wanted: uuid.UUID) -> None:
        composer = self._panes.conversation.composer
        self._panes.open_conversation(wanted)
        await _until(lambda: composer.conversation_id == wanted)
        self._panes.actions_.trigger("reply.start")
        editor = composer.box.reply_text
        self._tell("opened", wanted, editor.plain())
        if editor.is_blank():
            QTest.keyClicks(editor, f"Answer {uuid.uuid4().hex}")
            while (draft := await self._desk.draft(wanted, "reply")) is None or draft.text != editor.plain():
                await asyncio.sleep(_POLL)
            self._tell("drafted", wanted, draft.text)
        if not editor.plain().endswith(_END):
            QTest.keyClicks(editor, _END)
        text = editor.plain()
        QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await _until(editor.is_blank)
        self._tell("sent", wanted, text)
        self._answered.add(wanted)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(_POLL)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("profile", type=Path)
    parser.add_argument("journal", type=Path)
    given = parser.parse_args()
    parsed = argparse.Namespace(profile=given.profile, theme="light", language="en", server="", ca=None)
    program = DeskProgram(given.profile, SettingsFile(given.profile / "settings.json"), parsed)

    def tell(step: str, conversation_id: uuid.UUID, text: str) -> None:
        with given.journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps([step, str(conversation_id), text]) + "\n")

    async def play() -> None:
        try:
            await Agent(*await program.ready(), tell).work()
        except TimeoutError:
            traceback.print_exc()
            request_shutdown("the agent is stuck")

    async def run() -> int:
        playing = asyncio.ensure_future(play())
        try:
            return await program.main()
        finally:
            playing.cancel()

    return run_app(run)


if __name__ == "__main__":
    sys.exit(main())
