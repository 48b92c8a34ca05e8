"""The band at the top of a post's card: who can read it, and the way to the original."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.links import Verdict, examine
from agentdesk.desktop.views.messages.post_words import SIGNS, readers_of
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.domain.posts import Post, Visibility

__all__ = ["PostBand"]

_LOOKS = {
    Visibility.PUBLIC: ("public.tint", "", "public.text"),
    Visibility.LIMITED: ("", "public.line", "public.text"),
    Visibility.PRIVATE: ("chip.bg", "", "text.secondary"),
}
"""Fill, line and ink: what more people can read is louder."""


class PostBand(Surface):
    """``open_wanted``: the original is asked for."""

    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("public.tint", "", "control", parent)
        self._visibility = Visibility.PUBLIC
        self._sign = QLabel(self)
        self._sign.setFixedSize(16, 16)
        self.words = ElidedLabel("", "small", "public.text", weight=500, parent=self)
        self.link = LinkButton(msg("Open"), self)
        self.link.clicked.connect(self.open_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(theme().space(2))
        row.addWidget(self._sign)
        row.addWidget(self.words, 1)
        row.addWidget(self.link)
        theme().changed.connect(self._dress)

    def show_post(self, post: Post, channel: str) -> None:
        """Say who can read ``post``, which stands on the network ``channel``."""
        self._visibility = post.visibility
        self.words.set_content(readers_of(post.visibility, channel))
        self.link.setVisible(can_open(post.url))
        self.link.set_text(msg("Open on {network}", network=tr(channel_name(channel))))
        self.link.set_look("link", "external-link")
        self._dress()

    def _dress(self) -> None:
        fill, line, ink = _LOOKS[self._visibility]
        self.set_look(fill, ink if theme().high_contrast else line)
        self.words.set_color(ink)
        sign = icon(SIGNS[self._visibility], ink)
        self._sign.setPixmap(sign.pixmap(QSize(16, 16), self.devicePixelRatioF()))


def can_open(url: str) -> bool:
    """Say whether an address leads to a page that may be opened."""
    return (
        url[:8].lower().startswith(("http://", "https://")) and examine(url, "").verdict is not Verdict.NEVER
    )
