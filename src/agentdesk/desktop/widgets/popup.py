"""A popover with a search field and a list under it, driven by the keyboard: templates, assignees, languages.

A child of the window, not a window of its own: it mirrors, scales and is captured with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.popup_list import ITEM_ROLE, PopupItem, PopupList, row_height
from agentdesk.desktop.widgets.surface import paint_shadow, paint_surface

__all__ = ["Popup", "PopupItem"]

_SHADOW = 14
_MOST_ROWS = 9


class Popup(QFrame):
    """Search field, list, and optionally a preview and a hint below.

    ``chosen(key)`` tells the choice (the popup has closed by then), ``current_changed(key)`` what is marked,
    ``dismissed`` that it was closed without one. ``typed(text)`` comes with every change of the field.
    """

    chosen = Signal(str)
    current_changed = Signal(str)
    dismissed = Signal()
    typed = Signal(str)

    def __init__(self, window: QWidget, placeholder: Msg, *, width: int = 300) -> None:
        super().__init__(window)
        self._placeholder = placeholder
        self._items: tuple[PopupItem, ...] = ()
        self._find: Callable[[str], Sequence[PopupItem]] | None = None
        self._key_hook: Callable[[QKeyEvent], bool] | None = None
        self._focus_before: QWidget | None = None
        self._anchor: QWidget | None = None
        self._field = QLineEdit(self)
        self._field.setProperty("kind", "search")
        self._field.addAction(icon("search", "text.muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._field.textChanged.connect(self._on_typed)
        self._list = PopupList(self)
        self._list.clicked.connect(self._on_clicked)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._preview = Label("", "small", "text.secondary", wrap=True)
        self._hint = Label("", "caption", "text.muted", wrap=True)
        column = QVBoxLayout(self)
        margin = _SHADOW + theme().space(2)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme().space(1) + 2)
        for widget in (self._field, self._list, self._preview, self._hint):
            column.addWidget(widget)
        self._preview.hide()
        self._hint.hide()
        self.setFixedWidth(width + 2 * _SHADOW)
        self.hide()
        theme().changed.connect(self.update)

    @property
    def field(self) -> QLineEdit:
        """The search field."""
        return self._field

    def set_items(self, items: Sequence[PopupItem]) -> None:
        """Offer ``items``; typing leaves those that match."""
        self._items, self._find = tuple(items), None
        self._refill()

    def set_finder(self, find: Callable[[str], Sequence[PopupItem]]) -> None:
        """Ask ``find(query)`` for the rows on every change, in its order."""
        self._find = find
        self._refill()

    def set_key_hook(self, hook: Callable[[QKeyEvent], bool]) -> None:
        """Let ``hook`` see keys first (Tab, Ctrl+Enter); it returns whether it took the key."""
        self._key_hook = hook

    def set_preview(self, text: str) -> None:
        """Show ``text`` under the list; empty hides it."""
        self._preview.set_content(text)
        self._preview.setVisible(bool(text))
        self._fit()

    def set_hint(self, hint: Msg | None) -> None:
        """Show a line at the bottom on what can be typed or pressed."""
        self._hint.set_content(hint or "")
        self._hint.setVisible(hint is not None)
        self._fit()

    def current(self) -> str:
        """The key of the marked row, empty when there is none."""
        item = self._list.currentIndex().data(ITEM_ROLE)
        return item.key if isinstance(item, PopupItem) else ""

    def shown_keys(self) -> list[str]:
        """The keys of the rows shown now."""
        return [item.key for item in self._list.rows.items]

    def open_at(self, anchor: QWidget, text: str = "") -> None:
        """Open below ``anchor`` (above, where there is more room) with ``text`` in the field."""
        self._focus_before = QApplication.focusWidget()
        self._anchor = anchor
        self._field.setText(text)
        self._refill()
        self._show_words()
        self.show()
        self.raise_()
        self._field.setFocus()
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def dismiss(self) -> None:
        """Close without a choice; the focus goes back where it was."""
        if self._close():
            self.dismissed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the field move in the list; a press outside closes."""
        if watched is self._field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._on_key(event)
        if watched is self._field and isinstance(event, QFocusEvent) and event.lostFocus():
            self._on_focus_lost(event.reason())
        if (
            event.type() == QEvent.Type.MouseButtonPress
            and isinstance(event, QMouseEvent)
            and self.isVisible()
        ):
            inside = self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint()))
            if isinstance(watched, QWidget) and not inside:
                self.dismiss()
        return False

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show_words()
            self._refill()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(_SHADOW, _SHADOW, -_SHADOW, -_SHADOW)
        radius = theme().radius("card")
        paint_shadow(painter, box, radius)
        paint_surface(painter, box, "bg.raised", "line.subtle", radius)

    def _on_key(self, event: QKeyEvent) -> bool:
        if self._key_hook is not None and self._key_hook(event):
            return True
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._list.step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._list.step(_MOST_ROWS if key == Qt.Key.Key_PageDown else -_MOST_ROWS)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._list.currentIndex())
        elif key == Qt.Key.Key_Escape or (key == Qt.Key.Key_Backspace and not self._field.text()):
            self.dismiss()
        else:
            return False
        return True

    def _on_focus_lost(self, reason: Qt.FocusReason) -> None:
        """Close when Tab took the focus to another part of the window; not for menus and other windows."""
        if reason in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._focus_before = None
            self.dismiss()

    def _choose(self, index: QModelIndex) -> None:
        item = index.data(ITEM_ROLE)
        if isinstance(item, PopupItem) and item.enabled and self._close():
            self.chosen.emit(item.key)

    def _close(self) -> bool:
        if not self.isVisible():
            return False
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.hide()
        if self._focus_before is not None:
            self._focus_before.setFocus()
            self._focus_before = None
        return True

    def _on_typed(self, text: str) -> None:
        self._refill()
        self.typed.emit(text)

    def _on_clicked(self, index: QModelIndex) -> None:
        self._choose(index)

    def _on_current(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self.current_changed.emit(self.current())

    def _refill(self) -> None:
        query = self._field.text()
        if self._find is not None:
            found = list(self._find(query))
        else:
            found = [item for item in self._items if item.matches(query)]
        self._list.rows.set_items(found)
        self._list.step(0)
        self._fit()
        self.current_changed.emit(self.current())

    def _show_words(self) -> None:
        self._field.setPlaceholderText(tr(self._placeholder))
        self._field.setAccessibleName(tr(self._placeholder))
        self.setAccessibleName(tr(self._placeholder))

    def _fit(self) -> None:
        """Be as high as the rows need, and stay inside the window."""
        rows = min(self._list.rows.rowCount(), _MOST_ROWS)
        self._list.setFixedHeight(rows * row_height() + 2)
        self._list.setVisible(rows > 0)
        self.adjustSize()
        window = self.parentWidget()
        if self._anchor is None or window is None:
            return
        anchor = QRect(self._anchor.mapTo(window, QPoint(0, 0)), self._anchor.size())
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = anchor.right() + _SHADOW - self.width() if rtl else anchor.left() - _SHADOW
        below = anchor.bottom() + 4 - _SHADOW
        above = anchor.top() - 4 + _SHADOW - self.height()
        y = (
            below
            if below + self.height() <= window.height() or anchor.top() < window.height() // 2
            else above
        )
        self.move(
            max(-_SHADOW, min(x, window.width() + _SHADOW - self.width())),
            max(-_SHADOW, min(y, window.height() + _SHADOW - self.height())),
        )
