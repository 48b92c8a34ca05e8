"""Which list the window shows: chosen in the rail, by a key, or searched for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow

from agentdesk.base.text import msg
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.queue import QueuePane
from agentdesk.desktop.views.rail import Rail
from agentdesk.desktop.views.view_names import title_of
from agentdesk.queries.rows import SavedViewRow, View
from agentdesk.sync.desk import DeskPort

__all__ = ["FIRST_VIEW", "Navigation"]

FIRST_VIEW = View(kind="mine", order="due")

_KINDS = (
    ("mine", "go.queue"),
    ("unassigned", "go.unassigned"),
    ("mentions", "go.mentions"),
    ("snoozed", "go.snoozed"),
    ("drafts", "go.drafts"),
    ("all", "go.open"),
)


class Navigation(QObject):
    """Keeps rail, list and the window's title in step. ``find_here()`` looks for words in the open
    conversation; False where none is open."""

    def __init__(
        self, window: QMainWindow, rail: Rail, queue: QueuePane, find_here: Callable[[], bool]
    ) -> None:
        super().__init__(rail)
        self._window, self._rail, self._queue = window, rail, queue
        self._find_here = find_here
        self._before_search = FIRST_VIEW
        self.saved: list[SavedViewRow] = []
        rail.chosen.connect(self.show_view)
        rail.searched.connect(self._on_search)
        rail.search_left.connect(queue.table.setFocus)

    def bind_actions(self, actions: Actions) -> None:
        """Say what the actions that go somewhere do."""
        for kind, action in _KINDS:
            actions.bind(action, partial(self.show_kind, kind))
        for number in range(1, 10):
            actions.bind(f"go.view.{number}", partial(self._show_number, number))
        actions.bind("search.focus", self._search)

    def show_view(self, view: View) -> None:
        """Show a list."""
        self._rail.show_view(view)
        self._queue.show_view(view)
        self.retranslate()

    async def refresh_saved(self, desk: DeskPort) -> None:
        """Show in the rail which views are saved, and in the list what the view there selects by now."""
        self.saved = await desk.saved_views()
        shown = [(row, view) for row in self.saved if (view := row.view()) is not None]
        numbers = await desk.view_counts([view for _row, view in shown])
        keys = await desk.rail_keys()
        entries = [(row, view, count) for (row, view), count in zip(shown, numbers, strict=True)]
        self._rail.model.set_saved(entries, keys)
        self._follow({row.id: view for row, view in shown})

    def _follow(self, views: Mapping[UUID, View]) -> None:
        """A saved view that was changed is shown as it is now; one that is gone is left."""
        here = self._queue.view
        if here.saved_id is None:
            return
        view = views.get(here.saved_id)
        if view is None:
            self.show_view(FIRST_VIEW)
        elif msgspec.structs.replace(view, order=here.order, group=here.group, only=here.only) != here:
            self.show_view(view)

    def show_kind(self, kind: str) -> None:
        """Show the list ``kind`` of the rail."""
        for view in self._rail.model.views():
            if view.kind == kind and view.channel is None and view.saved_id is None:
                self.show_view(view)

    def retranslate(self) -> None:
        """Name the window after the list, in its language."""
        self._window.setWindowTitle(tr(msg("{view} – AgentDesk", view=tr(title_of(self._queue.view)))))

    def _show_number(self, number: int) -> None:
        """Show the list that stands at place ``number`` (1 is the first)."""
        views = self._rail.model.views()
        if number <= len(views):
            self.show_view(views[number - 1])

    def _search(self) -> None:
        """Search everything; asked again, in the open conversation alone."""
        if not (self._rail.search.hasFocus() and self._find_here()):
            self._rail.focus_search()

    def _on_search(self, text: str) -> None:
        """Show what was found; an emptied field leads back to the list that was there before."""
        before = self._queue.view
        typed = before.kind == "search" and before.saved_id is None
        if not typed:
            self._before_search = before
        if text:
            self.show_view(View(kind="search", text=text))
        elif typed:
            self.show_view(self._before_search)
