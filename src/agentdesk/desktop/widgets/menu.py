"""Menus with the rounded corners of the style sheet; a plain QMenu would show square ones behind them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

__all__ = ["new_menu"]


def new_menu(parent: QWidget) -> QMenu:
    """An empty menu that belongs to ``parent``; show it with ``popup``, never with ``exec``."""
    menu = QMenu(parent)
    menu.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    menu.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
    menu.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
    return menu
