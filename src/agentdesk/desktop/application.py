"""The one Qt application of this process, in a module that costs a start nothing else."""

from __future__ import annotations

import contextlib
import sys

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

__all__ = ["application"]


def application() -> QApplication:
    """The one Qt application of this process; it does not end with its last window."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        existing.setQuitOnLastWindowClosed(False)
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QGuiApplication.setDesktopFileName("agentdesk")
    app = QApplication(sys.argv[:1])
    app.setApplicationName("AgentDesk")
    app.setQuitOnLastWindowClosed(False)
    return app


def _leave_imports_alone() -> None:
    """Keep PySide from reading the source of each module that is imported, to see whether it may want another
    spelling of Qt's names (``from __feature__ import …``): ours do not, and SQLAlchemy's need not be asked.

    It costs a start 0.1 s and 25 MB, which ``linecache`` keeps. There is no switch; where a later version has
    another inside, nothing happens.
    """
    with contextlib.suppress(ImportError):
        from shibokensupport import feature  # type: ignore[import-not-found]

        feature._mod_uses_pyside = lambda _module: False


_leave_imports_alone()
