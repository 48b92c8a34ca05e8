"""The conversation in the middle of the window, or several chats side by side: each in a pane of its own,
with its own transcript, draft and place. One of them has the focus of the window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QSplitter, QWidget

from agentdesk.base.tasks import Tasks
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.conversation_keys import ConversationKeys
from agentdesk.desktop.lifetime import finish_tasks, is_alive, tasks_of
from agentdesk.desktop.panes import MOST_CHATS
from agentdesk.desktop.press_watch import PressWatch
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.widgets.announce import announce
from agentdesk.domain.chat import CHANNEL
from agentdesk.sync.desk import Changes, DeskPort, LinkStatus

__all__ = ["SideBySide"]

_KEEP_AFTER_MS = 300


class SideBySide(QSplitter):
    """``made(view)``: there is another pane, whose signals are to be heard; ``counted(number)``: there are so
    many; ``placed``: others are on screen; ``moved``: another one has the focus.

    ``left(id)``: a conversation went from the list by what the person did, and another one is to take its
    place; ``closed``: its pane went too. A pane without room rests until there is some. ``first`` is never
    destroyed: what the window does besides, it does through that one.
    """

    made = Signal(object)
    moved = Signal()
    placed = Signal()
    counted = Signal(int)
    left = Signal(object)
    closed = Signal()
    conversation_wanted = Signal(object)

    def __init__(self, desk: DeskPort, settings: SettingsFile, actions: Actions, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._desk, self._settings, self._actions = desk, settings, actions
        self._tasks = tasks_of(self, "side by side")
        self._saves = Tasks("closed panes")
        self._resting: set[ConversationView] = set()
        self._mine: list[UUID] = []
        self._presses = PressWatch(self)
        self._presses.pressed.connect(self._focus_where)
        self._fits: Callable[[int], bool] = _never
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.first = ConversationView(desk, self)
        self._panes = [self.first]
        self._placed = ([self.first], self.first, 0)
        self._current = self.first
        self._keys = ConversationKeys(actions, self._get_current, self)
        self._keys.bind(self.first)
        self.first.set_current(actions)
        self._listen(self.first)
        self.setFocusProxy(self.first)
        self._keep_soon = QTimer(self)
        self._keep_soon.setSingleShot(True)
        self._keep_soon.setInterval(_KEEP_AFTER_MS)
        self._keep_soon.timeout.connect(self._keep_widths)
        self._fill_soon = QTimer(self)
        self._fill_soon.setSingleShot(True)
        self._fill_soon.timeout.connect(self._fill)
        self.splitterMoved.connect(self._keep_soon.start)
        theme().changed.connect(self._place)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus)

    def room_by(self, fits: Callable[[int], bool]) -> None:
        """Ask ``fits`` whether the window has room for a number of panes."""
        self._fits = fits

    @property
    def current(self) -> ConversationView:
        """The conversation that has the focus of the window."""
        return self._current

    def shown(self) -> list[ConversationView]:
        """The panes on screen, in their order."""
        return [view for view in self._panes if not view.isHidden()]

    def shown_ids(self) -> set[UUID]:
        """The conversations on screen."""
        return {view.conversation_id for view in self.shown() if view.conversation_id is not None}

    def pane_of(self, conversation_id: UUID) -> ConversationView | None:
        """The pane that a conversation has, with or without room."""
        return next((view for view in self._panes if view.conversation_id == conversation_id), None)

    # --- what is shown ---

    async def open(self, conversation_id: UUID) -> None:
        """Show a conversation where it is, or in the pane with the focus."""
        view = self.pane_of(conversation_id)
        if view is not None:
            self._focus(view)
        await self._current.open(conversation_id)
        self._fill()

    def open_beside(self, conversation_id: UUID, at: int | None = None) -> bool:
        """Show a conversation in a pane of its own and go there, as the ``at``-th or after the one with the
        focus; returns whether there was room."""
        view = self.pane_of(conversation_id)
        if view is None:
            if not self.has_room:
                return False
            place = self._panes.index(self._current) + 1 if at is None else min(at, len(self._panes))
            view = self._add(conversation_id, place)
            self._settings.change(chats_beside=max(self._settings.now.chats_beside, len(self._panes)))
        self._focus(view)
        return True

    @property
    def has_room(self) -> bool:
        """Whether one more can be opened beside the others."""
        count = len(self._panes)
        return self._current.conversation_id is not None and count < MOST_CHATS and self._fits(count + 1)

    def fill(self, mine: Sequence[UUID]) -> None:
        """Show as many of my chats side by side as the person had last; nothing that is shown gives way."""
        self._mine = list(mine)
        self._fill()

    def close_current(self) -> None:
        """Close the pane with the focus; what it shows stays as it is."""
        self.close_pane(self._current)

    def close_pane(self, view: ConversationView) -> None:
        """Close a pane because the person wants to see fewer."""
        if len(self._panes) > 1:
            self._settings.change(chats_beside=len(self._panes) - 1)
            self._remove(view)

    def close_others(self, ids: Sequence[UUID]) -> None:
        """Close the panes of ``ids`` that do not have the focus: these went from the list."""
        for view in list(self._panes):
            if view.conversation_id in ids and view is not self._current:
                self._remove(view)

    def place_at(self, point: QPoint) -> int:
        """The place that a pane let go at a point of the screen would have."""
        x = self.mapFromGlobal(point).x()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        passed = [view for view in self._panes if (view.geometry().center().x() < x) != rtl]
        return len([view for view in passed if not view.isHidden()])

    def clear(self) -> None:
        """Show that no conversation is open in the pane with the focus; one of several goes."""
        if len(self._panes) > 1:
            self._remove(self._current)
        else:
            self._current.clear()

    # --- for the window ---

    def on_changes(self, changes: Changes) -> None:
        """Follow what has changed in the replica; who is not seen, does so when there is room again."""
        for view in self._all():
            at_rest = view in self._resting or view not in self._panes
            (view.deeds.handing if at_rest else view).on_changes(changes)

    def on_status(self, status: LinkStatus) -> None:
        """Follow the connection."""
        for view in self._all():
            view.on_status(status)

    def set_panel_shown(self, shown: bool) -> None:
        """Say whether the customer panel is on screen."""
        for view in self._all():
            view.set_panel_shown(shown)

    def set_back_shown(self, shown: bool) -> None:
        """Offer to go back to the list, where there is place for one of both."""
        for view in self._all():
            view.set_back_shown(shown)

    async def release(self) -> None:
        """Save what was typed, also where a pane was closed just now."""
        self._presses.turn(False)
        await self._saves.drain()
        for view in self._all():
            await view.composer.leave()

    # --- panes ---

    def _add(self, conversation_id: UUID, place: int) -> ConversationView:
        view = self.first if self.first not in self._panes else self._make()
        view.expect(conversation_id)
        self._panes.insert(place, view)
        self.insertWidget(self._place_in_splitter(place), view)
        view.show()
        self._tasks.start(view.open(conversation_id), f"open {conversation_id}")
        self._count()
        return view

    def _make(self) -> ConversationView:
        view = ConversationView(self._desk, self, home=self.first.deeds)
        view.set_current(None)
        view.set_panel_shown(self.first.head.panel.isChecked())
        view.set_back_shown(not self.first.head.back.isHidden())
        view.on_status(self._desk.status)
        self._keys.add(view)
        self._listen(view)
        self.made.emit(view)
        return view

    def _listen(self, view: ConversationView) -> None:
        view.left.connect(self._on_left)
        view.departed.connect(self._on_departed)
        view.head.close_pressed.connect(self._on_close)
        view.went_on.connect(self._on_went_on)
        view.conversation_requested.connect(self.conversation_wanted)

    def _remove(self, view: ConversationView) -> None:
        place = self._panes.index(view)
        self._mine = [one for one in self._mine if one != view.conversation_id]
        if view is self._current:
            beside = self._panes[place - 1] if place else self._panes[1]
            self._focus(beside)
        self._panes.remove(view)
        self._resting.discard(view)
        view.hide()
        if view is self.first:
            view.clear()
            self._saves.start(finish_tasks(view.composer), "save first")
        else:
            self.first.deeds.handing.take_from(view.deeds.handing)
            saved = self._saves.start(view.composer.leave(), f"save {id(view)}")
            self._tasks.start(self._free(view, saved), f"free {id(view)}")
        self._count()

    async def _free(self, view: ConversationView, saved: asyncio.Task[None]) -> None:
        """Destroy a pane when what was typed is saved, and what was begun there has ended."""
        await asyncio.wait([saved])
        await finish_tasks(view)
        if is_alive(view):
            view.deleteLater()

    def _fill(self) -> None:
        wanted = min(self._settings.now.chats_beside, MOST_CHATS)
        for one in self._mine:
            if len(self._panes) >= wanted or not self.has_room:
                return
            if self.pane_of(one) is None:
                self._add(one, len(self._panes))

    def _all(self) -> Iterator[ConversationView]:
        yield from self._panes
        if self.first not in self._panes:
            yield self.first

    def _place_in_splitter(self, place: int) -> int:
        """Where the ``place``-th pane stands among the children; the first one may be there unused."""
        before = [self.indexOf(view) for view in self._panes[:place]]
        return max(before, default=-1) + 1

    # --- which has the focus ---

    def _get_current(self) -> ConversationView:
        return self._current

    def _focus(self, view: ConversationView) -> None:
        """Let the window's actions work on this one; the keyboard goes there, if it was in the other one."""
        before = self._current
        if view is before:
            return
        self._current = view
        before.set_current(None)
        view.set_current(self._actions)
        self.setFocusProxy(view)
        self._place()
        view.keep_keyboard(before)
        self.moved.emit()

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and len(self._panes) > 1:
            self._focus_where(now)

    def _focus_where(self, widget: QWidget) -> None:
        """The person has turned to the pane that ``widget`` is in, if it is in one."""
        for view in self._panes:
            if view.isAncestorOf(widget) and view is not self._current:
                self._focus(view)
                announce(view, view.head.accessibleName())

    # --- how much room each has ---

    def minimumSizeHint(self) -> QSize:
        """Where there is room for one only, the others rest."""
        return self._current.minimumSizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill_soon.start()  # not now: it changes what is being resized
        self._place()

    def _count(self) -> None:
        self.counted.emit(len(self._panes))
        self._place()

    def _place(self) -> None:
        """Show as many as fit, the one with the focus among them."""
        chat = theme().size("chat_pane")
        least = chat + self.handleWidth()
        fitting = max(1, (self.width() + self.handleWidth()) // least)
        seen = self._panes[:fitting]
        if self._current not in seen:
            seen = [*seen[:-1], self._current]
        before, now = self._placed, (seen, self._current, chat)
        if now == before:
            return
        self._placed = now
        for view in self._panes:
            self._rest(view, resting=view not in seen)
        for place, view in enumerate(seen):
            view.set_beside((place + 1, len(seen)) if len(seen) > 1 else None, current=view is self._current)
        self._actions.set_state(beside=len(self._panes) > 1)
        self._presses.turn(len(seen) > 1)
        if before[0] != seen:
            self._share_widths(len(seen))
            self.placed.emit()

    def _rest(self, view: ConversationView, *, resting: bool) -> None:
        view.setVisible(not resting)
        if resting:
            self._resting.add(view)
        elif view in self._resting:
            self._resting.discard(view)
            view.on_changes({})

    def _share_widths(self, count: int) -> None:
        kept = self._settings.now.chat_widths
        widths = [kept.get(f"{place + 1}/{count}", 1_000) for place in range(count)]
        of: dict[QWidget | None, int] = dict(zip(self.shown(), widths, strict=False))
        self.setSizes([of.get(self.widget(at), 0) for at in range(self.count())])

    def _keep_widths(self) -> None:
        sizes = [view.width() for view in self.shown()]
        if len(sizes) > 1:
            kept = {f"{place + 1}/{len(sizes)}": width for place, width in enumerate(sizes)}
            self._settings.change(chat_widths={**self._settings.now.chat_widths, **kept})

    # --- slots ---

    def _on_left(self, conversation_id: UUID) -> None:
        """A chat that is over gives its room to the others; elsewhere another conversation comes."""
        view = self.sender()
        if not isinstance(view, ConversationView) or view not in self._panes:
            return
        is_chat = view.row is not None and view.row.channel == CHANNEL
        if len(self._panes) > 1 and (is_chat or view is not self._current):
            self._remove(view)
            self.closed.emit()
        else:
            self.left.emit(conversation_id)

    def _on_departed(self) -> None:
        view = self.sender()
        if isinstance(view, ConversationView) and view in self._panes and len(self._panes) > 1:
            self._remove(view)

    def _on_close(self) -> None:
        head = self.sender()
        view = next((one for one in self._panes if one.head is head), None)
        if view is not None:
            self.close_pane(view)

    def _on_went_on(self, conversation_id: UUID) -> None:
        """What a pane shows goes on in another conversation: that comes there, if it has no pane yet. The
        focus stays where it is."""
        view = self.sender()
        if not isinstance(view, ConversationView) or view not in self._panes:
            return
        if self.pane_of(conversation_id) not in (None, view):
            self._remove(view)
        elif view is self._current:
            self.conversation_wanted.emit(conversation_id)
        else:
            self._tasks.start(view.open(conversation_id), f"open {conversation_id}")


def _never(_count: int) -> bool:
    return False
