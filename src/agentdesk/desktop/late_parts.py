"""What the window does not need to show its list: the open conversation, its customer, menus, banners.

These are four fifths of the window's code and widgets. They are made when the list is on screen, or with the
first need of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.arrangement import Arrangement
from agentdesk.desktop.faces import FacesOfDesk
from agentdesk.desktop.lifetime import tasks_of
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
from agentdesk.desktop.site_screen import SiteScreen
from agentdesk.desktop.taken import TakenChats
from agentdesk.desktop.troubles import Troubles
from agentdesk.desktop.views.bulk_actions import BulkActions
from agentdesk.desktop.views.chat_tabs import ChatTabs
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.conversation_actions import ConversationActions
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.desktop.views.find_bar import Finder
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.queue_selection import follower
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.side_by_side import SideBySide
from agentdesk.desktop.views.status_bar import StatusBar
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import AccountRow, Counts
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["Frame", "LateParts"]

_TEXT_SIZES = ("text.larger", "text.smaller", "text.normal")


@dataclass(frozen=True, slots=True)
class Frame:
    """What the window has from the first moment on; ``middle`` and ``side`` are where the open conversation
    and its customer will be, beside the list in ``splitter``; ``instead`` is where other screens come up."""

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
    splitter: QSplitter
    instead: Place


class LateParts(QObject):
    """Made inside ``frame``; all goes with ``owner``. ``conversation_wanted(id)`` wants one shown,
    ``mine_wanted`` the list of my own conversations."""

    conversation_wanted = Signal(object)
    mine_wanted = Signal()

    def __init__(self, frame: Frame, owner: QWidget) -> None:
        super().__init__(owner)
        self._frame, self._owner = frame, owner
        self._tasks = tasks_of(self, "late parts")
        desk, queue = frame.desk, frame.queue
        self.tabs = ChatTabs(desk, frame.middle)
        self.side_by_side = SideBySide(desk, frame.settings, frame.actions, frame.middle)
        self.side_by_side.room_by(frame.arrangement.fits)
        deeds = self.side_by_side.first.deeds
        self.next_one = NextOne(desk, deeds)
        self.bulk = BulkActions(desk, queue, deeds)
        self.panel = CustomerPanel(desk, frame.side, frame.settings, deeds.done)
        frame.middle.fill(self.tabs)
        frame.middle.fill(self.side_by_side)
        self.tabs.hide()
        frame.side.fill(self.panel)
        self._notifier = Notifier(frame.window, desk, self._is_shown)
        self.site = SiteScreen(desk, frame.rail, frame.instead, frame.splitter, frame.actions, owner)
        self.offers = Offers(desk, deeds, frame.actions, owner)
        frame.arrangement.put_on_top(self.offers.strip)
        self.taken = TakenChats(desk, owner)
        self._troubles = Troubles(desk, frame.status, owner)
        self.saved_views = SavedViews(desk, frame.rail, queue, frame.navigation, deeds.done)
        self._rail_menu = RailMenu(frame.rail, self._troubles, self.saved_views)
        self.panel.bind_actions(frame.actions, frame.arrangement.show_panel)
        frame.actions.bind("chat.next", partial(self.tabs.step, 1))
        frame.actions.bind("chat.previous", partial(self.tabs.step, -1))
        frame.actions.bind("chat.beside", self._open_next_beside)
        frame.actions.bind("chat.close_pane", self.side_by_side.close_current)
        self.menu_bar = MenuBar(frame.window, frame.actions, frame.settings, frame.side, owner)
        self.my_menu = self._new_menu()
        self.my_status = MyStatus(desk, frame.rail)
        self.my_status.fill(self.my_menu.menu)
        self.faces = FacesOfDesk(desk, owner)
        self._connect()
        self._connect_side_by_side()
        self._connect_arrangement()
        self.on_status(desk.status)
        self._troubles.on_changes({})
        self.my_status.refresh()
        self.faces.on_changes({})
        self.offers.on_changes({})
        self.tabs.refresh()

    # For the window

    @property
    def conversation(self) -> ConversationView:
        """The conversation that has the focus of the window."""
        return self.side_by_side.current

    @property
    def deeds(self) -> ConversationActions:
        """What can be done with it."""
        return self.conversation.deeds

    @property
    def finder(self) -> Finder:
        """What finds words in it."""
        return self._known_finder() or Finder(self._frame.desk, self.conversation)

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        self.side_by_side.on_changes(changes)
        self.panel.on_changes(changes)
        self.bulk.on_changes(changes)
        self._notifier.on_changes(changes)
        self._troubles.on_changes(changes)
        self.my_status.on_changes(changes)
        self.faces.on_changes(changes)
        self.offers.on_changes(changes)
        self.taken.on_changes(changes)
        self.tabs.on_changes(changes)
        self.site.on_changes(changes)

    def on_status(self, status: LinkStatus) -> None:
        """Follow the connection."""
        self.side_by_side.on_status(status)
        self.tabs.tick()
        self.site.on_status(status)

    def show_counts(self, counts: Counts, accounts: Sequence[AccountRow]) -> None:
        """Follow how much there is to read, and how the channels are doing."""
        self._troubles.set_accounts(accounts)
        self._notifier.set_unread(counts.mine_unread)

    def follow_selection(self) -> None:
        """While conversations are selected, keys and menus work on all of them."""
        self._frame.actions.take_over(self.bulk.handlers() if self._frame.queue.selection else {})

    async def open(self, conversation_id: UUID) -> None:
        """Show a conversation and its customer."""
        self.site.leave()
        self._frame.arrangement.show_conversation()
        if self.side_by_side.pane_of(conversation_id) is None:
            self._close_finder()
        self._frame.actions.set_state(conversation=True)
        await self.side_by_side.open(conversation_id)
        await self._show_around(conversation_id)

    async def _show_around(self, conversation_id: UUID) -> None:
        """Let tabs, list and customer go with the conversation that has the focus."""
        head = await self._frame.desk.conversation(conversation_id)
        if head is not None:
            self._frame.actions.set_state(chat=head.channel == CHANNEL)
            self._show_tabs(head.id)
            self._frame.queue.select(head.id)  # another one where it was merged
            await self.panel.show_contact(head.contact_id, conversation_id)

    def _show_tabs(self, current: UUID | None) -> None:
        self.tabs.set_current(current, self.side_by_side.shown_ids())

    def retranslate(self) -> None:
        """Put all that does not hear of it itself into the language of the window."""
        self.my_menu.retranslate()
        self.my_status.retranslate()
        self.offers.retranslate()

    async def release(self) -> None:
        """Save what was typed; there are no menus any more."""
        await self.side_by_side.release()
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
        self.next_one.said.connect(queue.say)
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
        self.taken.said.connect(queue.say)
        self.taken.rung.connect(self._notifier.ring)
        self.taken.conversation_wanted.connect(self.conversation_wanted)
        self.site.view.said.connect(queue.say)
        self.site.view.conversation_wanted.connect(self.conversation_wanted)
        self.site.shown.connect(self._on_other_screen)
        status.language_wanted.connect(self.my_menu.choose_language)
        status.shortcuts_wanted.connect(self.my_menu.show_shortcuts)

    def _connect_side_by_side(self) -> None:
        side, tabs = self.side_by_side, self.tabs
        self._hear(side.first)
        side.made.connect(self._hear)
        side.left.connect(self._on_left)
        side.closed.connect(self._frame.queue.let_go)
        side.moved.connect(self._on_moved)
        side.placed.connect(self._on_placed)
        side.conversation_wanted.connect(self.conversation_wanted)
        tabs.chosen.connect(self.conversation_wanted)
        tabs.beside_wanted.connect(self._open_beside)
        tabs.end_wanted.connect(self._end_beside)
        tabs.next_wanted.connect(self._open_next_beside)
        tabs.read.connect(self._fill_side_by_side)
        tabs.drag.allow_onto(side)
        tabs.drag.dropped.connect(self._on_tab_dropped)

    def _hear(self, view: ConversationView) -> None:
        """Follow what a pane wants of the window."""
        view.said.connect(self._frame.queue.say)
        view.deeds.find_wanted.connect(self._find)
        view.deeds.handing.rung.connect(self._notifier.ring)
        view.back_wanted.connect(self._frame.arrangement.show_list)
        view.panel_toggled.connect(self._frame.arrangement.toggle_panel)

    def _connect_arrangement(self) -> None:
        arrangement, side = self._frame.arrangement, self.side_by_side
        arrangement.panel_shown.connect(side.set_panel_shown)
        arrangement.back_offered.connect(side.set_back_shown)
        side.counted.connect(arrangement.set_chats)
        arrangement.tell()

    # Doing

    def _is_shown(self, conversation_id: UUID) -> bool:
        return conversation_id in self.side_by_side.shown_ids() and self._owner.isVisible()

    def _on_other_screen(self, shown: bool) -> None:
        """Keys do nothing to a conversation that is out of sight."""
        if shown:
            self._frame.actions.set_state(conversation=False, chat=False)
            return
        self._frame.rail.show_view(self._frame.queue.view)
        if self.conversation.conversation_id is not None:
            self.conversation_wanted.emit(self.conversation.conversation_id)

    def _find(self) -> None:
        self.finder.open()

    def _known_finder(self) -> Finder | None:
        children = self.conversation.findChildren(Finder, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return next(iter(children), None)

    def _close_finder(self) -> None:
        finder = self._known_finder()
        if finder is not None:
            finder.close()

    def _on_moved(self) -> None:
        """Another conversation has the focus, or the last one was closed."""
        here = self.conversation.conversation_id
        self._frame.actions.set_state(conversation=here is not None, chat=False)
        if here is None:
            self.panel.clear()
            self._show_tabs(None)
        else:
            self._tasks.start(self._show_around(here), "around")

    def _on_placed(self) -> None:
        self._show_tabs(self.conversation.conversation_id)

    def _open_beside(self, conversation_id: UUID, at: int | None = None) -> None:
        """Show a chat in a pane of its own, or say why not."""
        side = self.side_by_side
        self._frame.arrangement.show_conversation()
        if side.current.conversation_id is None:
            self.conversation_wanted.emit(conversation_id)
        elif not side.open_beside(conversation_id, at):
            self._frame.queue.say(msg("There is no room for another chat beside these."), None, None)

    def _open_next_beside(self) -> None:
        following = self.tabs.following()
        if following is not None:
            self._open_beside(following)
        else:
            self._frame.queue.say(msg("You have no other chat to show beside this one."), None, None)

    def _end_beside(self, conversation_id: UUID) -> None:
        view = self.side_by_side.pane_of(conversation_id)
        if view is not None:
            self.side_by_side.close_pane(view)

    def _on_tab_dropped(self, conversation_id: UUID, point: QPoint) -> None:
        self._open_beside(conversation_id, self.side_by_side.place_at(point))

    def _fill_side_by_side(self) -> None:
        self.side_by_side.fill(self.tabs.ids())

    def _on_left(self, conversation_id: UUID) -> None:
        """A conversation left the list by what the person did: the next one becomes current."""
        self._frame.queue.let_go()
        self._go_on(self._frame.queue.after(conversation_id))

    def _go_on(self, following: UUID | None) -> None:
        side = self.side_by_side
        if following is not None and side.pane_of(following) in (None, side.current):
            self.conversation_wanted.emit(following)
        elif len(side.shown()) > 1:
            side.clear()
        else:
            self._frame.arrangement.set_focus_mode(False)
            side.clear()
            self._on_moved()

    def _on_many_left(self, ids: list[UUID], order: list[UUID]) -> None:
        """These have left the list: where the open one is among them, another becomes current."""
        here = self.conversation.conversation_id
        self.side_by_side.close_others(ids)
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
