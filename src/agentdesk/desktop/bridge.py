"""From the desk to the screen: changes are gathered for a frame, then told once."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["Bridge"]

_FRAME_MS = 16


class Bridge(QObject):
    """``changed(dict)`` names tables and ids; an empty dict means that everything may be different.
    ``status_changed(LinkStatus)`` follows the connection."""

    changed = Signal(object)
    status_changed = Signal(object)

    def __init__(self, desk: DeskPort, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gathered: Changes = {}
        self._everything = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._told = QElapsedTimer()
        self._told.start()
        self._timer.timeout.connect(self._tell)
        self._unsubscribers = [
            desk.subscribe(self._on_changes),
            desk.subscribe_status(self.status_changed.emit),
        ]

    def close(self) -> None:
        """Hear no more."""
        for unsubscribe in self._unsubscribers:
            unsubscribe()
        self._unsubscribers = []
        self._timer.stop()

    def _on_changes(self, changes: Changes) -> None:
        if not changes:
            self._everything = True
        for table, ids in changes.items():
            self._gathered.setdefault(table, set()).update(ids)
        if not self._timer.isActive():  # the first one at once, those that follow a frame apart
            self._timer.start(max(0, _FRAME_MS - self._told.elapsed()))

    def _tell(self) -> None:
        gathered = {} if self._everything else self._gathered
        self._gathered, self._everything = {}, False
        self._told.restart()
        self.changed.emit(gathered)
