"""The bar that takes the place of the list's heading while conversations are selected."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QWidget

from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import Button, IconButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["BAR_HEIGHT", "BulkBar"]

BAR_HEIGHT = 48

_DEEDS: dict[str, tuple[Msg, str]] = {
    "assign": (msg("Assign to…"), "user-plus"),
    "snooze": (msg("Snooze…"), "alarm-clock"),
    "tags": (msg("Tags"), "tag"),
    "merge": (msg("Merge…"), "merge"),
}
"""What has a button of its own where there is room for it, and is in the menu otherwise."""
_ALWAYS_IN_MENU: dict[str, tuple[Msg, str]] = {
    "priority": (msg("Priority"), "chevron-up"),
    "unread": (msg("Mark unread"), "mail"),
    "read": (msg("Mark read"), "mail-open"),
}


class BulkBar(QWidget):
    """``wanted(key)`` names what to do with the selected ones: ``assign``, ``snooze``, ``tags``, ``merge``,
    ``priority``, ``unread``, ``read`` or ``resolve``. ``all_wanted`` and ``none_wanted`` change the
    selection; ``stop_wanted``: what is under way shall go no further."""

    wanted = Signal(str)
    all_wanted = Signal()
    none_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._everything = False
        self._progress: tuple[int, int] | None = None
        self.setFixedHeight(BAR_HEIGHT)
        self.box = QCheckBox(self)
        self.box.setTristate(True)
        self.box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.box.clicked.connect(self._on_box)
        self._words = Label("", "body", "accent.text", weight=600, parent=self)
        self.buttons = {
            key: IconButton(picture, words, parent=self) for key, (words, picture) in _DEEDS.items()
        }
        for key, button in self.buttons.items():
            button.setObjectName(key)
            button.clicked.connect(self._on_button)
        self.more = IconButton("ellipsis", msg("More"), parent=self)
        self.more.clicked.connect(self.open_menu)
        self.resolve = Button(msg("Resolve"), "primary", "check", self)
        self.resolve.setObjectName("resolve")
        self.resolve.clicked.connect(self._on_button)
        self._stop = Button(msg("Stop"), parent=self)
        self._stop.clicked.connect(self.stop_wanted)
        self.close_button = IconButton("x", msg("Select nothing"), parent=self)
        self.close_button.clicked.connect(self.none_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 8, 0)
        row.setSpacing(2)
        row.addWidget(self.box)
        row.addSpacing(4)
        row.addWidget(self._words)
        row.addStretch(1)
        for widget in (*self.buttons.values(), self.more):
            row.addWidget(widget)
        row.addSpacing(4)
        row.addWidget(self.resolve)
        row.addWidget(self._stop)
        row.addWidget(self.close_button)
        theme().changed.connect(self._show)
        self._show()

    def set_count(self, count: int, *, everything: bool) -> None:
        """Say how many are selected, and whether that is the whole list."""
        began = not self._count and count
        self._count, self._everything = count, everything
        self._show()
        if began:
            announce(self, tr(self._selected()))

    def set_progress(self, done: int, total: int) -> None:
        """Say how far a long deed is."""
        self._progress = (done, total)
        self._show()

    def end_progress(self) -> None:
        """Offer the deeds again."""
        self._progress = None
        self._show()

    def anchor(self, key: str) -> QWidget:
        """Return the button a popover of ``key`` opens at."""
        button = self.buttons.get(key)
        return button if button is not None and button.isVisible() else self.more

    def words(self) -> str:
        """Return what the bar says."""
        return self._words.text()

    def menu(self) -> QMenu:
        """Return a menu of what has no button of its own."""
        menu = new_menu(self)
        hidden = {key: entry for key, entry in _DEEDS.items() if self.buttons[key].isHidden()}
        for key, (words, picture) in {**hidden, **_ALWAYS_IN_MENU}.items():
            action = QAction(icon(picture), tr(words), menu)
            action.setData(key)
            action.setEnabled(key != "merge" or self._count > 1)
            menu.addAction(action)
        menu.triggered.connect(self._on_menu)
        return menu

    def open_menu(self) -> None:
        """Open that menu below its button."""
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def _selected(self) -> Msg:
        return plural("{count} selected", "{count} selected", self._count)

    def _show(self) -> None:
        working = self._progress is not None
        state = Qt.CheckState.Checked if self._everything else Qt.CheckState.PartiallyChecked
        self.box.setCheckState(state)
        self.box.setVisible(not working)
        self.box.setAccessibleName(tr(msg("Select all in this view")))
        self.box.setToolTip(tr(msg("Select all in this view")))
        self.setAccessibleName(tr(self._selected()))
        self._words.setToolTip(tr(self._selected()))
        self.resolve.set_text(msg("Resolve {count}", count=self._count))
        self._stop.setVisible(working)
        self.resolve.setVisible(not working)
        self.close_button.setVisible(not working)
        self._fit()
        self.update()

    def _fit(self) -> None:
        """Give words and buttons the room there is: first the words shorten, then buttons go to the menu."""
        if self._progress is not None:
            self._words.set_content(msg("{done} of {total}", done=self._progress[0], total=self._progress[1]))
            for button in (*self.buttons.values(), self.more):
                button.hide()
            return
        self._words.set_content(self._selected())
        self.more.show()
        fixed = 14 + 8 + self.box.sizeHint().width() + 4 + 4 + self.resolve.sizeHint().width() + 2 * 30 + 16
        room = self.width() - fixed
        if self._words.sizeHint().width() > room - len(self.buttons) * 30:
            self._words.set_content(str(self._count))
        room -= self._words.sizeHint().width()
        self.buttons["merge"].setEnabled(self._count > 1)
        for position, button in enumerate(self.buttons.values(), 1):
            button.setVisible(room >= position * 30)

    def _on_box(self) -> None:
        everything = self._everything
        self._show()  # a click has changed the picture; the selection decides
        if everything:
            self.none_wanted.emit()
        else:
            self.all_wanted.emit()

    def _on_button(self) -> None:
        self.wanted.emit(self.sender().objectName())

    def _on_menu(self, action: QAction) -> None:
        self.wanted.emit(str(action.data()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "close_button"):
            self._show()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("accent.tint"))
