"""What stands above the list: its name and order, or the bar for what is selected, and its filters."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.queue_bulk import BAR_HEIGHT, BulkBar
from agentdesk.desktop.views.view_names import FILTERS, GROUPS, ORDERS, groups_of, title_of
from agentdesk.desktop.widgets.button import IconButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.desktop.widgets.pill import Pill, PillRow
from agentdesk.domain.saved_views import KINDS
from agentdesk.queries.rows import View
from agentdesk.sync.desk import DeskPort

__all__ = ["QueueHead"]

_UNSORTED = ("search", "drafts")
_RECOUNT_MS = 400


class QueueHead(QWidget):
    """``filter_chosen(key)``, ``order_chosen(key)`` and ``group_chosen(key)`` tell what the person picked,
    ``save_wanted`` that the list is to be narrowed down and saved.
    The bar for what is selected takes the place of the first line and is as high, so that no row moves under
    the pointer."""

    filter_chosen = Signal(str)
    order_chosen = Signal(str)
    group_chosen = Signal(str)
    save_wanted = Signal()

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "queue head")
        self._view = View(kind="mine", order="due")
        self._counted: View | None = None
        self._recount = QTimer(self)
        self._recount.setSingleShot(True)
        self._recount.timeout.connect(self._count)
        self._title = ElidedLabel("", "title")
        self._length = Label("", "body", "text.muted")
        self.sort_button = QToolButton(self)
        self.sort_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.sort_button.setIcon(icon("arrow-up-down"))
        self.sort_button.setIconSize(QSize(20, 16))  # the icon is 16; the rest is its distance from the words
        self.sort_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.sort_button.setMenu(self._sort_menu())
        self.save_button = IconButton("list-filter", msg("Filter, and save as a view…"), parent=self)
        self.save_button.clicked.connect(self.save_wanted)
        self.bar = BulkBar(self)
        self.pills = PillRow(msg("Filter"), self)
        self.pills.set_pills([Pill(key, name) for key, name in FILTERS.items()])
        self.pills.chosen.connect(self.filter_chosen)
        self._arrange()

    def show_view(self, view: View) -> None:
        """Show name, order and filter of ``view``."""
        self._view = view
        self.pills.set_current(view.only)
        self.retranslate()

    def recount(self) -> None:
        """Ask anew how many each filter leaves, and say so on the pills: soon, and a few times a second at
        most."""
        if not self._recount.isActive():
            self._recount.start(_RECOUNT_MS if self._view == self._counted else 0)

    def _count(self) -> None:
        if self._view.kind not in _UNSORTED:
            self._counted = self._view
            self._tasks.start(self._count_filters(self._view), "count")

    async def _count_filters(self, view: View) -> None:
        counts = await self._desk.filter_counts(view)
        if not is_alive(self) or view != self._view:
            return
        numbers = {"all": counts.all, "unread": counts.unread, "waiting": counts.waiting}
        self.pills.set_pills([Pill(key, name, numbers[key]) for key, name in FILTERS.items()])

    def show_length(self, count: int) -> None:
        """Say how long the list is; zero is not said."""
        self._length.set_content(str(count) if count else "")

    def show_selected(self, count: int, *, everything: bool) -> None:
        """Show the bar while something is selected."""
        self.bar.set_count(count, everything=everything)
        self._lines.setCurrentWidget(self.bar if count else self._heading)

    def retranslate(self) -> None:
        """Say it in the language of the window."""
        view = self._view
        self._title.set_content(title_of(view))
        self.sort_button.setText(tr(ORDERS[view.order]))
        self.sort_button.setAccessibleName(tr(msg("Sort: {order}", order=tr(ORDERS[view.order]))))
        for action in self._orders.actions():
            action.setText(tr(ORDERS[action.data()]))
            action.setChecked(action.data() == view.order)
        for action in self._groups.actions():
            action.setText(tr(GROUPS[action.data()]))
            action.setChecked(action.data() == view.group)
            action.setVisible(action.data() in groups_of(view))
        self._group_menu.setTitle(tr(msg("Sections")))
        self._group_menu.setIcon(icon("list"))
        self.save_button.setVisible(view.kind in KINDS)
        self.sort_button.setVisible(view.kind not in _UNSORTED)
        self.pills.setVisible(view.kind not in _UNSORTED)

    def _arrange(self) -> None:
        self._heading = QWidget(self)
        heading = QHBoxLayout(self._heading)
        heading.setContentsMargins(16, 2, 10, 0)
        heading.setSpacing(theme().space(1))
        self._length.setContentsMargins(theme().space(1), 0, 0, 0)
        heading.addWidget(self._title)
        heading.addWidget(self._length)
        heading.addStretch(1)
        heading.addWidget(self.save_button)
        heading.addWidget(self.sort_button)
        lines = QWidget(self)
        lines.setFixedHeight(BAR_HEIGHT)
        self._lines = QStackedLayout(lines)
        self._lines.addWidget(self._heading)
        self._lines.addWidget(self.bar)
        pills = QHBoxLayout()
        pills.setContentsMargins(16, 0, 8, 8)
        pills.addWidget(self.pills)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(lines)
        column.addLayout(pills)

    def _sort_menu(self) -> QMenu:
        menu = new_menu(self)
        self._orders = _choices(menu, ORDERS)
        self._orders.triggered.connect(self._on_order)
        menu.addSeparator()
        self._group_menu = new_menu(menu)
        self._groups = _choices(self._group_menu, GROUPS)
        self._groups.triggered.connect(self._on_group)
        menu.addMenu(self._group_menu)
        return menu

    def _on_order(self, action: QAction) -> None:
        self.order_chosen.emit(str(action.data()))

    def _on_group(self, action: QAction) -> None:
        self.group_chosen.emit(str(action.data()))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and hasattr(self, "_lines"):
            self.retranslate()
        super().changeEvent(event)


def _choices(menu: QMenu, keys: Iterable[str]) -> QActionGroup:
    group = QActionGroup(menu)
    for key in keys:
        action = menu.addAction("")
        action.setData(key)
        action.setCheckable(True)
        group.addAction(action)
    return group
