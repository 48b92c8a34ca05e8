"""How a post is noticed, as a quiet line, and its poll."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import number_text, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.post_words import Figure, poll_words, votes_of
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.mirror import mirrored
from agentdesk.desktop.widgets.surface import paint_surface
from agentdesk.domain.posts import Poll, PollOption

__all__ = ["FiguresLine", "PollView"]

_ICON = 14
_BAR = 26


class FiguresLine(QWidget):
    """Likes, answers, shares and views, each with its icon; in words for screen readers and as tooltips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figures: tuple[Figure, ...] = ()
        self._flow = FlowLayout(self, spacing=theme().space(3))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show ``figures``; nothing is rebuilt where they are the same."""
        self.setVisible(bool(figures))
        if tuple(figures) == self._figures:
            return
        self._figures = tuple(figures)
        self._flow.clear()
        for figure in self._figures:
            entry = _FigureLabel(figure, self)
            self._flow.addWidget(entry)
            entry.show()
        self.updateGeometry()

    def spoken(self) -> list[str]:
        """The figures in words."""
        return [tr(figure.words) for figure in self._figures]


class _FigureLabel(QWidget):
    """One counter."""

    def __init__(self, figure: Figure, parent: QWidget) -> None:
        super().__init__(parent)
        self._figure = figure
        self._sign = QLabel(self)
        words = tr(figure.words)
        number = Label(number_text(figure.number), "small", "text.muted", parent=self)
        number.setAccessibleName(words)
        self.setToolTip(words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(1))
        row.addWidget(self._sign)
        row.addWidget(number)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        sign = icon(self._figure.icon, "text.muted").pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF())
        self._sign.setPixmap(sign)


class PollView(QWidget):
    """The answers of a poll with their votes, and until when one can vote. Nobody votes here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._poll: Poll | None = None
        self._options = QVBoxLayout()
        self._options.setSpacing(theme().space(1))
        self.words = Label("", "small", "text.muted", parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme().space(1))
        column.addLayout(self._options)
        column.addWidget(self.words)

    def show_poll(self, poll: Poll | None) -> None:
        """Show ``poll``, or nothing."""
        self.setVisible(poll is not None)
        if poll is None or poll == self._poll:
            return
        self._poll = poll
        while (item := self._options.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        votes = votes_of(poll)
        for option in poll.options:
            self._options.addWidget(_OptionBar(option, votes, self))
        self.words.set_content(poll_words(poll, clock.now()))


class _OptionBar(QWidget):
    """One answer: its words over a bar as long as its share of the votes."""

    def __init__(self, option: PollOption, votes: int | None, parent: QWidget) -> None:
        super().__init__(parent)
        known = option.votes is not None and bool(votes)
        self._share = (option.votes or 0) / votes if known and votes else 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        text = Label(option.text, "body", wrap=True, parent=self)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 8, 3)
        row.setSpacing(theme().space(2))
        row.addWidget(text, 1)
        if option.votes is not None:
            row.addWidget(Label(self._percent(), "small", "text.secondary", parent=self))
        self.setAccessibleName(tr(self._spoken(option)))
        self.setToolTip(self.accessibleName())
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        radius = theme().radius("control")
        paint_surface(painter, QRectF(self.rect()), "", "line.subtle", radius)
        part = self.rect().adjusted(0, 0, 0, 0)
        part.setWidth(round(self.width() * self._share))
        if part.width() > 2 * radius:
            paint_surface(
                painter, QRectF(mirrored(self.layoutDirection(), self.rect(), part)), "chip.bg", "", radius
            )

    def _percent(self) -> Msg:
        return msg("{percent} %", percent=number_text(round(self._share * 100)))

    def _spoken(self, option: PollOption) -> Msg:
        if option.votes is None:
            return msg("Answer {text}", text=option.text)
        given = plural("{number} vote", "{number} votes", option.votes, number=number_text(option.votes))
        return msg(
            "Answer {text}: {votes}, {percent}", text=option.text, votes=given, percent=self._percent()
        )
