"""Icons that follow theme and direction: Lucide outlines, coloured with a token at the moment of painting."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

from agentdesk.base.paths import resource
from agentdesk.desktop.theme import theme

__all__ = ["MIRRORED", "icon", "paint_icon", "pixmap"]

MIRRORED = frozenset(
    {
        "arrow-left",
        "arrow-right",
        "chevron-left",
        "chevron-right",
        "corner-up-left",
        "external-link",
        "forward",
        "list",
        "list-checks",
        "list-collapse",
        "list-filter",
        "log-out",
        "panel-left",
        "panel-right",
        "redo-2",
        "reply",
        "reply-all",
        "route",
        "send",
        "send-horizontal",
        "signature",
        "split",
        "tag",
        "tags",
        "text-quote",
        "undo-2",
    }
)
"""Icons that mean a direction, or picture lines of text, and turn round in right-to-left languages."""

_SMALL = 13
"""Up to this size in pixels an icon stands inside a chip and needs a stronger stroke."""


def icon(name: str, role: str = "text.secondary", on_role: str = "accent.text") -> QIcon:
    """The icon ``name`` in the colour of ``role``, of ``on_role`` while checked; disabled it fades."""
    return QIcon(_TokenIconEngine(name, role, on_role))


def pixmap(name: str, size_px: int, role: str | QColor = "text.secondary", dpr: float = 1.0) -> QPixmap:
    """The icon as a picture of ``size_px`` logical pixels, kept in Qt's pixmap cache.

    ``role`` is a colour role, or a colour for the few that are none (channel tiles).
    """
    color = theme().color(role) if isinstance(role, str) else role
    mirrored = _is_mirrored(name)
    key = f"icon:{name}:{size_px}:{color.rgba()}:{dpr}:{mirrored}"
    found = QPixmap()
    if QPixmapCache.find(key, found):
        return found
    picture = QPixmap(QSize(size_px, size_px) * dpr)
    picture.setDevicePixelRatio(dpr)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    _render(painter, QRectF(0, 0, size_px, size_px), name, color.name(), mirrored=mirrored)
    painter.end()
    QPixmapCache.insert(key, picture)
    return picture


def paint_icon(painter: QPainter, rect: QRect | QRectF, name: str, role: str = "text.secondary") -> None:
    """Paint the icon into ``rect`` (logical pixels, square), from the cache."""
    target = QRectF(rect)
    picture = pixmap(name, round(target.width()), role, painter.device().devicePixelRatioF())
    painter.drawPixmap(target.topLeft(), picture)


class _TokenIconEngine(QIconEngine):
    """Reads the token's colour when it paints, so that a change of theme needs only a repaint."""

    def __init__(self, name: str, role: str, on_role: str) -> None:
        super().__init__()
        self._name, self._role, self._on_role = name, role, on_role

    def clone(self) -> QIconEngine:
        return _TokenIconEngine(self._name, self._role, self._on_role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        color = theme().color(self._role_for(mode, state)).name()
        side = min(rect.width(), rect.height())
        target = QRectF(0, 0, side, side)
        target.moveCenter(QRectF(rect).center())
        _render(painter, target, self._name, color, mirrored=_is_mirrored(self._name))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        role = self._role_for(mode, state)
        key = f"qicon:{self._name}:{role}:{size.width()}x{size.height()}:{scale}:{_is_mirrored(self._name)}"
        found = QPixmap()
        if QPixmapCache.find(key, found):
            return found
        picture = QPixmap(size * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        QPixmapCache.insert(key, picture)
        return picture

    def _role_for(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        if mode == QIcon.Mode.Disabled:
            return "text.disabled"
        if mode == QIcon.Mode.Selected:
            return "text.onFill"
        return self._on_role if state == QIcon.State.On else self._role


def _is_mirrored(name: str) -> bool:
    return name in MIRRORED and QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft


def _render(painter: QPainter, target: QRectF, name: str, color: str, *, mirrored: bool) -> None:
    stroke = "2.2" if target.width() <= _SMALL else "1.75"
    source = (
        _source(name).replace("currentColor", color).replace('stroke-width="2"', f'stroke-width="{stroke}"')
    )
    painter.save()
    if mirrored:
        painter.translate(target.left() + target.right(), 0)
        painter.scale(-1, 1)
    QSvgRenderer(QByteArray(source.encode())).render(painter, target)
    painter.restore()


@cache
def _source(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")
