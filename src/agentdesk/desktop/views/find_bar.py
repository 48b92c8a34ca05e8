"""Finding words in the open conversation: a bar over the transcript, and marks in the messages."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.messages.body import MessageBody
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.desktop.widgets.floating import SHADOW, FloatingCard
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.pill import Pill, PillRow
from agentdesk.desktop.widgets.search_field import SearchField
from agentdesk.queries.rows import MessageRow
from agentdesk.sync.desk import DeskPort

__all__ = ["FindBar", "Finder", "matches"]

_WIDTH = 380
_OLDER = 400
"""Messages that are fetched at once when what is older is looked through."""
_FILTERS = {"all": msg("All"), "notes": msg("Only notes"), "files": msg("Only files")}


def matches(row: MessageRow, words: str, only: str) -> bool:
    """Say whether a message or the name of a file has ``words`` in it; ``only`` is all, notes or files."""
    if (only == "notes" and row.kind != "note") or (only == "files" and not row.attachments):
        return False
    if not words:
        return only != "all"
    wanted = words.casefold()
    texts = (row.text, *(file.name for file in row.attachments))
    return any(wanted in text.casefold() for text in texts)


class FindBar(FloatingCard):
    """``changed`` tells of other words or another filter, ``closed`` that the bar was left; ``stepped(by)``
    wants the next (1) or the one before (-1)."""

    changed = Signal()
    stepped = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._transcript = parent
        self.field = SearchField(self)
        self.field.textChanged.connect(self.changed)
        self.field.installEventFilter(self)
        self.pills = PillRow(msg("Filter"), self)
        self.pills.set_pills([Pill(key, words) for key, words in _FILTERS.items()])
        self.pills.chosen.connect(self.changed)
        self._count = Label("", "small", "text.muted", parent=self)
        self.previous = IconButton("chevron-up", msg("Previous match"), parent=self)
        self.next = IconButton("chevron-down", msg("Next match"), parent=self)
        self.close_button = IconButton("x", msg("Close"), parent=self)
        self.previous.clicked.connect(self._on_previous)
        self.next.clicked.connect(self._on_next)
        self.close_button.clicked.connect(self.closed)
        grid = QGridLayout(self)
        grid.setContentsMargins(SHADOW + 8, SHADOW + 8, SHADOW + 6, SHADOW + 6)
        grid.setHorizontalSpacing(2)
        for column, widget in enumerate((self.field, self.previous, self.next, self.close_button)):
            grid.addWidget(widget, 0, column)
        grid.addWidget(self.pills, 1, 0)
        grid.addWidget(self._count, 1, 1, 1, 3, Qt.AlignmentFlag.AlignCenter)
        grid.setColumnStretch(0, 1)
        parent.installEventFilter(self)
        self.hide()

    def only(self) -> str:
        """Return the filter: all, notes or files."""
        return self.pills.current()

    def tell(self, count: Msg | None) -> None:
        """Show how many there are, and which of them is shown."""
        self._count.set_content(count or "")

    def count_words(self) -> str:
        """Return what it says of the number of matches."""
        return self._count.text()

    def place(self) -> None:
        """Stand at the top of the transcript, at its end side."""
        parent = self._transcript
        width = min(_WIDTH + 2 * SHADOW, parent.width())
        self.resize(width, self.sizeHint().height())
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.move(0 if rtl else parent.width() - width, 0)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter goes on, Esc leaves; the bar keeps its place when the transcript changes its size."""
        if watched is self._transcript and event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        if watched is not self.field or not isinstance(event, QKeyEvent):
            return False
        escape = event.key() == Qt.Key.Key_Escape
        if event.type() == QEvent.Type.ShortcutOverride and escape:
            event.accept()  # it is a shortcut of the window otherwise
            return True
        if event.type() != QEvent.Type.KeyPress:
            return False
        if escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.stepped.emit(-1 if back else 1)
        else:
            return False
        return True

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "close_button"):
            self.retranslate()
        super().changeEvent(event)

    def retranslate(self) -> None:
        """Say it in the language of the window."""
        self.field.setPlaceholderText(tr(msg("Find in this conversation")))
        self.field.setAccessibleName(tr(msg("Find in this conversation")))

    def _on_previous(self) -> None:
        self.stepped.emit(-1)

    def _on_next(self) -> None:
        self.stepped.emit(1)


