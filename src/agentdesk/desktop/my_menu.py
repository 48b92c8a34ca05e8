"""The menu behind my picture: language, theme, shortcuts, quitting."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QCursor
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from agentdesk.base.i18n import available_locales, current_locale
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.actions.registry import ActionSpec
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import apply_locale, native_name, tr
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import theme
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["THEMES", "MyMenu"]

THEMES: dict[str, Msg] = {"system": msg("Like the system"), "light": msg("Light"), "dark": msg("Dark")}


class MyMenu(QObject):
    """Builds the menu and carries out what is chosen in it; choices are kept and take effect at once.
    ``actions`` are those that the sheet of keys lists."""

    def __init__(self, window: QWidget, settings: SettingsFile, actions: Iterable[ActionSpec] = ()) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._actions = actions
        self.menu = new_menu(window)
        self._languages = new_menu(self.menu)
        self._themes = new_menu(self.menu)
        self.menu.addMenu(self._languages)
        self.menu.addMenu(self._themes)
        self.menu.addSeparator()
        self._shortcuts = self.menu.addAction("")
        self._shortcuts.triggered.connect(self.show_shortcuts)
        self.menu.addSeparator()
        self._quit = self.menu.addAction("")
        self._quit.triggered.connect(window.close)
        self._fill_languages()
        self._fill_themes()
        self.retranslate()

    @property
    def languages(self) -> QMenu:
        """The languages alone."""
        return self._languages

    @property
    def themes(self) -> QMenu:
        """Light, dark, or like the system, alone."""
        return self._themes

    def choose_language(self) -> None:
        """Offer the languages where the pointer is."""
        self._languages.popup(QCursor.pos())

    def show_shortcuts(self) -> None:
        """Show the sheet of all keys."""
        from agentdesk.desktop.dialogs.shortcut_sheet import ShortcutSheet

        sheet = ShortcutSheet(self._window, self._actions)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def set_language(self, code: str) -> None:
        """Switch the running window to another language."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_locale(app, code)
            self._settings.change(language=code)

    def set_theme(self, wanted: str) -> None:
        """Switch the running window to another theme."""
        app = QApplication.instance()
        if isinstance(app, QApplication) and wanted in ("system", "light", "dark"):
            theme().apply(app, wanted)  # type: ignore[arg-type]
            self._settings.change(theme=wanted)

    def retranslate(self) -> None:
        """Put all words into the language of the window."""
        self._languages.setTitle(tr(msg("Language")))
        self._languages.setIcon(icon("languages"))
        self._themes.setTitle(tr(msg("Appearance")))
        self._themes.setIcon(icon("sun"))
        self._shortcuts.setText(tr(msg("Shortcuts")))
        self._shortcuts.setIcon(icon("keyboard"))
        self._quit.setText(tr(msg("Quit AgentDesk")))
        self._quit.setIcon(icon("log-out"))
        for action in self._themes.actions():
            action.setText(tr(THEMES[action.data()]))
            action.setChecked(action.data() == theme().wanted)
        for action in self._languages.actions():
            action.setChecked(action.data() == current_locale())

    def _fill_languages(self) -> None:
        group = QActionGroup(self._languages)
        for code in available_locales():
            action = _choice(self._languages, group, code)
            action.setText(native_name(code))
        self._languages.triggered.connect(self._on_language)

    def _fill_themes(self) -> None:
        group = QActionGroup(self._themes)
        for wanted in THEMES:
            _choice(self._themes, group, wanted)
        self._themes.triggered.connect(self._on_theme)

    def _on_language(self, action: QAction) -> None:
        self.set_language(str(action.data()))

    def _on_theme(self, action: QAction) -> None:
        self.set_theme(str(action.data()))
        self.retranslate()


def _choice(menu: QMenu, group: QActionGroup, value: str) -> QAction:
    action = menu.addAction("")
    action.setData(value)
    action.setCheckable(True)
    group.addAction(action)
    return action
