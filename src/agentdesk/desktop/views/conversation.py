"""The conversation in the middle of the window: head, transcript, composer."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent, QResizeEvent, QShowEvent
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
from agentdesk.desktop.views.conversation_empty import ConversationEmpty
from agentdesk.desktop.views.conversation_head import ConversationHead
from agentdesk.desktop.views.drop_field import DropField
from agentdesk.desktop.views.link_hint import LinkHint
from agentdesk.desktop.views.message_actions import MessageActions
from agentdesk.desktop.views.messages.body import Opener
from agentdesk.desktop.views.messages.card import CardTools
from agentdesk.desktop.views.older import head_of
from agentdesk.desktop.views.presence import Presence
from agentdesk.desktop.views.reading import Reading
from agentdesk.desktop.views.supervising import Part, Supervising
from agentdesk.desktop.views.transcript import TranscriptView
from agentdesk.desktop.views.transcript_plan import first_new, gone_rows
from agentdesk.desktop.views.whispers import announce_whispers
from agentdesk.desktop.widgets.placeholder import PlaceholderRows
from agentdesk.queries.rows import ConversationRow, Timeline
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["ConversationView"]

_PAGE = 40
_LOADING_AFTER_MS = 150
_MOST_REFETCHED = 400
_MARK = 2


class ConversationView(QWidget):
    """Shows one conversation and what can be done with it.

    ``left(id)`` tells that it went from the list by what the person did; ``said(text, undo text, undo)`` has
    something for a toast; ``panel_toggled`` and ``back_wanted`` are for the window;
    ``conversation_requested(id)`` wants another one shown; ``closed``: Esc was pressed while writing;
    ``departed``: it is not this person's to see any more; ``went_on(id)``: it was merged into another one.
    ``home`` does the commands, where several conversations are shown.
    """

    left = Signal(object)
    said = Signal(object, object, object)
    panel_toggled = Signal()
    back_wanted = Signal()
    conversation_requested = Signal(object)
    closed = Signal()
    departed = Signal()
    went_on = Signal(object)

    def __init__(
        self,
        desk: DeskPort,
        parent: QWidget | None = None,
        *,
        opener: Opener = QDesktopServices.openUrl,
        home: ConversationActions | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "conversation")
        self._head_row: ConversationRow | None = None
        self._wanted: UUID | None = None
        self._opening = 0
        self._stale, self._heard = False, 0
        self._reading = Reading()
        self.head = ConversationHead(self)
        self.transcript = TranscriptView(CardTools.of(desk, opener), clock.now, self)
        self.composer = Composer(desk, self)
        self.presence = Presence(desk, self.composer, self.head, self)
        self.message_actions = MessageActions(desk, self.transcript, self)
        self.deeds = ConversationActions(desk, self.head, self.composer, self, home)
        self.supervising = Supervising(desk, self.composer, self.deeds.done, self)
        self.empty = ConversationEmpty(self)
        self.empty.pressed.connect(self._on_empty_pressed)
        self._loading = PlaceholderRows(4, 96, self)
        DropField(self, self.composer.take_drop, self._is_open)
        self.link_hint = LinkHint(self.transcript)
        self._is_marked = False
        self._arrange()
        self._connect()
        self._show_nothing()

    # --- for the window ---

    @property
    def conversation_id(self) -> UUID | None:
        """The conversation on screen, or on its way to it."""
        return self._wanted

    @property
    def row(self) -> ConversationRow | None:
        """The conversation on screen."""
        return self._head_row

    def expect(self, conversation_id: UUID) -> None:
        """Stand for a conversation that is opened in a moment."""
        self._wanted = conversation_id

    async def open(self, conversation_id: UUID) -> None:
        """Show a conversation. Of several calls the last one wins, whichever is answered first.

        The one that is open already stays as it is, with its new line and its place.
        """
        if self._head_row is not None and self._head_row.id == conversation_id == self._wanted:
            self._follow()
            return
        self._opening += 1
        this, heard = self._opening, self._heard
        self._remember()
        self._wanted = conversation_id
        loading = later(self, _LOADING_AFTER_MS, self._show_loading)
        try:
            head = await head_of(self._desk, conversation_id)
            timeline = await self._desk.timeline(head.id, limit=_PAGE) if head is not None else None
            part = await self.supervising.part_in(head)
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
        self._show(head, timeline, part)
        if heard != self._heard:
            self._follow()  # something has changed while it was read
        await self.composer.open(head, timeline.messages)
        if this == self._opening:
            await self.supervising.mark_seen(head)

    def clear(self) -> None:
        """Show that no conversation is open."""
        self._opening += 1
        self._remember()
        self._wanted = self._head_row = None
        self.transcript.clear()
        self.composer.clear()
        self._show_nothing()

    def _show_nothing(self) -> None:
        self.presence.open(None)
        self.supervising.show(None, Part.NONE)
        self.empty.say_nothing_open()
        self._stack.setCurrentWidget(self.empty)

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica."""
        self._heard += 1
        for part in (self.presence, self.message_actions.post_acts, self.deeds.handing):
            part.on_changes(changes)
        if self._head_row is None:
            return
        here = self._head_row.id
        known = {row.id for row in self.transcript.rows()}
        told = changes.get("conversation", set()) | changes.get("timeline", set())
        touched = here in told or known & changes.get("message", set())
        if not changes or touched or changes.get("event"):
            self._follow()
        elif "outbox" in changes:
            self._tasks.start(self.composer.refresh(), "outbox")
        self.composer.posting.on_changes(changes)
        if here in changes.get("draft", ()):
            self._tasks.start(self.composer.follow_drafts(), "drafts")
        if "mention" in changes and self.isVisible() and self.window().isActiveWindow():
            self._tasks.start(self.supervising.mark_seen(self._head_row), "seen")

    def on_status(self, status: LinkStatus) -> None:
        """Follow the connection."""
        self.composer.set_away(AWAY.get(status.link))
        self.supervising.on_status()
        if self._head_row is not None:
            self._follow()

    def set_panel_shown(self, shown: bool) -> None:
        """Say whether the customer panel is on screen."""
        self.head.panel.setChecked(shown)

    def set_back_shown(self, shown: bool) -> None:
        """Offer to go back to the list, where there is place for one of both."""
        self.head.back.setVisible(shown)

    def set_current(self, actions: Actions | None) -> None:
        """This is the one that the window's ``actions`` work on and where the person is; None: another is."""
        self.supervising.offer_in(actions)
        self.presence.set_current(actions is not None)

    def set_beside(self, place: tuple[int, int] | None, *, current: bool) -> None:
        """Stand beside others, as the first of two for instance, which is the ``current`` one or not; None:
        stand alone."""
        self._is_marked = current and place is not None
        self.head.set_beside(place)
        self.setMinimumWidth(0 if place is None else theme().size("chat_pane"))
        self._whole.setContentsMargins(0, 0 if place is None else _MARK, 0, 0)
        self.update()

    def keep_keyboard(self, before: ConversationView) -> None:
        """Take the keyboard over from the conversation ``before``: who was writing there, writes on here."""
        focus = self.window().focusWidget()
        if before.isAncestorOf(focus):
            writes = before.composer.isAncestorOf(focus) and self._stack.currentWidget() is self._page
            (self.composer.box.text if writes else self.transcript).setFocus()

    # --- showing ---

    def _show(self, head: ConversationRow, timeline: Timeline, part: Part) -> None:
        self._head_row = self.deeds.row = head
        self.head.show_row(head, self._desk.me)
        self._stack.setCurrentWidget(self._page)
        self.supervising.show(head, part)
        self.presence.open(head, watching=part is Part.WATCHES)
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
        part = await self.supervising.part_in(head)
        if not is_alive(self) or self._head_row is None or self._head_row.id != here:
            return
        if head is None:
            self._show_departed()
            return
        if head.id != here:
            self.went_on.emit(head.id)
            return
        if known and not {row.id for row in known} & {row.id for row in timeline.messages}:
            self._show(head, timeline, part)  # so much is new that nothing joins it to what was there
            return
        before, self._head_row = self._head_row, head
        self.deeds.row = head
        self.head.show_row(head, self._desk.me)
        self.supervising.show(head, part)
        self.presence.open(head, watching=part is Part.WATCHES)
        self.transcript.update_rows(
            head, timeline.messages, timeline.events, away=self._away(), gone=gone_rows(known, timeline)
        )
        announce_whispers(self.transcript, {row.id for row in known}, timeline.messages, self._desk.me)
        self.composer.update_context(head, self.transcript.rows())
        await self.composer.refresh()
        news = head.last_message_id != before.last_message_id
        if news and self.isVisible() and self.window().isActiveWindow() and self.transcript.is_at_end():
            await self.supervising.mark_seen(head)

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
        self._show_nothing()
        self.transcript.clear()
        self.empty.say_trouble(title, hint)

    def _show_departed(self) -> None:
        self.clear()
        self.empty.say_departed()
        self.departed.emit()

    def _is_open(self) -> bool:
        return self._head_row is not None

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

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("bg.canvas"))
        if self._is_marked:
            painter.fillRect(QRect(0, 0, self.width(), _MARK), theme().color("accent.mark"))

    # --- building and slots ---

    def _arrange(self) -> None:
        self._stack = QStackedWidget(self)
        self._page = QWidget(self._stack)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        above = self.head, self.supervising.strip, self.transcript
        below = self.presence.preview, self.presence.line, self.deeds.handing.strip, self.composer
        for widget in (*above, *below):
            column.addWidget(widget, int(widget is self.transcript))
        for page in (self.empty, self._loading, self._page):
            self._stack.addWidget(page)
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.addWidget(self._stack)
        self.setFocusProxy(self.transcript)

    def _connect(self) -> None:
        self.head.panel_pressed.connect(self.panel_toggled)
        self.head.name_pressed.connect(self.panel_toggled)
        self.head.back_pressed.connect(self.back_wanted)
        self.deeds.left.connect(self.left)
        self.deeds.said.connect(self.said)
        self.supervising.said.connect(self.said)
        self.deeds.conversation_requested.connect(self.conversation_requested)
        self.composer.sent.connect(self._on_sent)
        self.composer.left.connect(self._on_composer_left)
        self.composer.show_wanted.connect(self._on_show_wanted)
        self.transcript.older_wanted.connect(self._on_older_wanted)
        self.transcript.asked.connect(self.deeds.on_asked)
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

    def _on_failed(self, text: Msg, _hint: Msg | None) -> None:
        self.said.emit(text, None, None)

    def _on_reply_wanted(self, everybody: bool) -> None:
        self.composer.start("reply", everybody=everybody)

    def _on_empty_pressed(self) -> None:
        if self._wanted is not None:
            self._tasks.start(self.open(self._wanted), "open again")
