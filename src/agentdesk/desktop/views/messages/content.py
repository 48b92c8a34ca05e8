"""What is inside an open message card: labels, text, folded history, pictures held back, files."""

from __future__ import annotations

from uuid import UUID

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import isolate_ltr, tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.attachments import Attachments
from agentdesk.desktop.views.messages.body import MessageBody, Opener
from agentdesk.desktop.views.messages.media import Media, is_picture
from agentdesk.desktop.views.messages.revised import RevisionMark
from agentdesk.desktop.views.messages.words import AUTOMATIC, PROTECTION, is_unreadable
from agentdesk.desktop.widgets.button import LinkButton
from agentdesk.desktop.widgets.chip import Chip, ChipLabel
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.pill import Pill, PillButton
from agentdesk.domain.extras import extras_of
from agentdesk.queries.rows import AttachmentRow, MessageRow

__all__ = ["CardContent"]

_LARGEST = QSize(1_400, 1_400)


class CardContent(QWidget):
    """``asked(action)`` is ``original`` or ``read_again``; ``file_asked(id, point)`` opens a file, or its
    menu where there is a point; ``menu_asked(point, address)`` wants the context menu of the text."""

    asked = Signal(str)
    file_asked = Signal(object, object)
    menu_asked = Signal(QPoint, str)
    link_hovered = Signal(str)

    def __init__(self, row: MessageRow, media: Media, opener: Opener, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row, self._media, self._opener = row, media, opener
        self._pictures: dict[str, QImage] = {}
        self._quoted: MessageBody | None = None
        self.dimmed = False
        self._tasks = tasks_of(self, "message content")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme().space(2))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._add_labels()
        self._pictures_bar: _PicturesBar | None = None
        self._tail: _Tail | None = None
        self.body = self._new_body()
        self._column.addWidget(self.body)
        self.mark = RevisionMark(row, self)
        self.mark.setVisible(row.revision is not None)
        self._column.addWidget(self.mark)
        self._add_extras()
        self.files = Attachments(media, self)
        self.files.opened.connect(self._on_file)
        self.files.menu_requested.connect(self._on_file_menu)
        self._column.addWidget(self.files)
        self._show()
        if any(self._inline_rows()):
            self._tasks.start(self._load_inline(), "inline pictures")

    @property
    def quoted(self) -> MessageBody | None:
        """The history under the message; None until it was unfolded."""
        return self._quoted

    @property
    def pictures_bar(self) -> _PicturesBar | None:
        """What says that pictures are held back; None where there are none."""
        return self._pictures_bar

    @property
    def tail(self) -> _Tail | None:
        """What unfolds the rest; None where nothing is folded."""
        return self._tail

    def set_dimmed(self, dimmed: bool) -> None:
        """Write in a weaker colour: others do not see it any more."""
        if dimmed != self.dimmed:
            self.dimmed = dimmed
            self.body.set_ink("text.muted" if dimmed else "text.primary")

    def show_all(self) -> None:
        """Show a long message to its end."""
        self.body.set_folded(False)
        if self._tail is not None:
            self._tail.everything.hide()

    def toggle_quoted(self) -> None:
        """Show or hide the history."""
        if self._quoted is None:
            self._quoted = self._new_body()
            place = self._column.indexOf(self._tail) + 1 if self._tail is not None else -1
            self._column.insertWidget(place, self._quoted)
            self._quoted.set_ink("text.secondary")
            self._fill(self._quoted, self._row.quoted_text, self._row.quoted_html)
            self._quoted.hide()
        self._quoted.setVisible(self._quoted.isHidden())
        if self._tail is not None:
            self._tail.dots.setChecked(not self._quoted.isHidden())

    async def load_remote(self) -> None:
        """Fetch the pictures that lie elsewhere, through the server, because a person asked for it."""
        if self._pictures_bar is not None:
            self._pictures_bar.load.setEnabled(False)
        for number, url in enumerate(self.body.remote):
            image = await self._media.remote(self._row.id, url, _LARGEST)
            if not is_alive(self):
                return
            if not image.isNull():
                self._pictures[f"remote:{number}"] = image
        if self._pictures_bar is not None:
            self._pictures_bar.hide()
        self._fill(self.body, self._row.text, self._row.html)

    # --- building ---

    def _add_labels(self) -> None:
        chips = _labels(self._row)
        if chips:
            holder = QWidget(self)
            flow = FlowLayout(holder)
            for chip in chips:
                flow.addWidget(ChipLabel(chip, holder))
            self._column.addWidget(holder)
        for text in self._row.warnings:
            self._column.addWidget(Label(Msg(text), "small", "warn.text", wrap=True, parent=self))

    def _add_extras(self) -> None:
        """What the message offers besides its words."""
        extras = extras_of(self._row.extras)
        for card in extras.cards:
            words = " – ".join(filter(None, (card.title, card.summary, isolate_ltr(card.url))))
            line = msg("Card: {card}", card=words)
            self._column.addWidget(Label(line, "small", "text.secondary", wrap=True, parent=self))
        if extras.choices:
            line = msg("Quick answers: {answers}", answers=" · ".join(extras.choices))
            self._column.addWidget(Label(line, "small", "text.secondary", wrap=True, parent=self))

    def _new_body(self) -> MessageBody:
        body = MessageBody(self, opener=self._opener)
        body.menu_requested.connect(self.menu_asked)
        body.link_hovered.connect(self.link_hovered)
        return body

    # --- showing ---

    def _show(self) -> None:
        row = self._row
        self._fill(self.body, row.text, row.html)
        if self.body.remote:
            self._pictures_bar = _PicturesBar(self)
            self._pictures_bar.load.clicked.connect(self._on_load)
            self._column.insertWidget(self._column.indexOf(self.body), self._pictures_bar)
        long = self.body.is_long()
        self.body.set_folded(long)
        self._show_tail(long=long)
        shown = [file for file in row.attachments if not self._is_in_text(file)]
        self.files.show_files(shown)
        self.files.setVisible(bool(shown))

    def _show_tail(self, *, long: bool) -> None:
        row, unreadable = self._row, is_unreadable(self._row)
        quoted = bool(row.quoted_text or row.quoted_html)
        original = row.has_original and (unreadable or self.body.is_cut)
        if not (long or quoted or original or unreadable):
            return
        self._tail = tail = _Tail(self)
        for button, wanted, slot in (
            (tail.dots, quoted, self.toggle_quoted),
            (tail.everything, long, self.show_all),
            (tail.original, original, self._on_original),
            (tail.again, unreadable, self._on_read_again),
        ):
            button.setVisible(wanted)
            button.clicked.connect(slot)
        self._column.insertWidget(self._column.indexOf(self.body) + 1, tail)

    def _fill(self, body: MessageBody, text: str, html: str) -> None:
        body.set_names([one.name for one in self._row.mentions])
        if html:
            body.show_html(html, self._pictures)
        elif text or not is_unreadable(self._row):
            body.show_text(text)
        else:
            body.setVisible(False)
        if body is self.body and not (text or html):
            body.setVisible(False)

    def _inline_rows(self) -> list[AttachmentRow]:
        return [file for file in self._row.attachments if file.content_id and is_picture(file)]

    def _is_in_text(self, file: AttachmentRow) -> bool:
        return bool(file.inline and file.content_id and file.content_id in self._row.html)

    async def _load_inline(self) -> None:
        for file in self._inline_rows():
            try:
                image = await self._media.picture(file, _LARGEST)
            except AgentDeskError:
                continue
            if not is_alive(self):
                return
            if not image.isNull():
                self._pictures[f"cid:{file.content_id}"] = image
        if self._pictures:
            self._fill(self.body, self._row.text, self._row.html)

    def _on_load(self) -> None:
        self._tasks.start(self.load_remote(), "remote pictures")

    def _on_original(self) -> None:
        self.asked.emit("original")

    def _on_read_again(self) -> None:
        self.asked.emit("read_again")

    def _on_file(self, attachment_id: UUID) -> None:
        self.file_asked.emit(attachment_id, None)

    def _on_file_menu(self, attachment_id: UUID, point: QPoint) -> None:
        self.file_asked.emit(attachment_id, point)


