"""The list of conversations: heading, filters, rows that stand still under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.delegates.queue import QueueDelegate
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.queue import ID_ROLE, QueueModel
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.queue_list import HeldBar, QueueList
from agentdesk.desktop.views.view_names import ORDERS, empty_words, filling_words, title_of
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.desktop.widgets.pill import Pill, PillRow
from agentdesk.desktop.widgets.toast import ToastHost
from agentdesk.queries.rows import Counts, View
from agentdesk.sync.desk import Changes, DeskPort, Link

__all__ = ["QueuePane"]

_STAND_STILL_MS = 5_000
_TICK_MS = 30_000
_BIG_LIST = 5_000
_BIG_LIST_PAUSE_MS = 400


class QueuePane(QWidget):
    """``opened(id)`` tells which conversation became current, ``entered`` that the person wants to go into
    it, ``take_next`` that its button was used."""

    opened = Signal(object)
    entered = Signal()
    take_next = Signal()

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._view = View(kind="mine", order="due")
        self._orders: dict[str, str] = {}
        self._counts = Counts()
        self._held_ids: list[UUID] | None = None
        self._first_load = True
        self._marked: UUID | None = None
        self._place = 0
        self._tasks = tasks_of(self, "queue")
        self._model = QueueModel(desk, self)
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
        self._view = msgspec.structs.replace(view, order=self._orders.get(_key(view), view.order))
        self._held_ids = None
        self._first_load = True
        self._pills.set_current(self._view.only)
        self._model.clear()
        self._show_heading()
        self.reload()

    def reload(self) -> None:
        """Read the ids of the view anew."""
        if self._tasks.running("load"):
            self._again = True
            return
        self._again = False
        self._tasks.start(self._load(), "load")

    def on_changes(self, changes: Changes) -> None:
        """Follow what changed in the replica."""
        everything = not changes
        ids = changes.get("conversation", set()) | changes.get("message", set())
        if everything:
            self._model.invalidate()
        elif changes.get("conversation"):
            self._model.invalidate(changes["conversation"])
        if changes.get("contact") or changes.get("user") or changes.get("message"):
            self._model.invalidate()
        if everything or ids or changes.get("user"):
            self._reload_soon.start(_BIG_LIST_PAUSE_MS if len(self._model.ids) > _BIG_LIST else 0)
        if everything or "draft" in changes:
            self._tasks.start(self._load_drafts(), "drafts")

    def on_status(self) -> None:
        """Follow the connection: an empty list says whether its conversations are on the way."""
        self._show_empty()

    def set_counts(self, counts: Counts) -> None:
        """Take the numbers of the rail, for the words of an empty list."""
        self._counts = counts
        self._show_empty()

    def set_me(self, user_id: UUID | None) -> None:
        """Hide my own face in rows: in my list it says nothing."""
        self._delegate.own_id = user_id
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

    def after(self, conversation_id: UUID) -> UUID | None:
        """Return which one is current when ``conversation_id`` has left: the next, else the one before."""
        others = [one for one in self._model.ids if one != conversation_id]
        if conversation_id not in (self._marked, *self._model.ids) or not others:
            return None
        position = self._model.position(conversation_id)
        return others[min(self._place if position is None else position, len(others) - 1)]

    def apply_held(self) -> None:
        """Bring the order up to date that was held back while the pointer was over the list."""
        if self._held_ids is not None:
            held, self._held_ids = self._held_ids, None
            self._set_ids(held)
        self.held_bar.hide()

    def let_go(self) -> None:
        """What comes next was done by the person: the order follows at once."""
        self._still.stop()
        self.apply_held()

    def say(
        self,
        text: Msg,
        action: Msg | None = None,
        on_action: Callable[[], Any] | None = None,
        *,
        failed: bool = False,
    ) -> None:
        """Show a toast at the bottom of the list."""
        self.toasts.show_toast(text, action, on_action, failed=failed)

    # Building

    def _build(self) -> None:
        self._again = False
        self._quiet = False
        self._title = Label("", "title")
        self._count = Label("", "body", "text.muted")
        self.sort_button = QToolButton(self)
        self.sort_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.sort_button.setIcon(icon("arrow-up-down"))
        self.sort_button.setIconSize(QSize(20, 16))  # the icon is 16; the rest is its distance from the words
        self.sort_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.sort_button.setMenu(self._sort_menu())
        heading = QHBoxLayout()
        heading.setContentsMargins(16, 10, 10, 4)
        heading.setSpacing(8)
        heading.addWidget(self._title)
        heading.addWidget(self._count)
        heading.addStretch(1)
        heading.addWidget(self.sort_button)
        self._pills = PillRow(msg("Filter"), self)
        self._pills.chosen.connect(self._on_filter)
        pills = QHBoxLayout()
        pills.setContentsMargins(16, 0, 8, 8)
        pills.addWidget(self._pills)
        self.held_bar = HeldBar(self)
        self.held_bar.clicked.connect(self.apply_held)
        self._build_list()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(heading)
        column.addLayout(pills)
        column.addWidget(self.held_bar)
        column.addWidget(self._stack_host, 1)
        self.toasts = ToastHost(self)
        self._show_heading()

    def _build_list(self) -> None:
        self._list = QueueList(self)
        self._list.setModel(self._model)
        self._list.setItemDelegate(self._delegate)
        self._list.set_row_height(self._delegate.row_height())
        self._list.selectionModel().currentChanged.connect(self._on_current)
        self._list.activated.connect(self._on_activated)
        self.setFocusProxy(self._list)
        self._list.viewport().installEventFilter(self)
        self._empty = EmptyState(self)
        self._empty.pressed.connect(self._on_empty_button)
        self._stack_host = QWidget(self)
        self._stack = QStackedLayout(self._stack_host)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._empty)

    def _start_timers(self) -> None:
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._tick.start()
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(_STAND_STILL_MS)
        self._still.timeout.connect(self.apply_held)
        self._reload_soon = QTimer(self)
        self._reload_soon.setSingleShot(True)
        self._reload_soon.timeout.connect(self.reload)

    def _sort_menu(self) -> QMenu:
        menu = new_menu(self)
        for key in ORDERS:
            action = menu.addAction("")
            action.setData(key)
            action.setCheckable(True)
        menu.triggered.connect(self._on_sort)
        return menu

    # Loading

    async def _load(self) -> None:
        view = self._view
        ids = await self._ids_of(view)
        if self._first_load:
            await self._load_drafts()
        if view != self._view:
            self._tasks.start(self._load(), "load")
            return
        if self._must_stand_still(ids):
            self._hold(ids)
        else:
            self._set_ids(ids)
        if self._again:
            self._again = False
            self._reload_soon.start(0)

    async def _ids_of(self, view: View) -> list[UUID]:
        if view.kind == "drafts":
            drafts = await self._desk.drafts()
            return list(dict.fromkeys(draft.conversation_id for draft in drafts))
        if view.kind == "search":
            return await self._desk.search(view.text)
        return await self._desk.queue_ids(view)

    async def _load_drafts(self) -> None:
        drafts = await self._desk.drafts()
        self._model.set_drafts(frozenset(draft.conversation_id for draft in drafts))
        if self._view.kind == "drafts" and not self._first_load:
            self.reload()

    def _set_ids(self, ids: list[UUID]) -> None:
        self._first_load = False
        self._held_ids = None
        self.held_bar.hide()
        self._quiet = True  # a row that leaves makes Qt choose another one; that is not the person's choice
        self._model.set_ids(ids)
        self._quiet = False
        if self.current() != self._marked:
            self.select(self._marked)
        self._count.set_content(str(len(ids)) if ids else "")
        self._show_empty()

    def _must_stand_still(self, ids: list[UUID]) -> bool:
        if self._first_load or not self._model.ids or not self._still.isActive():
            return False
        inside = self._list.viewport().rect().contains(self._list.viewport().mapFromGlobal(QCursor.pos()))
        return inside and self._list.isVisible() and ids != list(self._model.ids)

    def _hold(self, ids: list[UUID]) -> None:
        self._held_ids = ids
        self.held_bar.tell(self._model.ids, ids)

    # Showing

    def _show_heading(self) -> None:
        self._title.set_content(title_of(self._view))
        self.sort_button.setText(tr(ORDERS[self._view.order]))
        self.sort_button.setAccessibleName(tr(msg("Sort: {order}", order=tr(ORDERS[self._view.order]))))
        for action in self.sort_button.menu().actions():
            action.setText(tr(ORDERS[action.data()]))
            action.setChecked(action.data() == self._view.order)
        self.sort_button.setVisible(self._view.kind not in ("search", "drafts"))
        filters = {"all": msg("All"), "unread": msg("Unread"), "waiting": msg("Waiting on us")}
        self._pills.set_pills([Pill(key, name) for key, name in filters.items()])
        self._pills.setVisible(self._view.kind not in ("search", "drafts"))
        self._list.setAccessibleName(tr(title_of(self._view)))

    def _show_empty(self) -> None:
        if self._model.ids or self._first_load:
            self._stack.setCurrentWidget(self._list)
            return
        if self._desk.status.link in (Link.FILLING, Link.CONNECTING) and self._desk.status.synced_at is None:
            title, text = filling_words(self._desk.status)
            self._empty.show_message("refresh-cw", title, text, kind="accent")
        else:
            icon_name, title, words, button = empty_words(self._view, self._counts)
            self._empty.show_message(icon_name, title, words, button)
        self._stack.setCurrentWidget(self._empty)

    def _restyle(self) -> None:
        self._delegate.restyle()
        self._list.set_row_height(self._delegate.row_height())
        self._list.viewport().update()

    def _on_tick(self) -> None:
        self._delegate.now = clock.now()
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

    def _on_filter(self, key: str) -> None:
        self.show_view(msgspec.structs.replace(self._view, only=key))

    def _on_sort(self, action: QAction) -> None:
        order = str(action.data())
        self._orders[_key(self._view)] = order
        self.show_view(msgspec.structs.replace(self._view, order=order))

    def _on_empty_button(self) -> None:
        if self._view.only != "all":
            self._on_filter("all")
        else:
            self.take_next.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Know when the pointer moves over the rows, and when it leaves them."""
        if event.type() == QEvent.Type.MouseMove:
            self._still.start()
        elif event.type() == QEvent.Type.Leave:
            self._still.stop()
            self.apply_held()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "toasts"):
            self._show_heading()
            self.held_bar.retranslate()
            self._show_empty()
            self._restyle()
        super().changeEvent(event)


def _key(view: View) -> str:
    return f"{view.kind}:{view.channel or ''}"
