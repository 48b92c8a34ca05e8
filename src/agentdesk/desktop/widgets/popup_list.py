"""The rows of a popover: what stands in them, how they are found, marked and painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import first_strong_direction, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.avatar import paint_avatar, paint_channel_tile
from agentdesk.desktop.widgets.mirror import AT_END, AT_START, mirrored
from agentdesk.desktop.widgets.surface import paint_surface

__all__ = ["ITEM_ROLE", "PopupItem", "PopupList"]

ITEM_ROLE = Qt.ItemDataRole.UserRole

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_ROW = 30


@dataclass(frozen=True, slots=True)
class PopupItem:
    """One row: its key in code, its words, and a short text at its end (a key, a load, a time).

    At the start stands an ``icon``, the tile of a ``channel``, or the avatar of a ``person`` (name, id).
    """

    key: str
    text: Msg | str
    detail: Msg | str = ""
    icon: str = ""
    channel: str = ""
    person: tuple[str, str] | None = None
    enabled: bool = True
    quiet: bool = False
    """Greyed, though it can be chosen."""
    words: str = ""
    """Further words it is found by."""

    def shown(self) -> str:
        """The text in the language of the window."""
        return _shown(self.text)

    def matches(self, query: str) -> bool:
        """Whether every word of ``query`` begins a word of the text, or is found in the further words."""
        own = self.shown().casefold().split()
        more = f"{self.words} {_shown(self.detail)}".casefold()
        return all(
            any(word.startswith(part) for word in own) or part in more for part in query.casefold().split()
        )


def _shown(text: Msg | str) -> str:
    return tr(text) if isinstance(text, Msg) else text


class _Rows(QAbstractListModel):
    """The rows of a popup."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.items: list[PopupItem] = []

    def set_items(self, items: list[PopupItem]) -> None:
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.items):
            return None
        item = self.items[index.row()]
        if role == ITEM_ROLE:
            return item
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return item.shown()
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return _shown(item.detail)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        enabled = index.isValid() and index.row() < len(self.items) and self.items[index.row()].enabled
        base = Qt.ItemFlag.ItemIsSelectable
        return base | Qt.ItemFlag.ItemIsEnabled if enabled else base


class PopupList(QListView):
    """The list: marks with the keys that the field hands on, never takes the focus."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows = _Rows(self)
        self._delegate = _Delegate(self)
        self.setModel(self.rows)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.entered.connect(self._on_entered)

    def fit(self, most: int) -> None:
        """Be as high as the rows need, ``most`` of them at most; away where there are none."""
        rows = min(self.rows.rowCount(), most)
        self.setFixedHeight(rows * _row_height() + 2)
        self.setVisible(rows > 0)

    def step(self, by: int) -> None:
        """Mark the row ``by`` rows further that can be chosen; 0 marks the first when none is."""
        rows = self.rows
        possible = [row for row, item in enumerate(rows.items) if item.enabled]
        if not possible:
            self.setCurrentIndex(QModelIndex())
            return
        current = self.currentIndex().row()
        place = possible.index(current) + by if current in possible else 0
        row = possible[max(0, min(place, len(possible) - 1))]
        self.setCurrentIndex(rows.index(row))
        self.scrollTo(rows.index(row))

    def _on_entered(self, index: QModelIndex) -> None:
        if index.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.setCurrentIndex(index)


def _row_height() -> int:
    """The height of a row in pixels at the person's text size."""
    return max(_ROW, theme().line_height("body") + 8)


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, _row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item = index.data(ITEM_ROLE)
        if not isinstance(item, PopupItem):
            return
        rect, direction = QRect(option.rect), option.direction
        if option.state & QStyle.StateFlag.State_Selected:
            paint_surface(painter, QRectF(rect), "bg.selected", "", theme().radius("control"))

        def at(x: int, width: int) -> QRect:
            return mirrored(direction, rect, QRect(rect.x() + x, rect.y(), width, rect.height()))

        painter.save()
        x = self._paint_start(painter, item, at(10, 20))
        detail = _shown(item.detail)
        small = theme().font("small", tabular=True)
        taken = QFontMetrics(small).horizontalAdvance(detail) + 10 if detail else 0
        room = rect.width() - x - 10 - taken
        body = theme().font("body")
        painter.setFont(body)
        shade = "text.muted" if item.quiet else "text.primary"
        painter.setPen(theme().color(shade if item.enabled else "text.disabled"))
        text = QFontMetrics(body).elidedText(item.shown(), Qt.TextElideMode.ElideRight, room)
        painter.setLayoutDirection(first_strong_direction(text))
        painter.drawText(at(x, room), AT_START[direction], text)
        if detail:
            painter.setFont(small)
            painter.setPen(theme().color("text.muted" if item.enabled else "text.disabled"))
            end = at(rect.width() - 10 - taken, taken)
            painter.setLayoutDirection(first_strong_direction(detail))
            painter.drawText(end, AT_END[direction], detail)
        painter.restore()

    def _paint_start(self, painter: QPainter, item: PopupItem, box: QRect) -> int:
        """Paint what stands before the text; returns where the text begins."""
        square = QRect(0, 0, 18, 18)
        square.moveCenter(box.center())
        if item.person is not None:
            paint_avatar(painter, square, item.person[0], item.person[1])
        elif item.channel:
            paint_channel_tile(painter, square, item.channel)
        elif item.icon:
            role = "text.secondary" if item.enabled else "text.disabled"
            picture = pixmap(item.icon, 16, role, painter.device().devicePixelRatioF())
            painter.drawPixmap(square.topLeft() + QPoint(1, 1), picture)
        else:
            return 10
        return 40
