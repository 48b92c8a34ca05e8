"""The language of the window: live switch, direction, and how times and sizes are written in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QDate, QEvent, QLibraryInfo, QLocale, Qt, QTime, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from agentdesk.base import bidi, i18n
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.theme import theme

__all__ = [
    "age_text",
    "apply_locale",
    "current_language",
    "date_text",
    "day_text",
    "first_strong_direction",
    "isolate",
    "isolate_ltr",
    "native_name",
    "number_text",
    "q_locale",
    "size_text",
    "time_text",
    "tr",
]

isolate = bidi.isolate
isolate_ltr = bidi.isolate_ltr

_COUNTRY_FOR_FORMATS = {"en": "en-GB", "ar": "ar-AE"}

_NUMERIC_DATES = frozenset({"ja", "ko", "zh"})
"""Languages in which a day and the short name of a month do not make a date."""

_PLAIN_NAMES = {"en": "English", "es": "español"}
"""Where Qt's name of a language speaks of one country."""

_translator: QTranslator | None = None


def tr(message: Msg) -> str:
    """``message`` in the language of the window. Call it when showing the text, not when keeping it."""
    return i18n.render(message)


def apply_locale(app: QApplication, code: str) -> str:
    """Switch the running window to the language ``code``, or the closest there is; returns the one chosen.

    Sets the catalogue, Qt's own texts, the number and date formats and the layout direction; then every
    widget gets ``QEvent.LanguageChange`` and shows its texts anew.
    """
    chosen = i18n.set_locale(code)
    QLocale.setDefault(q_locale(chosen))
    rtl = i18n.is_rtl(chosen)
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight)
    _install_qt_texts(app, chosen)
    theme().retouch()
    _tell_everybody(app)
    return chosen


def q_locale(code: str | None = None) -> QLocale:
    """Qt's locale for ``code`` (default: the window's language), for formats and Qt's own texts.

    The formats of the person's own country where its language is the one wanted; else those of a country that
    writes western digits, as the whole interface does.
    """
    code = code or i18n.current_locale()
    if code == i18n.PSEUDO:
        code = i18n.SOURCE
    system = QLocale.system()
    wanted = QLocale(_COUNTRY_FOR_FORMATS.get(code, code))
    own = system.language() == wanted.language() and system.zeroDigit() == "0"
    return system if own and QLocale.languageToCode(system.language()) != "C" else wanted


def native_name(code: str) -> str:
    """What the language ``code`` calls itself: Deutsch, العربية."""
    if code == i18n.PSEUDO:
        return "Pseudo"
    language = code.split("-")[0]
    name = _PLAIN_NAMES.get(language) or QLocale(code).nativeLanguageName()
    return name[:1].upper() + name[1:]


def time_text(moment: datetime) -> str:
    """The clock time of ``moment`` (aware) where this computer is: 10:04, 10:04 AM."""
    local = moment.astimezone()
    return q_locale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)


def day_text(moment: datetime, now: datetime | None = None) -> str:
    """The day of ``moment`` for a dividing line: Today, Yesterday, then weekday and date."""
    local = moment.astimezone()
    today = (now or datetime.now(local.tzinfo)).astimezone().date()
    if local.date() == today:
        return tr(msg("Today"))
    if local.date() == today - timedelta(days=1):
        return tr(msg("Yesterday"))
    return q_locale().toString(_q_date(local), QLocale.FormatType.LongFormat)


def age_text(moment: datetime, now: datetime) -> str:
    """How long ago ``moment`` was, as short as can be: now, 4m, 2h, 3d, then the date."""
    seconds = max(0.0, (now - moment).total_seconds())
    if seconds < 60:
        return tr(msg("now"))
    if seconds < 3600:
        return tr(msg("{minutes}m", minutes=int(seconds // 60)))
    if seconds < 86_400:
        return tr(msg("{hours}h", hours=int(seconds // 3600)))
    if seconds < 7 * 86_400:
        return tr(msg("{days}d", days=int(seconds // 86_400)))
    return date_text(moment, now)


def wait_text(moment: datetime, now: datetime) -> str:
    """How long somebody waits since ``moment``: by the second for two minutes, then as short as can be."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds >= 120:
        return age_text(moment, now)
    if seconds >= 60:
        return tr(msg("{minutes}m {seconds}s", minutes=1, seconds=f"{seconds - 60:02}"))
    return tr(msg("{seconds}s", seconds=seconds))


def date_text(moment: datetime, now: datetime) -> str:
    """A date as short as can be: 3 Mar, and with the year where it is another one."""
    local, this_year = moment.astimezone(), now.astimezone().year
    if local.year != this_year or current_language() in _NUMERIC_DATES:
        return q_locale().toString(_q_date(local), QLocale.FormatType.ShortFormat)
    return q_locale().toString(_q_date(local), "d MMM")


def current_language() -> str:
    """The language of the window without country or script: ``de``."""
    return i18n.current_locale().split("-")[0]


def _q_date(moment: datetime) -> QDate:
    return QDate(moment.year, moment.month, moment.day)


def size_text(count: int) -> str:
    """A file's size: 84 KB, 1.2 MB (powers of 1000, as file dialogs show them)."""
    precision = 0 if count < 1_000_000 else 1
    return q_locale().formattedDataSize(count, precision, QLocale.DataSizeFormat.DataSizeSIFormat)


def number_text(number: int) -> str:
    """A whole number with its groups of digits: 1,204."""
    return q_locale().toString(number)


def first_strong_direction(text: str) -> Qt.LayoutDirection:
    """The direction of ``text`` by its first strong character; that of the window where it has none."""
    match bidi.first_strong(text):
        case "ltr":
            return Qt.LayoutDirection.LeftToRight
        case "rtl":
            return Qt.LayoutDirection.RightToLeft
    return QGuiApplication.layoutDirection()


def _install_qt_texts(app: QApplication, code: str) -> None:
    """Put Qt's own translations (standard buttons, text menus) in place of the last ones."""
    global _translator
    if _translator is not None:
        app.removeTranslator(_translator)
    _translator = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if _translator.load(QLocale(code), "qtbase", "_", folder):
        app.installTranslator(_translator)


def _tell_everybody(app: QApplication) -> None:
    """Deliver one ``LanguageChange`` to every widget, now; Qt posts it to windows and merges repeats."""
    app.sendEvent(app, QEvent(QEvent.Type.LanguageChange))
    app.sendPostedEvents(None, QEvent.Type.LanguageChange.value)
