"""The conversation in the middle of the window: head, transcript, composer."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import (
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.lifetime import is_alive, later, tasks_of
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import AWAY, Away
from agentdesk.desktop.views.composer import Composer
from agentdesk.desktop.views.conversation_actions import ConversationActions
from agentdesk.desktop.views.conversation_head import ConversationHead
from agentdesk.desktop.views.drop_field import DropField
from agentdesk.desktop.views.link_hint import LinkHint
from agentdesk.desktop.views.message_actions import MessageActions
from agentdesk.desktop.views.messages.body import Opener
from agentdesk.desktop.views.messages.card import CardTools
from agentdesk.desktop.views.older import head_of
from agentdesk.desktop.views.presence import Presence
from agentdesk.desktop.views.reading import Reading
from agentdesk.desktop.views.seeing import mark_seen
from agentdesk.desktop.views.transcript import TranscriptView
from agentdesk.desktop.views.transcript_plan import first_new, gone_rows
from agentdesk.desktop.widgets.empty import EmptyState
from agentdesk.desktop.widgets.placeholder import PlaceholderRows
from agentdesk.queries.rows import ConversationRow, MessageRow, Timeline
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["ConversationView"]

_PAGE = 40
_LOADING_AFTER_MS = 150
_MOST_REFETCHED = 400


class ConversationView(QWidget):
    """Shows one conversation and what can be done with it.

    ``left(id)`` tells that it went from the list by what the person did; ``said(text, undo text, undo)`` has
    something for a toast; ``panel_toggled`` and ``back_wanted`` are for the window;
    ``conversation_requested(id)`` wants another one shown; ``closed``: Esc was pressed while writing.
    """

    left = Signal(object)
    said = Signal(object, object, object)
    panel_toggled = Signal()
    back_wanted = Signal()
    conversation_requested = Signal(object)
    closed = Signal()

    def __init__(
        self, desk: DeskPort, parent: QWidget | None = None, *, opener: Opener = QDesktopServices.openUrl
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "conversation")
        self._head_row: ConversationRow | None = None
        self._wanted: UUID | None = None
        self._opening = 0
        self._stale = False
        self._reading = Reading()
        self.head = ConversationHead(self)
        self.transcript = TranscriptView(CardTools.of(desk, opener), clock.now, self)
        self.composer = Composer(desk, self)
        self.presence = Presence(desk, self.composer, self.head, self)
        self.message_actions = MessageActions(desk, self)
        self.deeds = ConversationActions(desk, self.head, self.composer, self)
        self.empty = EmptyState(self)
        self.empty.pressed.connect(self._on_empty_pressed)
        self._loading = PlaceholderRows(4, 96, self)
        self._drop = DropField(self)
        self.link_hint = LinkHint(self.transcript)
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self._show_nothing()

    # --- for the window ---

    @property
    def conversation_id(self) -> UUID | None:
        """The conversation on screen, or on its way to it."""
        return self._wanted

    async def open(self, conversation_id: UUID) -> None:
        """Show a conversation. Of several calls the last one wins, whichever is answered first.

        The one that is open already stays as it is, with its new line and its place.
        """
        if self._head_row is not None and self._head_row.id == conversation_id == self._wanted:
            self._follow()
            return
        self._opening += 1
        this = self._opening
        self._remember()
        self._wanted = conversation_id
        loading = later(self, _LOADING_AFTER_MS, self._show_loading)
        try:
            head = await head_of(self._desk, conversation_id)
            timeline = await self._desk.timeline(head.id, limit=_PAGE) if head is not None else None
        except AgentDeskError as error:
            if is_alive(self) and this == self._opening:
                self._show_trouble(error.message, error.hint)
            return
        finally:
            if is_alive(loading):
                loading.stop()
        if not is_alive(self) or this != self._opening:
            return
        if head is None or timeline is None:
            self._show_trouble(msg("This conversation no longer exists."), None)
            return
        self._wanted = head.id  # another one where it was merged
        self._show(head, timeline)
        await self.composer.open(head, timeline.messages)
        if this == self._opening:
            await mark_seen(self._desk, head)

    def clear(self) -> None:
        """Show that no conversation is open."""
        self._opening += 1
        self._remember()
        self._wanted = self._head_row = None
        self.transcript.clear()
        self.composer.clear()
        self.presence.open(None)
        self._show_nothing()

    def _show_nothing(self) -> None:
        self.empty.show_message(
            "messages-square",
            msg("No conversation is open"),
            msg("Choose one from the list to read it."),
            kind="accent",
        )
        self._stack.setCurrentWidget(self.empty)

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        self.presence.on_changes(changes)
        if self._head_row is None:
            return
        here = self._head_row.id
        known = {row.id for row in self.transcript.rows()}
        touched = (
            not changes
            or here in changes.get("conversation", ())
            or bool(known & changes.get("message", set()))
        )
        if touched or changes.get("event"):
            self._follow()
        elif "outbox" in changes:
            self._tasks.start(self.composer.refresh(), "outbox")
        if here in changes.get("draft", ()):
            self._tasks.start(self.composer.follow_drafts(), "drafts")
        if "mention" in changes and self.isVisible() and self.window().isActiveWindow():
            self._tasks.start(mark_seen(self._desk, self._head_row), "seen")

    def on_status(self, status: LinkStatus) -> None:
        """Follow the connection."""
        self.composer.set_away(AWAY.get(status.link))
        if self._head_row is not None:
            self._follow()

    def set_panel_shown(self, shown: bool) -> None:
        """Say whether the customer panel is on screen."""
        self.head.panel.setChecked(shown)

    def set_back_shown(self, shown: bool) -> None:
        """Offer to go back to the list, where there is place for one of both."""
        self.head.back.setVisible(shown)

    def bind_actions(self, actions: Actions) -> None:
        """Let the window's actions work on this conversation."""
        self.deeds.bind(actions)

    # --- showing ---

    def _show(self, head: ConversationRow, timeline: Timeline) -> None:
        self._head_row = self.deeds.row = head
        self.head.show_row(head, self._desk.me)
        self._stack.setCurrentWidget(self._page)
        self.presence.open(head)
        self.transcript.show_conversation(
            head,
            timeline.messages,
            timeline.events,
            older=timeline.older,
            new_from=first_new(head, timeline.messages, self._reading.last_seen(head)),
            away=self._away(),
            place=self._reading.place(head),
        )

    def _remember(self) -> None:
        """Keep where the person was in the conversation that is left."""
        row = self._head_row
        if row is not None:
            self._reading.remember(row, self.transcript.place())
        if self.composer.hold.has_keyboard:
            self.transcript.setFocus()  # not into the text that is to be written in the next one

    def _follow(self) -> None:
        """Read the conversation again; what comes while it is being read, is read after."""
        self._stale = True
        if not self._tasks.running("follow"):
            self._tasks.start(self._follow_all(), "follow")

    async def _follow_all(self) -> None:
        while self._stale and is_alive(self) and self._head_row is not None:
            self._stale = False
            await self._follow_once(self._head_row.id)

    async def _follow_once(self, here: UUID) -> None:
        known = self.transcript.rows()
        limit = min(max(_PAGE, len(known)), _MOST_REFETCHED)
        head = await self._desk.conversation(here)
        timeline = await self._desk.timeline(here, limit=limit)
        if not is_alive(self) or self._head_row is None or self._head_row.id != here:
            return
        if head is None:
            self._show_departed()
            return
        if head.id != here:
            self.conversation_requested.emit(head.id)  # it was merged meanwhile
            return
        if known and not {row.id for row in known} & {row.id for row in timeline.messages}:
            self._show(head, timeline)  # so much is new that nothing joins it to what was there
            return
        before, self._head_row = self._head_row, head
        self.deeds.row = head
        self.head.show_row(head, self._desk.me)
        self.presence.open(head)
        self.transcript.update_rows(
            head, timeline.messages, timeline.events, away=self._away(), gone=gone_rows(known, timeline)
        )
        self.composer.update_context(head, self.transcript.rows())
        await self.composer.refresh()
        news = head.last_message_id != before.last_message_id
        if news and self.isVisible() and self.window().isActiveWindow() and self.transcript.is_at_end():
            await mark_seen(self._desk, head)

    async def _load_older(self) -> None:
        row, known = self._head_row, self.transcript.rows()
        if row is None or not known:
            return
        timeline = await self._desk.timeline(row.id, before=known[0].id, limit=_PAGE)
        if is_alive(self) and self._head_row is not None and self._head_row.id == row.id:
            self.transcript.add_older(timeline.messages, timeline.events, older=timeline.older)

    def _show_loading(self) -> None:
        self._stack.setCurrentWidget(self._loading)

    def _show_trouble(self, title: Msg, hint: Msg | None) -> None:
        self._head_row = self.deeds.row = None
        self.presence.open(None)
        self.transcript.clear()
        self.empty.show_message("triangle-alert", title, hint, msg("Try again"), kind="warn")
        self._stack.setCurrentWidget(self.empty)

    def _show_departed(self) -> None:
        """The open conversation has left the desk; what was typed stays a draft."""
        self.clear()
        self.empty.show_message(
            "inbox",
            msg("This conversation has left your inboxes"),
            msg("It was moved or removed, or you do not see its inbox any more. What you typed is kept."),
            kind="warn",
        )

    def _away(self) -> Away | None:
        return AWAY.get(self._desk.status.link)

    def showEvent(self, event: QShowEvent) -> None:
        """Where there is place for one of list and conversation, the focus comes along."""
        super().showEvent(event)
        if self.head.back.isVisibleTo(self):
            self.transcript.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.composer.set_room(self.height())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._head_row is not None and event.mimeData().hasUrls():
            self._drop.cover()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        self.composer.take_drop(event.mimeData())
        event.acceptProposedAction()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), theme().color("bg.canvas"))

    # --- building and slots ---

    def _arrange(self) -> None:
        self._stack = QStackedWidget(self)
        self._page = QWidget(self._stack)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.transcript, 1)
        column.addWidget(self.presence.line)
        column.addWidget(self.composer)
        for page in (self.empty, self._loading, self._page):
            self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self.setFocusProxy(self.transcript)

    def _connect(self) -> None:
        self.head.panel_pressed.connect(self.panel_toggled)
        self.head.name_pressed.connect(self.panel_toggled)
        self.head.back_pressed.connect(self.back_wanted)
        self.deeds.left.connect(self.left)
        self.deeds.said.connect(self.said)
        self.deeds.conversation_requested.connect(self.conversation_requested)
        self.composer.sent.connect(self._on_sent)
        self.composer.left.connect(self._on_composer_left)
        self.composer.show_wanted.connect(self._on_show_wanted)
        self.transcript.older_wanted.connect(self._on_older_wanted)
        self.transcript.asked.connect(self._on_asked)
        self.transcript.asked.connect(self.deeds.on_asked)
        self.transcript.file_asked.connect(self._on_file_asked)
        self.transcript.menu_asked.connect(self._on_menu_asked)
        self.transcript.link_hovered.connect(self.link_hint.show_address)
        self.message_actions.edit_wanted.connect(self.composer.edit_again)
        self.message_actions.failed.connect(self._on_failed)
        self.message_actions.reply_wanted.connect(self._on_reply_wanted)

    def _on_sent(self, resolved: bool) -> None:
        self.transcript.scroll_to_end()
        row, held = self._head_row, self.composer.outbox.held
        if resolved and row is not None:
            if held is not None:
                self.deeds.offer_undo_send(row, held)
            self.left.emit(row.id)

    def _on_composer_left(self) -> None:
        self.transcript.setFocus()
        self.closed.emit()

    def _on_show_wanted(self, message_id: UUID | None) -> None:
        if message_id is not None:
            self.transcript.scroll_to_message(message_id)

    def _on_older_wanted(self) -> None:
        self._tasks.start(self._load_older(), "older")

    def _on_asked(self, action: str, message_id: UUID) -> None:
        row = self._message(message_id)
        if row is not None:
            self.message_actions.run(action, row)

    def _on_file_asked(self, message_id: UUID, attachment_id: UUID, point: QPoint | None) -> None:
        row = self._message(message_id)
        if row is not None:
            self.message_actions.open_file(row, attachment_id, point)

    def _on_menu_asked(self, message_id: UUID, point: QPoint, address: str) -> None:
        row = self._message(message_id)
        if row is not None:
            self.message_actions.show_menu(row, self.transcript.card(message_id), point, address)

    def _on_failed(self, text: Msg, _hint: Msg | None) -> None:
        self.said.emit(text, None, None)

    def _on_reply_wanted(self, everybody: bool) -> None:
        self.composer.start("reply", everybody=everybody)

    def _on_empty_pressed(self) -> None:
        if self._wanted is not None:
            self._tasks.start(self.open(self._wanted), "open again")

    def _message(self, message_id: UUID) -> MessageRow | None:
        return next((row for row in self.transcript.rows() if row.id == message_id), None)
