"""The editor of a saved view: what it is called, what it selects, and who sees it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg, msg, plural
from agentdesk.commands.values import SaveView, ViewQuery
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.view_names import FILTERS, LISTS, PRIORITIES, channel_name
from agentdesk.desktop.widgets.button import Button, PrimaryButton
from agentdesk.desktop.widgets.floating import SHADOW, Popover
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.saved_views import ICONS, KINDS
from agentdesk.queries.rows import AccountRow, InboxRow, SavedViewRow, View
from agentdesk.sync.desk import DeskPort

__all__ = ["ViewEditor"]

_WIDTH = 380
_COUNT_AFTER_MS = 200
_ICON_NAMES: dict[str, Msg] = {
    "bookmark": msg("Bookmark"),
    "star": msg("Star"),
    "flag": msg("Flag"),
    "heart": msg("Heart"),
    "tag": msg("Tag"),
    "clock": msg("Clock"),
    "hourglass": msg("Hourglass"),
    "users": msg("People"),
    "package": msg("Package"),
    "credit-card": msg("Card"),
}
_ONLY_ME, _EVERYBODY = "me", "all"


class ViewEditor(Popover):
    """``saved(SaveView)`` when it is to be saved. What is chosen is counted while it is being chosen."""

    saved = Signal(object)

    def __init__(self, desk: DeskPort, window: QWidget) -> None:
        super().__init__(window)
        self._desk = desk
        self._tasks = tasks_of(self, "view editor")
        self._row_id: UUID | None = None
        self._start = View(kind="all")
        self.name = QLineEdit(self)
        self.name.setMaxLength(80)
        self.name.textChanged.connect(self._on_changed)
        self.name.returnPressed.connect(self._on_save)
        self.tags = QLineEdit(self)
        self.tags.textChanged.connect(self._on_changed)
        self.kind, self.only, self.priority, self.channel, self.inbox, self.audience = (
            self._combo() for _ in range(6)
        )
        self._icons = QButtonGroup(self)
        self._count = Label("", "small", "text.muted", parent=self)
        self.save_button = PrimaryButton(msg("Save view"), parent=self)
        self.save_button.clicked.connect(self._on_save)
        self._cancel = Button(msg("Cancel"), parent=self)
        self._cancel.clicked.connect(self._on_cancel)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_COUNT_AFTER_MS)
        self._soon.timeout.connect(self._recount)
        self._arrange()
        self.setFixedWidth(_WIDTH + 2 * SHADOW)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def open_for(
        self,
        view: View,
        row: SavedViewRow | None,
        inboxes: Sequence[InboxRow],
        accounts: Sequence[AccountRow],
        anchor: QWidget,
        *,
        may_share: bool,
    ) -> None:
        """Edit the saved view ``row``, or a new one that selects what ``view`` does, at ``anchor``."""
        self._row_id, self._start = (row.id if row else None), view
        is_search = view.kind == "search"
        _fill(self.kind, [(key, LISTS[key]) for key in KINDS if (key == "search") == is_search], view.kind)
        _fill(self.only, list(FILTERS.items()), view.only)
        priorities = [("", msg("Any priority")), *((key, shown[0]) for key, shown in PRIORITIES.items())]
        _fill(self.priority, priorities, view.priority)
        channels = {account.channel for account in accounts} | ({view.channel} if view.channel else set())
        named = [(channel, channel_name(channel)) for channel in sorted(channels)]
        _fill(self.channel, [(None, msg("Any channel")), *named], view.channel)
        known = [(one.id, one.name) for one in inboxes]
        _fill(self.inbox, [(None, msg("Any inbox")), *known], view.inbox_id)
        audiences: list[tuple[object, Msg | str]] = [(_ONLY_ME, msg("Only me"))]
        if may_share:
            audiences += [(_EVERYBODY, msg("Everybody")), *known]
        shown_to: object = _ONLY_ME
        if row is not None and row.is_shared:
            shown_to = row.inbox_id or _EVERYBODY
        _fill(self.audience, audiences, shown_to)
        for field in (self.only, self.priority, self.channel, self.inbox, self.tags):
            self._form.setRowVisible(field, not is_search)
        self._form.setRowVisible(self.audience, may_share)
        self.name.setText(row.name if row else view.text[:80] if is_search else "")
        self.tags.setText(", ".join(view.tags))
        self._choose_icon(row.icon if row else ICONS[0])
        self.setAccessibleName(tr(msg("Edit view") if row else msg("Save as view")))
        self._on_changed()
        self._recount()
        self.appear(anchor, self.name)

    def command(self) -> SaveView:
        """Return what saving would do."""
        audience = self.audience.currentData()
        return SaveView(
            view_id=self._row_id or new_id(),
            name=self.name.text().strip(),
            icon=self._icon(),
            query=self._query(),
            shared=audience != _ONLY_ME,
            inbox_id=audience if isinstance(audience, UUID) else None,
        )

    def fit(self) -> None:
        """Be as high as the fields need."""
        self._column.activate()
        self.resize(self.width(), self.sizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What happens in the list of a field is that list's own business."""
        if isinstance(event, QMouseEvent | QKeyEvent) and QApplication.activePopupWidget() is not None:
            return False
        return super().eventFilter(watched, event)

    # --- inside ---

    def _combo(self) -> QComboBox:
        combo = QComboBox(self)
        combo.currentIndexChanged.connect(self._on_changed)
        return combo

    def _arrange(self) -> None:
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(theme().space(3))
        self._form.setVerticalSpacing(theme().space(2))
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field in (
            (msg("Name"), self.name),
            (msg("Icon"), self._icon_row()),
            (msg("List"), self.kind),
            (msg("Show"), self.only),
            (msg("Tags"), self.tags),
            (msg("Priority"), self.priority),
            (msg("Channel"), self.channel),
            (msg("Inbox"), self.inbox),
            (msg("Who sees it"), self.audience),
        ):
            label = Label(words, "body", "text.secondary", parent=self)
            label.setBuddy(field)
            self._form.addRow(label, field)
            field.setAccessibleName(tr(words))
        self.tags.setPlaceholderText(tr(msg("Any of these, separated by commas")))
        buttons = QHBoxLayout()
        buttons.addWidget(self._count, 1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self.save_button)
        self._column = QVBoxLayout(self)
        margin = SHADOW + theme().space(4)
        self._column.setContentsMargins(margin, margin, margin, margin)
        self._column.setSpacing(theme().space(3))
        self._column.addLayout(self._form)
        self._column.addLayout(buttons)

    def _icon_row(self) -> QWidget:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, name in enumerate(ICONS):
            button = QToolButton(holder)
            button.setProperty("kind", "icon")
            button.setCheckable(True)
            button.setIcon(icon(name))
            button.setIconSize(QSize(16, 16))
            button.setFixedSize(26, 28)
            button.setAccessibleName(tr(_ICON_NAMES[name]))
            button.setToolTip(tr(_ICON_NAMES[name]))
            self._icons.addButton(button, place)
            row.addWidget(button)
        row.addStretch()
        return holder

    def _icon(self) -> str:
        return ICONS[max(self._icons.checkedId(), 0)]

    def _choose_icon(self, name: str) -> None:
        self._icons.button(ICONS.index(name) if name in ICONS else 0).setChecked(True)

    def _query(self) -> ViewQuery:
        if self._start.kind == "search":
            return ViewQuery(kind="search", text=self._start.text)
        tags = tuple(dict.fromkeys(tag.strip() for tag in self.tags.text().split(",") if tag.strip()))
        return ViewQuery(
            kind=str(self.kind.currentData()),
            channel=self.channel.currentData(),
            inbox_id=self.inbox.currentData(),
            only=str(self.only.currentData()),
            tags=tags,
            priority=str(self.priority.currentData()),
            order=self._start.order,
            group=self._start.group,
        )

    def _on_changed(self, *_what: object) -> None:
        self.save_button.setEnabled(bool(self.name.text().strip()))
        self._soon.start()

    def _recount(self) -> None:
        self._tasks.start(self._tell_count(self._query()), "count")

    async def _tell_count(self, query: ViewQuery) -> None:
        if query.kind == "search":
            self._count.set_content("")
            return
        (count,) = await self._desk.view_counts([msgspec.convert(msgspec.to_builtins(query), View)])
        if is_alive(self):
            self._count.set_content(plural("{count} now", "{count} now", count))

    def _on_save(self) -> None:
        if self.name.text().strip() and self.leave():
            self.saved.emit(self.command())

    def _on_cancel(self) -> None:
        self.dismiss()


def _fill(combo: QComboBox, choices: Sequence[tuple[object, Msg | str]], chosen: object) -> None:
    """Offer ``choices`` (value and words) and choose one of them, the first where it is none."""
    combo.blockSignals(True)
    combo.clear()
    for value, words in choices:
        combo.addItem(tr(words) if isinstance(words, Msg) else words, value)
    values = [value for value, _words in choices]
    combo.setCurrentIndex(values.index(chosen) if chosen in values else 0)
    combo.blockSignals(False)
