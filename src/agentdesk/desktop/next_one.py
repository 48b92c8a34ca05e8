"""What comes next: taking the next conversation of those that nobody has, and going to the next chat that
waits."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QObject, Signal

from agentdesk.base.text import msg
from agentdesk.commands.values import Assign
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.conversation_actions import ConversationActions
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import View
from agentdesk.sync.desk import DeskPort

__all__ = ["NextOne"]


class NextOne(QObject):
    """``taken(id)`` tells which one is mine now, ``found(id)`` which chat waits, ``said(text)`` that there is
    none."""

    taken = Signal(object)
    found = Signal(object)
    said = Signal(object)

    def __init__(self, desk: DeskPort, deeds: ConversationActions) -> None:
        super().__init__(deeds)
        self._desk, self._deeds = desk, deeds
        self._tasks = tasks_of(self, "next one")

    def take(self) -> None:
        """Take the one that is due first."""
        self._tasks.start(self._take(), "take")

    def find_chat(self, here: UUID | None) -> None:
        """Go to the chat that has waited longest, mine before those that nobody has; from one of them
        (``here``) to the next."""
        self._tasks.start(self._find_chat(here), "find chat")

    async def _find_chat(self, here: UUID | None) -> None:
        waiting: list[UUID] = []
        for kind in ("mine", "unassigned"):
            view = View(kind=kind, channel=CHANNEL, only="waiting", order="oldest")
            waiting += await self._desk.queue_ids(view)
        is_here = here is not None and here in waiting
        if here is not None and is_here:
            place = waiting.index(here)
            waiting = [*waiting[place + 1 :], *waiting[:place]]
        if waiting:
            self.found.emit(waiting[0])
        else:
            self.said.emit(msg("No other chat is waiting.") if is_here else msg("No chat is waiting."))

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