class _PicturesBar(QWidget):
    """Says that pictures are held back."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(1))
        self.load = LinkButton(msg("Load once"), self)
        row.addWidget(Label(msg("Pictures are not loaded."), "small", "text.muted", parent=self))
        row.addWidget(self.load)
        row.addStretch()


class _Tail(QWidget):
    """What unfolds: the rest of the text, the history, the original."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.dots = PillButton(Pill("quoted", msg("•••")), self)
        self.everything = LinkButton(msg("Show all"), self)
        self.original = LinkButton(msg("Show original"), self)
        self.again = LinkButton(msg("Try to read it again"), self)
        self.dots.setToolTip(tr(msg("Show quoted text")))
        self.dots.setAccessibleName(self.dots.toolTip())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme().space(2))
        for button in (self.dots, self.everything, self.original, self.again):
            row.addWidget(button)
        row.addStretch()


def _labels(row: MessageRow) -> list[Chip]:
    chips = []
    if is_unreadable(row):
        chips.append(Chip(msg("Could not be read"), "warn", "triangle-alert"))
    if row.automatic in AUTOMATIC:
        icon, text = AUTOMATIC[row.automatic]
        chips.append(Chip(text, "bad" if row.automatic == "bounce" else "neutral", icon))
    if row.protection in PROTECTION:
        icon, text = PROTECTION[row.protection]
        chips.append(Chip(text, "neutral", icon))
    return chips
