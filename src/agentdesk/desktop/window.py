"""The main window: it is on screen before anything else is ready, and is then filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QStyle, QWidget

from agentdesk.base.paths import resource
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme

if TYPE_CHECKING:
    from agentdesk.desktop.workspace import Workspace
    from agentdesk.sync.desk import DeskPort

__all__ = ["MainWindow", "program_icon"]

_MINIMUM = (720, 480)
_PREFERRED = (1440, 900)


def program_icon() -> QIcon:
    """Return the program's own picture."""
    return QIcon(str(resource("icons/agentdesk.svg")))


class MainWindow(QMainWindow):
    """``closed`` tells that the person closed it; the program ends when what it still does is done."""

    closed = Signal()

    def __init__(self, settings: SettingsFile) -> None:
        super().__init__()
        self._settings = settings
        self.workspace: Workspace | None = None
        self.setWindowTitle("AgentDesk")
        self.setWindowIcon(program_icon())
        self.setMinimumSize(*_MINIMUM)
        self.resize(*_PREFERRED)
        if settings.now.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.now.geometry.encode()))
        self._waiting = _Waiting(self)
        self.setCentralWidget(self._waiting)

    @property
    def is_painted(self) -> bool:
        """Whether it has been on screen."""
        return self._waiting.painted

    def attach(
        self, desk: DeskPort, *, workspace: str = "AgentDesk", reconnect: Callable[[], None] | None = None
    ) -> Workspace:
        """Fill the window with the panes of ``desk``."""
        from agentdesk.desktop.workspace import Workspace

        self.workspace = Workspace(self, desk, self._settings, workspace=workspace, reconnect=reconnect)
        self.setCentralWidget(self.workspace)
        return self.workspace

    def show_page(self, page: QWidget) -> None:
        """Show something else than the panes: the first run, or signing in."""
        self.workspace = None
        self.setCentralWidget(page)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep where the window was, and leave the ending to whoever opened it."""
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._settings.change(geometry=geometry)
        event.ignore()
        self.closed.emit()


class _Waiting(QWidget):
    """The panes as shapes, for the moment until they are there."""

    painted = False

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted = True
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("bg.window"))
        direction = self.layoutDirection()

        def at(x: int, y: int, width: int, height: int) -> QRect:
            return QStyle.visualRect(direction, self.rect(), QRect(x, y, width, height))

        rail = 208 if self.width() >= 1360 else 56
        painter.fillRect(at(rail, 0, 344, self.height() - 24), theme().color("bg.list"))
        painter.fillRect(
            at(rail + 344, 0, self.width() - rail - 344, self.height() - 24), theme().color("bg.canvas")
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("bg.hover"))
        for row in range(6):
            top = 92 + row * 72
            painter.drawEllipse(QRectF(at(rail + 16, top + 14, 32, 32)))
            painter.drawRoundedRect(QRectF(at(rail + 60, top + 14, 110, 10)), 5, 5)
            painter.drawRoundedRect(QRectF(at(rail + 60, top + 36, 210, 10)), 5, 5)
