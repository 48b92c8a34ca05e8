"""Theme, icons and the language switch of a running window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QEvent, QFile, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from agentdesk.base import i18n
from agentdesk.desktop import icons
from agentdesk.desktop.locale import (
    age_text,
    apply_locale,
    date_text,
    day_text,
    first_strong_direction,
    native_name,
    size_text,
    time_text,
)
from agentdesk.desktop.theme import TEXT_SCALES, theme
from agentdesk.desktop.world_names import country_of_zone, language_name

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    """The application in light and English, and again so afterwards."""
    theme().apply(qapp, "light")
    apply_locale(qapp, "en")
    yield qapp
    theme().set_text_scale(1.0)
    theme().set_high_contrast(False)
    theme().set_reduced_motion(False)
    theme().apply(qapp, "light")
    apply_locale(qapp, "en")


def likeness(one: QImage, other: QImage) -> float:
    """How alike two pictures are (1 for equal ones), by the ink they share; smoothing blurs single pixels."""
    places = [(x, y) for x in range(one.width()) for y in range(one.height())]
    inks = [(one.pixelColor(x, y).alpha(), other.pixelColor(x, y).alpha()) for x, y in places]
    return sum(min(pair) for pair in inks) / max(1, sum(max(pair) for pair in inks))


def dominant(picture: QPixmap) -> QColor:
    """The colour of the most opaque pixel."""
    image = picture.toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=lambda color: color.alpha())


def test_the_scheme_reaches_palette_style_sheet_and_own_painting(app: QApplication) -> None:
    light = app.palette().color(QPalette.ColorRole.Window)
    changes: list[str] = []
    theme().changed.connect(lambda: changes.append(theme().scheme))
    theme().apply(app, "dark")
    assert changes == ["dark"]
    assert theme().scheme == "dark"
    assert app.palette().color(QPalette.ColorRole.Window) == theme().color("bg.window") != light
    assert theme().color("accent.fill").name() in app.styleSheet()
    rules = re.sub(r"/\*.*?\*/", "", app.styleSheet(), flags=re.DOTALL)
    assert "@" not in rules


def test_the_pictures_of_the_style_sheet_are_there_in_the_colours_of_the_scheme(app: QApplication) -> None:
    for scheme in ("dark", "light"):
        theme().apply(app, scheme)
        named = re.findall(r"url\((theme:[a-z-]+\.(\w+\.\w+)\.svg)\)", app.styleSheet())
        assert named
        for path, role in named:
            picture = QFile(path)
            assert picture.open(QIODevice.OpenModeFlag.ReadOnly), path
            assert theme().color(role).name() in bytes(picture.readAll().data()).decode()
            picture.close()


def test_the_system_scheme_is_followed_only_when_asked_for(app: QApplication) -> None:
    theme().apply(app, "system")
    assert theme().wanted == "system"
    assert theme().scheme in ("light", "dark")


def test_an_unknown_colour_is_an_error_and_an_unknown_channel_a_web_form(app: QApplication) -> None:
    with pytest.raises(KeyError):
        theme().color("bg.nowhere")
    assert theme().channel("something-new") == theme().channel("portal")


def test_a_connector_brings_its_own_letters(app: QApplication) -> None:
    theme().add_channel("mastodon", letters="Ma", like="forum")
    assert theme().channel_glyph("mastodon") == ("text", "Ma")
    assert theme().channel("mastodon") == theme().channel("forum")


def test_a_person_keeps_the_same_hue(app: QApplication) -> None:
    assert theme().avatar("customer-1") == theme().avatar("customer-1")
    hues = {theme().avatar(str(number))[1].name() for number in range(100)}
    assert len(hues) == 8


def test_the_text_size_scales_fonts_lines_and_controls(app: QApplication) -> None:
    normal = theme().font("reading").pixelSize(), theme().line_height("reading"), theme().size("chip")
    theme().set_text_scale(1.5)
    assert theme().font("reading").pixelSize() == 21
    assert (
        theme().font("reading").pixelSize(),
        theme().line_height("reading"),
        theme().size("chip"),
    ) > normal
    assert app.font().pixelSize() == theme().font("body").pixelSize()
    theme().set_text_scale(9)
    assert theme().text_scale == TEXT_SCALES[-1]


def test_high_contrast_strengthens_faint_colours(app: QApplication) -> None:
    strong = theme().color("line.strong")
    theme().set_high_contrast(True)
    assert theme().color("line.subtle") == strong


def test_without_motion_everything_happens_at_once(app: QApplication) -> None:
    assert theme().duration("pane") == 160
    theme().set_reduced_motion(True)
    assert theme().duration("pane") == 0


def test_arabic_lines_are_taller(app: QApplication) -> None:
    latin = theme().line_height("reading")
    apply_locale(app, "ar")
    assert theme().line_height("reading") == latin + 2


def test_an_icon_takes_the_colour_of_the_theme_when_painted(app: QApplication) -> None:
    icon = icons.icon("mail", "text.primary")
    before = dominant(icon.pixmap(QSize(32, 32)))
    theme().apply(app, "dark")
    after = dominant(icon.pixmap(QSize(32, 32)))
    assert before.name().upper() == "#161B26"
    assert after.name().upper() == "#E9ECF1"


def test_icons_are_sharp_on_dense_screens(app: QApplication) -> None:
    assert icons.pixmap("mail", 16, "text.primary", 2.0).size() == QSize(32, 32)
    assert icons.icon("mail").pixmap(QSize(16, 16), 2.0).size() == QSize(32, 32)


def test_icons_of_direction_turn_round_and_others_do_not(app: QApplication) -> None:
    def picture(name: str) -> QImage:
        return icons.pixmap(name, 24, "text.primary").toImage()

    ltr = {name: picture(name) for name in ("reply", "clock")}
    apply_locale(app, "ar")
    rtl = {name: picture(name) for name in ("reply", "clock")}
    assert rtl["clock"] == ltr["clock"]
    turned = ltr["reply"].flipped(Qt.Orientation.Horizontal)
    assert likeness(rtl["reply"], turned) > 0.95 > likeness(rtl["reply"], ltr["reply"])


def test_mirrored_icons_exist(app: QApplication) -> None:
    for name in icons.MIRRORED:
        assert not icons.pixmap(name, 16).isNull(), name


class Listener(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.changes = 0

    def changeEvent(self, event: QEvent) -> None:
        self.changes += event.type() == QEvent.Type.LanguageChange


def test_every_widget_hears_of_a_new_language_once(app: QApplication) -> None:
    shown, never_shown = Listener(), Listener()
    inside = Listener(Listener(shown))
    for code in ("de", "ar", "en"):
        before = shown.changes, inside.changes, never_shown.changes
        apply_locale(app, code)
        assert (shown.changes, inside.changes, never_shown.changes) == tuple(count + 1 for count in before)


def test_the_layout_follows_the_language(app: QApplication) -> None:
    widget = QWidget()
    assert apply_locale(app, "ar") == "ar"
    assert widget.layoutDirection() == Qt.LayoutDirection.RightToLeft
    assert first_strong_direction("123") == Qt.LayoutDirection.RightToLeft
    assert first_strong_direction("Ana") == Qt.LayoutDirection.LeftToRight
    apply_locale(app, "de")
    assert widget.layoutDirection() == Qt.LayoutDirection.LeftToRight


def test_qt_speaks_the_language_too(app: QApplication) -> None:
    apply_locale(app, "de")
    assert app.translate("QPlatformTheme", "Cancel") == "Abbrechen"
    apply_locale(app, "en")
    assert app.translate("QPlatformTheme", "Cancel") == "Cancel"


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=2, minutes=59), "2h"),
        (timedelta(days=6, hours=23), "6d"),
        (timedelta(days=10), "11 Nov"),
    ],
)
def test_ages_are_short(app: QApplication, ago: timedelta, expected: str) -> None:
    assert age_text(NOW - ago, NOW) == expected


def test_dates_of_other_years_name_the_year(app: QApplication) -> None:
    assert "2024" in date_text(NOW - timedelta(days=800), NOW) or "24" in date_text(
        NOW - timedelta(days=800), NOW
    )


def test_days_near_have_names(app: QApplication) -> None:
    assert day_text(NOW, NOW) == "Today"
    assert day_text(NOW - timedelta(days=1), NOW) == "Yesterday"
    assert "18 November 2026" in day_text(NOW - timedelta(days=3), NOW)


def test_times_and_sizes_follow_the_language(app: QApplication) -> None:
    assert size_text(84_000) == "84 kB"
    apply_locale(app, "de")
    assert size_text(1_234_567) == "1,2 MB"
    assert ":" in time_text(NOW)
    apply_locale(app, "ar")
    assert all(char.isascii() or not char.isdigit() for char in time_text(NOW))


def test_languages_and_countries_have_names_in_the_language_of_the_window(app: QApplication) -> None:
    codes = ("de", "de-AT", "zh-Hant", "tlh-x", "no language")
    assert [language_name(code) for code in codes] == [
        "German",
        "German (Austria)",
        "Chinese (Traditional)",
        "tlh-x",
        "no language",
    ]
    zones = ("Europe/Madrid", "Asia/Calcutta", "Pacific/Chuuk")
    assert [country_of_zone(zone) for zone in zones] == ["Spain", "India", "Micronesia"]
    apply_locale(app, "ar")
    assert (language_name("de"), country_of_zone("Europe/Madrid")) == ("الألمانية", "إسبانيا")
    apply_locale(app, i18n.PSEUDO)
    assert country_of_zone("Europe/Madrid") == "Spain"


@pytest.mark.parametrize("zone", ["", "UTC", "CET", "Etc/GMT+3", "Antarctica/Troll", "Nope/Where", "/"])
def test_a_time_zone_of_no_one_country_tells_none(zone: str) -> None:
    assert country_of_zone(zone) == ""


def test_languages_name_themselves(app: QApplication) -> None:
    assert [native_name(code) for code in ("en", "de", "ar")] == ["English", "Deutsch", "العربية"]
    assert i18n.current_locale() == "en"
