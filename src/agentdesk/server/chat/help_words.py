"""The words of the help pages, a file for each language; of the widget's words they share some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from agentdesk.base.i18n import is_rtl
from agentdesk.base.paths import resource
from agentdesk.server.chat import words as widget_words

__all__ = ["HelpWords"]


class HelpWords:
    """The words of one language, that of ``wishes`` which is dearest and which the company has."""

    def __init__(self, wishes: Sequence[str], allowed: Sequence[str]) -> None:
        self.tag = widget_words.choose(wishes, allowed)
        self.language = self.tag.partition("-")[0].lower()
        self.direction = "rtl" if is_rtl(self.language) else "ltr"
        known = {one.partition("-")[0].lower() for one in allowed} & _texts().keys() or _texts().keys()
        self.others = {one: _texts()[one]["name"] for one in sorted(known)}
        """The languages there are, each by its own name."""

    def say(self, key: str, **values: str) -> str:
        """Return a text with its values."""
        own = _texts()[self.language]
        text = own[key] if key in own else widget_words.texts()[self.language][key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    files = resource("help/texts").glob("*.json")
    return {file.stem: msgspec.json.decode(file.read_bytes(), type=dict[str, str]) for file in sorted(files)}
