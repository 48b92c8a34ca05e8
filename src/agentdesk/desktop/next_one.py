"""Taking the next conversation of those that nobody has."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from agentdesk.base.text import msg
from agentdesk.commands.values import Assign
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.conversation_actions import ConversationActions
from agentdesk.queries.rows import View
from agentdesk.sync.desk import DeskPort

__all__ = ["NextOne"]


class NextOne(QObject):
    """``taken(id)`` tells which one is mine now, ``said(text)`` that there is none."""

    taken = Signal(object)
    said = Signal(object)

    def __init__(self, desk: DeskPort, deeds: ConversationActions) -> None:
        super().__init__(deeds)
        self._desk, self._deeds = desk, deeds
        self._tasks = tasks_of(self, "next one")

    def take(self) -> None:
        """Take the one that is due first."""
        self._tasks.start(self._take(), "take")

    async def _take(self) -> None:
        me = self._desk.me
        ids = await self._desk.queue_ids(View(kind="unassigned", order="due"))
        if me is None or not ids:
            self.said.emit(msg("Nothing is waiting."))
            return
        row = await self._desk.conversation(ids[0])
        if row is None:
            return
        said = msg("Taken: {name}.", name=row.contact_name)
        command = Assign(conversation_id=row.id, assignee_id=me.id, seen_assignee_id=row.assignee_id)
        if await self._deeds.do(row, command, said) and is_alive(self):
            self.taken.emit(row.id)
