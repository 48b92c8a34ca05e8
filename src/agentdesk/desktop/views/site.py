"""Who is on the site: visitors who agreed to be seen, live, and the line with which one is invited."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.site import SiteModel, state_words
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import Button, IconButton
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.invitations import LONGEST_TEXT
from agentdesk.sync.desk import Changes, DeskPort, Link, LinkStatus
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["SiteView"]

_TICK_MS = 10_000
_WIDTHS = (250, 80, 150, 270, 170, 160, 150)


class SiteView(QWidget):
    """The server is asked only while it is on screen. ``left`` wants the list back,
    ``conversation_wanted(id)`` a chat shown, ``said(text, undo text, undo)`` has something for a toast."""

    left = Signal()
    conversation_wanted = Signal(object)
    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "on the site")
        self._current: UUID | None = None
        self.model = SiteModel(self)
        self._title = Label(msg("On the site"), "title", parent=self)
        self.count = Label("", "caption", "text.muted", parent=self)
        self.close_button = IconButton("x", msg("Back to the list"), parent=self)
        self.close_button.clicked.connect(self.left)
        self.table = _Table(self)
        self.empty = EmptyState(self)
        self.text = QLineEdit(self)
        self.text.setMaxLength(LONGEST_TEXT)
        self.invite = Button(msg("Invite to chat"), "primary", parent=self)
        self.open = Button(msg("Open the chat"), parent=self)
        self._hint = Label("", "caption", "text.muted", parent=self)
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.model.tick)
        self._connect()
        self._retranslate()
        self._follow()

    # For the window

    def take_focus(self) -> None:
        """Put the focus where something can be done."""
        target = self.table if self._stack.currentWidget() is self.table else self.close_button
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def on_changes(self, changes: Changes) -> None:
        """Follow who comes and goes."""
        if "site" in changes and self.isVisible():
            self._follow()

    def on_status(self, _status: LinkStatus) -> None:
        """Follow the connection."""
        if self.isVisible():
            self._follow()

    # Building

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 12, 8)
        head.setSpacing(theme().space(2))
        head.addWidget(self._title)
        head.addWidget(self.count, 1)
        head.addWidget(self.close_button)
        self.table.setModel(self.model)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.table)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 12)
        foot.setSpacing(theme().space(2))
        foot.addWidget(self._hint)
        foot.addWidget(self.text, 1)
        foot.addWidget(self.invite)
        foot.addWidget(self.open)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(head)
        rows.addLayout(self._stack, 1)
        rows.addLayout(foot)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        self.table.activated.connect(self._on_activated)
        self.text.returnPressed.connect(self._on_invite)
        self.text.textChanged.connect(self._show_choice)
        self.invite.clicked.connect(self._on_invite)
        self.open.clicked.connect(self._on_open)

    # Following the server

    def _follow(self) -> None:
        self._desk.look_at_site(self.isVisible())
        visitors = self._desk.site_visitors()
        chosen = self._current
        self.model.show(visitors or ())
        self._current = chosen  # the table would have chosen who stood beside
        trouble = self._trouble()
        self._stack.setCurrentWidget(self.empty if trouble is not None or not visitors else self.table)
        if trouble is not None:
            self.empty.show_message(*trouble, kind="warn")
        elif visitors is None:
            self.empty.show_message("globe", msg("Looking who is there…"), kind="accent")
        elif not visitors:
            asks = msg("Visitors appear here while they are on your pages, once they have agreed to that.")
            self.empty.show_message("globe", msg("Nobody is on the site"), asks, kind="accent")
        count = plural("{count} visitor", "{count} visitors", len(visitors or ()))
        self.count.set_content(count if visitors else "")
        self._keep_current()
        self._show_choice()

    def _trouble(self) -> tuple[str, Msg, Msg] | None:
        if self._desk.status.link not in (Link.SYNCED, Link.FILLING):
            back = msg("You see who is there as soon as you are connected.")
            return "cloud-off", msg("No connection to the server"), back
        if not self._desk.sees_site:
            return "download", msg("The server cannot tell yet"), msg("It has to be updated first.")
        return None

    def _keep_current(self) -> None:
        """The row that was chosen stays chosen wherever it is now; it is nobody else's when it goes."""
        if self._current is not None and self.model.row_of(self._current) is None:
            self._current = None
            self.table.selectionModel().clear()

    def _on_current(self, now: QModelIndex, _before: QModelIndex) -> None:
        one = self.model.visitor(now.row()) if now.isValid() else None
        self._current = one.id if one is not None else None
        self._show_choice()

    def _chosen(self) -> SiteVisitor | None:
        row = self.model.row_of(self._current) if self._current is not None else None
        return self.model.visitor(row) if row is not None else None

    def _show_choice(self) -> None:
        """Offer what can be done with the visitor who is chosen."""
        one = self._chosen()
        free = one is not None and one.state == "free"
        chats = one is not None and one.conversation_id is not None
        self.text.setVisible(free)
        self.invite.setVisible(free)
        self.invite.setEnabled(bool(self.text.text().strip()) and not self._tasks.running("invite"))
        self.open.setVisible(chats)
        words = state_words(one) if one is not None else msg("Choose a visitor to invite them.")
        there = self._stack.currentWidget() is self.table
        self._hint.set_content(words if words is not None and there else "")
        self._hint.setVisible(not free and there)

    # Doing

    def _on_activated(self, index: QModelIndex) -> None:
        one = self.model.visitor(index.row())
        if one is not None and one.conversation_id is not None:
            self.conversation_wanted.emit(one.conversation_id)
        elif one is not None and one.state == "free":
            self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_open(self) -> None:
        one = self._chosen()
        if one is not None and one.conversation_id is not None:
            self.conversation_wanted.emit(one.conversation_id)

    def _on_invite(self) -> None:
        one, text = self._chosen(), self.text.text().strip()
        if one is not None and one.state == "free" and text and not self._tasks.running("invite"):
            self._tasks.start(self._invite(one.id, text), "invite")
            self._show_choice()

    async def _invite(self, visitor_id: UUID, text: str) -> None:
        said: Msg = msg("The visitor is asked on their page. The chat will be yours.")
        asked = True
        try:
            await self._desk.invite_visitor(visitor_id, text)
        except AgentDeskError as error:
            said, asked = error.message, False
        if not is_alive(self):
            return
        if asked:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            self.text.clear()
        self.said.emit(said, None, None)
        announce(self, tr(said))
        QTimer.singleShot(0, self._show_choice)

    # Words and events

    def _retranslate(self) -> None:
        self.text.setPlaceholderText(tr(msg("Can I help you?")))
        self.text.setAccessibleName(tr(msg("What the visitor is asked")))
        self.table.setAccessibleName(tr(msg("Visitors on the site")))
        self.model.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_timer"):
            self._retranslate()
            if self.isVisible():
                self._follow()
        super().changeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        self._desk.look_at_site(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))


class _Table(QTableView):
    """Rows of one height; letters are shortcuts of the window, never a search by typing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "plain")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        )
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(theme().size("row_roomy"))

    def keyboardSearch(self, search: str) -> None:
        """Letters are shortcuts of the window."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.activated.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)
