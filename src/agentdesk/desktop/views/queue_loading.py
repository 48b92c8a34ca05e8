"""Keeping a list in step with the desk: it is read whole when it is shown, and then only what changed is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from PySide6.QtCore import QObject, QTimer, Signal

from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.models.queue import QueueModel
from agentdesk.desktop.views.queue_listing import Lister, can_follow, drafts_of
from agentdesk.queries.rows import View
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["QueueLoader"]

_BIG_LIST = 5_000
"""A list that is longer is read whole again, now and then: its places would take too much memory."""
_BIG_LIST_PAUSE_MS = 400
_MANY = 64
"""Where more conversations than that have changed, the list is read whole again."""


class QueueLoader(QObject):
    """``loaded(listing)``: this is in the list of ``model`` now. ``older()`` are those that came for it from
    the server."""

    loaded = Signal(object)

    def __init__(
        self, desk: DeskPort, model: QueueModel, older: Callable[[], Sequence[UUID]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk, self._model, self._older = desk, model, older
        self._lister = Lister(desk)
        self._view = View(kind="mine")
        self._tasks = tasks_of(self, "queue")
        self._first = self._whole = True
        self._changed: set[UUID] = set()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._start)

    def show(self, view: View) -> None:
        """Read another list."""
        self._view, self._first = view, True
        self._model.load_mentions()
        self.reload()

    def reload(self) -> None:
        """Read the list anew, all of it."""
        self._whole = True
        self._start()

    def on_changes(self, changes: Changes) -> None:
        """Follow what changed in the replica."""
        if not changes or changes.get("user"):
            self._model.invalidate()
            self._reload_soon()
        else:
            self._follow(changes)
        if not changes or "mention" in changes:
            self._model.load_mentions()
        if not changes or "draft" in changes:
            self._tasks.start(self._load_drafts(), "drafts")
        if "presence" in changes:
            self._model.show_writers(changes["presence"])

    def _follow(self, changes: Changes) -> None:
        if not self._can_follow(changes):
            self._model.follow(changes)
            if changes.keys() & {"conversation", "message", "mention"}:
                self._reload_soon()
            return
        self._model.follow({name: ids for name, ids in changes.items() if name != "conversation"})
        if ids := changes.get("conversation"):
            self._changed |= ids
            self._soon.start(0)

    def _can_follow(self, changes: Changes) -> bool:
        view, told = self._view, changes.get("conversation", ())
        moved = (view.order == "customer" and "contact" in changes) or (
            view.kind == "mentions" and "mention" in changes
        )
        return can_follow(view) and not moved and len(told) <= _MANY and len(self._model.ids) <= _BIG_LIST

    def _reload_soon(self) -> None:
        self._whole = True
        self._soon.start(_BIG_LIST_PAUSE_MS if len(self._model.ids) > _BIG_LIST else 0)

    def _start(self) -> None:
        """Read; what is asked for while that is under way, is read after."""
        if not self._tasks.running("load"):
            self._tasks.start(self._load(), "load")

    async def _load(self) -> None:
        while self._whole or self._changed:
            view, whole, changed = self._view, self._whole or len(self._changed) > _MANY, self._changed
            self._whole, self._changed = False, set()
            try:
                await (self._load_whole(view, changed) if whole else self._load_changed(view, changed))
            except BaseException:
                self._whole = True  # what has changed is not known any more
                raise

    async def _load_whole(self, view: View, changed: set[UUID]) -> None:
        self._model.invalidate(changed)
        listing = await self._lister.whole(view, self._older())
        if self._first:
            self._model.set_drafts(await drafts_of(self._desk))
        if view == self._view:
            self._first = False
            self.loaded.emit(listing)

    async def _load_changed(self, view: View, changed: set[UUID]) -> None:
        listing = await self._lister.following(view, changed)
        rows = await self._desk.queue_rows(list(changed))
        if view == self._view:
            self.loaded.emit(listing)
            self._model.show_rows(changed, rows)

    async def _load_drafts(self) -> None:
        self._model.set_drafts(await drafts_of(self._desk))
        if self._view.kind == "drafts" and not self._first:
            self.reload()
