"""The customer panel: who the customer is, how they are reached, what came before."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import EditContact
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.views.customer_blocking import CustomerBlocking
from agentdesk.desktop.views.customer_fields import DetailField, NotesField
from agentdesk.desktop.views.customer_identities import CustomerIdentities
from agentdesk.desktop.views.customer_lines import PastLine, local_time
from agentdesk.desktop.views.customer_privacy import CustomerPrivacy, MarkChips
from agentdesk.desktop.views.customer_visit import CustomerVisit
from agentdesk.desktop.views.older import OlderPages
from agentdesk.desktop.views.same_person import SamePerson
from agentdesk.desktop.widgets.avatar import Avatar
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.placeholder import PlaceholderRows
from agentdesk.desktop.widgets.section import Section
from agentdesk.domain.authority import Permission
from agentdesk.queries.rows import ContactDetail
from agentdesk.sync.desk import Changes, DeskPort, OlderWish

__all__ = ["CustomerPanel"]

_FIELDS: tuple[tuple[str, Msg], ...] = (
    ("name", msg("Name")),
    ("company", msg("Company")),
    ("place", msg("Place")),
    ("language", msg("Language")),
    ("time_zone", msg("Time zone")),
)
_MOST_PAST = 8
_ALL_PAST = 1000
_MINUTE_MS = 60_000


class CustomerPanel(QWidget):
    """``conversation_requested(id)`` tells that a past conversation was pressed. What is ``done`` here can be
    undone with all else."""

    conversation_requested = Signal(object)

    def __init__(
        self,
        desk: DeskPort,
        parent: QWidget | None = None,
        settings: SettingsFile | None = None,
        done: UndoStack | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._settings = desk, settings
        self._tasks = tasks_of(self, "customer")
        self._done = done or UndoStack()
        self.same = SamePerson(desk, self._done, self)
        self.blocking = CustomerBlocking(desk, self._done, self, "blocking")
        self._wanted: UUID | None = None
        self._current: UUID | None = None
        self._detail: ContactDetail | None = None
        self._opening = 0
        self._bring: Callable[[], None] = self.show
        self._most_past = _MOST_PAST
        self.older = OlderPages(desk, self)
        self.older.arrived.connect(self._on_older)
        self.empty = EmptyState(self)
        self._loading = PlaceholderRows(3, 72, self)
        self._stack = QStackedWidget(self)
        self._page = self._build_page()
        for page in (self.empty, self._loading, self._page):
            self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self._minute = QTimer(self)
        self._minute.setInterval(_MINUTE_MS)
        self._minute.timeout.connect(self._show_place)
        self._minute.timeout.connect(self.visit.tick)
        self._minute.start()
        theme().changed.connect(self._dress)
        self._dress()
        self.clear()

    @property
    def contact_id(self) -> UUID | None:
        """The customer shown, or on the way."""
        return self._wanted

    async def show_contact(self, contact_id: UUID, conversation_id: UUID | None = None) -> None:
        """Show a customer; ``conversation_id`` is the one that is open. Of several calls the last wins."""
        self._opening += 1
        this = self._opening
        if contact_id != self._wanted:
            self._finish_edits()
            self._most_past = _MOST_PAST
            self.older.show_for(OlderWish(contact_id=contact_id))
        self._wanted, self._current = contact_id, conversation_id
        detail = await self._desk.contact(contact_id)
        if not is_alive(self) or this != self._opening:
            return
        if detail is None:
            self._show_empty(msg("This customer no longer exists."))
            return
        self._show(detail)

    def clear(self) -> None:
        """Show nobody."""
        self._opening += 1
        self._wanted = self._current = self._detail = None
        self._show_empty(msg("Nobody is chosen"), msg("Open a conversation to see its customer."))

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        told = ("contact", "contact_identity", "conversation", "user")
        if self._wanted is not None and (not changes or any(table in changes for table in told)):
            self._tasks.start(self._follow(), "follow")

    async def _follow(self) -> None:
        """Read the customer anew who is wanted now: it may be another one than when the change came."""
        if self._wanted is not None:
            await self.show_contact(self._wanted, self._current)

    def bind_actions(self, actions: Actions, show: Callable[[], None]) -> None:
        """Let the window's actions work on the customer; ``show`` brings the panel to sight."""
        self._bring = show
        actions.bind("customer.merge", self._choose_other)
        actions.bind("customer.export", self._export)
        actions.bind("customer.block", self._block)

    def _choose_other(self) -> None:
        self._bring()
        self.identities.set_open(True)
        self._scroll.ensureWidgetVisible(self.identities.merge_button)
        self.identities.choose()

    def _export(self) -> None:
        self._bring()
        self.privacy.set_open(True)
        self._scroll.ensureWidgetVisible(self.privacy.export)
        self.privacy.export.start()

    def _block(self) -> None:
        if self._detail is not None:
            self.blocking.toggle(self._detail)

    def field(self, key: str) -> DetailField:
        """The line of a detail, to be edited in place."""
        return self._fields[key]

    # --- building ---

    def _build_page(self) -> QWidget:
        scroll = QScrollArea(self._stack)
        inside = QWidget(scroll.viewport())
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 14, 12, 16)
        column.setSpacing(theme().space(3))
        column.addLayout(self._build_identity())
        self.marks = MarkChips(inside)
        column.addWidget(self.marks)
        self.identities = CustomerIdentities(self._desk, self.same)
        self.visit = CustomerVisit()
        self.details = Section(msg("Details"))
        self.past = Section(msg("Past conversations"))
        self._past_lines = QVBoxLayout()
        self._past_lines.setSpacing(2)
        self.past.body.addLayout(self._past_lines)
        self.past.body.addWidget(self.older.strip)
        self.notes = Section(msg("Notes"))
        self.privacy = CustomerPrivacy(self._desk, self._done)
        self._lines: dict[str, _Line] = {}
        self._fields = {key: DetailField(key, name) for key, name in _FIELDS}
        for field in self._fields.values():
            field.edited.connect(self._on_edited)
            self.details.body.addWidget(field)
        self.notes_field = NotesField()
        self.notes_field.edited.connect(self._on_edited)
        self.notes.body.addWidget(self.notes_field)
        for key, section in self._sections().items():
            section.setObjectName(key)
            section.set_open(self._settings is None or not self._settings.now.folded.get(key, False))
            section.folded.connect(self._on_folded)
            section.body.setSpacing(2)
            self._lines[key] = _Line()
            column.addWidget(self._lines[key])
            column.addWidget(section)
        column.addStretch()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the focus, and scrolls to itself
        scroll.setWidget(inside)
        self._inside = inside
        self._scroll = scroll
        return scroll

    def _sections(self) -> dict[str, Section]:
        return {
            "identities": self.identities,
            "visit": self.visit,
            "details": self.details,
            "past": self.past,
            "notes": self.notes,
            "privacy": self.privacy,
        }

    def _on_folded(self, folded: bool) -> None:
        if self._settings is not None:
            kept = self._settings.now.folded
            self._settings.change(folded={**kept, self.sender().objectName(): folded})

    def _build_identity(self) -> QHBoxLayout:
        self._avatar = Avatar(44, behind="bg.panel")
        self._name = ElidedLabel("", "title")
        self._place = ElidedLabel("", "small", "text.muted")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self._place)
        row = QHBoxLayout()
        row.setSpacing(theme().space(3))
        row.addWidget(self._avatar)
        row.addLayout(words, 1)
        row.setAlignment(words, Qt.AlignmentFlag.AlignVCenter)
        return row

    # --- showing ---

    def _show(self, detail: ContactDetail) -> None:
        before, self._detail = self._detail, detail
        name = detail.name or tr(msg("Unknown sender"))
        self._avatar.set_person(detail.name, detail.id)
        self._name.set_content(name)
        self._show_place()
        same = before is not None and before.id == detail.id
        self.identities.show_contact(detail)
        self.visit.show_contact(detail, same=same)
        me = self._desk.me
        editable = me is None or me.may(Permission.EDIT_CONTACTS)
        for key, field in self._fields.items():
            field.set_editable(editable)
            field.show_value(str(getattr(detail, key)), saved=same)
        self.notes_field.set_editable(editable)
        self.notes_field.show_value(detail.notes, saved=same)
        if not same or before is None or before.conversations != detail.conversations:
            self._show_past(detail)
        self.marks.show_contact(detail)
        self.privacy.show_contact(detail)
        for key, section in self._sections().items():
            self._lines[key].setVisible(not section.isHidden())
        self.setAccessibleName(tr(msg("Customer {name}", name=name)))
        self._stack.setCurrentWidget(self._page)

    def _show_place(self) -> None:
        detail = self._detail
        if detail is None:
            return
        there = local_time(detail.time_zone, clock.now())
        place = detail.place or detail.company
        if place and there:
            self._place.set_content(msg("{place} · {time} there", place=place, time=there))
        else:
            self._place.set_content(place or (msg("{time} there", time=there) if there else ""))
        self._place.setVisible(bool(place or there))

    def _show_past(self, detail: ContactDetail) -> None:
        _empty(self._past_lines)
        others = [row for row in detail.conversations if row.id != self._current]
        self.past.set_count(len(others))
        for row in others[: self._most_past]:
            line = PastLine(row, clock.now())
            line.pressed.connect(self.conversation_requested)
            self._past_lines.addWidget(line)
        if not others:
            self._past_lines.addWidget(Label(msg("None yet"), "small", "text.muted"))

    def _on_older(self) -> None:
        """Older ones are here now: show all that are."""
        self._most_past = _ALL_PAST
        if self._detail is not None:
            self._show_past(self._detail)

    def _show_empty(self, title: Msg, text: Msg | None = None) -> None:
        self.empty.show_message("user-round", title, text, kind="accent")
        self._stack.setCurrentWidget(self.empty)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and self._detail is not None:
            detail, self._detail = self._detail, None
            self._show(detail)
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.panel"))

    def _dress(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, theme().color("bg.panel"))
        for widget in (self._inside, self._scroll.viewport()):
            widget.setPalette(palette)
            widget.setAutoFillBackground(True)
        self.update()

    # --- editing ---

    def _finish_edits(self) -> None:
        """Keep what was typed before another customer is shown."""
        for field in self._fields.values():
            field.finish()
        self.notes_field.finish()

    def _on_edited(self, key: str, value: str) -> None:
        if self._wanted is not None:
            self._tasks.start(self._save(self._wanted, key, value), f"save {key}")

    async def _save(self, contact_id: UUID, key: str, value: str) -> None:
        field = self.notes_field if key == "notes" else self._fields[key]
        try:
            await self._desk.do(EditContact(contact_id=contact_id, fields={key: value}))
        except AgentDeskError as error:
            if is_alive(self):
                field.show_problem(error.message)


class _Line(QWidget):
    """A hairline between sections."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(1)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("line.subtle"))


def _empty(lines: QLayout) -> None:
    while (item := lines.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
