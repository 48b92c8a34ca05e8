"""What fills the main window: rail, list, conversation, customer panel, status bar; what its actions do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QSplitter, QVBoxLayout, QWidget

from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.actions.specs import ALL
from agentdesk.desktop.appearance import step_text_scale
from agentdesk.desktop.arrangement import Arrangement, Sheet
from agentdesk.desktop.bridge import Bridge
from agentdesk.desktop.lifetime import end_tasks, tasks_of
from agentdesk.desktop.menu_bar import MenuBar
from agentdesk.desktop.my_menu import MyMenu
from agentdesk.desktop.navigation import FIRST_VIEW, Navigation
from agentdesk.desktop.next_one import NextOne
from agentdesk.desktop.notify import Notifier
from agentdesk.desktop.pane_focus import PaneFocus
from agentdesk.desktop.rail_menu import RailMenu
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.shortcuts import LatinFallback
from agentdesk.desktop.troubles import Troubles
from agentdesk.desktop.views.bulk_actions import BulkActions
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.find_bar import Finder
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.queue_selection import follower
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.status_bar import StatusBar
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["Workspace"]

_TEXT_SIZES = ("text.larger", "text.smaller", "text.normal")
_COUNTED = ("conversation", "draft", "account", "account_state", "user", "message", "mention")


class Workspace(QWidget):
    """The panes of one window on one desk. ``reconnect`` tries the server at once."""

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
        self._tasks = tasks_of(self, "window")
        self._build(workspace)
        self._bridge = Bridge(desk, self)
        self._notifier = Notifier(window, desk, self._is_shown)
        self._troubles = Troubles(desk, self._status, self)
        self._rail_menu = RailMenu(self._rail, self._troubles)
        self.actions_ = Actions(window, ALL)
        self._bind_actions()
        self._menu_bar = MenuBar(window, self.actions_, settings, self._panel, self)
        self._fallback = LatinFallback(window, self.actions_)
        self._connect()
        self._arrangement.arrange(window.width())
        self._on_status(desk.status)
        self.show_view(FIRST_VIEW)
        self.refresh()
        self._troubles.on_changes({})
        self._queue.table.setFocus(Qt.FocusReason.OtherFocusReason)

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
    def conversation(self) -> ConversationView:
        """The conversation in the middle."""
        return self._conversation

    @property
    def panel(self) -> CustomerPanel:
        """The customer panel."""
        return self._panel

    @property
    def status_bar(self) -> StatusBar:
        """The line at the bottom."""
        return self._status

    @property
    def my_menu(self) -> MyMenu:
        """The menu behind my picture."""
        return self._my_menu

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
        """Read counts, accounts and who I am anew."""
        self._tasks.start(self._refresh(), "refresh")

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
        self._conversation = ConversationView(self._desk, self._splitter)
        self._next_one = NextOne(self._desk, self._conversation.deeds)
        self._finder = Finder(self._desk, self._conversation)
        self._navigation = Navigation(self._window, self._rail, self._queue, self._conversation, self._finder)
        self._bulk = BulkActions(self._desk, self._queue, self._conversation.deeds)
        done = self._conversation.deeds.done
        self._panel = CustomerPanel(self._desk, self._splitter, self._settings, done)
        self._status = StatusBar(self)
        self._queue.setMinimumWidth(280)
        self._queue.setMaximumWidth(520)
        self._panel.setMinimumWidth(272)
        self._panel.setMaximumWidth(420)
        self._splitter.setStretchFactor(1, 1)
        sheet = QVBoxLayout(self._sheet)
        sheet.setContentsMargins(1, 1, 0, 0)
        sheet.addWidget(self._splitter)
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
        panes = [self._rail, self._queue, self._conversation, self._panel, self._status]
        self._pane_focus = PaneFocus(panes, self)
        self._arrangement = Arrangement(
            self,
            self._sheet,
            self._splitter,
            self._rail,
            self._queue,
            self._conversation,
            self._panel,
            self._settings,
        )

    def _connect(self) -> None:
        self._bridge.changed.connect(self._on_changes)
        self._bridge.status_changed.connect(self._on_status)
        self._rail.unfold_wanted.connect(self._arrangement.unfold_rail)
        self._queue.opened.connect(self.open_conversation)
        self._queue.selection.changed.connect(self._on_selection)
        self._bulk.left.connect(self._on_many_left)
        self._bulk.show_wanted.connect(self._show_unchanged)
        self._queue.take_next.connect(self._next_one.take)
        self._next_one.taken.connect(self._on_taken)
        self._next_one.said.connect(self._queue.say)
        self._queue.entered.connect(self._focus_conversation)
        self._conversation.deeds.find_wanted.connect(self._finder.open)
        self._conversation.left.connect(self._on_left)
        self._conversation.back_wanted.connect(self._arrangement.show_list)
        self._conversation.panel_toggled.connect(self._arrangement.toggle_panel)
        self._conversation.said.connect(self._queue.say)
        self._conversation.conversation_requested.connect(self.open_conversation)
        self._panel.conversation_requested.connect(self.open_conversation)
        self._panel.same.said.connect(self._queue.say)
        self._panel.privacy.said.connect(self._queue.say)
        self._troubles.show_wanted.connect(self.open_conversation)
        self._troubles.said.connect(self._queue.say)
        self._status.reconnect_wanted.connect(self._on_reconnect)
        self._notifier.clicked.connect(self.open_conversation)
        self._my_menu = MyMenu(self._window, self._settings, self.actions_)
        sizes = [self.actions_.action(one) for one in _TEXT_SIZES]
        shown = [one for one in ("window.focus", "window.menu_bar") if self.actions_.is_bound(one)]
        self._my_menu.add_actions([self.actions_.action(one) for one in shown], sizes)
        self._rail.set_my_menu(self._my_menu.menu)
        self._status.language_wanted.connect(self._my_menu.choose_language)
        self._status.shortcuts_wanted.connect(self._my_menu.show_shortcuts)

    def _bind_actions(self) -> None:
        bind = self.actions_.bind
        bind("queue.next", partial(self._queue.step, 1))
        bind("queue.previous", partial(self._queue.step, -1))
        bind("queue.open", self._focus_conversation)
        bind("queue.select", self._queue.toggle_current)
        bind("queue.extend_down", partial(self._queue.extend, 1))
        bind("queue.extend_up", partial(self._queue.extend, -1))
        bind("queue.select_all", self._queue.selection.select_all, self._queue)
        bind("queue.take_next", self._next_one.take)
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
        bind("window.back", self._back)
        bind("app.quit", self._window.close)
        bind("language.choose", lambda: self._my_menu.choose_language())
        bind("help.shortcuts", lambda: self._my_menu.show_shortcuts())
        self._navigation.bind_actions(self.actions_)
        self._panel.bind_actions(self.actions_, self._arrangement.show_panel)
        self._conversation.bind_actions(self.actions_)

    # Following the replica

    def _on_changes(self, changes: Changes) -> None:
        self._queue.on_changes(changes)
        self._conversation.on_changes(changes)
        self._panel.on_changes(changes)
        self._bulk.on_changes(changes)
        if not changes or any(table in changes for table in _COUNTED):
            self.refresh()
        self._notifier.on_changes(changes)
        self._troubles.on_changes(changes)

    async def _refresh(self) -> None:
        desk = self._desk
        counts, drafts, accounts = await desk.counts(), await desk.drafts(), await desk.accounts()
        self._rail.model.set_counts(counts, len({draft.conversation_id for draft in drafts}))
        self._rail.model.set_accounts(accounts)
        self._rail.set_me(desk.me)
        self._troubles.set_accounts(accounts)
        self._queue.set_counts(counts, accounts)
        self._queue.set_me(desk.me.id if desk.me else None)
        self._notifier.set_unread(counts.mine_unread)
        self._rail.show_view(self._queue.view)

    def _is_shown(self, conversation_id: UUID) -> bool:
        return self._conversation.conversation_id == conversation_id and self.isVisible()

    def _on_status(self, status: LinkStatus) -> None:
        self._status.set_status(status)
        self._queue.on_status()
        self._conversation.on_status(status)

    # Doing

    async def _open(self, conversation_id: UUID) -> None:
        self._arrangement.show_conversation()
        if self._conversation.conversation_id != conversation_id:
            self._finder.close()
        self.actions_.set_state(conversation=True)
        await self._conversation.open(conversation_id)
        head = await self._desk.conversation(conversation_id)
        if head is not None:
            self._queue.select(head.id)  # another one where it was merged
            await self._panel.show_contact(head.contact_id, conversation_id)

    def _on_left(self, conversation_id: UUID) -> None:
        """A conversation left the list by what the person did: the next one becomes current."""
        self._queue.let_go()
        self._go_on(self._queue.after(conversation_id))

    def _go_on(self, following: UUID | None) -> None:
        if following is not None:
            self.open_conversation(following)
        else:
            self._arrangement.set_focus_mode(False)
            self._conversation.clear()
            self._panel.clear()
            self.actions_.set_state(conversation=False)

    def _on_many_left(self, ids: list[UUID], order: list[UUID]) -> None:
        """These have left the list: where the open one is among them, another becomes current."""
        here = self._conversation.conversation_id
        if here in ids:
            self._go_on(follower(here, ids, order))

    def _on_selection(self) -> None:
        """While conversations are selected, keys and menus work on all of them."""
        self.actions_.take_over(self._bulk.handlers() if self._queue.selection else {})

    def _show_unchanged(self, ids: list[UUID]) -> None:
        """Show what could not be changed: one by opening it, which tells why; several by selecting them."""
        if len(ids) == 1:
            self.open_conversation(ids[0])
        else:
            self._queue.show_selected(ids)

    def _on_taken(self, conversation_id: UUID) -> None:
        if self._queue.view.kind != "mine":
            self.show_view(FIRST_VIEW)
        self.open_conversation(conversation_id)

    def _on_reconnect(self) -> None:
        if self._reconnect is not None:
            self._reconnect()

    def _focus_conversation(self) -> None:
        self._arrangement.show_conversation()
        self._conversation.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _back(self) -> None:
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
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_my_menu"):
            self._navigation.retranslate()
            self._my_menu.retranslate()
            self._arrangement.arrange(self.width())

    async def release(self) -> None:
        """Save what was typed, end what is under way, and hear no more of the desk."""
        await self._conversation.composer.leave()
        self._bridge.close()
        self._menu_bar.close()
        await end_tasks(self)
