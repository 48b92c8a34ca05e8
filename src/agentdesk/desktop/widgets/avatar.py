"""People and channels as small pictures: initials on a circle, a channel's glyph on a rounded square."""

from __future__ import annotations

import unicodedata

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPaintEvent, QPixmap, QPixmapCache
from PySide6.QtWidgets import QSizePolicy, QWidget

from agentdesk.desktop.faces import face_of
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.pictures import decode
from agentdesk.queries.team_rows import PortraitRow

__all__ = ["Avatar", "ChannelTile", "initials", "paint_avatar", "paint_channel_tile", "paint_round"]

_TILE_RADIUS = 0.28
_TILE_OUT_X, _TILE_OUT_Y = 6, 5
"""How far the channel tile reaches beyond the circle, in pixels."""
_TILE_GAP = 2
_DOT, _DOT_GAP = 11, 1.5
"""The dot of how a person stands, with the gap around it, in pixels."""


def initials(name: str) -> str:
    """What stands for ``name`` in its circle; empty when there is no letter in it.

    Two letters in scripts with capitals (first and last word), one letter in the others: Arabic, Hebrew, CJK
    and Indic letters change their shape or meaning when pulled from a word.
    """
    words = [word for word in (_from_first_letter(part) for part in name.split("@")[0].split()) if word]
    if not words:
        return ""
    first = _first_cluster(words[0])
    if first[0].upper() == first[0].lower():
        return first
    last = _first_cluster(words[-1]) if len(words) > 1 else ""
    return (first[0] + last[:1]).upper()


def _from_first_letter(word: str) -> str:
    for position, char in enumerate(word):
        if char.isalpha():
            return word[position:]
    return ""


def _first_cluster(word: str) -> str:
    """The first letter of ``word`` with the marks that belong to it."""
    end = 1
    while end < len(word) and unicodedata.category(word[end]) in ("Mn", "Mc"):
        end += 1
    return word[:end]


def paint_avatar(
    painter: QPainter,
    rect: QRect | QRectF,
    name: str,
    seed: object,
    *,
    channel: str | None = None,
    behind: str = "bg.list",
    letters: bool = False,
) -> None:
    """Paint a person into the square ``rect``: their picture where there is one, else initials, and the tile
    of ``channel`` at the end corner.

    ``seed`` (the person's id) tells whose picture it is, and chooses the hue; ``behind`` is the colour role
    of what lies behind, kept as a gap around the tile. The tile (half of the square) reaches 6 pixels beyond
    its end, 5 below. With ``letters`` initials are shown also where there is a picture.
    """
    square = QRectF(rect)
    painter.drawPixmap(
        square.topLeft(),
        _circle(name, seed, square.width(), _dpr(painter), None if letters else face_of(seed)),
    )
    if channel is None:
        return
    side = round(square.width() / 2)
    rtl = QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft
    x = square.left() - _TILE_OUT_X if rtl else square.right() + _TILE_OUT_X - side
    tile = QRectF(x, square.bottom() + _TILE_OUT_Y - side, side, side)
    gap = tile.adjusted(-_TILE_GAP, -_TILE_GAP, _TILE_GAP, _TILE_GAP)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color(behind))
    painter.drawRoundedRect(gap, gap.width() * _TILE_RADIUS, gap.width() * _TILE_RADIUS)
    painter.restore()
    paint_channel_tile(painter, tile, channel)


def paint_channel_tile(painter: QPainter, rect: QRect | QRectF, channel: str) -> None:
    """Paint the tile of ``channel`` into the square ``rect`` (14, 16, 18, 24 or 28 pixels)."""
    square = QRectF(rect)
    dpr = _dpr(painter)
    background, _glyph = theme().channel(channel)
    key = f"tile:{channel}:{square.width()}:{background.rgba()}:{dpr}"
    found = QPixmap()
    if not QPixmapCache.find(key, found):
        found = _tile(channel, square.width(), dpr)
        QPixmapCache.insert(key, found)
    painter.drawPixmap(square.topLeft(), found)


def _dpr(painter: QPainter) -> float:
    return painter.device().devicePixelRatioF()


def _blank(side: float, dpr: float) -> QPixmap:
    canvas = QPixmap(QSize(round(side * dpr), round(side * dpr)))
    canvas.setDevicePixelRatio(dpr)
    canvas.fill(Qt.GlobalColor.transparent)
    return canvas


