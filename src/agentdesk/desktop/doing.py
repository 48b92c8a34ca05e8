"""Carrying out commands for a part of the window: what fails is told, what worked can be undone."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import AnyCommand
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.undo import UndoStack
from agentdesk.sync.desk import DeskPort

__all__ = ["Doing", "Trying"]


class Trying(QObject):
    """Base of what offers commands inside ``owner`` and goes with it. ``said(text, undo text, undo)`` has
    something for a toast."""

    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, owner: QWidget, name: str) -> None:
        super().__init__(owner)
        self._desk = desk
        self._tasks = tasks_of(self, name)

    async def _try(self, command: AnyCommand) -> bool:
        """Carry out a command; where that does not work, tell why and return False."""
        try:
            await self._desk.do(command)
        except AgentDeskError as error:
            if is_alive(self):
                self.said.emit(error.message, None, None)
            return False
        return True


class Doing(Trying):
    """The same for commands that can be taken back: what is ``done`` can be undone with all else."""

    def __init__(self, desk: DeskPort, done: UndoStack, owner: QWidget, name: str) -> None:
        super().__init__(desk, owner, name)
        self._done = done

    async def _do(self, command: AnyCommand, back: AnyCommand, said: Msg | None = None) -> bool:
        """Carry out a command that ``back`` takes back; ``said`` tells of it and offers that."""
        if not await self._try(command) or not is_alive(self):
            return False
        self._done.push(partial(self._try, back))
        if said is not None:
            self.said.emit(said, msg("Undo"), self._on_undo)
        return True

    def _on_undo(self) -> None:
        last = self._done.pop()
        if last is not None:
            self._tasks.start(last(), "undo")
