"""The transcript: live widgets for what is near, loaded in pages, at a place that never jumps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QWidget

from agentdesk.base.text import plural
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.messages.card import CardLook, CardTools, MessageCard
from agentdesk.desktop.views.messages.folded import FoldedCard
from agentdesk.desktop.views.messages.post_context import PostPlace, places_of
from agentdesk.desktop.views.transcript_entries import EntryColumn, build_entry, connect_entry
from agentdesk.desktop.views.transcript_plan import Item, Mail, earlier, plan
from agentdesk.queries.rows import ConversationRow, EventRow, MessageRow

__all__ = ["Place", "TranscriptView"]

_PADDING = 20
_GAP = 12
_WIDEST = 720
_PAGE = 40
_MOST = 160
_NEAR_END = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the transcript: the entry at the top and how far its top is above the edge (pixels)."""

    key: str
    offset: int


class TranscriptView(QScrollArea):
    """``older_wanted`` asks for the page before; the other signals come from the cards (see MessageCard)."""

    older_wanted = Signal()
    asked = Signal(str, object)
    file_asked = Signal(object, object, object)
    menu_asked = Signal(object, QPoint, str)
    link_hovered = Signal(str)

    def __init__(self, tools: CardTools, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tools, self._now = tools, now
        tools.able.setParent(self)
        self._head: ConversationRow | None = None
        self._messages: dict[UUID, MessageRow] = {}
        self._events: dict[UUID, EventRow] = {}
        self._new_from: UUID | None = None
        self._opened: set[UUID] = set()
        self._places: Mapping[UUID, PostPlace] = {}
        self._away: Away | None = None
        self.has_older = False
        self._waiting_older = False
        self._items: tuple[Item, ...] = ()
        self._start = self._end = 0
        self._widgets: dict[str, QWidget] = {}
        self._shown: dict[str, Item] = {}
        self._below = 0
        self._busy = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._column = EntryColumn()
        self._column.grown.connect(self._on_grown)
        self.setWidget(self._column)
        self._pill = QToolButton(self)
        self._pill.setProperty("kind", "pill")
        self._pill.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._pill.setIconSize(QSize(14, 14))
        self._pill.clicked.connect(self.scroll_to_end)
        self._pill.hide()
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme().changed.connect(self._dress)
        self._dress()

    # --- what is shown ---

    def clear(self) -> None:
        """Show nothing."""
        self._head = None
        self._messages, self._events, self._opened = {}, {}, set()
        self._items, self._start, self._end = (), 0, 0
        self._reconcile()
        self._set_below(0)

    def show_conversation(
        self,
        head: ConversationRow,
        messages: Sequence[MessageRow],
        events: Sequence[EventRow],
        *,
        older: bool,
        new_from: UUID | None,
        away: Away | None,
        place: Place | None = None,
    ) -> None:
        """Show another conversation from its last page: at ``place``, at the new line, or at its end."""
        self.clear()
        self._head, self._new_from, self._away = head, new_from, away
        self._messages = {row.id: row for row in messages}
        self._events = {row.id: row for row in events}
        self.has_older, self._waiting_older = older, False
        self.setAccessibleName(head.contact_name)
        self._replan()
        self._end = len(self._items)
        self._start = max(0, self._end - _PAGE)
        self._reconcile()
        self._relayout(None)
        if place is not None and self._go_to(place):
            return
        if "new" in self._widgets:
            self._go_to(Place("new", -_GAP))
        else:
            self.scroll_to_end()

    def update_rows(
        self,
        head: ConversationRow,
        messages: Sequence[MessageRow],
        events: Sequence[EventRow],
        *,
        away: Away | None,
        gone: Sequence[UUID] = (),
    ) -> None:
        """Follow changes: entries are added, changed or removed by their ids, and nothing moves."""
        at_end = self.is_at_end()
        whole = self._end == len(self._items)
        arrived = [row for row in messages if row.id not in self._messages and self._is_last(row)]
        self._head, self._away = head, away
        for message_id in gone:
            self._messages.pop(message_id, None)
        self._messages.update((row.id, row) for row in messages)
        self._events = {**earlier(self._events, messages), **{row.id: row for row in events}}
        anchor = self._anchor()
        first = self._items[self._start].key if self._start < len(self._items) else None
        last = self._items[self._end - 1].key if self._end else None
        self._replan()
        self._locate(first, last, to_end=whole)
        self._reconcile()
        self._relayout(None if at_end else anchor)
        if at_end:
            self.scroll_to_end()
        else:
            self._set_below(self._below + sum(row.kind == "message" for row in arrived))

    def add_older(self, messages: Sequence[MessageRow], events: Sequence[EventRow], *, older: bool) -> None:
        """Put the page before on top; what is on screen stays where it is."""
        self._waiting_older, self.has_older = False, older
        anchor = self._anchor()
        first = self._items[self._start].key if self._start < len(self._items) else None
        last = self._items[self._end - 1].key if self._end else None
        self._messages = {**{row.id: row for row in messages}, **self._messages}
        self._events = {**{row.id: row for row in events}, **self._events}
        self._replan()
        self._locate(first, last, to_end=False)
        self._grow_up()
        self._reconcile()
        self._relayout(anchor)

    def card(self, message_id: UUID) -> MessageCard | None:
        """The widget of a message, where it is near enough to have one and not folded."""
        widget = self._widgets.get(str(message_id))
        return widget if isinstance(widget, MessageCard) else None

    def entries(self) -> list[QWidget]:
        """The live entries from the top down."""
        return [self._widgets[item.key] for item in self._items[self._start : self._end]]

    def rows(self) -> list[MessageRow]:
        """All messages loaded so far, oldest first."""
        return sorted(self._messages.values(), key=lambda row: (row.created_at, row.id))

    @property
    def below(self) -> int:
        """How many messages have come below what is on screen."""
        return self._below

    # --- where we are ---

    def is_at_end(self) -> bool:
        """Whether the end of the conversation is on screen."""
        bar = self.verticalScrollBar()
        return self._end == len(self._items) and bar.value() >= bar.maximum() - _NEAR_END

    def scroll_to_end(self) -> None:
        """Show the newest entry."""
        if self._end < len(self._items):
            self._end = len(self._items)
            self._start = max(0, self._end - _PAGE)
            self._reconcile()
            self._relayout(None)
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._set_below(0)

    def scroll_to_message(self, message_id: UUID) -> None:
        """Show a message at the top of the view, unfolded."""
        if str(message_id) not in self._widgets:
            self._live_around(str(message_id))
        self.unfold(message_id)
        self._go_to(Place(str(message_id), -_GAP))

    def _live_around(self, key: str) -> None:
        places = (place for place, item in enumerate(self._items) if item.key == key)
        self._start = max(0, next(places, len(self._items)) - _PAGE // 2)
        self._end = min(len(self._items), self._start + _PAGE)
        self._reconcile()
        self._relayout(None)

    def unfold(self, message_id: UUID) -> None:
        """Show a whole message that was folded to one line; what is above it stays where it is."""
        if message_id in self._opened:
            return
        self._opened.add(message_id)
        anchor = self._anchor()
        self._replan()
        self._reconcile()
        self._relayout(anchor)

    def place(self) -> Place | None:
        """Where the person is; None at the end."""
        return None if self.is_at_end() else self._anchor()

    def resizeEvent(self, event: QResizeEvent) -> None:
        at_end, anchor = self._was_at_end(event), self._anchor()
        super().resizeEvent(event)
        self._relayout(None if at_end else anchor)
        if at_end:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._place_pill()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._set_below(self._below)
        super().changeEvent(event)

    # --- inside ---

    def _was_at_end(self, event: QResizeEvent) -> bool:
        """Whether the end was on screen before the view got another height (the composer grows)."""
        bar = self.verticalScrollBar()
        bottom = bar.value() + max(event.oldSize().height(), 0)
        return self._end == len(self._items) and bottom >= self._column.height() - _NEAR_END

    def _is_last(self, row: MessageRow) -> bool:
        newest = max((known.created_at for known in self._messages.values()), default=None)
        return newest is None or row.created_at >= newest

    def _replan(self) -> None:
        self._places = places_of(self.rows())
        self._items = plan(
            list(self.rows()), list(self._events.values()), new_from=self._new_from, opened=self._opened
        )
        mail = (item for item in self._items if isinstance(item, Mail))
        self._opened.update(item.row.id for item in mail if not item.folded)

    def _locate(self, first: str | None, last: str | None, *, to_end: bool) -> None:
        """Find the window of live entries again after the plan has changed."""
        places = {item.key: position for position, item in enumerate(self._items)}
        self._start = places.get(first or "", max(0, len(self._items) - _PAGE))
        found_last = places.get(last or "")
        self._end = len(self._items) if to_end or found_last is None else found_last + 1
        self._start = max(min(self._start, self._end), self._end - _MOST)

    def _reconcile(self) -> None:
        """Make, change and remove widgets so that they are those of the window."""
        wanted = {item.key: item for item in self._items[self._start : self._end]}
        for key in [key for key in self._widgets if key not in wanted]:
            self._remove(key)
        for key, item in wanted.items():
            widget, before = self._widgets.get(key), self._shown.get(key)
            if isinstance(item, Mail) and isinstance(widget, MessageCard) and not item.folded:
                widget.show_row(item.row, self._look(item))
            elif isinstance(item, Mail) and isinstance(widget, FoldedCard) and item.folded:
                widget.show_row(item.row)
            elif widget is None or before != item:
                if widget is not None:
                    self._remove(key)
                self._widgets[key] = self._build(item)
                self._widgets[key].show()
            self._shown[key] = item

    def _remove(self, key: str) -> None:
        widget = self._widgets.pop(key)
        self._shown.pop(key, None)
        widget.hide()
        widget.deleteLater()

    def _build(self, item: Item) -> QWidget:
        entry = build_entry(item, self._column, self.tools, self._look(item), self._now())
        connect_entry(entry, self)
        return entry

    def _look(self, item: Item) -> CardLook:
        subject = self._head.subject if self._head else ""
        channel = self._head.channel if self._head else "email"
        merged = tuple(row.id for row in self._head.merged) if self._head else ()
        place = self._places.get(item.row.id) if isinstance(item, Mail) else None
        return CardLook(subject, channel, self._away, merged, place)

    def _relayout(self, anchor: Place | None) -> None:
        """Give every entry its place; ``anchor`` then stands where it stood before."""
        self._busy = True
        width = self.viewport().width()
        inner = min(_WIDEST, width - 2 * _PADDING)
        left = (width - inner) // 2
        top = _GAP
        for widget in self.entries():
            layout = widget.layout()
            if layout is not None:
                layout.activate()
            wants = widget.heightForWidth(inner) if widget.hasHeightForWidth() else widget.sizeHint().height()
            widget.setGeometry(QRect(left, top, inner, wants))
            top += wants + _GAP
        self._column.resize(width, max(top, self.viewport().height()))
        self._busy = False
        if anchor is not None:
            self._go_to(anchor)

    def _anchor(self) -> Place | None:
        """The topmost entry on screen and how far it is above the edge."""
        value = self.verticalScrollBar().value()
        for item in self._items[self._start : self._end]:
            box = self._widgets[item.key].geometry()
            if box.bottom() >= value:
                return Place(item.key, value - box.top())
        return None

    def _go_to(self, place: Place) -> bool:
        widget = self._widgets.get(place.key)
        if widget is None:
            return False
        self._busy = True
        self.verticalScrollBar().setValue(widget.geometry().top() + place.offset)
        self._busy = False
        return True

    def _on_grown(self) -> None:
        at_end, anchor = self.is_at_end(), self._anchor()
        fitted = self.verticalScrollBar().maximum() == 0  # then the beginning is what is being read
        self._relayout(anchor)
        if at_end and not fitted:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _on_scrolled(self, value: int) -> None:
        if self._busy:
            return
        near = 2 * self.viewport().height()
        bar = self.verticalScrollBar()
        if value < near and self._start > 0:
            anchor = self._anchor()
            self._grow_up()
            self._reconcile()
            self._relayout(anchor)
        if value < near and self._start == 0 and self.has_older and not self._waiting_older:
            self._waiting_older = True
            self.older_wanted.emit()
        elif bar.maximum() - value < near and self._end < len(self._items):
            anchor = self._anchor()
            self._end = min(len(self._items), self._end + _PAGE)
            self._start = max(self._start, self._end - _MOST)
            self._reconcile()
            self._relayout(anchor)
        if self.is_at_end():
            self._set_below(0)

    def _grow_up(self) -> None:
        self._start = max(0, self._start - _PAGE)
        self._end = min(self._end, self._start + _MOST)

    def _set_below(self, count: int) -> None:
        self._below = count
        self._pill.setVisible(count > 0)
        if count:
            self._pill.setText(tr(plural("{count} new below", "{count} new below", count)))
            self._pill.setIcon(icon("arrow-down", "accent.text"))
            self._place_pill()

    def _place_pill(self) -> None:
        size = self._pill.sizeHint()
        spot = QPoint((self.width() - size.width()) // 2, self.height() - size.height() - 10)
        self._pill.setGeometry(QRect(spot, size))
        self._pill.raise_()

    def _dress(self) -> None:
        self._column.update()
