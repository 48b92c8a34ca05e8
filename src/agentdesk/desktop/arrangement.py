"""Arranges the panes of the window by its width: what folds, what becomes a drawer, what takes turns."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSplitter, QWidget

from agentdesk.desktop.panes import Panel, Panes, panes_for
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.rail import Rail

__all__ = ["Arrangement", "Sheet"]

_PANEL_WIDTH = 304
_QUEUE_WIDEST = 520
_NO_LIMIT = 16_777_215


class Arrangement(QObject):
    """Follows :func:`agentdesk.desktop.panes.panes_for` and what the person pinned, folded or hid."""

    def __init__(
        self,
        sheet: QWidget,
        splitter: QSplitter,
        rail: Rail,
        queue: QueuePane,
        conversation: ConversationView,
        panel: CustomerPanel,
        settings: SettingsFile,
    ) -> None:
        super().__init__(sheet)
        self._sheet = sheet
        self._splitter = splitter
        self._rail = rail
        self._queue = queue
        self._conversation = conversation
        self._panel = panel
        self._settings = settings
        self._panes: Panes | None = None
        self._width = 0

    def arrange(self, width: int) -> None:
        """Arrange everything for a window ``width`` pixels wide."""
        self._width = width
        wanted = panes_for(width, rail_pinned=self._settings.now.rail_pinned)
        if wanted != self._panes:
            first = self._panes is None
            self._panes = wanted
            self._rail.set_folded(wanted.rail_folded)
            self._place_panel(wanted)
            self._place_steps(wanted)
            if not wanted.steps or first:
                self._splitter.setSizes([wanted.list_width, 10_000, _PANEL_WIDTH])
        if wanted.panel is Panel.DRAWER:
            self._panel.setGeometry(self._drawer_place())

    def show_conversation(self) -> None:
        """Come to the conversation, where list and conversation take turns."""
        if self._steps() and not self._conversation.isVisible():
            self._conversation.show()
            self._conversation.setFocus(Qt.FocusReason.OtherFocusReason)
            self._queue.hide()

    def show_list(self) -> None:
        """Come back to the list."""
        if self._steps():
            self._conversation.hide()
            self._queue.show()
        self._queue.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def back(self) -> bool:
        """Go one level back: close the drawer, then return to the list; False where there is no level."""
        if self._panes is not None and self._panes.panel is Panel.DRAWER and self._panel.isVisible():
            self.toggle_panel()
            return True
        if self._steps() and self._conversation.isVisible():
            self.show_list()
            return True
        return False

    def toggle_panel(self) -> None:
        """Show or hide the customer panel; as a drawer it is closed again with the window."""
        shown = not self._panel.isVisible()
        if self._panes is not None and self._panes.panel is Panel.DRAWER:
            self._panel.setGeometry(self._drawer_place())
            self._panel.raise_()
        else:
            self._settings.change(panel_shown=shown)
        self._panel.setVisible(shown)
        self._conversation.set_panel_shown(shown)

    def toggle_rail(self) -> None:
        """Fold or unfold the rail, and remember it."""
        self._settings.change(rail_pinned=self._rail.is_folded())
        self.arrange(self._width)

    def unfold_rail(self) -> None:
        """Make place for words in the rail."""
        if self._rail.is_folded():
            self.toggle_rail()

    def _steps(self) -> bool:
        return self._panes is not None and self._panes.steps

    def _place_panel(self, panes: Panes) -> None:
        if panes.panel is Panel.DOCKED:
            self._splitter.addWidget(self._panel)
            self._panel.setVisible(self._settings.now.panel_shown)
        else:
            self._panel.setParent(self._sheet)
            self._panel.hide()
        self._conversation.set_panel_shown(self._panel.isVisibleTo(self._sheet))

    def _place_steps(self, panes: Panes) -> None:
        reading = self._conversation.conversation_id is not None
        self._queue.setMaximumWidth(_NO_LIMIT if panes.steps else _QUEUE_WIDEST)
        self._queue.setVisible(not panes.steps or not reading)
        self._conversation.setVisible(not panes.steps or reading)
        self._conversation.set_back_shown(panes.steps)

    def _drawer_place(self) -> QRect:
        area = self._sheet.rect()
        rtl = self._sheet.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = area.left() if rtl else area.right() + 1 - _PANEL_WIDTH
        return QRect(x, area.top() + 1, _PANEL_WIDTH, area.height() - 1)


class Sheet(QWidget):
    """The raised work sheet with its rounded corner at the top start."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("bg.window"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().radius("card")
        painter.setPen(theme().color("line.subtle"))
        painter.setBrush(theme().color("bg.list"))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        box = self.rect().adjusted(-20 if rtl else 0, 0, 0 if rtl else 20, 20)
        painter.drawRoundedRect(box.adjusted(0, 0, -1, -1), radius, radius)