def _circle(name: str, seed: object, side: float, dpr: float, face: PortraitRow | None) -> QPixmap:
    letters = initials(name)
    front, back = theme().avatar(seed)
    key = f"avatar:{face.digest if face else letters}:{back.rgba()}:{side}:{dpr}"
    found = QPixmap()
    if QPixmapCache.find(key, found):
        return found
    canvas = _blank(side, dpr)
    painter = QPainter(canvas)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.setPen(Qt.PenStyle.NoPen)
    picture = decode(face.content) if face is not None else QImage()
    if picture.isNull():
        painter.setBrush(back)
        painter.drawEllipse(QRectF(0, 0, side, side))
        _letters(painter, QRectF(0, 0, side, side), letters, front)
    else:
        paint_round(painter, QRectF(0, 0, side, side), picture)
    painter.end()
    QPixmapCache.insert(key, canvas)
    return canvas


def paint_round(painter: QPainter, square: QRectF, picture: QImage) -> None:
    """Paint a square ``picture`` as a circle into ``square``; nothing else may be there."""
    sharp = round(square.width() * _dpr(painter))
    smooth = Qt.TransformationMode.SmoothTransformation
    scaled = picture.scaled(sharp, sharp, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.black)
    painter.drawEllipse(square)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.drawImage(square, scaled)


def _letters(painter: QPainter, square: QRectF, letters: str, color: QColor) -> None:
    if not letters:
        side = round(square.width() * 0.55)
        corner = square.center() - QPointF(side / 2, side / 2)
        painter.drawPixmap(corner, pixmap("user-round", side, "text.muted", _dpr(painter)))
        return
    font = theme().font("caption", 600)
    font.setPixelSize(max(8, round(square.width() * (0.37 if len(letters) > 1 else 0.42))))
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(square, Qt.AlignmentFlag.AlignCenter, letters)


def _tile(channel: str, side: float, dpr: float) -> QPixmap:
    background, glyph = theme().channel(channel)
    canvas = _blank(side, dpr)
    square = QRectF(0, 0, side, side)
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(background)
    painter.drawRoundedRect(square, side * _TILE_RADIUS, side * _TILE_RADIUS)
    kind, value = theme().channel_glyph(channel)
    if kind == "icon":
        inner = round(side * 0.62)
        corner = QPointF((side - inner) / 2, (side - inner) / 2)
        painter.drawPixmap(corner, pixmap(value, inner, glyph, dpr))
    else:
        font = theme().font("caption", 700)
        font.setPixelSize(max(8, round(side * 0.52)))
        painter.setFont(font)
        painter.setPen(glyph)
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, value)
    painter.end()
    return canvas


def _paint_dot(painter: QPainter, square: QRectF, role: str, behind: str) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().color(behind))
    painter.drawEllipse(square)
    painter.setBrush(theme().color(role))
    painter.drawEllipse(square.adjusted(_DOT_GAP, _DOT_GAP, -_DOT_GAP, -_DOT_GAP))


class Avatar(QWidget):
    """A person, with the tile of the channel they write on where one is given, or a dot of how they stand."""

    def __init__(self, side: int = 32, *, behind: str = "bg.canvas", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side, self._behind = side, behind
        self._name, self._seed = "", ""
        self._channel: str | None = None
        self._dot = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def set_person(self, name: str, seed: object, *, channel: str | None = None) -> None:
        """Show the person ``name`` with the id ``seed``."""
        self._name, self._seed, self._channel = name, str(seed), channel
        self.setAccessibleName(name)
        self.updateGeometry()
        self.update()

    def set_dot(self, role: str) -> None:
        """Show a dot of the colour ``role`` at the end corner; empty takes it away."""
        self._dot = role
        self.update()

    def sizeHint(self) -> QSize:
        if not self._channel:
            return QSize(self._side, self._side)
        return QSize(self._side + _TILE_OUT_X, self._side + _TILE_OUT_Y)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = self.width() - self._side if rtl else 0
        painter = QPainter(self)
        paint_avatar(
            painter,
            QRect(x, 0, self._side, self._side),
            self._name,
            self._seed,
            channel=self._channel,
            behind=self._behind,
        )
        if self._dot:
            at = x if rtl else x + self._side - _DOT
            _paint_dot(painter, QRectF(at, self._side - _DOT, _DOT, _DOT), self._dot, self._behind)


class ChannelTile(QWidget):
    """The tile of a channel; its spoken name is the channel's."""

    def __init__(self, channel: str, name: str, side: int = 18, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(side, side)
        self.show_channel(channel, name)
        theme().changed.connect(self.update)

    def show_channel(self, channel: str, name: str) -> None:
        """Show another channel."""
        self._channel = channel
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_channel_tile(QPainter(self), self.rect(), self._channel)
