"""What languages and countries are called in the language of the window (Unicode CLDR).

Qt knows a country's name only in the languages that are spoken there. Babel, which knows all of them, is
imported with the first name that is asked for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from agentdesk.base import i18n

if TYPE_CHECKING:
    from babel import Locale

__all__ = ["country_of_zone", "language_name"]

_NO_COUNTRY = "ZZ"


def language_name(code: str) -> str:
    """What the language ``code`` (BCP 47) is called: Deutsch for ``de`` in a German window. The code itself
    where it has no name."""
    return _language_name(code, i18n.current_locale())


def country_of_zone(zone: str) -> str:
    """The country that the time zone ``zone`` (``Europe/Madrid``) belongs to; empty for a zone of no one
    country."""
    return _country_of_zone(zone, i18n.current_locale())


@cache
def _language_name(code: str, window: str) -> str:
    from babel import Locale
    from babel.core import UnknownLocaleError

    try:
        name = Locale.parse(code, sep="-").get_display_name(_locale(window)) or code
    except (ValueError, UnknownLocaleError):
        return code
    return name[:1].upper() + name[1:]


@cache
def _country_of_zone(zone: str, window: str) -> str:
    from babel.core import get_global

    if "/" not in zone:
        return ""  # CET and its like are many countries' time, and only one's in the list
    countries, today = get_global("zone_territories"), get_global("zone_aliases")
    code = countries.get(zone) or countries.get(today.get(zone, ""), _NO_COUNTRY)
    is_country = code.isalpha() and code != _NO_COUNTRY
    return _locale(window).territories.get(code, "") if is_country else ""


def _locale(window: str) -> Locale:
    from babel import Locale

    return Locale.parse(i18n.SOURCE if window == i18n.PSEUDO else window, sep="-")
