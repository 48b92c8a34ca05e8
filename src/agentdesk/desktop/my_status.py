"""My own status: shown at my picture, chosen in my menu or by its key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QActionGroup, QIcon
from PySide6.QtWidgets import QMenu

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import SetAvailability
from agentdesk.desktop.doing import Trying
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import connect, is_alive
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.teammates import STATES, dot_of, return_times, state_words
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.domain.availability import Availability
from agentdesk.queries.team_rows import OwnStatusRow, TeammateRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["MyStatus"]

_TABLES = ("availability", "own_status", "user")
_COUNT_AGAIN_MS = 1_000
_LONGEST_TIMER_MS = 24 * 3600 * 1000


class MyStatus(Trying):
    """The person's status on this desk, which is the same on all others."""

    def __init__(self, desk: DeskPort, rail: Rail) -> None:
        super().__init__(desk, rail, "my status")
        self._rail = rail
        self._row: TeammateRow | None = None
        self.menu = new_menu(rail)
        self.choices: dict[Availability, QAction] = {}
        self.own: dict[UUID, QAction] = {}
        self._statuses: tuple[OwnStatusRow, ...] = ()
        self._menus: list[QMenu] = [self.menu]
        self._group = QActionGroup(self.menu)
        for state in STATES:
            action = self.choices[state] = self._new_action()
            action.setData(state)
            action.setCheckable(True)
            self._group.addAction(action)
        self._group.triggered.connect(self._on_chosen)
        self.back = new_menu(self.menu)
        self.back.aboutToShow.connect(self._fill_back)
        self.menu.addMenu(self.back)
        self.load = self._new_action()
        self.load.setEnabled(False)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_COUNT_AGAIN_MS)
        self._soon.timeout.connect(self.refresh)
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
        self._menus.append(menu)
        menu.aboutToShow.connect(self.refresh)

    def open(self) -> None:
        """Offer the choices at my picture."""
        self.menu.popup(self._rail.menu_spot())

    def on_changes(self, changes: Changes) -> None:
        """Follow what is chosen on another desk."""
        if not changes or any(table in changes for table in _TABLES):
            self.refresh()
        elif "conversation" in changes and self._has_limit() and not self._soon.isActive():
            self._soon.start()

    def _has_limit(self) -> bool:
        return self._row is not None and self._row.capacity is not None

    def refresh(self) -> None:
        """Read how the person stands."""
        self._tasks.start(self._read(), "read")

    def retranslate(self) -> None:
        """Put all words into the language of the window."""
        self._show()

    def choose(
        self, state: Availability, back_at: datetime | None = None, status_id: UUID | None = None
    ) -> None:
        """Choose a status, or the team's own ``status_id``, until ``back_at`` where it is known."""
        command = SetAvailability(
            state=state.value, chosen_at=clock.now(), back_at=back_at, status_id=status_id
        )
        self._tasks.start(self._do(command), "choose")

    async def _do(self, command: SetAvailability) -> None:
        if not await self._try(command) and is_alive(self):
            self._show()

    async def _read(self) -> None:
        me = self._desk.me
        rows = await self._desk.teammates()
        statuses = await self._desk.own_statuses()
        if is_alive(self):
            self._row = next((row for row in rows if me is not None and row.id == me.id), None)
            self._offer_own(statuses)
            self._show()

    def _offer_own(self, statuses: Sequence[OwnStatusRow]) -> None:
        """Offer the team's own statuses below the usual ones, and one that I have though it was retired."""
        row, wanted = self._row, list(statuses)
        mine = row.status_id if row is not None and row.own(clock.now()) else None
        if row is not None and mine is not None and mine not in {one.id for one in wanted}:
            kept = OwnStatusRow(id=mine, name=row.own_name, kind=row.state, icon=row.own_icon)
            wanted.append(kept)
        if tuple(wanted) == self._statuses:
            return
        self._statuses = tuple(wanted)
        for action in self.own.values():
            for menu in self._menus:
                menu.removeAction(action)
            self._group.removeAction(action)
            action.deleteLater()
        self.own = {one.id: self._own_action(one) for one in wanted}

    def _own_action(self, status: OwnStatusRow) -> QAction:
        action = QAction(icon(status.icon), status.name.replace("&", "&&"), self.menu)
        action.setData(status.id)
        action.setCheckable(True)
        self._group.addAction(action)
        for menu in self._menus:
            menu.insertAction(self.back.menuAction(), action)
        return action

    def _on_chosen(self, action: QAction) -> None:
        status = next((one for one in self._statuses if one.id == action.data()), None)
        if status is None:
            self.choose(Availability(action.data()))
            return
        back_at = clock.now() + timedelta(minutes=status.minutes) if status.minutes else None
        self.choose(Availability(status.kind), back_at, status.id)

    def _fill_back(self) -> None:
        """Offer return times; whoever is available takes a break until then."""
        self.back.clear()
        for words, at in return_times(clock.now().astimezone()):
            connect(self.back.addAction(tr(words)).triggered, self.back, partial(self._be_back, at))

    def _be_back(self, at: datetime, _checked: bool = False) -> None:
        state, row = self._state(), self._row
        if row is not None and row.own(clock.now()):
            self.choose(state, at, row.status_id)
        else:
            self.choose(Availability.BREAK if state is Availability.AVAILABLE else state, at)

    def _state(self) -> Availability:
        return self._row.now_is(clock.now()) if self._row is not None else Availability.AVAILABLE

    def _show(self) -> None:
        row, now, state = self._row, clock.now(), self._state()
        own = row.status_id if row is not None and row.own(now) else None
        for one, action in self.choices.items():
            mine = row is not None and own is None and one is state
            words: Msg = state_words(row, now) if row is not None and mine else STATES[one]
            action.setText(tr(words))
            action.setChecked(mine)
        for status in self._statuses:
            action = self.own[status.id]
            words = msg("{words}", words=status.name)
            if row is not None and status.id == own:
                words = state_words(row, now)
            action.setText(tr(words).replace("&", "&&"))
            action.setChecked(status.id == own)
            action.setIcon(QIcon() if status.id == own else icon(status.icon))  # in its place is the mark
        self.back.setTitle(tr(msg("Back at…")))
        self.load.setVisible(row is not None)
        if row is not None:
            self.load.setText(tr(_load_words(row)))
            self._rail.set_standing(dot_of(row, now), state_words(row, now))
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
