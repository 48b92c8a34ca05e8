"""Short messages at the bottom of a pane, with a way to undo; they never take the focus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.locale import tr
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.floating import SHADOW, FloatingCard
from agentdesk.desktop.widgets.label import Label

__all__ = ["ToastHost", "announce"]

SHOWN_FOR = 8000
"""Milliseconds a toast stays; the pointer over it keeps it."""
_INK = 4
"""Pixels by which letters of some scripts stand out of their advance."""


class ToastHost(QObject):
    """Shows one toast at a time over ``pane``; a new one takes the place of the last."""

    def __init__(self, pane: QWidget) -> None:
        super().__init__(pane)
        self._pane = pane
        self._toast: _Toast | None = None
        pane.installEventFilter(self)

    def show_toast(
        self,
        text: Msg,
        action: Msg | None = None,
        on_action: Callable[[], Any] | None = None,
        *,
        failed: bool = False,
    ) -> None:
        """Say ``text``; ``action`` (Undo) runs ``on_action`` and closes. ``failed`` is spoken at once."""
        self.clear()
        self._toast = _Toast(self._pane, text, action, on_action)
        self._toast.place()
        self._toast.show()
        self._toast.raise_()
        announce(self._pane, tr(text), assertive=failed)

    def current_text(self) -> str:
        """What the toast on screen says; empty when there is none."""
        return self._toast.words() if self._toast is not None and not self._toast.is_over else ""

    def clear(self) -> None:
        """Take the toast away."""
        toast, self._toast = self._toast, None
        if toast is not None and not toast.is_over:  # one that went by itself is destroyed
            toast.leave()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the toast in place when the pane changes its size."""
        if event.type() == QEvent.Type.Resize and self._toast is not None and not self._toast.is_over:
            self._toast.place()
        return False


class _Toast(FloatingCard):
    def __init__(
        self, pane: QWidget, text: Msg, action: Msg | None, on_action: Callable[[], Any] | None
    ) -> None:
        super().__init__(pane)
        self._pane = pane
        self._on_action = on_action
        self.is_over = False
        self._label = Label(text, "body", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(SHADOW + 12, SHADOW + 6, SHADOW + 8, SHADOW + 6)
        row.addWidget(self._label, 1)
        if action is not None:
            button = LinkButton(action, self)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._on_pressed)
            row.addWidget(button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.leave)
        self._timer.start(SHOWN_FOR)

    def words(self) -> str:
        return self._label.text()

    def place(self) -> None:
        """Sit at the bottom of the pane, as wide as the words need."""
        pane, label = self._pane, self._label
        beside = self.sizeHint().width() - max(label.sizeHint().width(), label.minimumWidth())
        whole = label.fontMetrics().horizontalAdvance(label.text()) + _INK
        label.setMinimumWidth(max(0, min(whole, pane.width() - beside)))  # in one line, where there is room
        width = min(self.sizeHint().width(), pane.width())
        self.resize(
            width, self.heightForWidth(width) if self.hasHeightForWidth() else self.sizeHint().height()
        )
        self.move(QPoint((pane.width() - self.width()) // 2, pane.height() - self.height()))

    def leave(self) -> None:
        """Go away."""
        self.is_over = True
        self.hide()
        self.deleteLater()

    def enterEvent(self, event: Any) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start(SHOWN_FOR // 2)

    def _on_pressed(self) -> None:
        self.leave()
        if self._on_action is not None:
            self._on_action()
