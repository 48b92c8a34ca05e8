"""Arranges the panes of the window by its width: what folds, what becomes a drawer, what takes turns."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEasingCurve, QObject, QPropertyAnimation, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from agentdesk.desktop.panes import Panel, Panes, Widths, panes_for
from agentdesk.desktop.rail_edge import RailEdge
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.rail import Rail

__all__ = ["Arrangement", "Sheet"]

_PANEL_WIDTH = 304
_QUEUE_WIDEST = 520
_NO_LIMIT = 16_777_215
_KEEP_AFTER_MS = 300


class Arrangement(QObject):
    """Follows :func:`agentdesk.desktop.panes.panes_for` and what the person pinned, folded or hid.

    ``conversation`` and ``panel`` are the places of those parts; ``is_reading()`` says whether a conversation
    is open. ``panel_shown(bool)`` and ``back_offered(bool)`` tell what the conversation's head says of it.
    """

    panel_shown = Signal(bool)
    back_offered = Signal(bool)

    def __init__(
        self,
        around: QWidget,
        sheet: QWidget,
        splitter: QSplitter,
        rail: Rail,
        queue: QueuePane,
        conversation: QWidget,
        panel: QWidget,
        settings: SettingsFile,
        is_reading: Callable[[], bool],
    ) -> None:
        super().__init__(sheet)
        self._sheet = sheet
        self._splitter = splitter
        self._rail = rail
        self._queue = queue
        self._conversation = conversation
        self._panel = panel
        self._settings = settings
        self._is_reading = is_reading
        self._panes: Panes | None = None
        self._width = 0
        self._chats = 1
        self._focused = False
        self._slide = QPropertyAnimation(panel, b"pos", self)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._slide.finished.connect(self._on_slid)
        rail.set_open_width(settings.now.rail_width)
        self._edge = RailEdge(rail, around)
        self._edge.dragged.connect(self._on_rail_dragged)
        self._edge.let_go.connect(self._keep_rail_width)
        self._keep_soon = QTimer(self)
        self._keep_soon.setSingleShot(True)
        self._keep_soon.setInterval(_KEEP_AFTER_MS)
        self._keep_soon.timeout.connect(self._keep_widths)
        splitter.splitterMoved.connect(self._keep_soon.start)

    def arrange(self, width: int) -> None:
        """Arrange everything for a window ``width`` pixels wide."""
        self._width = width
        if self._focused:
            return
        before, wanted = self._panes, self._panes_for(self._chats)
        if wanted != before:
            first = before is None
            self._panes = wanted
            self._rail.set_folded(wanted.rail_folded)
            self._place_panel(wanted)
            if before is None or not (before.steps and wanted.steps):
                self._place_steps(wanted)
            if not wanted.steps or first:
                kept = self._settings.now
                panel = kept.panel_width or _PANEL_WIDTH
                self._splitter.setSizes([kept.list_width or wanted.list_width, 10_000, panel])
        if wanted.panel is Panel.DRAWER:
            self._end_slide()
            self._panel.setGeometry(self._drawer_place())
        QTimer.singleShot(0, self._edge.place)

    def set_chats(self, count: int) -> None:
        """Make room for ``count`` conversations side by side, as far as there is any."""
        if count != self._chats:
            self._chats = count
            self.arrange(self._width)

    def fits(self, count: int) -> bool:
        """Whether there is room for ``count`` conversations side by side."""
        if self._focused:
            return self._width >= count * (theme().size("chat_pane") + 1)
        return self._panes_for(count).chats >= count

    def put_on_top(self, widget: QWidget) -> None:
        """Place something over all panes of the sheet."""
        layout = self._sheet.layout()
        if isinstance(layout, QVBoxLayout):
            layout.insertWidget(0, widget)

    def tell(self) -> None:
        """Tell how things stand."""
        self.panel_shown.emit(self._panel.isVisibleTo(self._sheet))
        self.back_offered.emit(self._focused or self._steps())

    def show_conversation(self) -> None:
        """Come to the conversation, where list and conversation take turns."""
        if self._steps() and not self._conversation.isVisible():
            self._conversation.show()
            self._conversation.setFocus(Qt.FocusReason.OtherFocusReason)
            self._queue.hide()

    def show_list(self) -> None:
        """Come back to the list."""
        self.set_focus_mode(False)
        if self._steps():
            self._conversation.hide()
            self._queue.show()
        self._queue.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def back(self) -> bool:
        """Go one level back: close the drawer, then return to the list; False where there is no level."""
        if self._focused:
            self.set_focus_mode(False)
            return True
        if self._is_drawer() and self._panel.isVisible() and not self._is_leaving():
            self.toggle_panel()
            return True
        if self._steps() and self._conversation.isVisible():
            self.show_list()
            return True
        return False

    def toggle_panel(self) -> None:
        """Show or hide the customer panel, and remember it; as a drawer for this arrangement alone."""
        if self._focused:
            self.set_focus_mode(False)
        shown = not self._panel.isVisible() or self._is_leaving()
        if self._panes is not None and self._panes.panel is Panel.DRAWER:
            self._settings.change(drawers={**self._settings.now.drawers, self._panes.name: shown})
            self._slide_drawer(shown)
        else:
            self._settings.change(panel_shown=shown)
            self._panel.setVisible(shown)
            self._make_room()
        self.panel_shown.emit(self._panel.isVisibleTo(self._sheet))

    def show_panel(self) -> None:
        """See to it that the customer panel is there, at once."""
        if not self._panel.isVisible() or self._is_leaving():
            self.toggle_panel()
        if self._is_drawer():
            self._slide.stop()
            self._panel.setGeometry(self._drawer_place())

    def set_focus_mode(self, on: bool) -> None:
        """Show nothing but the conversation, or all again."""
        if on == self._focused:
            return
        self._focused = on
        if on:
            self._keep_soon.stop()
            for pane in (self._rail, self._queue, self._panel, self._edge):
                pane.hide()
            self._conversation.show()
            self.back_offered.emit(True)
            self._conversation.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._rail.show()
            self._panes = None
            self.arrange(self._width)

    def toggle_rail(self) -> None:
        """Fold or unfold the rail, and remember it."""
        self._settings.change(rail_pinned=self._rail.is_folded())
        self.arrange(self._width)

    def unfold_rail(self) -> None:
        """Make place for words in the rail."""
        if self._rail.is_folded():
            self.toggle_rail()

    def _make_room(self) -> None:
        """A panel that came up, and for which conversations leave no room, stands over them."""
        wanted = self._panes_for(self._chats)
        if wanted.panel is Panel.DRAWER:
            self._settings.change(drawers={**self._settings.now.drawers, wanted.name: True})
        if wanted != self._panes:
            self.arrange(self._width)

    def _panes_for(self, chats: int) -> Panes:
        kept = self._settings.now
        panel = (kept.panel_width or _PANEL_WIDTH) if kept.panel_shown else 0
        chat = theme().size("chat_pane")
        widths = Widths(rail=self._rail.open_width(), list=kept.list_width, panel=panel, chat=chat)
        return panes_for(self._width, rail_pinned=kept.rail_pinned, chats=chats, widths=widths)

    def _is_drawer(self) -> bool:
        return self._panes is not None and self._panes.panel is Panel.DRAWER

    def _steps(self) -> bool:
        return self._panes is not None and self._panes.steps

    def _place_panel(self, panes: Panes) -> None:
        self._slide.stop()
        if panes.panel is Panel.DOCKED:
            self._splitter.addWidget(self._panel)
            self._panel.setVisible(self._settings.now.panel_shown)
        else:
            self._panel.setParent(self._sheet)
            self._panel.setVisible(self._settings.now.drawers.get(panes.name, False))
            self._panel.raise_()
        self.panel_shown.emit(self._panel.isVisibleTo(self._sheet))

    def _place_steps(self, panes: Panes) -> None:
        reading = self._is_reading()
        self._queue.setMaximumWidth(_NO_LIMIT if panes.steps else _QUEUE_WIDEST)
        self._queue.setVisible(not panes.steps or not reading)
        self._conversation.setVisible(not panes.steps or reading)
        self.back_offered.emit(panes.steps)

    def _is_leaving(self) -> bool:
        sliding = self._slide.state() == QPropertyAnimation.State.Running
        return sliding and self._slide.endValue() == self._drawer_place(outside=True).topLeft()

    def _end_slide(self) -> None:
        """Be at once where the slide would lead."""
        leaving = self._is_leaving()
        self._slide.stop()
        if leaving:
            self._panel.hide()

    def _slide_drawer(self, shown: bool) -> None:
        inside, outside = self._drawer_place(), self._drawer_place(outside=True)
        start, end = (outside, inside) if shown else (inside, outside)
        self._slide.stop()
        self._panel.setGeometry(start)
        self._panel.raise_()
        self._panel.show()
        self._slide.setDuration(theme().duration("pane"))
        self._slide.setEndValue(end.topLeft())
        self._slide.start()

    def _on_slid(self) -> None:
        if self._slide.endValue() == self._drawer_place(outside=True).topLeft():
            self._panel.hide()

    def _on_rail_dragged(self, width: int) -> None:
        self._rail.set_open_width(width)
        QTimer.singleShot(0, self._edge.place)

    def _keep_rail_width(self) -> None:
        self._settings.change(rail_width=self._rail.open_width())

    def _keep_widths(self) -> None:
        """Remember how wide list and panel were dragged, where both have widths of their own."""
        if self._focused or self._steps():
            return
        list_width, _middle, *panel = self._splitter.sizes()
        self._settings.change(list_width=list_width)
        if panel and panel[0]:
            self._settings.change(panel_width=panel[0])

    def _drawer_place(self, *, outside: bool = False) -> QRect:
        area = self._sheet.rect()
        rtl = self._sheet.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = area.left() if rtl else area.right() + 1 - _PANEL_WIDTH
        if outside:
            x += -_PANEL_WIDTH if rtl else _PANEL_WIDTH
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
