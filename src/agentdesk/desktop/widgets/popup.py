"""A popover with a search field and a list under it, driven by the keyboard: templates, people, times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.floating import SHADOW, Popover
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.popup_list import ITEM_ROLE, PopupItem, PopupList
from agentdesk.desktop.widgets.search_field import SearchField

__all__ = ["Popup", "PopupItem"]

_MOST_ROWS = 9


class Popup(Popover):
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
        self._field = SearchField(self)
        self._field.textChanged.connect(self._on_typed)
        self._list = PopupList(self)
        self._list.clicked.connect(self._on_clicked)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._preview = Label("", "small", "text.secondary", wrap=True)
        self._hint = Label("", "caption", "text.muted", wrap=True)
        column = QVBoxLayout(self)
        margin = SHADOW + theme().space(2)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme().space(1) + 2)
        for widget in (self._field, self._list, self._preview, self._hint):
            column.addWidget(widget)
        self._preview.hide()
        self._hint.hide()
        self.setFixedWidth(width + 2 * SHADOW)

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

    def set_preview(self, text: str) -> None:
        """Show ``text`` under the list; empty hides it."""
        self._preview.set_content(text)
        self._preview.setVisible(bool(text))
        self.place()

    def set_hint(self, hint: Msg | None) -> None:
        """Show a line at the bottom on what can be typed or pressed."""
        self._hint.set_content(hint or "")
        self._hint.setVisible(hint is not None)
        self.place()

    def current(self) -> str:
        """The key of the marked row, empty when there is none."""
        item = self._list.currentIndex().data(ITEM_ROLE)
        return item.key if isinstance(item, PopupItem) else ""

    def shown_keys(self) -> list[str]:
        """The keys of the rows shown now."""
        return [item.key for item in self._list.rows.items]

    def open_at(self, anchor: QWidget, text: str = "") -> None:
        """Open below ``anchor`` (above, where there is more room) with ``text`` in the field."""
        self._field.setText(text)
        self._refill()
        self._show_words()
        self.appear(anchor, self._field)

    def dismiss(self, *, focus_back: bool = True) -> None:
        """Close without a choice."""
        if self.leave(focus_back=focus_back):
            self.dismissed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the field move in the list; Tab leaves it."""
        pressed = watched is self._field and event.type() == QEvent.Type.KeyPress
        if pressed and isinstance(event, QKeyEvent) and self._on_key(event):
            return True
        if watched is self._field and isinstance(event, QFocusEvent) and event.lostFocus():
            self._on_focus_lost(event.reason())
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show_words()
            self._refill()
        super().changeEvent(event)

    def _on_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._list.step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._list.step(_MOST_ROWS if key == Qt.Key.Key_PageDown else -_MOST_ROWS)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self._list.currentIndex())
        elif key == Qt.Key.Key_Backspace and not self._field.text():
            self.dismiss()
        else:
            return False
        return True

    def _on_focus_lost(self, reason: Qt.FocusReason) -> None:
        """Close when Tab took the focus to another part of the window; not for menus and other windows."""
        if reason in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.dismiss(focus_back=False)

    def _choose(self, index: QModelIndex) -> None:
        item = index.data(ITEM_ROLE)
        if isinstance(item, PopupItem) and item.enabled and self.leave():
            self.chosen.emit(item.key)

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
        self.place()
        self.current_changed.emit(self.current())

    def _show_words(self) -> None:
        self._field.setPlaceholderText(tr(self._placeholder))
        self._field.setAccessibleName(tr(self._placeholder))
        self.setAccessibleName(tr(self._placeholder))

    def fit(self) -> None:
        """Be as high as the rows need."""
        self._list.fit(_MOST_ROWS)
        super().fit()
