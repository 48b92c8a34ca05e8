"""What fills the main window: rail, list, status bar, places for the rest; what the window's actions do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QSplitter, QVBoxLayout, QWidget

from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.actions.specs import ALL
from agentdesk.desktop.appearance import step_text_scale
from agentdesk.desktop.arrangement import Arrangement, Sheet
from agentdesk.desktop.bridge import Bridge
from agentdesk.desktop.figures import Figures
from agentdesk.desktop.lifetime import end_tasks, tasks_of
from agentdesk.desktop.navigation import FIRST_VIEW, Navigation
from agentdesk.desktop.pane_focus import PaneFocus
from agentdesk.desktop.place import Place
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.shortcuts import LatinFallback
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.status_bar import StatusBar
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

if TYPE_CHECKING:
    from agentdesk.desktop.late_parts import LateParts
    from agentdesk.desktop.my_menu import MyMenu
    from agentdesk.desktop.saved_views import SavedViews
    from agentdesk.desktop.views.conversation import ConversationView
    from agentdesk.desktop.views.customer import CustomerPanel

__all__ = ["Workspace"]


class Workspace(QWidget):
    """The panes of one window on one desk. ``reconnect`` tries the server at once.

    The list is there at once. All else is made by :meth:`complete`, or with the first need of one of its
    parts: whoever asks for the conversation, the panel or my menu gets it. ``account_wanted`` and
    ``sign_out_wanted`` were chosen in my menu.
    """

    account_wanted = Signal(str)
    sign_out_wanted = Signal()

    def __init__(
        self,
        window: QMainWindow,
        desk: DeskPort,
        settings: SettingsFile,
        *,
        workspace: str = "AgentDesk",
        reconnect: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._desk = desk
        self._settings = settings
        self._reconnect = reconnect
        self._late: LateParts | None = None
        self._link = desk.status.link
        self._tasks = tasks_of(self, "window")
        self._build(workspace)
        self._bridge = Bridge(desk, self)
        self.actions_ = Actions(window, ALL)
        self._bind_actions()
        self._fallback = LatinFallback(window, self.actions_)
        self._connect()
        self._arrangement.arrange(window.width())
        self._on_status(desk.status)
        self.show_view(FIRST_VIEW)
        self.refresh()
        self._queue.table.setFocus(Qt.FocusReason.OtherFocusReason)

    async def complete(self) -> LateParts:
        """Make the parts that the list does not need; the window answers while their code is read."""
        if self._late is None:
            await asyncio.to_thread(import_late_parts)
        return self.late

    # What others use

    @property
    def rail(self) -> Rail:
        """The rail."""
        return self._rail

    @property
    def queue(self) -> QueuePane:
        """The list."""
        return self._queue

    @property
    def late(self) -> LateParts:
        """The parts that the list does not need; made now where they are not there yet."""
        if self._late is None:
            self._late = self._make_late()
        return self._late

    @property
    def is_complete(self) -> bool:
        """Whether all parts are there."""
        return self._late is not None

    @property
    def conversation(self) -> ConversationView:
        """The conversation in the middle."""
        return self.late.conversation

    @property
    def panel(self) -> CustomerPanel:
        """The customer panel."""
        return self.late.panel

    @property
    def saved_views(self) -> SavedViews:
        """What is done with the saved views of the rail."""
        return self.late.saved_views

    @property
    def status_bar(self) -> StatusBar:
        """The line at the bottom."""
        return self._status

    @property
    def my_menu(self) -> MyMenu:
        """The menu behind my picture."""
        return self.late.my_menu

    def show_view(self, view: View) -> None:
        """Show a list."""
        self._navigation.show_view(view)

    def show_kind(self, kind: str) -> None:
        """Show the list ``kind`` of the rail."""
        self._navigation.show_kind(kind)

    def open_conversation(self, conversation_id: UUID) -> None:
        """Show a conversation and its customer."""
        self._queue.select(conversation_id)
        self._tasks.start(self._open(conversation_id), "open")

    def refresh(self) -> None:
        """Read counts and accounts anew."""
        self._figures.refresh()

    # Building

    def _build(self, workspace: str) -> None:
        # Each inside its parent from the start: to move a pane later makes Qt style all that is in it anew.
        self._rail = Rail(self)
        self._rail.set_workspace(workspace)
        self._sheet = Sheet(self)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self._sheet)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._queue = QueuePane(self._desk, self._splitter, self._settings)
        self._navigation = Navigation(self._window, self._rail, self._queue, self._find_here)
        self._figures = Figures(self._desk, self._navigation, self)
        self._middle = Place("bg.canvas", self._splitter)
        self._side = Place("bg.panel", self._splitter)
        self._status = StatusBar(self)
        self._queue.setMinimumWidth(280)
        self._queue.setMaximumWidth(520)
        self._side.setMinimumWidth(272)
        self._side.setMaximumWidth(420)
        self._splitter.setStretchFactor(1, 1)
        sheet = QVBoxLayout(self._sheet)
        sheet.setContentsMargins(1, 1, 0, 0)
        sheet.addWidget(self._splitter, 1)
        self._instead = Place("bg.canvas", self._sheet)
        self._instead.hide()
        sheet.addWidget(self._instead, 1)
        work = QHBoxLayout()
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(0)
        work.addWidget(self._rail)
        work.addWidget(self._sheet, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(work, 1)
        column.addWidget(self._status)
        self._pane_focus = PaneFocus(self._panes, self)
        self._arrangement = Arrangement(
            self,
            self._sheet,
            self._splitter,
            self._rail,
            self._queue,
            self._middle,
            self._side,
            self._settings,
            self._is_reading,
        )

    def _panes(self) -> list[QWidget]:
        """The panes of the window as they stand; several conversations are several."""
        chats = self._late.side_by_side.shown() if self._late is not None else []
        middle = chats if len(chats) > 1 else [self._middle]
        return [self._rail, self._queue, *middle, self._side, self._instead, self._status]

    def _make_late(self) -> LateParts:
        from agentdesk.desktop.late_parts import Frame, LateParts

        frame = Frame(
            self._window,
            self._desk,
            self._settings,
            self.actions_,
            self._arrangement,
            self._rail,
            self._queue,
            self._navigation,
            self._status,
            self._middle,
            self._side,
            self._splitter,
            self._instead,
        )
        late = LateParts(frame, self)
        late.conversation_wanted.connect(self.open_conversation)
        late.mine_wanted.connect(self._show_mine)
        late.my_menu.account_wanted.connect(self.account_wanted)
        late.my_menu.sign_out_wanted.connect(self.sign_out_wanted)
        self.refresh()
        return late

    def _connect(self) -> None:
        self._bridge.changed.connect(self._on_changes)
        self._figures.changed.connect(self._show_figures)
        self._bridge.status_changed.connect(self._on_status)
        self._rail.unfold_wanted.connect(self._arrangement.unfold_rail)
        self._queue.opened.connect(self.open_conversation)
        self._queue.selection.changed.connect(self._on_selection)
        self._queue.take_next.connect(self._take_next)
        self._queue.head.save_wanted.connect(self._save_view)
        self._queue.entered.connect(self._focus_conversation)
        self._status.reconnect_wanted.connect(self._on_reconnect)

    def _bind_actions(self) -> None:
        bind = self.actions_.bind
        bind("queue.next", partial(self._queue.step, 1))
        bind("queue.previous", partial(self._queue.step, -1))
        bind("queue.open", self._focus_conversation)
        bind("queue.select", self._queue.toggle_current)
        bind("queue.extend_down", partial(self._queue.extend, 1))
        bind("queue.extend_up", partial(self._queue.extend, -1))
        bind("queue.select_all", self._queue.selection.select_all, self._queue)
        bind("queue.take_next", self._take_next)
        bind("queue.next_chat", self._next_chat)
        bind("queue.refresh", self._queue.apply_held)
        bind("rail.toggle", self._arrangement.toggle_rail)
        bind("panel.toggle", self._arrangement.toggle_panel)
        bind("window.focus", partial(self._arrangement.set_focus_mode, True))
        bind("text.larger", partial(step_text_scale, self._settings, 1))
        bind("text.smaller", partial(step_text_scale, self._settings, -1))
        bind("text.normal", partial(step_text_scale, self._settings, 0))
        bind("window.fullscreen", self._toggle_full_screen)
        bind("pane.next", partial(self._pane_focus.step, 1))
        bind("pane.previous", partial(self._pane_focus.step, -1))
        bind("view.save", self._save_view)
        bind("window.back", self._back)
        bind("app.quit", self._window.close)
        bind("language.choose", lambda: self.my_menu.choose_language())
        bind("status.choose", lambda: self.late.my_status.open())
        bind("help.shortcuts", lambda: self.my_menu.show_shortcuts())
        self._navigation.bind_actions(self.actions_)

    # Following the replica

    def _on_changes(self, changes: Changes) -> None:
        self._queue.on_changes(changes)
        if self._late is not None:
            self._late.on_changes(changes)
        self._figures.on_changes(changes)

    def _show_figures(self) -> None:
        desk, figures = self._desk, self._figures
        self._rail.model.set_counts(figures.counts, figures.drafts)
        self._rail.model.set_accounts(figures.accounts)
        self._rail.set_me(desk.me)
        self._status.set_status(desk.status)  # what came says how current the desk is
        self._queue.set_counts(figures.counts, figures.accounts)
        self._queue.set_me(desk.me.id if desk.me else None)
        if self._late is not None:
            self._late.show_counts(figures.counts, figures.accounts)
        if self._instead.isHidden():
            self._rail.show_view(self._queue.view)

    def _on_status(self, status: LinkStatus) -> None:
        self._status.set_status(status)
        self._queue.on_status()
        link, self._link = self._link, status.link
        if self._late is not None and link is not status.link:  # else only another number of commands waits
            self._late.on_status(status)

    # Doing

    async def _open(self, conversation_id: UUID) -> None:
        late = await self.complete()
        await late.open(conversation_id)

    def _is_reading(self) -> bool:
        return self._late is not None and self._late.conversation.conversation_id is not None

    def _find_here(self) -> bool:
        if self._is_reading():
            self.late.finder.open()
        return self._is_reading()

    def _on_selection(self) -> None:
        if self._late is not None or self._queue.selection:
            self.late.follow_selection()

    def _take_next(self) -> None:
        self.late.next_one.take()

    def _next_chat(self) -> None:
        self.late.next_one.find_chat(self.conversation.conversation_id)

    def _save_view(self) -> None:
        self.late.saved_views.save()

    def _show_mine(self) -> None:
        self.show_view(FIRST_VIEW)

    def _on_reconnect(self) -> None:
        if self._reconnect is not None:
            self._reconnect()

    def _focus_conversation(self) -> None:
        conversation = self.conversation
        self._arrangement.show_conversation()
        conversation.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _back(self) -> None:
        if self._late is not None and self._late.site.leave():
            return
        if self._queue.selection:
            self._queue.selection.clear()
        elif not self._arrangement.back():
            self._queue.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # Arrangement

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrangement.arrange(self.width())

    def _toggle_full_screen(self) -> None:
        window = self._window
        window.showNormal() if window.isFullScreen() else window.showFullScreen()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_arrangement"):
            self._navigation.retranslate()
            if self._late is not None:
                self._late.retranslate()
            self._arrangement.arrange(self.width())

    async def release(self) -> None:
        """Save what was typed, end what is under way, and hear no more of the desk."""
        if self._late is not None:
            await self._late.release()
        self._bridge.close()
        await end_tasks(self)


def import_late_parts() -> None:
    """Read the code of the parts that the list does not need, in a thread."""
    import agentdesk.desktop.late_parts  # noqa: F401 - needed in a moment
