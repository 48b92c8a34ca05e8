"""What is wrong at present, above the status bar: since when, what helps, and what can be done here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.strip import Strip, StripKind
from agentdesk.desktop.widgets.surface import paint_shadow, paint_surface

__all__ = ["Trouble", "TroublePanel"]

_SHADOW = 14
_WIDTH = 420


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble: what happened, what is safe or helps, and buttons by key."""

    key: str
    kind: StripKind
    title: Msg
    text: Msg | None = None
    buttons: tuple[tuple[str, Msg], ...] = ()


class TroublePanel(QFrame):
    """``pressed(trouble, button)`` names what was used, by their keys. Esc, or a press elsewhere, closes."""

    pressed = Signal(str, str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._strips: list[Strip] = []
        self._troubles: tuple[Trouble, ...] = ()
        self._anchor: QWidget | None = None
        self._focus_before: QWidget | None = None
        self._column = QVBoxLayout(self)
        margin = _SHADOW + theme().space(2)
        self._column.setContentsMargins(margin, margin, margin, margin)
        self._column.setSpacing(theme().space(2))
        self.setFixedWidth(_WIDTH + 2 * _SHADOW)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr(msg("Troubles")))
        self.hide()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What it tells of."""
        return self._troubles

    def strip(self, key: str) -> Strip:
        """Return the part that tells of one trouble."""
        return next(strip for strip in self._strips if strip.objectName() == key)

    def show_troubles(self, troubles: Sequence[Trouble]) -> None:
        """Tell of ``troubles``; none of them closes it."""
        if tuple(troubles) == self._troubles:
            return
        self._troubles = tuple(troubles)
        for strip in self._strips:
            self._column.removeWidget(strip)
            strip.hide()
            strip.deleteLater()
        self._strips = [self._made(trouble) for trouble in troubles]
        if self.isVisible():
            self._place()
        if not troubles:
            self.dismiss()

    def open_at(self, anchor: QWidget) -> None:
        """Open above ``anchor`` and take the focus."""
        self._focus_before, self._anchor = QApplication.focusWidget(), anchor
        self.show()
        self._place()
        self.raise_()
        self.setFocus(Qt.FocusReason.PopupFocusReason)
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def dismiss(self) -> None:
        """Close; the focus goes back where it was."""
        if not self.isVisible():
            return
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.hide()
        if self._focus_before is not None:
            self._focus_before.setFocus()
            self._focus_before = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A press outside closes; where the window changes its size, it stays at its place."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            QTimer.singleShot(0, self._place)  # when the window has placed its parts
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            inside = self.rect().contains(self.mapFromGlobal(event.globalPosition().toPoint()))
            if isinstance(watched, QWidget) and not inside:
                self.dismiss()
        return False

    def event(self, event: QEvent) -> bool:
        """Keep Esc: it is a shortcut of the window otherwise."""
        asks = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asks and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(_SHADOW, _SHADOW, -_SHADOW, -_SHADOW)
        radius = theme().radius("card")
        paint_shadow(painter, box, radius)
        paint_surface(painter, box, "bg.raised", "line.subtle", radius)

    def _made(self, trouble: Trouble) -> Strip:
        strip = Strip(parent=self)
        strip.setObjectName(trouble.key)
        strip.show_message(trouble.kind, trouble.title, trouble.text)
        for key, words in trouble.buttons:
            strip.add_button(key, words)
        strip.pressed.connect(self._on_pressed)
        self._column.addWidget(strip)
        return strip

    def _on_pressed(self, button: str) -> None:
        key = self.sender().objectName()
        self.dismiss()
        self.pressed.emit(key, button)

    def _place(self) -> None:
        window = self.parentWidget()
        if self._anchor is None or window is None:
            return
        self._column.activate()
        height = self.heightForWidth(self.width()) if self.hasHeightForWidth() else self.sizeHint().height()
        self.resize(self.width(), height)
        corner = self._anchor.mapTo(window, QPoint(0, 0))
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = corner.x() + self._anchor.width() + _SHADOW - self.width() if rtl else corner.x() - _SHADOW
        x = max(-_SHADOW, min(x, window.width() + _SHADOW - self.width()))
        self.move(x, max(-_SHADOW, corner.y() - self.height() + _SHADOW - 4))
