"""Blocking a customer, and letting them write again."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import BlockContact
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.undo import UndoStack
from agentdesk.queries.rows import ContactDetail
from agentdesk.sync.desk import DeskPort

__all__ = ["CustomerBlocking"]


class CustomerBlocking(QObject):
    """``said(text, undo text, undo)`` has something for a toast; what was ``done`` can be undone with all
    else."""

    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, done: UndoStack, owner: QObject) -> None:
        super().__init__(owner)
        self._desk, self._done = desk, done
        self._tasks = tasks_of(self, "blocking")

    def toggle(self, detail: ContactDetail) -> None:
        """Block a customer; let one who is blocked write again."""
        self._tasks.start(self._toggle(detail), "block")

    async def _toggle(self, detail: ContactDetail) -> None:
        wanted = not detail.blocked
        if await self._do(BlockContact(contact_id=detail.id, blocked=wanted)) and is_alive(self):
            said = msg("Blocked: {name}.", name=detail.name)
            if not wanted:
                said = msg("May write again: {name}.", name=detail.name)
            self._done.push(partial(self._do, BlockContact(contact_id=detail.id, blocked=not wanted)))
            self.said.emit(said, msg("Undo"), self._on_undo)

    def _on_undo(self) -> None:
        last = self._done.pop()
        if last is not None:
            self._tasks.start(last(), "undo")

    async def _do(self, command: BlockContact) -> bool:
        try:
            await self._desk.do(command)
        except AgentDeskError as error:
            if is_alive(self):
                self.said.emit(error.message, None, None)
            return False
        return True
