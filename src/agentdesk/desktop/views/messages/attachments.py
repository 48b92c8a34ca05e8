"""Attachments of a message: chips with name and size, and pictures as small previews."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import size_text, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.views.messages.media import Media, is_dangerous, is_picture
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.surface import paint_surface
from agentdesk.queries.rows import AttachmentRow

__all__ = ["AttachmentChip", "Attachments", "file_icon"]

_HEIGHT = 36
_THUMB = 26
_PAD = 5
_NAME_WIDTH = 190
_ARCHIVES = ("zip", "compressed", "x-tar", "gzip", "x-7z", "rar")


def file_icon(media_type: str, name: str) -> str:
    """Return the icon for a file that has no preview."""
    kind = media_type.lower()
    if is_dangerous(name):
        return "shield-alert"
    if kind.startswith("image/"):
        return "file-image"
    if kind.startswith("text/") or "pdf" in kind or "document" in kind:
        return "file-text"
    if any(part in kind for part in _ARCHIVES):
        return "file-archive"
    return "file"


class AttachmentChip(QWidget):
    """One file: preview or icon, name cut in the middle, size. ``opened`` tells of a click or Enter,
    ``menu_requested(point)`` asks for its menu."""

    opened = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, row: AttachmentRow, media: Media, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self._image = QImage()
        self._busy = False
        self._hover = False
        self._name = visible(row.name) or tr(msg("Unnamed file"))
        self._tasks = tasks_of(self, "attachment")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr(self._spoken()))
        self.setToolTip(self._tip())
        theme().changed.connect(self.updateGeometry)
        if is_picture(row) and not is_dangerous(row.name):
            self._tasks.start(self._load(media), "preview")

    @property
    def dangerous(self) -> bool:
        """Whether the file is only ever saved, never opened."""
        return is_dangerous(self.row.name) or bool(self.row.note and self._looks_like_program())

    def set_busy(self, busy: bool) -> None:
        """Show that the file is being fetched."""
        self._busy = busy
        self.update()

    def sizeHint(self) -> QSize:
        font = QFontMetrics(theme().font("body"))
        name = min(_NAME_WIDTH, font.horizontalAdvance(self._name) + 2)
        size = QFontMetrics(theme().font("small")).horizontalAdvance(self._size())
        return QSize(_PAD + _THUMB + 8 + name + 8 + size + 11, max(_HEIGHT, theme().line_height("body") + 12))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = "focus.ring" if self.hasFocus() else "line.subtle"
        paint_surface(
            painter,
            self.rect().toRectF(),
            "bg.hover" if self._hover else "bg.canvas",
            line,
            theme().radius("control"),
        )
        self._paint_start(painter)
        small = theme().font("small")
        size_width = QFontMetrics(small).horizontalAdvance(self._size()) + 2
        start = _PAD + _THUMB + 8
        room = self.width() - start - size_width - 8 - 9
        body = theme().font("body")
        shown = QFontMetrics(body).elidedText(self._name, Qt.TextElideMode.ElideMiddle, room)
        painter.setFont(body)
        painter.setPen(theme().color("text.primary"))
        flags = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        flags |= Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        painter.drawText(self._at(start, room), int(flags), shown)
        painter.setFont(small)
        painter.setPen(theme().color("text.muted"))
        painter.drawText(self._at(self.width() - size_width - 10, size_width), int(flags), self._size())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = False
        self.update()

    async def _load(self, media: Media) -> None:
        side = round(_THUMB * 2)
        try:
            image = await media.picture(self.row, QSize(side * 3, side * 3))
        except AgentDeskError:
            return
        if is_alive(self):
            self._image = image
            self.update()

    def _paint_start(self, painter: QPainter) -> None:
        box = self._at(_PAD, _THUMB)
        box = QRect(box.x(), (self.height() - _THUMB) // 2, _THUMB, _THUMB)
        if self._image.isNull():
            paint_surface(painter, box.toRectF(), "chip.bg", "", theme().radius("tag"))
            name = "loader-circle" if self._busy else file_icon(self.row.media_type, self.row.name)
            role = "warn.text" if self.dangerous else "text.secondary"
            painter.drawPixmap(box.x() + 5, box.y() + 5, pixmap(name, 16, role, self.devicePixelRatioF()))
            return
        path = QPainterPath()
        path.addRoundedRect(box.toRectF(), theme().radius("tag"), theme().radius("tag"))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setClipPath(path)
        side = min(self._image.width(), self._image.height())
        source = QRect((self._image.width() - side) // 2, (self._image.height() - side) // 2, side, side)
        painter.drawImage(box, self._image, source)
        painter.restore()

    def _at(self, x: int, width: int) -> QRect:
        return QStyle.visualRect(self.layoutDirection(), self.rect(), QRect(x, 0, width, self.height()))

    def _size(self) -> str:
        return size_text(self.row.size)

    def _looks_like_program(self) -> bool:
        return "program" in self.row.note

    def _spoken(self) -> Msg:
        return msg("Attachment {name}, {size}", name=self._name, size=self._size())

    def _tip(self) -> str:
        lines = [self._name]
        if self.row.note:
            lines.append(tr(Msg(self.row.note)))
        if self.dangerous:
            lines.append(tr(msg("Not opened by AgentDesk. It can only be saved.")))
        return tip("\n".join(lines))


class Attachments(QWidget):
    """All files of a message; ``opened(id)`` and ``menu_requested(id, point)`` come from the chips."""

    opened = Signal(object)
    menu_requested = Signal(object, QPoint)

    def __init__(self, media: Media, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._media = media
        self._rows: tuple[AttachmentRow, ...] = ()
        self._flow = FlowLayout(self, spacing=theme().space(2))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_files(self, rows: Sequence[AttachmentRow]) -> None:
        """Show ``rows``; nothing is rebuilt where they are the same."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        self._flow.clear()
        for row in self._rows:
            chip = AttachmentChip(row, self._media, self)
            chip.opened.connect(self._on_opened)
            chip.menu_requested.connect(self._on_menu)
            self._flow.addWidget(chip)
        self.setVisible(bool(self._rows))
        self.updateGeometry()

    def chip(self, attachment_id: object) -> AttachmentChip | None:
        """The chip of a file."""
        for position in range(self._flow.count()):
            item = self._flow.itemAt(position)
            widget = item.widget() if item is not None else None
            if isinstance(widget, AttachmentChip) and widget.row.id == attachment_id:
                return widget
        return None

    def _on_opened(self) -> None:
        chip = self.sender()
        if isinstance(chip, AttachmentChip):
            self.opened.emit(chip.row.id)

    def _on_menu(self, point: QPoint) -> None:
        chip = self.sender()
        if isinstance(chip, AttachmentChip):
            self.menu_requested.emit(chip.row.id, point)
