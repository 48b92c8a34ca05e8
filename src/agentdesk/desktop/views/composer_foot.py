"""The lowest line of the composer: what can be put in, how much room is left, and the button that sends."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.composer_counter import TextCounter
from agentdesk.desktop.views.composer_words import Writing
from agentdesk.desktop.widgets.button import IconButton, PrimaryButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.menu import new_menu

__all__ = ["ComposerFoot"]


class ComposerFoot(QWidget):
    """The buttons are public parts; ``send_wanted(resolve)`` comes from the main one and its menu."""

    send_wanted = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.format = IconButton("type", msg("Formatting"), parent=self)
        self.format.setCheckable(True)
        self.attach = IconButton("paperclip", msg("Attach a file"), parent=self)
        self.attach.set_name(msg("Attach a file"), "Ctrl+Shift+A")
        self.templates = IconButton("square-slash", msg("Templates"), parent=self)
        self.templates.set_name(msg("Templates"), "/")
        self.answers = IconButton("list", msg("Quick answers"), parent=self)
        self.card = IconButton("link-2", msg("Show a link as card"), parent=self)
        self._cloud = QLabel(self)
        self._cloud.setFixedSize(16, 16)
        self._later = ElidedLabel("", "small", "warn.text", parent=self)
        self.saved = Label(msg("Saved"), "small", "text.muted", parent=self)
        self.saved.hide()
        self.counter = TextCounter(self)
        self.send = PrimaryButton(msg("Send"), parent=self)
        self.send.clicked.connect(self._on_send)
        self._menu = new_menu(self)
        self._resolve = QAction(icon("check"), "", self)
        self._resolve.triggered.connect(self._on_send_resolve)
        self._menu.addAction(self._resolve)
        self.send.set_menu(self._menu)
        self._arrange()

    def dress(self, writing: Writing, away: Away | None) -> None:
        """Offer what fits ``writing``; ``away`` says why it goes out later."""
        note, chat = writing.mode == "note", writing.is_chat
        self.format.setVisible(not note and not chat and not writing.is_post)
        for button in (self.answers, self.card):
            button.setVisible(not note and chat)
        away = None if note else away
        self._later.setVisible(away is not None)
        self._cloud.setVisible(away is not None)
        if away is not None:
            self._later.set_content(away.writing)
            cloud = icon(away.icon, "warn.text").pixmap(QSize(16, 16), self.devicePixelRatioF())
            self._cloud.setPixmap(cloud)
        self.send.set_text(writing.button())
        self.send.set_look("note" if note else "primary", writing.button_icon())
        self.send.set_menu(None if note else self._menu)
        self._retell()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retell()
        super().changeEvent(event)

    def _retell(self) -> None:
        self._resolve.setText(tr(msg("Send and resolve")))

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in (self.format, self.attach, self.templates, self.answers, self.card):
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self._cloud)
        row.addSpacing(4)
        row.addWidget(self._later)
        row.addWidget(self.saved)
        row.addSpacing(theme().space(2))
        row.addWidget(self.counter)
        row.addSpacing(theme().space(2))
        row.addWidget(self.send)

    def _on_send(self) -> None:
        self.send_wanted.emit(False)

    def _on_send_resolve(self) -> None:
        self.send_wanted.emit(True)
