"""Cyclic garbage may be widgets, which must go in the thread of the window and nowhere else. Python collects
it in whichever thread happens to make an object."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimerEvent

__all__ = ["Collector", "collect_due"]

_LOOK_MS = 1_000


def collect_due() -> None:
    """Collect what Python would collect by now, if anything."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > limits[generation]:
            gc.collect(generation)
            return


class Collector(QObject):
    """Between :meth:`start` and :meth:`stop` only the thread of both collects, once a second at most."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = 0
        self._resumes = False

    def start(self) -> None:
        """From now on no other thread collects."""
        self._resumes = gc.isenabled()
        gc.disable()
        self._timer = self.startTimer(_LOOK_MS)

    def stop(self) -> None:
        """Leave it to Python again."""
        self.killTimer(self._timer)
        collect_due()
        if self._resumes:
            gc.enable()

    def timerEvent(self, _event: QTimerEvent) -> None:
        collect_due()
