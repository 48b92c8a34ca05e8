"""The menu behind my picture: language, appearance, focus mode, shortcuts, my account, quitting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QCursor
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from agentdesk.base.i18n import available_locales, current_locale
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.actions.registry import ActionSpec
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import apply_locale, native_name, tr
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.theme import Density, theme
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["THEMES", "MyMenu"]

_DENSITIES: dict[Density, Msg] = {
    "compact": msg("Rows close together"),
    "normal": msg("Rows as usual"),
    "roomy": msg("Rows far apart"),
}
THEMES: dict[str, Msg] = {"system": msg("Like the system"), "light": msg("Light"), "dark": msg("Dark")}


class MyMenu(QObject):
    """Builds the menu and carries out what is chosen in it; choices are kept and take effect at once.
    ``actions`` are those that the sheet of keys lists. ``account_wanted`` names what of the person's account
    is to be changed: ``picture``, or ``second_factor``, which is offered to who is signed in to a team's
    server, as is ``sign_out_wanted``."""

    account_wanted = Signal(str)
    sign_out_wanted = Signal()

    def __init__(self, window: QWidget, settings: SettingsFile, actions: Iterable[ActionSpec] = ()) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._actions = actions
        self.menu = new_menu(window)
        self._languages = new_menu(self.menu)
        self._themes = new_menu(self.menu)
        self._appearance = new_menu(self.menu)
        self.menu.addMenu(self._languages)
        self.menu.addMenu(self._appearance)
        self._more = self.menu.addSeparator()
        self._shortcuts = self.menu.addAction("")
        self._shortcuts.triggered.connect(self.show_shortcuts)
        self.menu.addSeparator()
        self._session_note = self.menu.addAction("")
        self._session_note.setEnabled(False)
        self._picture = self.menu.addAction("")
        self._picture.triggered.connect(self._on_picture)
        self._second_factor = self.menu.addAction("")
        self._second_factor.triggered.connect(self._on_second_factor)
        self._sign_out = self.menu.addAction("")
        self._sign_out.triggered.connect(self.sign_out_wanted)
        self._quit = self.menu.addAction("")
        self._quit.triggered.connect(window.close)
        self._fill_languages()
        self._fill_themes()
        self._fill_appearance()
        self.menu.aboutToShow.connect(self._show_session)
        self.retranslate()

    @property
    def languages(self) -> QMenu:
        """The languages alone."""
        return self._languages

    @property
    def themes(self) -> QMenu:
        """Light, dark, or like the system, alone."""
        return self._themes

    @property
    def appearance(self) -> QMenu:
        """All that changes the look."""
        return self._appearance

    def add_actions(self, actions: Sequence[QAction], text_sizes: Sequence[QAction]) -> None:
        """Offer actions of the window here, and those for the size of texts with what changes the look."""
        self.menu.insertActions(self._more, actions)
        self._appearance.addSeparator()
        self._appearance.addActions(text_sizes)

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

    def set_density(self, density: Density) -> None:
        """Let the rows of the running window stand closer or further apart."""
        theme().set_density(density)
        self._settings.change(density=density)

    def retranslate(self) -> None:
        """Put all words into the language of the window."""
        self._languages.setTitle(tr(msg("Language")))
        self._languages.setIcon(icon("languages"))
        self._themes.setTitle(tr(msg("Appearance")))
        self._appearance.setTitle(tr(msg("Appearance")))
        self._appearance.setIcon(icon("sun"))
        self._shortcuts.setText(tr(msg("Shortcuts")))
        self._shortcuts.setIcon(icon("keyboard"))
        note = msg("Your sign-in and this desk's key are kept in files: no key ring is used")
        self._session_note.setText(tr(note))
        self._picture.setText(tr(msg("Your picture…")))
        self._picture.setIcon(icon("user-round"))
        self._second_factor.setText(tr(msg("Two-step sign-in…")))
        self._second_factor.setIcon(icon("shield-check"))
        self._sign_out.setText(tr(msg("Sign out…")))
        self._sign_out.setIcon(icon("user-round-x"))
        self._show_session()
        self._quit.setText(tr(msg("Quit AgentDesk")))
        self._quit.setIcon(icon("log-out"))
        for action in self._themes.actions():
            action.setText(tr(THEMES[action.data()]))
            action.setChecked(action.data() == theme().wanted)
        for action in self._densities.actions():
            action.setText(tr(_DENSITIES[action.data()]))
            action.setChecked(action.data() == theme().density)
        self._contrast.setText(tr(msg("More contrast")))
        self._contrast.setChecked(theme().high_contrast)
        self._contrast.setEnabled(not theme().system_wants_contrast)
        self._motion.setText(tr(msg("Less motion")))
        self._motion.setChecked(theme().reduced_motion)
        for action in self._languages.actions():
            action.setChecked(action.data() == current_locale())

    def _show_session(self) -> None:
        chosen = self._settings.now
        in_team = chosen.mode == "team"
        self._session_note.setVisible(in_team and not chosen.session_in_ring)
        for action in (self._second_factor, self._sign_out):
            action.setVisible(in_team)

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
        group.triggered.connect(self._on_theme)

    def _fill_appearance(self) -> None:
        menu = self._appearance
        menu.addActions(self._themes.actions())
        menu.addSeparator()
        self._densities = QActionGroup(menu)
        for density in _DENSITIES:
            _choice(menu, self._densities, density)
        self._densities.triggered.connect(self._on_density)
        menu.addSeparator()
        self._contrast = menu.addAction("")
        self._contrast.setCheckable(True)
        self._contrast.toggled.connect(self._on_contrast)
        self._motion = menu.addAction("")
        self._motion.setCheckable(True)
        self._motion.toggled.connect(self._on_motion)
        menu.aboutToShow.connect(self.retranslate)

    def _on_picture(self) -> None:
        self.account_wanted.emit("picture")

    def _on_second_factor(self) -> None:
        self.account_wanted.emit("second_factor")

    def _on_density(self, action: QAction) -> None:
        self.set_density(action.data())

    def _on_contrast(self, on: bool) -> None:
        if on != theme().high_contrast:
            theme().set_high_contrast(on)
            self._settings.change(more_contrast=on)

    def _on_motion(self, on: bool) -> None:
        if on != theme().reduced_motion:
            theme().set_reduced_motion(on)
            self._settings.change(less_motion=on)

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
