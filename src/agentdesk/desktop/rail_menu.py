"""What can be done with an entry of the rail, in a menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint

from agentdesk.base.text import msg
from agentdesk.desktop.lifetime import connect
from agentdesk.desktop.locale import tr
from agentdesk.desktop.models.rail import Entry
from agentdesk.desktop.troubles import Troubles
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["RailMenu"]


class RailMenu(QObject):
    """Opens the menu of an entry; one with nothing in it stays away."""

    def __init__(self, rail: Rail, troubles: Troubles) -> None:
        super().__init__(rail)
        self._rail, self._troubles = rail, troubles
        self.menu = new_menu(rail)
        rail.menu_wanted.connect(self._open)

    def _open(self, entry: Entry, place: QPoint) -> None:
        self.menu.clear()
        for account in self._troubles.to_retry(entry.channel):
            action = self.menu.addAction(tr(msg("Try {name} again", name=account.name)))
            connect(action.triggered, action, partial(self._troubles.retry_account, account))
        if not self.menu.isEmpty():
            self.menu.popup(place)
