"""What a person can do with the open conversation, by button, key or palette."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import AnyCommand, Assign, EndChat, MarkRead, SetPriority, SetStatus, SetTags
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.actions.supervising import add_deeds
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.supervision import is_colleagues_chat
from agentdesk.desktop.undo import UndoStack, inverse
from agentdesk.desktop.views.chat_copying import ChatCopying
from agentdesk.desktop.views.composer import Composer
from agentdesk.desktop.views.conversation_head import ConversationHead
from agentdesk.desktop.views.conversation_menus import ConversationMenus
from agentdesk.desktop.views.handing import Handing
from agentdesk.desktop.views.merging import Merging
from agentdesk.desktop.views.messages.words import when_text
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import Status
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import DeskPort, Waiting

__all__ = ["ConversationActions"]


class ConversationActions(QObject):
    """Works on ``row``, the conversation on screen. ``left(id)`` tells that it went from the list;
    ``said(text, undo text, undo)`` has something for a toast; ``find_wanted``: words are to be found.

    ``home``: those that do and undo it, where a window shows several conversations; they outlast this one.
    """

    left = Signal(object)
    said = Signal(object, object, object)
    conversation_requested = Signal(object)
    find_wanted = Signal()

    def __init__(
        self,
        desk: DeskPort,
        head: ConversationHead,
        composer: Composer,
        owner: QWidget,
        home: ConversationActions | None = None,
    ) -> None:
        super().__init__(owner)
        self._desk, self._head, self._composer, self._owner = desk, head, composer, owner
        self._tasks = tasks_of(self, "conversation actions")
        self._row: ConversationRow | None = None
        self._home = home
        self.done: UndoStack = home.done if home is not None else UndoStack()
        self._actions: Actions | None = None
        self.copying = ChatCopying(desk, owner, "chat copies")
        self.copying.said.connect(self.said)
        self.merging = Merging(desk, self.do, owner)
        self.merging.merged.connect(self.conversation_requested)
        self.merging.refused.connect(self._on_refused)
        self.menus = ConversationMenus(owner, clock.now)
        self.menus.assigned.connect(self._on_assigned)
        self.menus.snoozed.connect(self._on_snoozed)
        self.menus.tagged.connect(self._on_tagged)
        self.menus.prioritised.connect(self._on_prioritised)
        self.handing = Handing(desk, self.do, owner)
        self.handing.left.connect(self.left)
        self.handing.said.connect(self.said)
        self.handing.show_wanted.connect(self.conversation_requested)
        head.assign_pressed.connect(self.choose_assignee)
        head.hand_pressed.connect(self.hand_over)
        head.snooze_pressed.connect(self.choose_snooze)
        head.tags_pressed.connect(self.choose_tags)
        head.resolve_pressed.connect(self.resolve_or_reopen)
        head.more_pressed.connect(self.show_more)

    @property
    def row(self) -> ConversationRow | None:
        """The conversation on screen."""
        return self._row

    @row.setter
    def row(self, row: ConversationRow | None) -> None:
        self._row = row
        self.handing.show(row)

    def use(self, actions: Actions) -> None:
        """Show the keys of the window's ``actions``, and offer those in menus that others do."""
        self._actions = actions
        keys = {"snooze": "conversation.snooze", "panel": "panel.toggle", "tags": "conversation.tags"}
        keys |= {"hand": "conversation.hand_over", "close": "chat.close_pane"}
        self._head.set_keys({name: actions.key_text(action_id) for name, action_id in keys.items()})

    # --- writing ---

    def start_reply(self) -> None:
        """Write to the customer."""
        self._composer.start("reply")

    def start_reply_all(self) -> None:
        """Write to everybody of the last message."""
        self._composer.start("reply", everybody=True)

    def start_note(self) -> None:
        """Write for the team."""
        self._composer.start("note")

    def send(self) -> None:
        """Send what is written."""
        self._composer.box.send_wanted.emit(False)

    def send_and_resolve(self) -> None:
        """Send what is written, and resolve."""
        self._composer.box.send_wanted.emit(True)

    def paste_plain(self) -> None:
        """Paste without formatting."""
        self._composer.box.text.paste_plain()

    def undo(self) -> None:
        """Take back the message that waits to go; without one, what was done last."""
        if self._composer.outbox.held is not None:
            self._tasks.start(self._composer.undo(), "undo")
        else:
            self.undo_last()

    def undo_last(self) -> None:
        """Undo what was done last, and what was done before that when asked again."""
        last = self.done.pop()
        if last is not None:
            self._tasks.start(last(), "undo last")

    def offer_undo_send(self, row: ConversationRow, held: Waiting) -> None:
        """A reply was sent and its conversation left: offer to take both back."""
        if self._home is not None:
            self._home.offer_undo_send(row, held)
            return
        self.done.push(partial(self._take_back, row.id, held.id))
        self.said.emit(
            msg("Answered and resolved {name}.", name=row.contact_name), msg("Undo"), self.undo_last
        )

    # --- the conversation itself ---

    def choose_assignee(self) -> None:
        """Ask who gets the conversation."""
        if self.row is not None:
            self._tasks.start(self._choose_assignee(self.row), "assignee")

    def assign_me(self) -> None:
        """Take the conversation."""
        if self._desk.me is not None:
            self._on_assigned(self._desk.me.id)

    def hand_over(self) -> None:
        """Ask to whom, or to which inbox, the conversation is handed."""
        if self.row is not None:
            self.handing.choose(self.row, self._head.hand if self._head.hand.isVisible() else self._head.more)

    def choose_snooze(self) -> None:
        """Ask until when the conversation sleeps."""
        if self.row is not None:
            head = self._head
            self.menus.choose_snooze(head.more if head.is_short else head.snooze)

    def choose_tags(self) -> None:
        """Ask for tags."""
        if self.row is not None:
            self.menus.choose_tags(self._head.add_tag, self.row.tags)

    def choose_priority(self) -> None:
        """Ask how urgent it is."""
        if self.row is not None:
            self.menus.choose_priority(self._head.more, self.row.priority)

    def choose_merge(self) -> None:
        """Ask with which conversation it is merged."""
        if self.row is not None:
            self.merging.choose(self.row, self._head.more)

    def toggle_unread(self) -> None:
        """Make it look unopened again, or opened."""
        row = self.row
        if row is not None:
            name = row.contact_name
            said = msg("Marked read: {name}.", name=name)
            if not row.unread:
                said = msg("Marked unread: {name}.", name=name)
            self._do(row, MarkRead(conversation_id=row.id, unread=not row.unread), said)

    def resolve_or_reopen(self) -> None:
        """What the main button says."""
        if self.row is not None and self.row.status == Status.RESOLVED:
            self.reopen()
        else:
            self.resolve()

    def resolve(self) -> None:
        """Resolve the conversation, and go on to the next."""
        row = self.row
        if row is None or row.status == Status.RESOLVED:
            return
        seen = row.last_message_id
        command = SetStatus(conversation_id=row.id, status=Status.RESOLVED.value, seen_message_id=seen)
        self._do(row, command, msg("Resolved {name}.", name=row.contact_name), leaves=True)

    def end_chat(self) -> None:
        """End the chat on the visitor's page, and go on to the next conversation."""
        row = self.row
        if row is not None and row.channel == CHANNEL:
            command = EndChat(conversation_id=row.id, seen_message_id=row.last_message_id)
            self._do(row, command, msg("Ended the chat with {name}.", name=row.contact_name), leaves=True)

    def send_copy(self) -> None:
        """Ask for an address, and send a copy of the chat there."""
        row = self.row
        if row is not None and row.channel == CHANNEL:
            self.copying.send(row)

    def reopen(self) -> None:
        """Open the conversation again, or wake it."""
        row = self.row
        if row is not None and row.status != Status.OPEN:
            said = msg("Open again: {name}.", name=row.contact_name)
            self._do(row, SetStatus(conversation_id=row.id, status=Status.OPEN.value), said)

    def show_more(self) -> None:
        """Open the menu of what is rarely needed."""
        if self.row is None:
            return
        menu = self.menu(self.row)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self._head.more.mapToGlobal(QPoint(0, self._head.more.height())))

    def menu(self, row: ConversationRow) -> QMenu:
        """Return a menu of what is rarely needed."""
        menu = new_menu(self._owner)
        self._add(menu, msg("Priority"), "chevron-up", self.choose_priority)
        self._add(menu, msg("Tags"), "tag", self.choose_tags)
        self._add(menu, msg("Mark read") if row.unread else msg("Mark unread"), "mail", self.toggle_unread)
        self._add(menu, msg("Hand over…"), "route", self.hand_over)
        if self._head.is_short:
            self._add(menu, msg("Snooze…"), "alarm-clock", self.choose_snooze)
            panel = msg("Show or hide the customer panel")
            self._add(menu, panel, "panel-right", self._head.panel_pressed.emit)
        menu.addSeparator()
        self._add(menu, msg("Find in this conversation"), "search", self.find)
        if row.status == Status.SNOOZED:
            self._add(menu, msg("Wake up now"), "alarm-clock-off", self.reopen)
        if row.channel == CHANNEL and row.status != Status.RESOLVED:
            self._add(menu, msg("End the chat"), "circle-x", self.end_chat)
        if row.channel == CHANNEL:
            self._add(menu, msg("Email a copy of the chat…"), "mail", self.send_copy)
        if self._actions is not None and is_colleagues_chat(row, self._desk.me):
            add_deeds(menu, self._actions)
        if self._actions is not None and self._actions.is_bound("customer.block"):
            menu.addAction(self._actions.action("customer.block"))
        menu.addSeparator()
        if self.merging.is_allowed:
            self._add(menu, msg("Merge with…"), "merge", self.choose_merge)
            for joined in row.merged:
                text = msg("Split off #{number} {subject}", number=joined.number, subject=joined.subject)
                self._add(menu, text, "split", partial(self.merging.part, row, joined))
        if row.related_id is not None:
            menu.addSeparator()
            text = msg("Show related conversation #{number}", number=row.related_number or 0)
            self._add(menu, text, "link-2", self._show_related)
        return menu

    def on_asked(self, action: str, conversation_id: UUID) -> None:
        """Do what a line of the transcript offers: ``part`` splits off what was merged there."""
        row = self.row
        joined = next((one for one in row.merged if one.id == conversation_id), None) if row else None
        if action == "part" and row is not None and joined is not None:
            self.merging.part(row, joined)

    def find(self) -> None:
        """Find words in the conversation."""
        self.find_wanted.emit()

    # --- inside ---

    async def _choose_assignee(self, row: ConversationRow) -> None:
        users = await self._desk.teammates()
        if is_alive(self):
            self.menus.choose_assignee(self._head.assignee, users, self._desk.me, row.assignee_id)

    def _on_assigned(self, user_id: UUID | None) -> None:
        row = self.row
        if row is None or row.assignee_id == user_id:
            return
        command = Assign(conversation_id=row.id, assignee_id=user_id, seen_assignee_id=row.assignee_id)
        me = self._desk.me
        was_mine = me is not None and row.assignee_id == me.id
        if was_mine:
            self._do(row, command, msg("Given away: {name}.", name=row.contact_name), leaves=True)
        else:
            self._do(row, command, msg("Assigned: {name}.", name=row.contact_name))

    def _on_snoozed(self, until: datetime) -> None:
        row = self.row
        if row is not None:
            command = SetStatus(conversation_id=row.id, status=Status.SNOOZED.value, snoozed_until=until)
            when = when_text(until.astimezone(), clock.now())
            said = msg("Snoozed {name} until {when}.", name=row.contact_name, when=when)
            self._do(row, command, said, leaves=True)

    def _on_tagged(self, tags: tuple[str, ...]) -> None:
        row = self.row
        if row is not None and tags != row.tags:
            said = msg("Tags changed: {name}.", name=row.contact_name)
            self._do(row, SetTags(conversation_id=row.id, tags=tags), said)

    def _on_prioritised(self, priority: str) -> None:
        row = self.row
        if row is not None and priority != row.priority:
            said = msg("Priority changed: {name}.", name=row.contact_name)
            self._do(row, SetPriority(conversation_id=row.id, priority=priority), said)

    def _show_related(self) -> None:
        if self.row is not None and self.row.related_id is not None:
            self.conversation_requested.emit(self.row.related_id)

    def _on_refused(self, why: Msg) -> None:
        self.said.emit(why, None, None)

    def _do(self, row: ConversationRow, command: AnyCommand, said: Msg, *, leaves: bool = False) -> None:
        """Do something to ``row``, say so, and offer to undo it; ``leaves``: it goes from the list by it."""
        self._tasks.start(self._change(row, command, said, leaves), f"do {type(command).__name__}")

    async def _change(self, row: ConversationRow, command: AnyCommand, said: Msg, leaves: bool) -> None:
        if await self.do(row, command, said) and leaves:
            self.left.emit(row.id)

    async def do(self, row: ConversationRow, command: AnyCommand, said: Msg) -> bool:
        """Do ``command`` to the conversation ``row`` and offer to undo it; returns whether it was done."""
        if self._home is not None:
            return await self._home.do(row, command, said)
        if not await self._try(command) or not is_alive(self):
            return False
        after = await self._desk.conversation(row.id)
        back = inverse(command, row, after) if after is not None else None
        if back is not None and is_alive(self):
            self.done.push(partial(self._try, back))
            self.said.emit(said, msg("Undo"), self.undo_last)
        return True

    async def _take_back(self, conversation_id: UUID, held_id: UUID) -> None:
        """Undo a send; its text is in the draft of the conversation, which is shown again."""
        if await self._desk.undo_hold(held_id):
            self.conversation_requested.emit(conversation_id)
        else:
            self.said.emit(msg("It has gone out already."), None, None)

    async def _try(self, command: AnyCommand) -> bool:
        """Do it; what is refused is said, and the screen stays as it is."""
        try:
            await self._desk.do(command)
        except AgentDeskError as error:
            self.said.emit(error.message, None, None)
            return False
        return True

    def _add(self, menu: QMenu, text: Msg, icon_name: str, slot: Callable[[], None]) -> None:
        action = QAction(icon(icon_name), tr(text), menu)
        action.triggered.connect(slot)
        menu.addAction(action)
