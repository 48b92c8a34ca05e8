"""The look: colours, fonts and measures from ``resources/theme/tokens.json``, given to Qt and to our own
painting.

Nothing else in the program writes down a colour, a size or a duration. A theme, a text size or a contrast
change ends in one ``changed`` signal; what paints itself asks again, what Qt paints follows palette and
style sheet.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from PySide6.QtCore import QDir, QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette, QPixmapCache, QStyleHints
from PySide6.QtWidgets import QApplication

from agentdesk.base.i18n import current_locale
from agentdesk.base.paths import resource

__all__ = ["DENSITIES", "PALETTE_ROLES", "TEXT_SCALES", "Density", "Scheme", "Theme", "Wanted", "theme"]

Scheme = Literal["light", "dark"]
Wanted = Literal["light", "dark", "system"]
Density = Literal["compact", "normal", "roomy"]
DENSITIES: tuple[Density, ...] = ("compact", "normal", "roomy")

TEXT_SCALES = (0.9, 1.0, 1.15, 1.3, 1.5)
"""The text sizes a person can choose from."""

_Role = QPalette.ColorRole
PALETTE_ROLES: dict[QPalette.ColorRole, str] = {
    _Role.Window: "bg.window",
    _Role.WindowText: "text.primary",
    _Role.Base: "bg.canvas",
    _Role.AlternateBase: "bg.list",
    _Role.Text: "text.primary",
    _Role.Button: "bg.canvas",
    _Role.ButtonText: "text.primary",
    _Role.Highlight: "accent.fill",
    _Role.Accent: "accent.fill",
    _Role.HighlightedText: "text.onFill",
    _Role.PlaceholderText: "text.muted",
    _Role.Link: "accent.text",
    _Role.LinkVisited: "accent.text",
    _Role.ToolTipBase: "bg.raised",
    _Role.ToolTipText: "text.primary",
    _Role.BrightText: "bad.text",
    _Role.Light: "bg.raised",
    _Role.Midlight: "bg.hover",
    _Role.Mid: "line.subtle",
    _Role.Dark: "line.strong",
    _Role.Shadow: "line.strong",
}
_HIGH_CONTRAST = {"line.subtle": "line.strong", "text.muted": "text.secondary"}
_TALL_SCRIPTS = frozenset(
    {"ar", "fa", "ur", "ps", "ckb", "hi", "mr", "ne", "bn", "ta", "te", "th", "lo", "km", "my"}
)
"""Languages whose letters need two more pixels of line at reading sizes."""
_TINTED = re.compile(r"theme:([a-z-]+)\.(\w+\.\w+)\.svg")
"""How the style sheet names a picture in the colour of a role."""


class Theme(QObject):
    """Colours by role, fonts by role, measures by name, for the scheme and text size in force."""

    changed = Signal()

    def __init__(self, tokens: dict[str, Any]) -> None:
        super().__init__()
        self._tokens = tokens
        self._wanted: Wanted = "light"
        self._scheme: Scheme = "light"
        self._scale = 1.0
        self._density: Density = "normal"
        self._contrast_wanted = False
        self._high_contrast = False
        self._reduced_motion = False
        self._app: QApplication | None = None
        self._hints: QStyleHints | None = None  # kept: what they give dies with them
        self._svg_dir = QTemporaryDir()
        self._colors: dict[str, QColor] = {}
        self._fonts: dict[tuple[str, int | None, bool], QFont] = {}

    @property
    def scheme(self) -> Scheme:
        """What is painted now: ``light`` or ``dark``."""
        return self._scheme

    @property
    def wanted(self) -> Wanted:
        """What the person chose, ``system`` among it."""
        return self._wanted

    @property
    def text_scale(self) -> float:
        """The factor on all text sizes (1.0 is normal); independent of display scaling."""
        return self._scale

    @property
    def density(self) -> Density:
        """How close the rows of lists stand."""
        return self._density

    @property
    def high_contrast(self) -> bool:
        """Whether faint lines and texts are strengthened now."""
        return self._high_contrast

    @property
    def system_wants_contrast(self) -> bool:
        """Whether the person's system asks for more contrast."""
        if self._hints is None:
            return False
        preference = self._hints.accessibility().contrastPreference()
        return preference == Qt.ContrastPreference.HighContrast

    @property
    def reduced_motion(self) -> bool:
        """Whether everything happens at once."""
        return self._reduced_motion

    def color(self, role: str) -> QColor:
        """The colour of ``role`` (section 3.1 of the interface specification). ``KeyError`` for an unknown
        role.
        """
        found = self._colors.get(role)
        if found is None:
            name = _HIGH_CONTRAST.get(role, role) if self._high_contrast else role
            found = self._colors[role] = QColor(self._tokens["color"][name][self._scheme])
        return QColor(found)

    def channel(self, key: str) -> tuple[QColor, QColor]:
        """Background and glyph colour of a channel's tile; an unknown channel looks like a web form."""
        background, glyph = self._channel(key)[self._scheme]
        return QColor(background), QColor(glyph)

    def channel_glyph(self, key: str) -> tuple[Literal["icon", "text"], str]:
        """What stands in a channel's tile: an icon's name, or up to two letters."""
        entry = self._channel(key)
        return ("icon", entry["icon"]) if "icon" in entry else ("text", entry["text"])

    def add_channel(
        self, key: str, *, icon: str | None = None, letters: str | None = None, like: str = "portal"
    ) -> None:
        """Make the tile of a channel known that a connector brings; the hue is that of channel ``like``."""
        hue = self._channel(like)
        glyph = {"icon": icon} if icon else {"text": letters or key[:2].capitalize()}
        self._tokens["channel"].setdefault(key, {**glyph, "light": hue["light"], "dark": hue["dark"]})

    def avatar(self, seed: object) -> tuple[QColor, QColor]:
        """Letter and circle colour for the person with id ``seed``: the same on every computer, whatever the
        name.
        """
        pairs = self._tokens["avatar"]
        letters, circle = pairs[zlib.crc32(str(seed).encode()) % len(pairs)][self._scheme]
        return QColor(letters), QColor(circle)

    def font(self, role: str = "body", weight: int | None = None, *, tabular: bool = False) -> QFont:
        """The font of a type role; ``weight`` (100 to 900) replaces the role's; ``tabular`` gives digits of
        one width.
        """
        key = (role, weight, tabular)
        found = self._fonts.get(key)
        if found is None:
            size, _line, own_weight = self._tokens["type"][role]
            found = QFont(_family())
            found.setPixelSize(round(size * self._scale))
            found.setWeight(QFont.Weight(weight or own_weight))
            if tabular:
                found.setFeature(QFont.Tag("tnum"), 1)
            self._fonts[key] = found
        return QFont(found)

    def line_height(self, role: str = "body") -> int:
        """The line of a type role in pixels, at the person's text size and fit for the interface's script."""
        _size, line, _weight = self._tokens["type"][role]
        tall = role in ("body", "reading") and current_locale().split("-")[0] in _TALL_SCRIPTS
        return round((int(line) + (2 if tall else 0)) * self._scale)

    def space(self, step: int) -> int:
        """Space in pixels by step: 0 is 2, 1 is 4, 2 is 8, 3 is 12, 4 is 16, 5 is 20, 6 is 24, 7 is 32, 8 is
        40.
        """
        return int(self._tokens["space"][step])

    def radius(self, name: str) -> int:
        """Corner radius in pixels: ``tag``, ``control``, ``card``, ``composer``, ``bubble`` or ``full``."""
        return int(self._tokens["radius"][name])

    def size(self, name: str) -> int:
        """A control's height in pixels, growing with the text: ``button``, ``field``, ``row``, ``pill``,
        ``chip`` …
        """
        if name == "row" and self._density != "normal":
            name = f"row_{self._density}"
        pixels = int(self._tokens["size"][name])
        return round(pixels * max(1.0, self._scale))

    def duration(self, name: str) -> int:
        """Milliseconds of a motion (``quick``, ``pane``, ``leave``); 0 where the person wants none."""
        return 0 if self._reduced_motion else int(self._tokens["motion"][name])

    def elevation(self, name: str) -> tuple[int, int, QColor]:
        """Blur and offset in pixels and the colour of the shadow under ``popover`` or ``dialog``."""
        entry = self._tokens["elevation"][name]
        shadow = QColor("black")
        shadow.setAlphaF(entry[self._scheme])
        return entry["blur"], entry["offset"], shadow

    def apply(self, app: QApplication, scheme: Wanted) -> None:
        """Dress ``app``: style, palette, style sheet and font. ``system`` follows the desktop from now on."""
        if self._app is None:
            app.setStyle("Fusion")
            hints = app.styleHints()
            hints.colorSchemeChanged.connect(self._system_changed)
            hints.accessibility().contrastPreferenceChanged.connect(self._system_contrast_changed)
        self._app = app
        self._hints = app.styleHints()
        self._wanted = scheme
        self._tell_qt()
        self._refresh()

    def set_text_scale(self, scale: float) -> None:
        """Make all text larger or smaller; 1.0 is normal. Held between the ends of :data:`TEXT_SCALES`."""
        self._scale = min(max(scale, TEXT_SCALES[0]), TEXT_SCALES[-1])
        self._refresh()

    def set_density(self, density: Density) -> None:
        """Let the rows of lists stand closer or further apart."""
        if density != self._density:
            self._density = density
            self.changed.emit()

    def set_high_contrast(self, on: bool) -> None:
        """Strengthen faint lines and texts; done anyway where the person's system asks for it."""
        if on != self._contrast_wanted:
            self._contrast_wanted = on
            self._refresh()

    def set_reduced_motion(self, on: bool) -> None:
        """Let everything happen at once. (Qt 6.11 does not tell what the system wishes here.)"""
        self._reduced_motion = on

    def retouch(self) -> None:
        """Build everything again from the tokens, after a change of language (line heights differ by
        script).
        """
        self._refresh()

    def _channel(self, key: str) -> dict[str, Any]:
        channels = self._tokens["channel"]
        return cast(dict[str, Any], channels.get(key, channels["portal"]))

    def _tell_qt(self) -> None:
        """Let native frames and dialogs follow the person's choice."""
        assert self._app is not None
        hints = self._app.styleHints()
        if self._wanted == "system":
            hints.unsetColorScheme()
        else:
            dark = self._wanted == "dark"
            hints.setColorScheme(Qt.ColorScheme.Dark if dark else Qt.ColorScheme.Light)

    def _system_contrast_changed(self, _preference: Qt.ContrastPreference) -> None:
        self._refresh()

    def _system_changed(self, _scheme: Qt.ColorScheme) -> None:
        if self._wanted == "system":
            self._refresh()

    def _refresh(self) -> None:
        self._high_contrast = self._contrast_wanted or self.system_wants_contrast
        self._colors.clear()
        self._fonts.clear()
        if self._app is not None:
            self._scheme = self._resolved(self._app)
            self._colors.clear()
            self._app.setFont(self.font("body"))
            self._app.setPalette(self._palette())
            sheet = self._style_sheet()
            self._write_tinted_svgs(sheet)
            if sheet != self._app.styleSheet():
                self._app.setStyleSheet(sheet)
        QPixmapCache.clear()
        self.changed.emit()

    def _resolved(self, app: QApplication) -> Scheme:
        if self._wanted != "system":
            return self._wanted
        return "dark" if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"

    def _palette(self) -> QPalette:
        palette = QPalette()
        for qt_role, role in PALETTE_ROLES.items():
            palette.setColor(qt_role, self.color(role))
        disabled = QPalette.ColorGroup.Disabled
        for qt_role in (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.PlaceholderText):
            palette.setColor(disabled, qt_role, self.color("text.disabled"))
        palette.setColor(disabled, _Role.Highlight, self.color("bg.selectedIdle"))
        return palette

    def _style_sheet(self) -> str:
        """The template with colours for ``@role``, pixels for ``@font(role)`` and ``@size(name)``."""
        template = resource("theme/agentdesk.qss").read_text(encoding="utf-8")
        template = re.sub(r"@font\((\w+)\)", lambda m: f"{self.font(m[1]).pixelSize()}px", template)
        template = re.sub(r"@size\((\w+)\)", lambda m: f"{self.size(m[1])}px", template)
        return re.sub(r"@([a-z]+\.[A-Za-z]+)", lambda m: self.color(m[1]).name(), template)

    def _write_tinted_svgs(self, sheet: str) -> None:
        """Write the few pictures that the style sheet names into ``theme:``, in the colours of the scheme."""
        folder = Path(self._svg_dir.path()) / f"{self._scheme}{'-contrast' if self._high_contrast else ''}"
        if not folder.exists():
            folder.mkdir(parents=True)
            for name, role in set(_TINTED.findall(sheet)):
                source = resource(f"icons/{name}.svg").read_text(encoding="utf-8")
                tinted = source.replace("currentColor", self.color(role).name())
                (folder / f"{name}.{role}.svg").write_text(tinted, encoding="utf-8")
        QDir.setSearchPaths("theme", [str(folder)])


@cache
def _family() -> str:
    """The family of the system's interface font."""
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()


@cache
def theme() -> Theme:
    """The theme of this process."""
    return Theme(json.loads(resource("theme/tokens.json").read_text(encoding="utf-8")))
