"""What can be done with an entry of the rail, in a menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QKeySequence

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import connect
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.rail import Entry
from agentdesk.desktop.saved_views import SavedViews
from agentdesk.desktop.troubles import Troubles
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["RailMenu"]


class RailMenu(QObject):
    """Opens the menu of an entry; one with nothing in it stays away."""

    def __init__(self, rail: Rail, troubles: Troubles, views: SavedViews) -> None:
        super().__init__(rail)
        self._rail, self._troubles, self._views = rail, troubles, views
        self.menu = new_menu(rail)
        rail.menu_wanted.connect(self._open)

    def _open(self, entry: Entry, place: QPoint) -> None:
        self.menu.clear()
        if entry.saved is not None and self._views.may_change(entry.saved):
            self._add(msg("Edit…"), "pencil", entry, "edit")
            self._add(msg("Rename…"), "type", entry, "rename", "F2")
            self._add(msg("Remove"), "trash-2", entry, "remove", "Del")
            self.menu.addSeparator()
        rows = self._rail.model.section_rows(entry.key)
        row = self._rail.model.row_of(entry.key)
        if row > rows[0]:
            self._add(msg("Move up"), "arrow-up", entry, "up", "Ctrl+Shift+Up")
        if row < rows[-1]:
            self._add(msg("Move down"), "arrow-down", entry, "down", "Ctrl+Shift+Down")
        for account in self._troubles.to_retry(entry.channel):
            action = self.menu.addAction(tr(msg("Try {name} again", name=account.name)))
            connect(action.triggered, action, partial(self._troubles.retry_account, account))
        if not self.menu.isEmpty():
            self.menu.popup(place)

    def _add(self, words: Msg, icon_name: str, entry: Entry, deed: str, key: str = "") -> None:
        action = self.menu.addAction(icon(icon_name), tr(words))
        if key:  # the list itself hears it
            shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            action.setText(f"{tr(words)}\t{shown}")
        connect(action.triggered, action, partial(self._views.do, entry, deed))
