"""Drafts on their way to the desk's own file: 300 ms after the last key, and at every switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from agentdesk.desktop.lifetime import tasks_of
from agentdesk.sync.desk import DeskPort, Draft

__all__ = ["DraftKeeper"]

_DELAY_MS = 300


class DraftKeeper(QObject):
    """``saved`` tells that what was typed last is safe."""

    saved = Signal()

    def __init__(self, desk: DeskPort, take: Callable[[], Sequence[Draft]], parent: QObject) -> None:
        """``take`` answers with the drafts that have changed, as they stand now."""
        super().__init__(parent)
        self._desk, self._take = desk, take
        self._tasks = tasks_of(self, "drafts")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._on_time)

    @property
    def is_pending(self) -> bool:
        """Whether something was typed that is not saved yet."""
        return self._timer.isActive()

    def touch(self) -> None:
        """Something was typed: save soon."""
        self._timer.start()

    def drop(self) -> None:
        """Forget what was to be saved: it was sent."""
        self._timer.stop()

    async def flush(self) -> None:
        """Save now what waits to be saved."""
        if self._timer.isActive():
            self._timer.stop()
            await self._save()

    def hand_over(self) -> None:
        """Save what waits to be saved, as it is now: the box is about to be cleared."""
        if self._timer.isActive():
            self._timer.stop()
            self._tasks.start(self._save_all(self._take()), "hand over")

    def _on_time(self) -> None:
        self._tasks.start(self._save(), "save")

    async def _save(self) -> None:
        await self._save_all(self._take())

    async def _save_all(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            await self._desk.save_draft(draft)
        if drafts:
            self.saved.emit()
