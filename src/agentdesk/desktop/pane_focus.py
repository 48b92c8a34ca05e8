"""Walking through the panes of the window by F6: each remembers where its focus was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

__all__ = ["PaneFocus"]


class PaneFocus(QObject):
    """``panes()`` are there now, in the order in which they stand; those that are hidden are passed over."""

    def __init__(self, panes: Callable[[], Sequence[QWidget]], owner: QWidget) -> None:
        super().__init__(owner)
        self._panes = panes
        self._last: WeakKeyDictionary[QWidget, QWidget] = WeakKeyDictionary()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    def step(self, by: int) -> None:
        """Move the focus ``by`` panes on (negative: back), round the ends."""
        shown = [pane for pane in self._panes() if pane.isVisible()]
        here = next((place for place, pane in enumerate(shown) if self._holds_focus(pane)), None)
        start = (-1 if by > 0 else 0) if here is None else here
        for distance in range(1, len(shown) + 1):
            target = self._target(shown[(start + by * distance) % len(shown)])
            if target is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is None:
            return
        for pane in self._panes():
            if pane.isAncestorOf(now):
                self._last[pane] = now

    def _holds_focus(self, pane: QWidget) -> bool:
        focus = pane.window().focusWidget()
        return pane is focus or pane.isAncestorOf(focus)

    def _target(self, pane: QWidget) -> QWidget | None:
        """Where the focus was in ``pane``, else its main part, else the first that takes the focus."""
        last = self._last.get(pane)
        if last is not None and isValid(last) and pane.isAncestorOf(last) and _takes_focus(last):
            return last
        main = pane.focusProxy()
        if main is not None and main.isVisible():
            return main
        return next((one for one in pane.findChildren(QWidget) if _takes_focus(one)), None)


def _takes_focus(widget: QWidget) -> bool:
    if not widget.isVisible() or not widget.isEnabled():
        return False
    return bool(widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value)
