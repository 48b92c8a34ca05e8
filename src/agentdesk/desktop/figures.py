"""How much there is in the lists of the rail, and how the channels are doing: read again where that may have
changed, off the way of what is shown first, and a few times a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.navigation import Navigation
from agentdesk.queries.rows import AccountRow, Counts
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["Figures"]

_REST_SECONDS = 0.4
_LATER_SECONDS = 0.1
"""So long a change is left alone: the row that it is about is painted first."""
_COUNTED = frozenset({"conversation", "mention", "account"})
_ACCOUNTS = frozenset({"account", "account_state"})
_SAVED = frozenset({"saved_view", "rail_order"})
_DRAFTS = frozenset({"draft"})
_ALL = _COUNTED | _ACCOUNTS | _SAVED | _DRAFTS


class Figures(QObject):
    """``changed``: there is something new in ``counts``, ``accounts`` or ``drafts`` (how many conversations
    have one). How long saved views are is told to ``navigation``."""

    changed = Signal()

    def __init__(self, desk: DeskPort, navigation: Navigation, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._navigation = desk, navigation
        self._stale: frozenset[str] = frozenset()
        self._tasks = tasks_of(self, "figures")
        self.counts = Counts()
        self.accounts: Sequence[AccountRow] = ()
        self.drafts = 0

    def refresh(self) -> None:
        """Read everything again, at once."""
        self._note(_ALL, 0)

    def on_changes(self, changes: Changes) -> None:
        """Follow what changed in the replica."""
        self._note(_ALL if not changes or "user" in changes else _ALL & changes.keys(), _LATER_SECONDS)

    def _note(self, told: frozenset[str], seconds: float) -> None:
        self._stale |= told
        if self._stale and not self._tasks.running("read"):
            self._tasks.start(self._read_stale(seconds), "read")

    async def _read_stale(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while self._stale:
            stale, self._stale = self._stale, frozenset()
            await self._read(stale)
            self.changed.emit()
            await asyncio.sleep(_REST_SECONDS)

    async def _read(self, stale: frozenset[str]) -> None:
        desk = self._desk
        if stale & _COUNTED:
            self.counts = await desk.counts()
        if stale & _DRAFTS:
            self.drafts = len({draft.conversation_id for draft in await desk.drafts()})
        if stale & _ACCOUNTS:
            self.accounts = await desk.accounts()
        if stale & _SAVED or (self._navigation.saved and stale & _COUNTED):
            await self._navigation.refresh_saved(desk)
