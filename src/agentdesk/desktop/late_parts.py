"""What the window does not need to show its list: the open conversation, its customer, menus, banners.

These are four fifths of the window's code and widgets. They are made when the list is on screen, or with the
first need of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow, QWidget

from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.arrangement import Arrangement
from agentdesk.desktop.menu_bar import MenuBar
from agentdesk.desktop.my_menu import MyMenu
from agentdesk.desktop.my_status import MyStatus
from agentdesk.desktop.navigation import Navigation
from agentdesk.desktop.next_one import NextOne
from agentdesk.desktop.notify import Notifier
from agentdesk.desktop.offers import Offers
from agentdesk.desktop.place import Place
from agentdesk.desktop.rail_menu import RailMenu
from agentdesk.desktop.saved_views import SavedViews
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.troubles import Troubles
from agentdesk.desktop.views.bulk_actions import BulkActions
from agentdesk.desktop.views.chat_tabs import ChatTabs
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.find_bar import Finder
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.queue_selection import follower
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.status_bar import StatusBar
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import AccountRow, Counts
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["Frame", "LateParts"]

_TEXT_SIZES = ("text.larger", "text.smaller", "text.normal")


@dataclass(frozen=True, slots=True)
class Frame:
    """What the window has from the first moment on; ``middle`` and ``side`` are where the open conversation
    and its customer will be."""

    window: QMainWindow
    desk: DeskPort
    settings: SettingsFile
    actions: Actions
    arrangement: Arrangement
    rail: Rail
    queue: QueuePane
    navigation: Navigation
    status: StatusBar
    middle: Place
    side: Place


class LateParts(QObject):
    """Made inside ``frame``; all goes with ``owner``. ``conversation_wanted(id)`` wants one shown,
    ``mine_wanted`` the list of my own conversations."""

    conversation_wanted = Signal(object)
    mine_wanted = Signal()

    def __init__(self, frame: Frame, owner: QWidget) -> None:
        super().__init__(owner)
        self._frame, self._owner = frame, owner
        desk, queue = frame.desk, frame.queue
        self.tabs = ChatTabs(desk, frame.middle)
        self.conversation = ConversationView(desk, frame.middle)
        self.deeds = self.conversation.deeds
        self.next_one = NextOne(desk, self.deeds)
        self.finder = Finder(desk, self.conversation)
        self.bulk = BulkActions(desk, queue, self.deeds)
        self.panel = CustomerPanel(desk, frame.side, frame.settings, self.deeds.done)
        frame.middle.fill(self.tabs)
        frame.middle.fill(self.conversation)
        self.tabs.hide()
        frame.side.fill(self.panel)
        self._notifier = Notifier(frame.window, desk, self._is_shown)
        self.offers = Offers(desk, self.deeds, frame.actions, owner)
        frame.arrangement.put_on_top(self.offers.strip)
        self._troubles = Troubles(desk, frame.status, owner)
        self.saved_views = SavedViews(desk, frame.rail, queue, frame.navigation, self.deeds.done)
        self._rail_menu = RailMenu(frame.rail, self._troubles, self.saved_views)
        self.panel.bind_actions(frame.actions, frame.arrangement.show_panel)
        self.conversation.bind_actions(frame.actions)
        frame.actions.bind("chat.next", partial(self.tabs.step, 1))
        frame.actions.bind("chat.previous", partial(self.tabs.step, -1))
        self.menu_bar = MenuBar(frame.window, frame.actions, frame.settings, frame.side, owner)
        self.my_menu = self._new_menu()
        self.my_status = MyStatus(desk, frame.rail)
        self.my_status.fill(self.my_menu.menu)
        self._connect()
        self._connect_arrangement()
        self.on_status(desk.status)
        self._troubles.on_changes({})
        self.my_status.refresh()
        self.offers.on_changes({})
        self.tabs.refresh()

    # For the window

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        self.conversation.on_changes(changes)
        self.panel.on_changes(changes)
        self.bulk.on_changes(changes)
        self._notifier.on_changes(changes)
        self._troubles.on_changes(changes)
        self.my_status.on_changes(changes)
        self.offers.on_changes(changes)
        self.tabs.on_changes(changes)

    def on_status(self, status: LinkStatus) -> None:
        """Follow the connection."""
        self.conversation.on_status(status)
        self.tabs.tick()

    def show_counts(self, counts: Counts, accounts: Sequence[AccountRow]) -> None:
        """Follow how much there is to read, and how the channels are doing."""
        self._troubles.set_accounts(accounts)
        self._notifier.set_unread(counts.mine_unread)

    def follow_selection(self) -> None:
        """While conversations are selected, keys and menus work on all of them."""
        self._frame.actions.take_over(self.bulk.handlers() if self._frame.queue.selection else {})

    async def open(self, conversation_id: UUID) -> None:
        """Show a conversation and its customer."""
        self._frame.arrangement.show_conversation()
        if self.conversation.conversation_id != conversation_id:
            self.finder.close()
        self._frame.actions.set_state(conversation=True)
        await self.conversation.open(conversation_id)
        head = await self._frame.desk.conversation(conversation_id)
        if head is not None:
            self._frame.actions.set_state(chat=head.channel == CHANNEL)
            self.tabs.set_current(head.id)
            self._frame.queue.select(head.id)  # another one where it was merged
            await self.panel.show_contact(head.contact_id, conversation_id)

    def retranslate(self) -> None:
        """Put all that does not hear of it itself into the language of the window."""
        self.my_menu.retranslate()
        self.my_status.retranslate()
        self.offers.retranslate()

    async def release(self) -> None:
        """Save what was typed; there are no menus any more."""
        await self.conversation.composer.leave()
        self.menu_bar.close()

    # Building

    def _new_menu(self) -> MyMenu:
        actions = self._frame.actions
        menu = MyMenu(self._frame.window, self._frame.settings, actions)
        sizes = [actions.action(one) for one in _TEXT_SIZES]
        shown = [one for one in ("window.focus", "window.menu_bar") if actions.is_bound(one)]
        menu.add_actions([actions.action(one) for one in shown], sizes)
        self._frame.rail.set_my_menu(menu.menu)
        return menu

    def _connect(self) -> None:
        queue, status = self._frame.queue, self._frame.status
        self.bulk.left.connect(self._on_many_left)
        self.bulk.show_wanted.connect(self._show_unchanged)
        self.next_one.taken.connect(self._on_taken)
        self.next_one.found.connect(self.conversation_wanted)
        self.tabs.chosen.connect(self.conversation_wanted)
        self.next_one.said.connect(queue.say)
        self.deeds.find_wanted.connect(self.finder.open)
        self.conversation.left.connect(self._on_left)
        self.conversation.said.connect(queue.say)
        self.conversation.conversation_requested.connect(self.conversation_wanted)
        self.panel.conversation_requested.connect(self.conversation_wanted)
        self.panel.same.said.connect(queue.say)
        self.panel.privacy.said.connect(queue.say)
        self.panel.blocking.said.connect(queue.say)
        self._troubles.show_wanted.connect(self.conversation_wanted)
        self._troubles.said.connect(queue.say)
        self.my_status.said.connect(queue.say)
        self.saved_views.said.connect(queue.say)
        self._notifier.clicked.connect(self.conversation_wanted)
        self.offers.accepted.connect(self.conversation_wanted)
        self.offers.rung.connect(self._notifier.ring)
        self.offers.said.connect(queue.say)
        status.language_wanted.connect(self.my_menu.choose_language)
        status.shortcuts_wanted.connect(self.my_menu.show_shortcuts)

    def _connect_arrangement(self) -> None:
        arrangement = self._frame.arrangement
        self.conversation.back_wanted.connect(arrangement.show_list)
        self.conversation.panel_toggled.connect(arrangement.toggle_panel)
        arrangement.panel_shown.connect(self.conversation.set_panel_shown)
        arrangement.back_offered.connect(self.conversation.set_back_shown)
        arrangement.tell()

    # Doing

    def _is_shown(self, conversation_id: UUID) -> bool:
        return self.conversation.conversation_id == conversation_id and self._owner.isVisible()

    def _on_left(self, conversation_id: UUID) -> None:
        """A conversation left the list by what the person did: the next one becomes current."""
        self._frame.queue.let_go()
        self._go_on(self._frame.queue.after(conversation_id))

    def _go_on(self, following: UUID | None) -> None:
        if following is not None:
            self.conversation_wanted.emit(following)
        else:
            self._frame.arrangement.set_focus_mode(False)
            self.conversation.clear()
            self.panel.clear()
            self.tabs.set_current(None)
            self._frame.actions.set_state(conversation=False, chat=False)

    def _on_many_left(self, ids: list[UUID], order: list[UUID]) -> None:
        """These have left the list: where the open one is among them, another becomes current."""
        here = self.conversation.conversation_id
        if here in ids:
            self._go_on(follower(here, ids, order))

    def _show_unchanged(self, ids: list[UUID]) -> None:
        """Show what could not be changed: one by opening it, which tells why; several by selecting them."""
        if len(ids) == 1:
            self.conversation_wanted.emit(ids[0])
        else:
            self._frame.queue.show_selected(ids)

    def _on_taken(self, conversation_id: UUID) -> None:
        if self._frame.queue.view.kind != "mine":
            self.mine_wanted.emit()
        self.conversation_wanted.emit(conversation_id)
