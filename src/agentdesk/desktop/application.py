"""The one Qt application of this process, in a module that costs a start nothing else."""

from __future__ import annotations

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
