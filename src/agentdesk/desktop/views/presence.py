"""Together on a conversation: colleagues hear where this person is, and the person sees who else is there."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.colleagues import Colleague, Colleagues, visitor_at, words_for_one
from agentdesk.desktop.views.composer import Composer
from agentdesk.desktop.views.conversation_head import ConversationHead
from agentdesk.desktop.views.presence_parts import PresenceLine, PreviewBubble
from agentdesk.desktop.widgets.announce import announce
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import Changes, DeskPort
from agentdesk.sync.presence import Writing

__all__ = ["Presence"]

_QUIET_MS = 20_000
"""Who has typed nothing for so long is not writing any more."""
_NOTICED = (
    QEvent.Type.WindowActivate,
    QEvent.Type.WindowDeactivate,
    QEvent.Type.Show,
    QEvent.Type.Hide,
)


class Presence(QObject):
    """For the conversation in ``view``; ``head`` and ``line`` show who else is there.

    Somebody counts as being there only while the view is on screen and its window, or a dialog of it, is the
    active one.
    """

    def __init__(self, desk: DeskPort, composer: Composer, head: ConversationHead, view: QWidget) -> None:
        super().__init__(view)
        self.line = PresenceLine(view)
        self.preview = PreviewBubble(view)
        self._desk, self._view, self._head, self._box = desk, view, head, composer.box
        self._faces = head.others
        self._people: tuple[Colleague, ...] = ()
        self._colleagues = Colleagues(desk, tasks_of(self, "presence"), self._refresh)
        self._row: ConversationRow | None = None
        self._writing: Writing = ""
        self._watching = False
        self._is_current = True
        self._told: tuple[UUID | None, Writing, bool] | None = (None, "", False)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.timeout.connect(self._stop_writing)
        self._box.typed.connect(self._on_typed)
        self._box.mode_changed.connect(self._stop_writing)
        composer.sent.connect(self._stop_writing)
        view.installEventFilter(self)
        QGuiApplication.instance().focusWindowChanged.connect(self._tell)  # type: ignore[union-attr]

    def open(self, row: ConversationRow | None, *, watching: bool = False) -> None:
        """This is the conversation on screen now, or none is; ``watching``: the person only looks on."""
        before, self._row, self._watching = self._here, row, watching
        if self._here != before:
            self._people = ()
            self._stop_writing()
        else:
            self._tell()
        self._refresh()

    def set_current(self, current: bool) -> None:
        """The person is here while this conversation is the ``current`` one of several; the one that becomes
        it tells so."""
        self._is_current = current
        if current:
            self._told = None
            self._tell()
        else:
            self._quiet.stop()
            self._writing = ""

    @property
    def _here(self) -> UUID | None:
        return None if self._row is None else self._row.id

    def on_changes(self, changes: Changes) -> None:
        """Follow who comes and goes."""
        if not changes or "user" in changes:
            self._colleagues.read_again()
        elif self._here not in changes.get("presence", ()):
            return
        self._refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _NOTICED and is_alive(self._view):
            self._tell()
        return False

    def _refresh(self) -> None:
        if not is_alive(self):
            return
        row = self._row
        people = self._colleagues.at(row.id, (row.contact_id, row.contact_name)) if row is not None else ()
        self._head.show_visitor(None if row is None else visitor_at(self._desk, row))
        before, self._people = self._people, people
        self._faces.show_people([person for person in people if person[2] not in ("chat", "page")])
        self.line.show_people(people)
        self._show_preview(row)
        if people:
            news = [tr(words_for_one(name, writing)) for _, name, writing in set(people) - set(before)]
            if news:
                announce(self._faces, ", ".join(sorted(news)))
        elif any(person[2] not in ("chat", "page") for person in before):
            announce(self._faces, tr(msg("Nobody else is here now")))
        elif before:
            announce(self._faces, tr(msg("{name} has left the page", name=before[0][1])))

    def _show_preview(self, row: ConversationRow | None) -> None:
        """Show what the customer has typed so far, where the server tells."""
        others = () if row is None else self._desk.others_at(row.id)
        text = next((one.text for one in others if row is not None and one.user_id == row.contact_id), "")
        self.preview.show_text(row.contact_name if row is not None else "", text)

    def _on_typed(self) -> None:
        if self._box.text.is_blank():
            self._stop_writing()
            return
        self._writing = self._box.mode
        self._quiet.start()
        self._tell()

    def _stop_writing(self) -> None:
        self._quiet.stop()
        self._writing = ""
        self._tell()

    def _tell(self) -> None:
        if not self._is_current:
            return
        place: tuple[UUID | None, Writing, bool] = (None, "", False)
        if self._here is not None and self._is_watched():
            place = (self._here, self._writing, self._watching)
        if place != self._told:
            self._told = place
            self._desk.be_at(place[0], place[1], watching=place[2])

    def _is_watched(self) -> bool:
        window, own = QApplication.activeWindow(), self._view.window()
        while window is not None and window is not own:
            window = window.parentWidget()
        return window is not None and self._view.isVisible()
