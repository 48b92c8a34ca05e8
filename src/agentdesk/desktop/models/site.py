"""Who is on the site, a row for each: who came first stands first, so rows keep their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from agentdesk.base import clock
from agentdesk.base.bidi import isolate
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.locale import age_text, isolate_ltr, native_name, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.views.customer_lines import local_time
from agentdesk.desktop.views.customer_visit import place_of
from agentdesk.desktop.world_names import country_of_zone
from agentdesk.sync.visitor import SiteVisitor

__all__ = ["COLUMNS", "SiteModel", "state_words"]

Index = QModelIndex | QPersistentModelIndex

COLUMNS: tuple[Msg, ...] = (
    msg("Page"),
    msg("Here for"),
    msg("Came from"),
    msg("Where"),
    msg("With"),
    msg("Visit"),
    msg("Chat"),
)
_AGE, _WHERE, _CHAT = 1, 3, 6
_STATES: dict[str, Msg] = {
    "invited": msg("Was invited"),
    "closed": msg("Closed an invitation"),
    "chat": msg("In a chat"),
}


def state_words(one: SiteVisitor) -> Msg | None:
    """Return how a visitor stands to the chat; None where they may be invited."""
    if one.state == "chat" and one.waiting_since is not None:
        return msg("Waits for {time}", time=age_text(one.waiting_since, clock.now()))
    if one.invited_by and one.state in ("asked", "invited"):
        return msg("Invited by {name}", name=one.invited_by)
    return _STATES.get(one.state)


class SiteModel(QAbstractTableModel):
    """Takes each new state of things as single rows that come, go or change."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[SiteVisitor] = []

    def visitor(self, row: int) -> SiteVisitor | None:
        """Return who stands in a row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, visitor_id: UUID) -> int | None:
        """Return the row of a visitor."""
        return next((row for row, one in enumerate(self._rows) if one.id == visitor_id), None)

    def show(self, visitors: Sequence[SiteVisitor]) -> None:
        """Take who is there now, in the order of their coming."""
        wanted = {one.id for one in visitors}
        for row in reversed(range(len(self._rows))):
            if self._rows[row].id not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._rows[row]
                self.endRemoveRows()
        for row, one in enumerate(visitors):
            if row == len(self._rows) or self._rows[row].id != one.id:
                self.beginInsertRows(QModelIndex(), row, row)
                self._rows.insert(row, one)
                self.endInsertRows()
            elif self._rows[row] != one:
                self._rows[row] = one
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def tick(self) -> None:
        """Tell the times anew."""
        if self._rows:
            for column in (_AGE, _WHERE, _CHAT):
                self.dataChanged.emit(self.index(0, column), self.index(len(self._rows) - 1, column))

    def retranslate(self) -> None:
        """Tell that all words are different now."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self.visitor(index.row()) if index.isValid() else None
        if one is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _CELLS[index.column()](one, clock.now())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(one.url if index.column() == 0 else _CELLS[index.column()](one, clock.now()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{tr(COLUMNS[index.column()])}: {_CELLS[index.column()](one, clock.now())}"
        return None


def _page(one: SiteVisitor, _now: datetime) -> str:
    return isolate(one.title) if one.title else isolate_ltr(place_of(one.url)) or tr(msg("A page"))


def _age(one: SiteVisitor, now: datetime) -> str:
    return age_text(one.came_at, now)


def _referrer(one: SiteVisitor, _now: datetime) -> str:
    return isolate_ltr(place_of(one.referrer)) if one.referrer else ""


def _where(one: SiteVisitor, now: datetime) -> str:
    country = country_of_zone(one.time_zone)
    probably = tr(msg("Probably {country}", country=country)) if country else ""
    language = (native_name(one.language) or one.language) if one.language else ""
    there = local_time(one.time_zone, now)
    return " · ".join(part for part in (probably, language, isolate_ltr(there) if there else "") if part)


def _program(one: SiteVisitor, _now: datetime) -> str:
    return ", ".join(part for part in (one.browser, one.system) if part)


def _visit(one: SiteVisitor, _now: datetime) -> str:
    pages = tr(plural("{count} page", "{count} pages", one.pages))
    return tr(msg("{pages}, came back", pages=pages)) if one.returning else pages


def _chat(one: SiteVisitor, _now: datetime) -> str:
    words = state_words(one)
    return tr(words) if words is not None else ""


_CELLS: tuple[Callable[[SiteVisitor, datetime], str], ...] = (
    _page,
    _age,
    _referrer,
    _where,
    _program,
    _visit,
    _chat,
)
