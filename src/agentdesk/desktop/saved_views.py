"""Saving lists as views, and what can be done with the views and entries of the rail."""

from __future__ import annotations

import msgspec
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.commands.values import ArrangeRail, RemoveView, SaveView, ViewQuery
from agentdesk.desktop import ask
from agentdesk.desktop.doing import Doing
from agentdesk.desktop.lifetime import is_alive
from agentdesk.desktop.models.rail import Entry
from agentdesk.desktop.navigation import Navigation
from agentdesk.desktop.undo import UndoStack
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.view_editor import ViewEditor
from agentdesk.domain.authority import Permission
from agentdesk.domain.saved_views import KINDS
from agentdesk.queries.rows import SavedViewRow, View
from agentdesk.sync.desk import DeskPort

__all__ = ["SavedViews"]


class SavedViews(Doing):
    """Saves, changes and arranges what stands in the rail."""

    def __init__(
        self, desk: DeskPort, rail: Rail, queue: QueuePane, navigation: Navigation, done: UndoStack
    ) -> None:
        super().__init__(desk, done, rail, "saved views")
        self._rail, self._queue, self._navigation = rail, queue, navigation
        self.editor = ViewEditor(desk, rail.window())
        self.editor.saved.connect(self._on_saved)
        rail.deed_wanted.connect(self.do)
        rail.dropped.connect(self.move)

    def may_change(self, row: SavedViewRow) -> bool:
        """Whether the person may change a view: their own ones, and shared ones by permission."""
        return not row.is_shared or self._may_share

    def save(self) -> None:
        """Save the list that is shown as a view, or change it where it is one."""
        view = self._queue.view
        row = next((row for row in self._navigation.saved if row.id == view.saved_id), None)
        if view.kind not in KINDS:
            self.said.emit(msg("This list cannot be saved."), None, None)
        elif row is not None and self.may_change(row):
            self.edit(row, view)
        else:
            self._tasks.start(self._open(view, None), "open")

    def edit(self, row: SavedViewRow, view: View | None = None) -> None:
        """Change a saved view, from what it selects, or from how ``view`` shows it now."""
        start = view or row.view()
        if start is not None:
            self._tasks.start(self._open(start, row), "open")

    def do(self, entry: Entry, deed: str) -> None:
        """Do what was asked for by key or menu: ``up``, ``down``, ``edit``, ``rename`` or ``remove``."""
        if deed in ("up", "down"):
            rows = self._rail.model.section_rows(entry.key)
            place = self._rail.model.row_of(entry.key) - rows[0] + (1 if deed == "down" else -1)
            if 0 <= place < len(rows):
                self.move(entry, place)
        elif entry.saved is None:
            return
        elif not self.may_change(entry.saved):
            self.said.emit(msg("Views of the team are left to some of your colleagues."), None, None)
        elif deed == "edit":
            self.edit(entry.saved)
        elif deed == "rename":
            self._tasks.start(self._rename(entry.saved), "rename")
        else:
            self._tasks.start(self._remove(entry.saved), f"remove {entry.saved.id}")

    def move(self, entry: Entry, place: int) -> None:
        """Put an entry at another place of its section."""
        before = ArrangeRail(keys=tuple(one.key for one in self._rail.model.entries if one.key))
        command = ArrangeRail(keys=self._rail.model.order_with(entry.key, place))
        self._tasks.start(self._do(command, before), "arrange")

    # --- inside ---

    @property
    def _may_share(self) -> bool:
        me = self._desk.me
        return me is not None and me.may(Permission.SHARE_VIEWS)

    async def _open(self, view: View, row: SavedViewRow | None) -> None:
        inboxes, accounts = await self._desk.inboxes(), await self._desk.accounts()
        if is_alive(self):
            share, button = self._may_share, self._queue.head.save_button
            anchor: QWidget = button if button.isVisible() else self._rail
            self.editor.open_for(view, row, inboxes, accounts, anchor, may_share=share)

    def _on_saved(self, command: SaveView) -> None:
        self._tasks.start(self._save(command), "save")

    async def _save(self, command: SaveView) -> None:
        before = next((row for row in self._navigation.saved if row.id == command.view_id), None)
        back = RemoveView(view_id=command.view_id) if before is None else _saving(before)
        if not await self._do(command, back, msg("Saved the view {name}.", name=command.name)):
            return
        await self._navigation.refresh_saved(self._desk)
        is_shown = before is None or self._queue.view.saved_id == command.view_id
        view = next((row.view() for row in self._navigation.saved if row.id == command.view_id), None)
        if is_shown and view is not None and is_alive(self):
            self._navigation.show_view(view)

    async def _rename(self, row: SavedViewRow) -> None:
        title, words = msg("Rename view"), msg("What is “{name}” to be called?", name=row.name)
        name = await ask.text(self._rail, title, words, msg("Rename"), value=row.name)
        if name and name != row.name and is_alive(self):
            command = msgspec.structs.replace(_saving(row), name=name)
            await self._do(command, _saving(row), msg("Renamed {name}.", name=row.name))

    async def _remove(self, row: SavedViewRow) -> None:
        back = RemoveView(view_id=row.id, removed=False)
        await self._do(RemoveView(view_id=row.id), back, msg("Removed the view {name}.", name=row.name))


def _saving(row: SavedViewRow) -> SaveView:
    """The command that saves a view as it is."""
    query = msgspec.convert(row.query, ViewQuery, strict=False)
    return SaveView(row.id, row.name, row.icon, query, row.is_shared, row.inbox_id)
