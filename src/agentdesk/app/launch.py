"""The first moments of the desk: a window with its shapes, before all that the desk itself needs is imported.

Until then nothing but Qt, the settings and the look may be imported here.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt

from agentdesk.base import i18n, log
from agentdesk.base.paths import data_dir
from agentdesk.desktop.appearance import apply_appearance
from agentdesk.desktop.application import application
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.window import MainWindow

__all__ = ["language_of", "open_window", "run", "wait_until_painted"]

_PAINT_SECONDS = 1.0
_LOOK_MS = 20


def run(parsed: argparse.Namespace) -> int:
    """Open the window and run until it is closed; returns the exit status."""
    gc.disable()  # the loop collects, and not before the desk is open: what is made on the way stays
    log.configure(os.environ.get("AGENTDESK_LOG", "WARNING"))
    profile: Path = (parsed.profile or data_dir() / "desk").absolute()
    settings = SettingsFile(profile / "settings.json")
    window = open_window(settings, parsed)
    wait_until_painted(window)

    from agentdesk.app.desktop import DeskProgram
    from agentdesk.desktop.loop import run_app

    return run_app(DeskProgram(profile, settings, parsed, window).main)


def open_window(settings: SettingsFile, parsed: argparse.Namespace) -> MainWindow:
    """Show the window where it was last, in the colours and the direction of the person's choice."""
    app = application()
    chosen = settings.now
    apply_appearance(app, chosen, parsed.theme)
    rtl = i18n.is_rtl(language_of(settings, parsed))
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight)
    window = MainWindow(settings)
    window.show()
    return window


def language_of(settings: SettingsFile, parsed: argparse.Namespace) -> str:
    """Return the language for this start: the one asked for, chosen before, or of the person's computer."""
    return i18n.best_locale(parsed.language or settings.now.language or os.environ.get("LANG", "en"))


def wait_until_painted(window: MainWindow) -> None:
    """Let the window come on screen; not for ever, since a minimised one is never painted."""
    end = time.monotonic() + _PAINT_SECONDS
    while not window.is_painted and time.monotonic() < end:
        application().processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _LOOK_MS)
