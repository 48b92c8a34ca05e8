"""The popover that hands a conversation over: to whom, what follows from that, and a note for who gets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.button import Button
from agentdesk.desktop.widgets.floating import SHADOW, Popover
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.popup_list import ITEM_ROLE, PopupItem, PopupList
from agentdesk.desktop.widgets.search_field import SearchField

__all__ = ["HandingPanel", "Target"]

_WIDTH = 420
_MOST_ROWS = 6
_NOTE_LINES = 3
_LONGEST_NOTE = 20_000
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody or something that a conversation can be handed to: its row in the list, what follows
    (``warns``: that should be read first), and the words of the button."""

    item: PopupItem
    follows: Msg
    button: Msg
    warns: bool = False


class HandingPanel(Popover):
    """``sent(key, note)`` tells to which target the conversation is handed, with which note."""

    sent = Signal(str, str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._targets: dict[str, Target] = {}
        self._title = Label("", "title", wrap=True, parent=self)
        self.field = SearchField(self)
        self.field.textChanged.connect(self._refill)
        self.list = PopupList(self)
        self.list.clicked.connect(self._on_clicked)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.follows = Label("", "small", "text.secondary", wrap=True, parent=self)
        self.note = QPlainTextEdit(self)
        self.note.setProperty("kind", "note")
        self.note.setTabChangesFocus(True)
        self.send = Button(msg("Hand over"), "primary", parent=self)
        self.send.clicked.connect(self._on_send)
        self.cancel = Button(msg("Cancel"), parent=self)
        self.cancel.clicked.connect(self._on_cancel)
        self._arrange()
        self.setFixedWidth(_WIDTH + 2 * SHADOW)

    def open_for(self, title: Msg, targets: Sequence[Target], anchor: QWidget) -> None:
        """Offer ``targets`` at ``anchor``. A note that was typed before for another one is gone."""
        self._targets = {target.item.key: target for target in targets}
        self._title.set_content(title)
        self.note.clear()
        self.field.clear()
        self._show_words()
        self._refill()
        self.appear(anchor, self.field)

    def current(self) -> Target | None:
        """The target that is marked."""
        item = self.list.currentIndex().data(ITEM_ROLE)
        return self._targets.get(item.key) if isinstance(item, PopupItem) else None

    def shown_keys(self) -> list[str]:
        """The keys of the targets in the list."""
        return [item.key for item in self.list.rows.items]

    def fit(self) -> None:
        """Be as high as the rows need."""
        self.list.fit(_MOST_ROWS)
        self.note.setFixedHeight(_NOTE_LINES * theme().line_height("body") + 14)
        super().fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the field move in the list; Ctrl and Enter hand over from anywhere."""
        if isinstance(event, QKeyEvent) and self._holds(watched):
            if event.type() == QEvent.Type.ShortcutOverride and _is_send(event):
                event.accept()  # it sends a message otherwise
                return True
            if event.type() == QEvent.Type.KeyPress and self._on_key(watched, event):
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show_words()
            self._refill()
        super().changeEvent(event)

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        margin = SHADOW + theme().space(3)
        column.setContentsMargins(margin, margin, margin, margin)
        column.setSpacing(theme().space(2))
        for widget in (self._title, self.field, self.list, self.follows, self.note):
            column.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.send)
        column.addLayout(buttons)
        for first, second in (
            (self.field, self.note),
            (self.note, self.send),
            (self.send, self.cancel),
        ):
            QWidget.setTabOrder(first, second)

    def _on_key(self, watched: QObject, event: QKeyEvent) -> bool:
        if _is_send(event):
            self._on_send()
        elif watched is not self.field:
            return False
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.list.step(1 if event.key() == Qt.Key.Key_Down else -1)
        elif event.key() in _ENTER:
            self.note.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            return False
        return True

    def _on_clicked(self, _index: QModelIndex) -> None:
        self.note.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_current(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        target = self.current()
        self.send.setEnabled(target is not None)
        self.send.set_text(target.button if target is not None else msg("Hand over"))
        self.follows.set_content(target.follows if target is not None else msg("Nobody is found."))
        self.follows.set_color("warn.text" if target is not None and target.warns else "text.secondary")
        marked = "" if target is None else f"{target.item.shown()}. {tr(target.follows)}"
        self.field.setAccessibleDescription(marked)
        self.place()

    def _on_send(self) -> None:
        target, note = self.current(), self.note.toPlainText().strip()[:_LONGEST_NOTE]
        if target is not None and self.leave():
            self.sent.emit(target.item.key, note)

    def _on_cancel(self) -> None:
        self.dismiss()

    def _refill(self) -> None:
        query = self.field.text()
        items = [target.item for target in self._targets.values()]
        self.list.rows.set_items([item for item in items if item.matches(query)])
        self.list.step(0)
        self._on_current(QModelIndex(), QModelIndex())

    def _show_words(self) -> None:
        words = tr(msg("Person, inbox or queue"))
        self.field.setPlaceholderText(words)
        self.field.setAccessibleName(words)
        note = tr(msg("Note for whoever gets it, only your team sees it"))
        self.note.setPlaceholderText(note)
        self.note.setAccessibleName(note)
        self.setAccessibleName(tr(msg("Hand over")))


def _is_send(event: QKeyEvent) -> bool:
    return event.key() in _ENTER and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
