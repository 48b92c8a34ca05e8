"""The band above the text of an answer: who can read it, and the way to fewer or more readers."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from agentdesk.base.text import Msg
from agentdesk.desktop.plain import tip
from agentdesk.desktop.views.composer_words import Writing
from agentdesk.desktop.widgets.strip import Strip

__all__ = ["ReadersBand", "Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is said of an answer's readers besides what its kind says by itself.

    ``title`` takes the place of that, ``text`` stands below it. ``offers`` are buttons by key; ``closed``:
    no answer goes this way.
    """

    title: Msg | None = None
    text: Msg | None = None
    offers: tuple[tuple[str, Msg], ...] = ()
    closed: bool = False


class ReadersBand(Strip):
    """Teal where others can read it, grey where it goes to one person or not at all."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("public", parent=parent)
        self.hide()

    def show_reading(self, writing: Writing, reading: Reading, keys: str) -> None:
        """Say who can read what is written; ``keys`` is the shortcut to say at the buttons."""
        warning = writing.warning()
        title = reading.title or warning
        if title is None or not writing.is_post:
            self.hide()
            return
        loud = warning is not None and not reading.closed
        sign = "hourglass" if reading.closed else writing.button_icon() or "lock"
        self.show_message("public" if loud else "quiet", title, reading.text, icon_name=sign)
        for key, words in reading.offers:
            self.add_button(key, words).setToolTip(tip(keys) if key != "note" else "")
