"""The rail: who I am and where, search, and the lists that can be shown."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.delegates.rail import RailDelegate
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.rail import ENTRY_ROLE, RailModel
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.rail_list import RailList
from agentdesk.desktop.widgets.avatar import Avatar, initials
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.search_field import SearchField
from agentdesk.queries.rows import UserRow, View

__all__ = ["FOLDED_WIDTH", "OPEN_WIDTH", "Rail"]

OPEN_WIDTH = 208
FOLDED_WIDTH = 56
_NARROWEST, _WIDEST = 180, 280


class Rail(QWidget):
    """``chosen(View)`` tells which list to show, ``searched(str)`` what was typed into the search field;
    nothing, when it was emptied; ``menu_wanted``, ``deed_wanted`` and ``dropped`` are those of the list."""

    chosen = Signal(object)
    searched = Signal(str)
    search_left = Signal()
    unfold_wanted = Signal()
    menu_wanted = Signal(object, QPoint)
    deed_wanted = Signal(object, str)
    dropped = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = RailModel(self)
        self._folded = False
        self._open_width = OPEN_WIDTH
        self._workspace = ElidedLabel("AgentDesk", "body", weight=600)
        self._badge = _Badge(self)
        self._me = QToolButton(self)
        self._me.setProperty("kind", "icon")
        self._me.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._face = Avatar(24, behind="bg.window", parent=self._me)
        self._face.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._face.move(2, 2)
        self._standing: Msg | None = None
        self._search = _SearchField(self)
        self._search.returnPressed.connect(self._on_search)
        self._search.textChanged.connect(self._on_search_text)
        self._search.left.connect(self.search_left)
        self._search_button = QToolButton(self)
        self._search_button.setProperty("kind", "icon")
        self._search_button.setIcon(icon("search"))
        self._search_button.setIconSize(QSize(18, 18))
        self._search_button.clicked.connect(self.unfold_wanted)
        self._foot: list[QToolButton] = []
        self._build_list()
        self._arrange()
        theme().changed.connect(self._restyle)
        self._retranslate()
        self.set_folded(False)

    @property
    def model(self) -> RailModel:
        """The entries."""
        return self._model

    @property
    def search(self) -> QLineEdit:
        """The search field."""
        return self._search

    def set_workspace(self, name: str) -> None:
        """Show where the desk is signed in."""
        self._workspace.set_content(name)
        self._badge.set_name(name)

    def set_me(self, me: UserRow | None) -> None:
        """Show who is signed in."""
        if me is not None:
            self._face.set_person(me.name, me.id)
            self._me.setToolTip(me.name)
            self._name_me(me.name)

    def set_standing(self, dot: str, words: Msg) -> None:
        """Show how who is signed in stands: a dot of that colour role at the picture; ``words`` say it."""
        self._standing = words
        self._face.set_dot(dot)
        self._name_me(self._face.accessibleName())

    def menu_spot(self) -> QPoint:
        """Where a menu opens at my picture, on the screen."""
        return self._me.mapToGlobal(QPoint(0, self._me.height()))

    def _name_me(self, name: str) -> None:
        words = msg("My menu, {name}", name=name)
        if self._standing is not None:
            words = msg("My menu, {name}, {status}", name=name, status=self._standing)
        self._me.setAccessibleName(tr(words))

    def set_my_menu(self, menu: QMenu) -> None:
        """Give the menu that opens from my picture."""
        self._me.setMenu(menu)

    def show_view(self, view: View) -> None:
        """Mark the entry of ``view`` without telling; words searched for before are taken away."""
        if (view.kind != "search" or view.saved_id is not None) and self._search.text():
            self._search.blockSignals(True)
            self._search.clear()
            self._search.blockSignals(False)
        position = self._model.position_of(view)
        index = QModelIndex() if position is None else self._model.index(position)
        if index == self._list.currentIndex() and index.isValid():
            return
        self._list.selectionModel().blockSignals(True)
        self._list.setCurrentIndex(index)
        self._list.selectionModel().blockSignals(False)
        self._list.viewport().update()

    def current_view(self) -> View | None:
        """Return the view whose entry is marked."""
        entry = self._list.currentIndex().data(ENTRY_ROLE)
        return entry.view if entry is not None else None

    def is_folded(self) -> bool:
        """Say whether only icons are shown."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Show icons only, or words too."""
        self._folded = folded
        self._delegate.folded = folded
        for widget in (self._workspace, self._search):
            widget.setVisible(not folded)
        self._search_button.setVisible(folded)
        self._badge.setVisible(True)
        self.setFixedWidth(FOLDED_WIDTH if folded else self._open_width)
        self._head.setDirection(
            QHBoxLayout.Direction.TopToBottom if folded else QHBoxLayout.Direction.LeftToRight
        )
        self._list.doItemsLayout()
        for button in self._foot:
            self._fit(button)

    def add_below(self, button: QToolButton) -> None:
        """Put the way to a screen of its own under the lists."""
        self._foot.append(button)
        self._below.addWidget(button)
        self._fit(button)

    def _fit(self, button: QToolButton) -> None:
        beside, alone = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(alone if self._folded else beside)

    def set_open_width(self, width: int) -> None:
        """Be ``width`` pixels wide while words are shown, within the limits; 0 is the usual width."""
        self._open_width = min(max(width, _NARROWEST), _WIDEST) if width else OPEN_WIDTH
        if not self._folded:
            self.setFixedWidth(self._open_width)

    def open_width(self) -> int:
        """Return how wide it is while words are shown."""
        return self._open_width

    def focus_search(self) -> None:
        """Put the caret into the search field, unfolding the rail."""
        if self._folded:
            self.unfold_wanted.emit()
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _build_list(self) -> None:
        self._delegate = RailDelegate(self)
        self._list = RailList(self._model, self)
        self._list.setItemDelegate(self._delegate)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._list.clicked.connect(self._on_current)
        self._list.menu_wanted.connect(self.menu_wanted)
        self._list.deed_wanted.connect(self.deed_wanted)
        self._list.dropped.connect(self.dropped)
        self.setFocusProxy(self._list)

    def _arrange(self) -> None:
        self._head = QHBoxLayout()
        self._head.setContentsMargins(12, 8, 10, 6)
        self._head.setSpacing(8)
        self._head.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignCenter)
        self._head.addWidget(self._workspace, 1)
        self._head.addWidget(self._me, 0, Qt.AlignmentFlag.AlignCenter)
        search = QHBoxLayout()
        search.setContentsMargins(8, 0, 8, 6)
        search.addWidget(self._search)
        search.addWidget(self._search_button, 0, Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head)
        column.addLayout(search)
        column.addWidget(self._list, 1)
        self._below = QVBoxLayout()
        self._below.setContentsMargins(8, 4, 8, 8)
        column.addLayout(self._below)

    def _on_current(self, now: QModelIndex, _before: QModelIndex | None = None) -> None:
        entry = now.data(ENTRY_ROLE) if now.isValid() else None
        if entry is not None and entry.view is not None:
            self.chosen.emit(entry.view)

    def _on_search(self) -> None:
        if self._search.text().strip():
            self.searched.emit(self._search.text().strip())

    def _on_search_text(self, text: str) -> None:
        if len(text.strip()) >= 2 or not text:
            self.searched.emit(text.strip())

    def _retranslate(self) -> None:
        self._search.setPlaceholderText(tr(msg("Search")))
        self._search.setAccessibleName(tr(msg("Search")))
        self._search_button.setAccessibleName(tr(msg("Search")))
        self._list.setAccessibleName(tr(msg("Views and channels")))
        self._model.retranslate()

    def _restyle(self) -> None:
        self._list.doItemsLayout()
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_head"):
            self._retranslate()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.window"))


class _Badge(QWidget):
    """A square with the workspace's initial."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._letter = ""
        self.setFixedSize(26, 26)
        theme().changed.connect(self.update)

    def set_name(self, name: str) -> None:
        """Stand for the workspace ``name``."""
        self._letter = initials(name)[:1]
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent.fill"))
        painter.drawRoundedRect(self.rect(), theme().radius("control"), theme().radius("control"))
        painter.setFont(theme().font("small", 600))
        painter.setPen(theme().color("text.onFill"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._letter)


class _SearchField(SearchField):
    """Esc empties it and gives the focus back: ``left``."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setClearButtonEnabled(True)

    def event(self, event: QEvent) -> bool:
        """Keep Esc for the field while it has the focus: it is a shortcut of the window otherwise."""
        asks = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asks and cast(QKeyEvent, event).key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
            return
        super().keyPressEvent(event)
