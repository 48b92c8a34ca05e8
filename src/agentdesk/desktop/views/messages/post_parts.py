"""All that a card shows of a post besides its text: above it who reads it, below it what came of it."""

from __future__ import annotations

from collections.abc import MutableSet
from uuid import UUID

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import tasks_of
from agentdesk.desktop.locale import isolate
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.links import examine
from agentdesk.desktop.views.messages.media import Media
from agentdesk.desktop.views.messages.outside import Opener, follow
from agentdesk.desktop.views.messages.post_band import PostBand, can_open
from agentdesk.desktop.views.messages.post_context import AnsweredLine, PostPlace, WorkCard
from agentdesk.desktop.views.messages.post_figures import FiguresLine, PollView
from agentdesk.desktop.views.messages.post_media import PostMedia
from agentdesk.desktop.views.messages.post_words import figures_of
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.domain.posts import Post
from agentdesk.queries.rows import MessageRow

__all__ = ["PostParts", "Veil"]


class PostParts(QObject):
    """Stands around the text of a card: ``above`` its head, ``between`` head and text, ``below`` the text.

    ``veiled(bool)`` tells whether the text is behind its warning; ``show_wanted(message id)`` wants the post
    that is answered. ``revealed`` are the messages that a person has looked at behind their warning.
    """

    veiled = Signal(bool)
    show_wanted = Signal(object)

    def __init__(self, media: Media, opener: Opener, revealed: MutableSet[UUID], card: QWidget) -> None:
        super().__init__(card)
        self._card, self._opener, self._revealed = card, opener, revealed
        self._row: MessageRow | None = None
        self._post: Post | None = None
        self._tasks = tasks_of(self, "post")
        self.band = PostBand(card)
        self.work = WorkCard(card)
        self.answered = AnsweredLine(card)
        self.veil = Veil(card)
        self.media = PostMedia(media, card)
        self.poll = PollView(card)
        self.figures = FiguresLine(card)
        self.between = _column(card, self.work, self.answered, self.veil)
        self.below = _column(card, self.media, self.poll, self.figures)
        self.band.open_wanted.connect(self.open_original)
        self.work.open_wanted.connect(self._on_work)
        self.answered.show_wanted.connect(self.show_wanted)
        self.veil.pressed.connect(self._on_veil)
        self.media.open_wanted.connect(self._open)

    @property
    def is_veiled(self) -> bool:
        """Whether the text stands behind its author's warning."""
        return bool(self._post and self._row and self._post.warning and self._row.id not in self._revealed)

    @property
    def url(self) -> str:
        """Where the post stands on its network; empty where that is not known."""
        return self._post.url if self._post is not None else ""

    @property
    def can_open(self) -> bool:
        """Whether its original can be opened."""
        return can_open(self.url)

    def show_post(self, row: MessageRow, post: Post, channel: str, place: PostPlace) -> None:
        """Show ``post``, which is that of ``row`` and stands at ``place``."""
        self._row, self._post = row, post
        self.band.show_post(post, channel)
        headed = post.below is not None and place.heads
        self.work.setVisible(headed)
        if headed and post.below is not None:
            self.work.show_work(post.below)
        self.answered.setVisible(place.answered is not None)
        if place.answered is not None:
            self.answered.show_answered(place.answered)
        self.media.show_media(row.id, post.media)
        self.poll.show_poll(post.poll)
        self.figures.show_figures(figures_of(post.counters))
        self._lift()

    def open_original(self) -> None:
        """Open the post where it stands."""
        if self._post is not None:
            self._open(self._post.url)

    def _lift(self) -> None:
        post, veiled = self._post, self.is_veiled
        warned = post is not None and bool(post.warning)
        self.veil.setVisible(warned)
        if post is not None and warned:
            self.veil.show_warning(post.warning, lifted=not veiled)
        self.media.setVisible(not veiled and bool(post and post.media))
        self.poll.setVisible(not veiled and bool(post and post.poll))
        for column, parts in (
            (self.between, (self.work, self.answered, self.veil)),
            (self.below, (self.media, self.poll, self.figures)),
        ):
            column.setVisible(any(part.isVisibleTo(column) for part in parts))
        self.veiled.emit(veiled)

    def _on_veil(self) -> None:
        if self._row is not None:
            change = self._revealed.add if self.is_veiled else self._revealed.discard
            change(self._row.id)
            self._lift()

    def _on_work(self) -> None:
        if self._post is not None and self._post.below is not None:
            self._open(self._post.below.url)

    def _open(self, url: str) -> None:
        self._tasks.start(follow(self._card, self._opener, examine(url, "")), "open")


class Veil(Surface):
    """What an author put before a post; ``pressed``: it is to be shown, or hidden again."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("chip.bg", "", "control", parent)
        self._sign = QLabel(self)
        self.words = Label("", "body", "text.secondary", wrap=True, parent=self)
        self.button = LinkButton(msg("Show"), self)
        self.button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(theme().space(2))
        row.addWidget(self._sign)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        theme().changed.connect(self._dress)
        self._dress()

    def show_warning(self, warning: str, *, lifted: bool) -> None:
        """Say ``warning``; ``lifted``: what it stands before is shown."""
        self.words.set_content(msg("Content warning: {words}", words=isolate(warning)))
        self.button.set_text(msg("Hide") if lifted else msg("Show"))
        self.button.setAccessibleDescription(self.words.text())

    def _dress(self) -> None:
        self._sign.setPixmap(
            icon("triangle-alert", "text.secondary").pixmap(QSize(16, 16), self.devicePixelRatioF())
        )


def _column(parent: QWidget, *parts: QWidget) -> QWidget:
    holder = QWidget(parent)
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme().space(2))
    for part in parts:
        column.addWidget(part)
    return holder
