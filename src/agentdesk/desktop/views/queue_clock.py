"""The times in the rows go on: one timer repaints what is in sight, nothing is laid out anew."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, QTimer

from agentdesk.base import clock
from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.models.queue import QueueModel
from agentdesk.desktop.views.queue_list import QueueList
from agentdesk.domain.chat import ANSWER_GOAL, CHANNEL
from agentdesk.queries.rows import QueueRow

__all__ = ["RowClock"]

_SLOW_MS = 30_000
_FAST_MS = 1_000


class RowClock(QObject):
    """Repaints all rows in sight twice a minute, and each second those of chats that count seconds."""

    def __init__(self, table: QueueList, model: QueueModel, delegate: QueueDelegate) -> None:
        super().__init__(table)
        self._list, self._model, self._delegate = table, model, delegate
        self._all_at: datetime = clock.now()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.tick)
        self._timer.start(_SLOW_MS)
        model.rows_arrived.connect(self.follow)
        table.verticalScrollBar().valueChanged.connect(self.follow)

    @property
    def interval(self) -> int:
        """How long it waits for the next time, in milliseconds."""
        return self._timer.interval()

    def follow(self) -> None:
        """Other rows are in sight, or they say something else: they may count seconds now."""
        self._delegate.set_now(clock.now())
        if self.interval != _FAST_MS and self._counting(clock.now()):
            self._timer.start(_FAST_MS)

    def tick(self) -> None:
        """Repaint what shows another time now."""
        now = clock.now()
        self._delegate.set_now(now)
        counting = self._counting(now)
        old = (now - self._all_at).total_seconds() * 1_000 > _SLOW_MS - _FAST_MS
        if old or self.interval == _SLOW_MS:
            self._all_at = now
            self._list.viewport().update()
        else:
            for place in counting:
                self._list.viewport().update(self._list.row_rect(self._model.index(place, 0)))
        self._timer.start(_FAST_MS if counting else _SLOW_MS)

    def _counting(self, now: datetime) -> list[int]:
        """The places of the rows in sight that count seconds, or have just ceased to."""
        height = self._list.viewport().height()
        first, last = self._list.rowAt(0), self._list.rowAt(height - 1)
        last = self._model.rowCount() - 1 if last < 0 else last
        if first < 0:
            return []
        ids = self._model.ids[first : last + 1]
        rows = [self._model.row(one) for one in ids]
        return [first + place for place, row in enumerate(rows) if row is not None and _counts(row, now)]


def _counts(row: QueueRow, now: datetime) -> bool:
    if row.channel != CHANNEL or row.waiting_since is None:
        return False
    return (now - row.waiting_since).total_seconds() < ANSWER_GOAL.total_seconds() + _FAST_MS / 500
