"""Quick answers and cards of a chat message: small editors for what stands in double brackets at its end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.desktop import ask
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_strips import ComposerStrip
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.extras import (
    MOST_CHOICES,
    Extras,
    extras_of,
    last_address,
    parted,
    spelled_out,
    together,
)

__all__ = ["ComposerExtras", "as_fits"]


def as_fits(text: str, box: ComposerBox) -> str:
    """Return the text of a template as what is being written can have it: elsewhere than in a chat answers
    and cards are words."""
    if box.mode == "reply" and box.channel == CHANNEL:
        return text
    words, extras = parted(text)
    return spelled_out(words, extras) if extras else text


class ComposerExtras(QObject):
    """``touched`` is called when the text was changed."""

    def __init__(
        self, box: ComposerBox, strip: ComposerStrip, touched: Callable[[], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._box, self._strip, self._touched = box, strip, touched
        self._tasks = tasks_of(self, "composer extras")
        box.answers_wanted.connect(self._on_answers)
        box.card_wanted.connect(self._on_card)

    async def edit_answers(self) -> None:
        """Ask for the answers that the visitor can choose from; none takes them away."""
        _, extras = parted(self._box.reply_text.plain())
        given = await ask.passage(
            self._box,
            msg("Quick answers"),
            msg("One for each line, {count} at most. The visitor taps one and sends it.", count=MOST_CHOICES),
            msg("Use them"),
            value="\n".join(extras.choices),
        )
        if given is not None and is_alive(self):
            choices = extras_of({"choices": given.replace("[", "(").replace("]", ")").splitlines()}).choices
            self._put(lambda text, now: (text, replace(now, choices=choices)))

    async def add_card(self) -> None:
        """Ask what a card for a link says. A link that stands in the text already is taken from there."""
        text, _ = parted(self._box.reply_text.plain())
        found = last_address(text)
        given = await ask.fields(
            self._box,
            msg("Show a link as card"),
            msg("The visitor sees title and text, and the host that it leads to."),
            msg("Add the card"),
            (msg("Address"), msg("Title"), msg("Text")),
            first=found,
        )
        if given is None or not is_alive(self):
            return
        url, title, summary = (one.replace("[", "(").replace("]", ")").replace("|", "/") for one in given)
        cards = extras_of({"cards": [{"url": url, "title": title, "summary": summary}]}).cards
        if not cards:
            self._strip.tell_problem(msg("This is not an address that a card can have."))
            return
        self._put(lambda words, now: (_without(words, found), replace(now, cards=(*now.cards, *cards))))

    def _put(self, change: Callable[[str, Extras], tuple[str, Extras]]) -> None:
        """Change what is being written; the caret goes to the end of its words."""
        area = self._box.reply_text
        text, extras = change(*parted(area.plain()))
        area.set_content(together(text, extras))
        cursor = area.textCursor()
        cursor.setPosition(len(text))
        area.setTextCursor(cursor)
        area.setFocus()
        self._touched()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.start(work, "edit")

    def _on_answers(self) -> None:
        self._start(self.edit_answers())

    def _on_card(self) -> None:
        self._start(self.add_card())


def _without(text: str, address: str) -> str:
    """A text without the link that is a card now, where it stood on a line of its own."""
    return "\n".join(line for line in text.split("\n") if not address or line.strip() != address).rstrip()
