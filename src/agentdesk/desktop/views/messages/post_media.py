"""Pictures, films, sounds and pages that a post shows: held back until a person asks, then fetched by the
server, never by Qt."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import isolate, isolate_ltr, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.links import examine
from agentdesk.desktop.views.messages.media import Media
from agentdesk.desktop.views.messages.post_band import can_open
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.mirror import mirrored
from agentdesk.desktop.widgets.surface import Surface, paint_surface
from agentdesk.domain.posts import Media as Shown

__all__ = ["MediaCard", "PictureView", "PostMedia"]

_LARGEST = QSize(640, 480)
"""Twice what is shown, for sharp screens."""
_SHOWN = QSize(320, 240)
_THUMB = QSize(112, 112)
_SIDE = 56
_MOST = 20
_LOAD = msg("Load once")
_KINDS: dict[str, tuple[str, Msg]] = {
    "image": ("image", msg("Picture")),
    "video": ("play", msg("Video")),
    "audio": ("volume-2", msg("Sound")),
    "link": ("link-2", msg("Page")),
}


class PostMedia(QWidget):
    """``open_wanted(address)`` wants a film, a sound or a page opened outside. Pictures come when asked for;
    :meth:`load` is that."""

    open_wanted = Signal(str)

    def __init__(self, media: Media, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._media = media
        self._message: UUID | None = None
        self._shown: tuple[Shown, ...] = ()
        self.entries: list[PictureView | MediaCard] = []
        self._tasks = tasks_of(self, "post media")
        self.bar = _HeldBar(self)
        self.bar.load.clicked.connect(self._on_load)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().space(2))
        self._column.addWidget(self.bar)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_media(self, message_id: UUID, shown: tuple[Shown, ...]) -> None:
        """Show what a post shows; what was loaded stays where nothing has changed."""
        self.setVisible(bool(shown))
        if (message_id, shown) == (self._message, self._shown):
            return
        self._message, self._shown = message_id, shown
        for entry in self.entries:
            self._column.removeWidget(entry)
            entry.hide()
            entry.deleteLater()
        self.entries = [self._entry(one) for one in shown[:_MOST]]
        for entry in self.entries:
            self._column.addWidget(entry)
        self.bar.say(None)
        self.bar.setVisible(any(entry.address for entry in self.entries))

    async def load(self) -> None:
        """Fetch the pictures through the server; what cannot be had now can be asked for again."""
        message_id = self._message
        if message_id is None:
            return
        self.bar.say(msg("Loading the pictures …"), again=None)
        missing = 0
        for entry in [one for one in self.entries if one.address and not one.has_picture]:
            image = await self._media.remote(message_id, entry.address, entry.largest)
            if not is_alive(self) or message_id != self._message:
                return
            entry.show_picture(image)
            missing += image.isNull()
        self.bar.setVisible(missing > 0)
        if missing:
            self.bar.say(msg("Some pictures cannot be loaded now."), again=msg("Try again"))

    def _entry(self, one: Shown) -> PictureView | MediaCard:
        if one.kind == "image":
            return PictureView(one, self)
        card = MediaCard(one, self)
        card.pressed.connect(self.open_wanted)
        return card

    def _on_load(self) -> None:
        if not self._tasks.running("load"):
            self._tasks.start(self.load(), "load")


class PictureView(QWidget):
    """A picture with its description: words until it is there, and below it from then on."""

    largest = _LARGEST

    def __init__(self, shown: Shown, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.address = shown.url or shown.preview
        self._image = QImage()
        self._picture = _Painted(self._image_now, self)
        self._picture.hide()
        described = shown.alt.strip()
        self._sign = QLabel(self)
        self.words = Label(
            described or msg("A picture without a description"),
            "small",
            "text.secondary" if described else "text.muted",
            wrap=True,
            parent=self,
        )
        line = QHBoxLayout()
        line.setSpacing(theme().space(2))
        line.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(1))
        column.addWidget(self._picture)
        column.addLayout(line)
        spoken = (
            msg("Picture: {words}", words=isolate(described))
            if described
            else msg("A picture without a description")
        )
        self.setAccessibleName(tr(spoken))
        self._picture.setAccessibleName(tr(spoken))
        theme().changed.connect(self._dress)
        self._dress()

    @property
    def has_picture(self) -> bool:
        """Whether the picture itself is shown."""
        return not self._image.isNull()

    def show_picture(self, image: QImage) -> None:
        """Show ``image``; nothing changes where it is none."""
        self._image = image
        self._picture.setVisible(not image.isNull())
        self._picture.updateGeometry()
        self._dress()

    def _image_now(self) -> QImage:
        return self._image

    def _dress(self) -> None:
        self._sign.setVisible(not self.has_picture)
        self._sign.setPixmap(icon("image", "text.muted").pixmap(QSize(16, 16), self.devicePixelRatioF()))


class _Painted(QWidget):
    """A picture with rounded corners, no larger than it is shown at most."""

    def __init__(self, image: Callable[[], QImage], parent: QWidget) -> None:
        super().__init__(parent)
        self._image = image
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        size = self._image().size()
        if size.width() > _SHOWN.width() or size.height() > _SHOWN.height():
            size = size.scaled(_SHOWN, Qt.AspectRatioMode.KeepAspectRatio)
        return size

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self.sizeHint().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        size = size.boundedTo(self.sizeHint())
        box = mirrored(self.layoutDirection(), self.rect(), QRect(0, 0, size.width(), size.height()))
        path = QPainterPath()
        path.addRoundedRect(box.toRectF(), theme().radius("control"), theme().radius("control"))
        painter.setClipPath(path)
        painter.drawImage(box, self._image())


class MediaCard(Surface):
    """A film, a sound or a page: what it is called and where it lies. ``pressed(address)`` on a click or
    Enter."""

    pressed = Signal(str)
    largest = _THUMB

    def __init__(self, shown: Shown, parent: QWidget | None = None) -> None:
        super().__init__("bg.canvas", "line.subtle", "control", parent)
        self.address = shown.preview
        self._url = shown.url
        self._icon, kind = _KINDS.get(shown.kind, ("file", msg("File")))
        self._image = QImage()
        target = examine(shown.url, "")
        where = msg("{kind} · {host}", kind=kind, host=isolate_ltr(target.host)) if target.host else kind
        title = shown.title or shown.alt or tr(kind)
        self._thumb = QLabel(self)
        self._thumb.setFixedSize(_SIDE, _SIDE)
        self._thumb.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch()
        words.addWidget(ElidedLabel(title, "body", weight=500, parent=self))
        if shown.title and shown.alt:
            words.addWidget(ElidedLabel(shown.alt, "small", "text.secondary", parent=self))
        words.addWidget(ElidedLabel(where, "small", "text.muted", parent=self))
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 4, 10, 4)
        row.setSpacing(theme().space(2))
        row.addWidget(self._thumb)
        row.addLayout(words, 1)
        self._can_open = can_open(shown.url)
        if self._can_open:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr(msg("{kind}: {title}", kind=kind, title=isolate(title))))
        self.setAccessibleDescription(shown.alt)
        theme().changed.connect(self._dress)
        self._dress()

    @property
    def has_picture(self) -> bool:
        """Whether its preview is shown."""
        return not self._image.isNull()

    def show_picture(self, image: QImage) -> None:
        """Show ``image`` as the preview."""
        self._image = image
        self._dress()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._press()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._press()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        if self._can_open:
            self.set_look("bg.hover", "line.subtle")

    def leaveEvent(self, event: object) -> None:
        self.set_look("bg.canvas", "line.subtle")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            paint_surface(QPainter(self), self.rect().toRectF(), "", "focus.ring", theme().radius("control"))

    def _press(self) -> None:
        if self._can_open:
            self.pressed.emit(self._url)

    def _dress(self) -> None:
        ratio = self.devicePixelRatioF()
        if self._image.isNull():
            self._thumb.setPixmap(icon(self._icon, "text.secondary").pixmap(QSize(20, 20), ratio))
            return
        side = round(_SIDE * ratio)
        scaled = self._image.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        scaled.setDevicePixelRatio(ratio)
        self._thumb.setPixmap(QPixmap.fromImage(scaled))


class _HeldBar(QWidget):
    """Says that pictures are held back, or what became of them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.words = Label("", "small", "text.muted", parent=self)
        self.load = LinkButton(_LOAD, self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(1))
        row.addWidget(self.words)
        row.addWidget(self.load)
        row.addStretch()

    def say(self, words: Msg | None, *, again: Msg | None = _LOAD) -> None:
        """Say ``words``, by default that they are held back; ``again`` is what the button does."""
        self.words.set_content(words or msg("Pictures are not loaded."))
        self.load.setVisible(again is not None)
        if again is not None:
            self.load.set_text(again)
