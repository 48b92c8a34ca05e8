"""A picture of a customer's, large: zoom to five times, turn, save, copy."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.views.messages.pictures import decode
from agentdesk.desktop.widgets.button import Button, IconButton
from agentdesk.desktop.widgets.label import Label

__all__ = ["PictureDialog"]

_LARGEST = QSize(4_000, 4_000)
_STEP = 1.25
_MOST = 5.0


class PictureDialog(QDialog):
    """``save_wanted`` asks to save the file itself."""

    save_wanted = Signal()

    def __init__(self, content: bytes, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(visible(name))
        self.resize(820, 620)
        self._image = decode(content, _LARGEST)
        self._canvas = _Canvas(self._image)
        self._fitted = True
        self._scroll = _Scroll(self)
        self._scroll.resized.connect(self._on_resized)
        self._scroll.setWidget(self._canvas)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        row = QHBoxLayout()
        row.setSpacing(theme().space(1))
        for icon_name, words, slot in (
            ("plus", msg("Larger"), self.zoom_in),
            ("minus", msg("Smaller"), self.zoom_out),
            ("maximize-2", msg("Fit"), self.fit),
            ("rotate-ccw", msg("Turn"), self.turn),
            ("copy", msg("Copy"), self.copy),
        ):
            button = IconButton(icon_name, words, parent=self)
            button.clicked.connect(slot)
            row.addWidget(button)
        row.addStretch()
        save = Button(msg("Save as…"), icon_name="download", parent=self)
        save.clicked.connect(self.save_wanted)
        row.addWidget(save)
        column = QVBoxLayout(self)
        column.setSpacing(theme().space(2))
        if self._image.isNull():
            column.addWidget(
                Label(msg("This picture cannot be shown. It can be saved."), "body", parent=self)
            )
        column.addWidget(self._scroll, 1)
        column.addLayout(row)
        self._canvas.setAccessibleName(tr(msg("Picture {name}", name=visible(name))))
        self.fit()

    @property
    def zoom(self) -> float:
        """How much larger than itself the picture is shown."""
        return self._canvas.zoom

    def zoom_in(self) -> None:
        """Show it larger, up to five times."""
        self._fitted = False
        self._canvas.set_zoom(self.zoom * _STEP)

    def zoom_out(self) -> None:
        """Show it smaller."""
        self._fitted = False
        self._canvas.set_zoom(self.zoom / _STEP)

    def fit(self) -> None:
        """Show it whole, never larger than it is."""
        self._fitted = True
        room = self._scroll.viewport().size()
        size = self._canvas.picture_size()
        if not size.isEmpty():
            self._canvas.set_zoom(min(1.0, room.width() / size.width(), room.height() / size.height()))

    def turn(self) -> None:
        """Turn it to the left by a quarter."""
        self._canvas.turn()

    def copy(self) -> None:
        """Put it on the clipboard."""
        QApplication.clipboard().setImage(self._image)

    def _on_resized(self) -> None:
        if self._fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_in() if event.angleDelta().y() > 0 else self.zoom_out()
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        slots = {"+": self.zoom_in, "-": self.zoom_out, "0": self.fit, "r": self.turn}
        slot = slots.get(event.text().lower())
        if slot is not None:
            slot()
        else:
            super().keyPressEvent(event)


class _Scroll(QScrollArea):
    """``resized`` tells that there is another room for the picture."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class _Canvas(QWidget):
    """The picture at its present size."""

    def __init__(self, image: QImage) -> None:
        super().__init__()
        self._pixmap = QPixmap.fromImage(image)
        self.zoom = 1.0
        self.resize(self.picture_size())

    def picture_size(self) -> QSize:
        """The size of the picture itself."""
        return self._pixmap.size()

    def set_zoom(self, zoom: float) -> None:
        """Show it ``zoom`` times as large."""
        self.zoom = min(max(zoom, 0.05), _MOST)
        self.resize(self._pixmap.size() * self.zoom)
        self.update()

    def turn(self) -> None:
        """Turn it."""
        self._pixmap = self._pixmap.transformed(QTransform().rotate(-90))
        self.set_zoom(self.zoom)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.rect(), self._pixmap)
