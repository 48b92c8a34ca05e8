"""What a post stands below: the work it comments on, and the post that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import date_text, isolate, time_text
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.post_band import can_open
from agentdesk.desktop.views.messages.post_words import shortened, work_title
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.domain.posts import Work, post_of
from agentdesk.queries.rows import MessageRow

__all__ = ["Answered", "AnsweredLine", "PostPlace", "WorkCard", "places_of"]

_MOST_ANSWERED = 120
"""Characters of a post that stand above its answer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The post of the same conversation that another one answers."""

    id: UUID
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class PostPlace:
    """Where a post stands: what it answers, where that is here and not right above; ``heads``: it is the
    first one below its work."""

    answered: Answered | None = None
    heads: bool = True


def places_of(rows: Iterable[MessageRow]) -> Mapping[UUID, PostPlace]:
    """Return the places of all posts among ``rows``, which are a conversation's, oldest first."""
    places: dict[UUID, PostPlace] = {}
    known: dict[str, MessageRow] = {}
    works: set[str] = set()
    above: MessageRow | None = None
    for row in rows:
        post = post_of(row.post)
        if post is None:
            continue
        parent = known.get(post.parent)
        answered = None if parent is None or parent is above else _answered(parent)
        work = post.below.external_id if post.below is not None else ""
        places[row.id] = PostPlace(answered, work not in works)
        works.add(work)
        if row.external_id:
            known[row.external_id] = row
        above = row
    return places


def _answered(row: MessageRow) -> Answered:
    post = post_of(row.post)
    veil = post.warning if post is not None else ""
    name = row.author_name or (row.sender.name if row.sender else "")
    return Answered(row.id, name, shortened(veil or row.text, _MOST_ANSWERED))


class WorkCard(Surface):
    """The work that comments stand below, in quiet words. ``open_wanted``: its original is asked for."""

    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("bg.list", "line.subtle", "control", parent)
        self._sign = QLabel(self)
        self._sign.setFixedSize(16, 16)
        self._title = ElidedLabel("", "small", "text.secondary", weight=500, parent=self)
        self._time = Label("", "small", "text.muted", parent=self)
        self.link = LinkButton(msg("Open original"), self)
        self.link.clicked.connect(self.open_wanted)
        self._text = Label("", "small", "text.secondary", wrap=True, parent=self)
        first = QHBoxLayout()
        first.setSpacing(theme().space(2))
        for widget, stretch in ((self._sign, 0), (self._title, 1), (self._time, 0), (self.link, 0)):
            first.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 8, 6)
        column.setSpacing(2)
        column.addLayout(first)
        column.addWidget(self._text)
        theme().changed.connect(self._dress)
        self._dress()

    def show_work(self, work: Work) -> None:
        """Show what is known of ``work``."""
        self._title.set_content(work_title(work))
        self._time.setVisible(work.at is not None)
        self._time.set_content(_when(work.at) if work.at is not None else "")
        self.link.setVisible(can_open(work.url))
        self._text.set_content(shortened(work.text) or msg("Its text is not known here."))

    def _dress(self) -> None:
        self._sign.setPixmap(icon("text-quote", "text.muted").pixmap(QSize(16, 16), self.devicePixelRatioF()))


def _when(moment: datetime) -> str:
    """The time of today, the date of before."""
    now = clock.now()
    same = moment.astimezone().date() == now.astimezone().date()
    return time_text(moment) if same else date_text(moment, now)


class AnsweredLine(QWidget):
    """One line of the post that is answered; ``show_wanted(message id)`` leads there."""

    show_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id: UUID | None = None
        self.words = ElidedLabel("", "small", "text.muted", parent=self)
        self.link = LinkButton(msg("Show it"), self)
        self.link.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(2))
        row.addWidget(self.words)
        row.addWidget(self.link)
        row.addStretch()

    def show_answered(self, answered: Answered) -> None:
        """Say what is answered."""
        self._id = answered.id
        self.words.set_content(
            msg("In answer to {name}: “{words}”", name=isolate(answered.name), words=isolate(answered.words))
        )
        self.link.setAccessibleDescription(self.words.text())

    def _on_clicked(self) -> None:
        self.show_wanted.emit(self._id)
