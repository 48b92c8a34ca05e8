"""An agent whose chat a supervisor has taken over is told so, whatever is on their screen."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from PySide6.QtCore import QObject, Signal

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.domain.conversation import EventKind
from agentdesk.queries.rows import EventRow
from agentdesk.sync.desk import Changes, DeskPort, Link

__all__ = ["TakenChats"]

_NEWS_AGE = timedelta(minutes=10)
"""What happened longer than this before the window opened is told by the transcript alone."""


class TakenChats(QObject):
    """``said(text, words of a button, what it does)`` is for a toast, ``rung(id, title, text)`` for a banner;
    ``conversation_wanted(id)``: the button was used."""

    said = Signal(object, object, object)
    rung = Signal(object, str, str)
    conversation_wanted = Signal(object)

    def __init__(self, desk: DeskPort, owner: QObject) -> None:
        super().__init__(owner)
        self._desk = desk
        self._tasks = tasks_of(self, "taken chats")
        self._told: set[UUID] = set()
        self._since = clock.now() - _NEWS_AGE

    def on_changes(self, changes: Changes) -> None:
        """Look whether somebody has taken a chat from me."""
        if changes.get("event") and changes.get("conversation"):
            self._tasks.start(self._look(set(changes["conversation"])), "look")

    async def _look(self, ids: set[UUID]) -> None:
        status = self._desk.status
        if status.link is Link.FILLING or status.synced_at is None:
            return  # what a first fill brings is not news
        for row in await self._desk.queue_rows(list(ids)):
            taken = self._taken((await self._desk.timeline(row.id, limit=1)).events)
            if not is_alive(self):
                return
            if taken is not None:
                self._told.add(taken.id)
                said = msg(
                    "{who} took over your chat with {name}.", who=taken.user_name, name=row.contact_name
                )
                self.said.emit(said, msg("Show"), partial(self.conversation_wanted.emit, row.id))
                self.rung.emit(row.id, tr(said), "")

    def _taken(self, events: tuple[EventRow, ...]) -> EventRow | None:
        """What says that a chat of mine was taken, unless that was told before."""
        last = next((one for one in reversed(events) if one.kind == EventKind.ASSIGNED), None)
        me = self._desk.me
        if last is None or me is None or last.data.get("taken_from_id") != str(me.id):
            return None
        mine = last.user_id == me.id  # I gave it back myself
        return None if mine or last.id in self._told or last.created_at < self._since else last