class Finder(QObject):
    """Finds in the conversation that ``view`` shows: by message, the newest first shown."""

    def __init__(self, desk: DeskPort, view: ConversationView) -> None:
        super().__init__(view)
        self._desk, self._view = desk, view
        self._tasks = tasks_of(self, "find")
        self._found: list[UUID] = []
        self._current: UUID | None = None
        self.bar = FindBar(view.transcript)
        self.bar.changed.connect(self._on_changed)
        self.bar.stepped.connect(self.step)
        self.bar.closed.connect(self.close)
        self._mark_soon = QTimer(self)
        self._mark_soon.setSingleShot(True)
        self._mark_soon.timeout.connect(self._mark)
        view.transcript.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def open(self) -> None:
        """Show the bar with the focus in it, and have the whole conversation at hand."""
        if self._view.conversation_id is None:
            return
        self.bar.retranslate()
        self.bar.show()
        self.bar.place()
        self.bar.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.field.selectAll()
        if not self._tasks.running("older"):
            self._tasks.start(self._load_older(), "older")
        self._on_changed()

    def close(self) -> None:
        """Hide the bar and take all marks away."""
        if self.bar.isVisible():
            self.bar.hide()
            self._mark()
            self._view.transcript.setFocus(Qt.FocusReason.OtherFocusReason)

    def step(self, by: int) -> None:
        """Show the next match (1) or the one before (-1); after the last comes the first."""
        self._look()
        if self._found:
            place = self._found.index(self._current) if self._current in self._found else len(self._found)
            self._go_to((place + by) % len(self._found))

    def _on_changed(self) -> None:
        self._look()
        if self._found and self._current not in self._found:
            self._go_to(len(self._found) - 1)
        else:
            self._tell()
        self._mark()

    def _on_scrolled(self, _value: int) -> None:
        if self.bar.isVisible():
            self._mark_soon.start(0)  # messages that came near have new widgets

    async def _load_older(self) -> None:
        here, transcript = self._view.conversation_id, self._view.transcript
        while here is not None and transcript.has_older and transcript.rows():
            first = transcript.rows()[0]
            try:
                older = await self._desk.timeline(here, before=first.id, limit=_OLDER)
            except AgentDeskError:
                return  # what is here already is looked through
            if not is_alive(self) or self._view.conversation_id != here:
                return
            if transcript.rows()[0].id == first.id:
                transcript.add_older(older.messages, older.events, older=older.older)
        self._look()
        self._tell()

    def _look(self) -> None:
        words, only = self.bar.field.text().strip(), self.bar.only()
        self._found = [row.id for row in self._view.transcript.rows() if matches(row, words, only)]

    def _go_to(self, place: int) -> None:
        self._current = self._found[place]
        transcript = self._view.transcript
        transcript.scroll_to_message(self._current)
        card = transcript.card(self._current)
        hidden = self.bar.height() - (card.mapTo(transcript, QPoint(0, 0)).y() if card is not None else 0)
        if card is not None and hidden > 0:  # below the bar, not behind it
            scroll = transcript.verticalScrollBar()
            scroll.setValue(scroll.value() - hidden)
        self._tell()
        self._mark_soon.start(0)

    def _tell(self) -> None:
        words = self.bar.field.text().strip()
        if not words and self.bar.only() == "all":
            self.bar.tell(None)
        elif self._found:
            place = self._found.index(self._current) + 1 if self._current in self._found else 1
            self.bar.tell(msg("{done} of {total}", done=place, total=len(self._found)))
        else:
            self.bar.tell(msg("Nothing found"))
        announce(self.bar, self.bar.count_words())

    def _mark(self) -> None:
        words = self.bar.field.text().strip() if self.bar.isVisible() else ""
        for body in self._view.transcript.findChildren(MessageBody):
            body.set_marked(words)
