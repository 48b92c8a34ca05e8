"""My own status: shown at my picture, chosen in my menu or by its key."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import SetAvailability
from agentdesk.desktop.lifetime import connect, is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.teammates import DOTS, STATES, return_times, state_words
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.domain.availability import Availability
from agentdesk.queries.rows import TeammateRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["MyStatus"]

_TABLES = ("availability", "user")
_LONGEST_TIMER_MS = 24 * 3600 * 1000


class MyStatus(QObject):
    """The person's status on this desk, which is the same on all others. ``said`` tells why it could not be
    changed, as a Msg, without anything to do about it."""

    said = Signal(object, object, object)

    def __init__(self, desk: DeskPort, rail: Rail) -> None:
        super().__init__(rail)
        self._desk, self._rail = desk, rail
        self._tasks = tasks_of(self, "my status")
        self._row: TeammateRow | None = None
        self.menu = new_menu(rail)
        self.choices: dict[Availability, QAction] = {}
        group = QActionGroup(self.menu)
        for state in STATES:
            action = self.choices[state] = self._new_action()
            action.setData(state)
            action.setCheckable(True)
            group.addAction(action)
        group.triggered.connect(self._on_chosen)
        self.back = new_menu(self.menu)
        self.back.aboutToShow.connect(self._fill_back)
        self.menu.addMenu(self.back)
        self.load = self._new_action()
        self.load.setEnabled(False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show)
        self.menu.aboutToShow.connect(self.refresh)
        self._show()

    def _new_action(self) -> QAction:
        action = QAction(self.menu)  # of one that Qt makes Python does not hear when it goes
        self.menu.addAction(action)
        return action

    def fill(self, menu: QMenu) -> None:
        """Offer the same at the top of ``menu``."""
        first = menu.actions()[0]
        menu.insertActions(first, self.menu.actions())
        menu.insertSeparator(first)
        menu.aboutToShow.connect(self.refresh)

    def open(self) -> None:
        """Offer the choices at my picture."""
        self.menu.popup(self._rail.menu_spot())

    def on_changes(self, changes: Changes) -> None:
        """Follow what is chosen on another desk."""
        if not changes or any(table in changes for table in _TABLES):
            self.refresh()

    def refresh(self) -> None:
        """Read how the person stands."""
        self._tasks.start(self._read(), "read")

    def retranslate(self) -> None:
        """Put all words into the language of the window."""
        self._show()

    def choose(self, state: Availability, back_at: datetime | None = None) -> None:
        """Choose a status, until ``back_at`` where it is known."""
        command = SetAvailability(state=state.value, chosen_at=clock.now(), back_at=back_at)
        self._tasks.start(self._do(command), "choose")

    async def _do(self, command: SetAvailability) -> None:
        try:
            await self._desk.do(command)
        except AgentDeskError as error:
            if is_alive(self):
                self.said.emit(error.message, None, None)
                self._show()

    async def _read(self) -> None:
        me = self._desk.me
        rows = await self._desk.teammates()
        if is_alive(self):
            self._row = next((row for row in rows if me is not None and row.id == me.id), None)
            self._show()

    def _on_chosen(self, action: QAction) -> None:
        self.choose(Availability(action.data()))

    def _fill_back(self) -> None:
        """Offer return times; whoever is available takes a break until then."""
        self.back.clear()
        for words, at in return_times(clock.now().astimezone()):
            connect(self.back.addAction(tr(words)).triggered, self.back, partial(self._be_back, at))

    def _be_back(self, at: datetime, _checked: bool = False) -> None:
        state = self._state()
        self.choose(Availability.BREAK if state is Availability.AVAILABLE else state, at)

    def _state(self) -> Availability:
        return self._row.now_is(clock.now()) if self._row is not None else Availability.AVAILABLE

    def _show(self) -> None:
        row, now, state = self._row, clock.now(), self._state()
        for one, action in self.choices.items():
            words: Msg = state_words(row, now) if row is not None and one is state else STATES[one]
            action.setText(tr(words))
            action.setChecked(row is not None and one is state)
        self.back.setTitle(tr(msg("Back at…")))
        self.load.setVisible(row is not None)
        if row is not None:
            self.load.setText(tr(_load_words(row)))
            self._rail.set_standing(DOTS[state], state_words(row, now))
            self._wait_for(row, now)

    def _wait_for(self, row: TeammateRow, now: datetime) -> None:
        """Show it when the person counts as available again."""
        self._timer.stop()
        if row.back_at is not None and row.back_at > now:
            left = int((row.back_at - now).total_seconds() * 1000) + 1
            self._timer.start(min(left, _LONGEST_TIMER_MS))


def _load_words(row: TeammateRow) -> Msg:
    if row.capacity is None:
        return plural("{count} open conversation", "{count} open conversations", row.count)
    if row.load == row.count:
        return msg("{load} of {limit} conversations", load=row.load, limit=row.capacity)
    return msg("{load} of {limit} units taken", load=row.load, limit=row.capacity)
