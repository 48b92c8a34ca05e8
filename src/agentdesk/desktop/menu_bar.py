"""The menu bar: the system's own on macOS; elsewhere in sight where that is wished, or from Alt until it is
left."""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QMenuBar, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.actions.registry import Actions
from agentdesk.desktop.lifetime import later
from agentdesk.desktop.locale import tr
from agentdesk.desktop.settings import SettingsFile

__all__ = ["MenuBar"]

_MENUS: tuple[tuple[Msg, tuple[str | None, ...]], ...] = (
    (msg("File"), ("app.quit",)),
    (msg("Edit"), ("undo", None, "queue.select", "queue.select_all", None, "search.focus")),
    (
        msg("View"),
        (
            *("view.save", None, "rail.toggle", "panel.toggle", "window.menu_bar", None),
            *("text.larger", "text.smaller", "text.normal", "language.choose", None),
            *("chat.beside", "chat.close_pane", None),
            *("window.focus", "window.fullscreen"),
        ),
    ),
    (
        msg("Conversation"),
        (
            *("reply.start", "reply.all", "note.start", None, "assign.choose", "assign.me"),
            *("conversation.snooze", "conversation.wake", None),
            *("conversation.resolve", "conversation.reopen", "chat.end", "chat.copy", None),
            "conversation.tags",
            *("conversation.priority", "conversation.unread", None, "conversation.merge", None),
            *("chat.whisper", "chat.join", "chat.leave", "chat.take_over"),
        ),
    ),
    (msg("Customer"), ("customer.merge", "customer.export", None, "customer.block")),
    (
        msg("Go"),
        (
            *("go.queue", "go.unassigned", "go.mentions", "go.snoozed", "go.drafts", "go.open"),
            *("go.site", None),
            *("queue.next", "queue.previous", "queue.open", "queue.take_next"),
            *("queue.refresh", None, "queue.next_chat", "chat.next", "chat.previous"),
        ),
    ),
    (msg("Window"), ("status.choose", None, "pane.next", "pane.previous", "window.back")),
    (msg("Help"), ("help.shortcuts",)),
)
_NATIVE = sys.platform == "darwin"
_ALT = Qt.KeyboardModifier.AltModifier


class MenuBar(QObject):
    """The actions of ``window`` by menus. ``panel`` is the part that "Show or hide the customer panel" is
    about."""

    def __init__(
        self, window: QMainWindow, actions: Actions, settings: SettingsFile, panel: QWidget, owner: QObject
    ) -> None:
        super().__init__(owner)
        self._window, self._actions, self._settings, self._panel = window, actions, settings, panel
        self.bar = QMenuBar(window)
        window.setMenuBar(self.bar)
        self._toggle: QAction | None = None
        self._alone = False  # Alt is down, and nothing else was pressed since
        if not _NATIVE:
            self._toggle = actions.bind("window.menu_bar", self.toggle)
            self.bar.setVisible(settings.now.menu_bar)
            window.installEventFilter(self)
            self.bar.installEventFilter(self)
        self.menus: list[QMenu] = []
        for title, action_ids in _MENUS:
            menu = actions.menu(self.bar, action_ids)
            menu.aboutToShow.connect(self._on_show)
            menu.aboutToHide.connect(self._leave_soon)
            self.bar.addMenu(menu)
            self.menus.append(menu)
            self._name(menu, title)
        actions.action("app.quit").setMenuRole(QAction.MenuRole.QuitRole)
        actions.changed.connect(self._on_changed)

    def toggle(self) -> None:
        """Show the bar, or hide it."""
        self._settings.change(menu_bar=not self._settings.now.menu_bar)
        self.bar.setVisible(self._settings.now.menu_bar)

    def close(self) -> None:
        """There are no actions any more."""
        self.bar.clear()
        self.bar.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Alt alone leads to the bar, also while it is hidden."""
        if watched is self.bar:
            if event.type() == QEvent.Type.FocusOut:
                self._leave_soon()
        elif isinstance(event, QKeyEvent):
            self._on_key(event)
        elif event.type() == QEvent.Type.WindowDeactivate:
            self._alone = False
        return False

    def _on_key(self, event: QKeyEvent) -> None:
        is_alt = event.key() == Qt.Key.Key_Alt
        if event.type() == QEvent.Type.ShortcutOverride:
            self._alone = is_alt and not event.modifiers() & ~_ALT
        elif event.type() == QEvent.Type.KeyRelease and is_alt and self._alone and not self.bar.isVisible():
            self._come_up()

    def _come_up(self) -> None:
        """Show the bar, and let it hear what it does not hear while it is hidden: then it does the rest."""
        if not self.bar.actions():
            return
        self.bar.show()
        for kind, held in (
            (QEvent.Type.ShortcutOverride, _ALT),
            (QEvent.Type.KeyPress, _ALT),
            (QEvent.Type.KeyRelease, Qt.KeyboardModifier.NoModifier),
        ):
            QApplication.sendEvent(self._window, QKeyEvent(kind, Qt.Key.Key_Alt, held))
        self._alone = False

    def _leave_soon(self) -> None:
        later(self, 0, self._leave)

    def _leave(self) -> None:
        """Hide the bar again, where nobody is in it and it is not wished for always."""
        in_use = self.bar.hasFocus() or QApplication.activePopupWidget() is not None
        if self._toggle is not None and not in_use and not self._settings.now.menu_bar:
            self.bar.hide()

    def _on_show(self) -> None:
        """Ticks say how things stand now, whichever way they were changed."""
        self._actions.action("panel.toggle").setChecked(self._panel.isVisible())
        if self._toggle is not None:
            self._toggle.setChecked(self._settings.now.menu_bar)

    def _on_changed(self) -> None:
        for menu, (title, _) in zip(self.menus, _MENUS, strict=True):
            self._name(menu, title)

    def _name(self, menu: QMenu, title: Msg) -> None:
        menu.setTitle(tr(title))
