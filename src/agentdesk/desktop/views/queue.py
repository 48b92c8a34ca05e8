"""The list of conversations: heading, filters, rows that stand still under the pointer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.queue import ID_ROLE, QueueModel
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.empty_words import empty_words
from agentdesk.desktop.views.older import OlderPages, wish_of
from agentdesk.desktop.views.queue_clock import RowClock
from agentdesk.desktop.views.queue_head import QueueHead
from agentdesk.desktop.views.queue_list import HeldBar, QueueList
from agentdesk.desktop.views.queue_listing import Listing
from agentdesk.desktop.views.queue_loading import QueueLoader
from agentdesk.desktop.views.queue_selection import QueueSelection
from agentdesk.desktop.views.queue_stillness import Stillness
from agentdesk.desktop.views.view_memory import ViewMemory
from agentdesk.desktop.views.view_names import title_of
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.toast import ToastHost
from agentdesk.queries.rows import AccountRow, Counts, View
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["QueuePane"]


class QueuePane(QWidget):
    """``opened(id)`` tells which conversation became current, ``entered`` that the person wants to go into
    it, ``take_next`` that its button was used. ``quick_wanted(key, id)``: a row's own button was pressed.
    ``listed(count)``: it is known how long the list is; its rows may still come."""

    opened = Signal(object)
    listed = Signal(int)
    entered = Signal()
    take_next = Signal()
    quick_wanted = Signal(str, object)

    def __init__(
        self, desk: DeskPort, parent: QWidget | None = None, settings: SettingsFile | None = None
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._view = View(kind="mine", order="due")
        self._memory = ViewMemory(settings)
        self._counts = Counts()
        self._accounts: Sequence[AccountRow] = ()
        self._held: Listing | None = None
        self._first_load = True
        self._link = desk.status.link
        self._marked: UUID | None = None
        self._place = 0
        self._model = QueueModel(desk, self)
        self.selection = QueueSelection(self._ids, self)
        self._model.selected = self.selection
        self._delegate = QueueDelegate(self)
        self._build()
        self._start_timers()
        theme().changed.connect(self._restyle)

    # What others use

    @property
    def view(self) -> View:
        """What the list shows."""
        return self._view

    @property
    def model(self) -> QueueModel:
        """The rows."""
        return self._model

    @property
    def table(self) -> QueueList:
        """The list itself."""
        return self._list

    def show_view(self, view: View) -> None:
        """Show another list from its top; its last order is remembered."""
        self._view = self._memory.recalled(view)
        self._held = None
        self._first_load = True
        self.selection.clear()
        self._model.clear()
        self._show_view()
        self.older.show_for(wish_of(self._view))
        self._loader.show(self._view)

    def on_changes(self, changes: Changes) -> None:
        """Follow what changed in the replica."""
        self._loader.on_changes(changes)

    def on_status(self) -> None:
        """Follow the connection: an empty list says whether its conversations are on the way, and rows of
        chats whether their visitors are still known to be there."""
        self._show_empty()
        link, self._link = self._link, self._desk.status.link
        if link is not self._link:
            self._list.viewport().update()

    def set_counts(self, counts: Counts, accounts: Sequence[AccountRow] = ()) -> None:
        """Take the numbers of the rail and how channels are doing, for the words of an empty list."""
        self._counts, self._accounts = counts, accounts
        self._show_empty()

    def set_me(self, user_id: UUID | None) -> None:
        """Hide my own face in rows: in my list it says nothing."""
        if self._delegate.set_own_id(user_id):
            self._list.viewport().update()

    def current(self) -> UUID | None:
        """Return the current conversation's id."""
        index = self._list.currentIndex()
        return index.data(ID_ROLE) if index.isValid() else None

    def select(self, conversation_id: UUID | None) -> None:
        """Make a conversation current without telling; None takes the mark away."""
        self._marked = conversation_id
        position = None if conversation_id is None else self._model.position(conversation_id)
        self._quiet = True
        if position is None:
            self._list.setCurrentIndex(QModelIndex())
            self._list.clearSelection()
        else:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self._list.selectionModel().setCurrentIndex(self._model.index(position, 0), flags)
            self._place = position
        self._quiet = False

    def step(self, by: int) -> None:
        """Go ``by`` rows down (negative: up)."""
        count = self._model.rowCount()
        if count:
            row = self._list.currentIndex().row()
            if row < 0:  # the current one has left: the row that took its place comes next
                row = self._place - (1 if by > 0 else 0)
            self._list.setCurrentIndex(self._model.index(min(max(row + by, 0), count - 1), 0))

    def toggle_current(self) -> None:
        """Select the current conversation, or take it out of the selection."""
        current = self.current()
        if current is not None:
            self.selection.toggle(current)

    def extend(self, by: int) -> None:
        """Extend the selection by ``by`` rows down (negative: up)."""
        first = self._model.ids[0] if self._model.ids else None
        self.selection.extend_by(by, self.current() or first)
        self._show_row(self.selection.end())

    def show_selected(self, ids: Collection[UUID]) -> None:
        """Select those of ``ids`` that are listed, and bring the first of them into sight."""
        self.selection.select(ids)
        self._show_row(next(iter(self.selection.ids()), None))

    def after(self, conversation_id: UUID) -> UUID | None:
        """Return which one is current when ``conversation_id`` has left: the next, else the one before."""
        others = [one for one in self._model.ids if one != conversation_id]
        if conversation_id not in (self._marked, *self._model.ids) or not others:
            return None
        position = self._model.position(conversation_id)
        return others[min(self._place if position is None else position, len(others) - 1)]

    def apply_held(self) -> None:
        """Bring the order up to date that was held back while the pointer was over the list."""
        if self._held is not None:
            held, self._held = self._held, None
            self._show_listing(held)
        self.held_bar.hide()

    def let_go(self) -> None:
        """What comes next was done by the person: the order follows at once."""
        self._stillness.end()

    def _ids(self) -> Sequence[UUID]:
        return self._model.ids

    def _show_row(self, conversation_id: UUID | None) -> None:
        position = None if conversation_id is None else self._model.position(conversation_id)
        if position is not None:
            self._list.scrollTo(self._model.index(position, 0))

    # Building

    def _build(self) -> None:
        self._quiet = False
        self.head = QueueHead(self._desk, self)
        self.head.filter_chosen.connect(self._on_filter)
        self.head.order_chosen.connect(self._on_order)
        self.head.group_chosen.connect(self._on_group)
        self.head.bar.all_wanted.connect(self.selection.select_all)
        self.head.bar.none_wanted.connect(self.selection.clear)
        self.selection.changed.connect(self._on_selection)
        self.held_bar = HeldBar(self)
        self.held_bar.clicked.connect(self.apply_held)
        self.older = OlderPages(self._desk, self)
        self.older.arrived.connect(self._on_older)
        self._loader = QueueLoader(self._desk, self._model, self._older_ids, self)
        self._loader.loaded.connect(self._on_loaded)
        self._build_list()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.held_bar)
        column.addWidget(self._stack_host, 1)
        column.addWidget(self.older.strip)
        self.toasts = ToastHost(self)
        self.say = self.toasts.show_toast
        self.head.show_view(self._view)

    def _build_list(self) -> None:
        self._list = QueueList(self._delegate, self)
        self._list.setModel(self._model)
        self._list.set_row_height(self._delegate.row_height())
        self._model.sections_changed.connect(self._list.fit_sections)
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._list.activated.connect(self._on_activated)
        self._list.toggled.connect(self._on_toggled)
        self._list.ranged.connect(self._on_ranged)
        self._list.quick.connect(self._on_quick)
        self.quick_spot = QWidget(self._list.viewport())  # where a popover of a row opens
        self.quick_spot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusProxy(self._list)
        self._stillness = Stillness(self._list.viewport())
        self._stillness.over.connect(self.apply_held)
        self._empty = EmptyState(self)
        self._empty.pressed.connect(self._on_empty_button)
        self._stack_host = QWidget(self)
        self._stack = QStackedLayout(self._stack_host)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._empty)

    def _start_timers(self) -> None:
        self.clock = RowClock(self._list, self._model, self._delegate)

    # Loading

    def _on_loaded(self, listing: Listing) -> None:
        if self._must_stand_still(listing):
            self._held = listing
            self.held_bar.tell(self._model.ids, listing.ids)
        else:
            self._show_listing(listing)
        self.head.recount()

    def _show_listing(self, listing: Listing) -> None:
        in_step = self._held is None and not self._first_load
        self._first_load = False
        self._held = None
        self.held_bar.hide()
        self._quiet = True  # a row that leaves makes Qt choose another one; that is not the person's choice
        if in_step and listing.steps is not None:
            self._model.take(listing.steps)
        else:
            self._model.set_ids(listing.ids)
        self._model.set_sections(listing.sections)
        if listing.sections:
            self._list.fit_sections()  # rows that came or went have shifted the first ones of sections
        self._quiet = False
        if self.current() != self._marked:
            self.select(self._marked)
        self.head.show_length(len(listing.ids))
        self.selection.keep_listed()
        self._show_empty()
        self.listed.emit(len(listing.ids))

    def _must_stand_still(self, listing: Listing) -> bool:
        if self._first_load or not self._model.ids or not self._stillness.is_wanted():
            return False
        return listing.ids != list(self._model.ids)

    def _older_ids(self) -> Sequence[UUID]:
        return self.older.ids

    # Showing

    def _show_view(self) -> None:
        self.head.show_view(self._view)
        self._list.setAccessibleName(tr(title_of(self._view)))

    def _show_empty(self) -> None:
        if self._model.ids or self._first_load:
            self._stack.setCurrentWidget(self._list)
            return
        said = empty_words(self._view, self._counts, self._desk.status, self._accounts)
        self._empty.show_message(said.icon, said.title, said.text, said.button, kind=said.kind)
        self._stack.setCurrentWidget(self._empty)

    def _restyle(self) -> None:
        self._delegate.restyle()
        self._list.set_row_height(self._delegate.row_height())
        self._list.viewport().update()

    # What the person does

    def _on_current(self, now: QModelIndex, _before: QModelIndex) -> None:
        conversation_id = now.data(ID_ROLE) if now.isValid() else None
        if conversation_id is not None and not self._quiet:
            self._marked, self._place = conversation_id, now.row()
            self.opened.emit(conversation_id)

    def _on_activated(self, index: QModelIndex) -> None:
        if index.data(ID_ROLE) != self._marked:
            self._on_current(index, index)
        self.entered.emit()

    def _on_toggled(self, index: QModelIndex) -> None:
        self.selection.toggle(index.data(ID_ROLE))

    def _on_ranged(self, index: QModelIndex) -> None:
        self.selection.extend_to(index.data(ID_ROLE), self.current())

    def _on_older(self) -> None:
        self.let_go()
        self._loader.reload()

    def _on_quick(self, key: str, index: QModelIndex) -> None:
        self.quick_spot.setGeometry(self._list.quick_box(index, key))
        self.quick_wanted.emit(key, index.data(ID_ROLE))

    def _on_selection(self) -> None:
        self.head.show_selected(len(self.selection), everything=self.selection.is_everything())
        self._list.viewport().update()

    def _on_filter(self, key: str) -> None:
        self.show_view(msgspec.structs.replace(self._view, only=key))

    def _on_order(self, order: str) -> None:
        self._arrange_view(order=order)

    def _on_group(self, group: str) -> None:
        self._arrange_view(group=group)

    def _arrange_view(self, **values: str) -> None:
        view = msgspec.structs.replace(self._view, **values)
        self._memory.keep(view)
        self.show_view(view)

    def _on_empty_button(self) -> None:
        if self._view.only != "all":
            self._on_filter("all")
        else:
            self.take_next.emit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "toasts"):
            self._list.setAccessibleName(tr(title_of(self._view)))
            self.held_bar.retranslate()
            self._show_empty()
            self._restyle()
        super().changeEvent(event)
