"""The box of the composer: what one sees and presses. What it means is decided in :mod:`composer`."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import File
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.composer_facts import FactsLine
from agentdesk.desktop.views.composer_foot import ComposerFoot
from agentdesk.desktop.views.composer_parts import FileRow, FormatBar
from agentdesk.desktop.views.composer_readers import ReadersBand, Reading
from agentdesk.desktop.views.composer_recipients import RecipientFields
from agentdesk.desktop.views.composer_text import ComposerText
from agentdesk.desktop.views.composer_words import Mode, Writing
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.desktop.widgets.avatar import ChannelTile
from agentdesk.desktop.widgets.button import IconButton, LinkButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.segmented import Segment, Segmented
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.domain.chat import CHANNEL, EMAIL
from agentdesk.domain.posts import Visibility

__all__ = ["ComposerBox", "Mode"]

_NOTE_WORDS = msg("Write a note. Only your team sees it.")
_FEWEST_LINES = 3
_SHARE = 0.45
_LOW = 560
"""Pixels of a conversation below which the texts begin with one line."""
PRIVACY_KEYS = "Ctrl+Shift+P"
_AROUND_TEXT = 104
"""Pixels of the box that are not text: switch, tools, margins."""


class ComposerBox(Surface):
    """Reply and note each keep their own text and files; ``mode_changed`` tells of the switch,
    ``way_changed`` that a reply goes another way.

    ``typed`` comes with every change by the person; ``send_wanted(resolve)``, ``attach_wanted``,
    ``templates_wanted(anchor)``, ``link_wanted``, ``answers_wanted``, ``card_wanted`` and
    ``files_dropped(list)`` are for the composer.
    """

    mode_changed = Signal(str)
    typed = Signal()
    send_wanted = Signal(bool)
    attach_wanted = Signal()
    templates_wanted = Signal()
    link_wanted = Signal()
    answers_wanted = Signal()
    card_wanted = Signal()
    everybody_wanted = Signal()
    files_dropped = Signal(object)
    file_removed = Signal(object)
    left = Signal()
    way_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("bg.canvas", "line.strong", "composer", parent)
        self._mode: Mode = "reply"
        self._away: Away | None = None
        self._channel = EMAIL
        self._one_of_two = False
        self._visibility: Visibility | None = None
        self._quiet = False
        self._whisper = ""
        self._barred: Msg | None = None
        self._reading = Reading()
        self._refused: Msg | None = None
        self._files: dict[Mode, tuple[File, ...]] = {"reply": (), "note": ()}
        self.recipients = RecipientFields(self)
        self.recipients.changed.connect(self._on_recipients)
        self.reply_text = ComposerText(rich=True, placeholder=msg("Type / for templates."), parent=self)
        self.note_text = ComposerText(rich=False, placeholder=_NOTE_WORDS, parent=self)
        self._build_top()
        self._build_bottom()
        self._texts = QStackedLayout()
        for text in (self.reply_text, self.note_text):
            self._texts.addWidget(text)
            text.textChanged.connect(self._on_typed)
            text.send_wanted.connect(self.send_wanted)
            text.templates_wanted.connect(self.templates_wanted)
            text.files_dropped.connect(self.files_dropped)
            text.left.connect(self.left)
        self.readers = ReadersBand(self)
        self.facts = FactsLine(self)
        self.file_row = FileRow(self)
        self.file_row.removed.connect(self.file_removed)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 9, 8, 8)
        column.setSpacing(theme().space(1) + 2)
        column.addLayout(self._top)
        column.addWidget(self.readers)
        column.addWidget(self.recipients)
        column.addLayout(self._texts)
        column.addWidget(self.facts)
        column.addWidget(self.file_row)
        column.addWidget(self.formats)
        column.addWidget(self.foot)
        self.recipients.hide()
        self.formats.hide()
        self.setFocusProxy(self.reply_text)
        self._dress()

    # --- state ---

    @property
    def mode(self) -> Mode:
        """``reply`` or ``note``."""
        return self._mode

    @property
    def text(self) -> ComposerText:
        """The text of the mode shown."""
        return self.reply_text if self._mode == "reply" else self.note_text

    def text_of(self, mode: Mode) -> ComposerText:
        """The text of ``mode``."""
        return self.reply_text if mode == "reply" else self.note_text

    def set_mode(self, mode: Mode) -> None:
        """Show reply or note; both texts are kept. Where replies are barred it stays a note."""
        if mode == "reply" and self._barred is not None:
            mode = "note"
        if mode == self._mode:
            return
        self._mode = mode
        self.switch.set_current(mode)
        self._texts.setCurrentWidget(self.text)
        self.setFocusProxy(self.text)
        self._dress()
        self.mode_changed.emit(mode)

    def files(self, mode: Mode | None = None) -> tuple[File, ...]:
        """The files of a mode (default: the one shown)."""
        return self._files[mode or self._mode]

    def set_files(self, files: Sequence[File], mode: Mode | None = None) -> None:
        """Replace the files of a mode."""
        self._files[mode or self._mode] = tuple(files)
        self.file_row.show_files(self._files[self._mode])
        self._refresh_send()

    def set_quiet(self, quiet: bool) -> None:
        """While quiet, changes come from the program and are not told as typed."""
        self._quiet = quiet
        if not quiet:
            self._refresh_send()

    @property
    def channel(self) -> str:
        """The channel by which a reply goes."""
        return self._channel

    def set_channel(
        self, channel: str, *, one_of_two: bool = False, visibility: Visibility | None = None
    ) -> None:
        """Say by which channel a reply goes. A chat takes text alone, and goes to its visitor, with Enter.
        ``one_of_two``: this conversation goes on in a chat and by email, so the button says which it is.
        ``visibility``: who can read a reply on a network, which takes text alone too."""
        self._channel, self._visibility = channel, visibility
        self._one_of_two = one_of_two
        self.reply_text.enter_sends = channel == CHANNEL
        self._reading, self._refused = Reading(), None
        self._tile.show_channel(channel, tr(channel_name(channel)))
        self._dress()
        self.way_changed.emit()

    @property
    def visibility(self) -> Visibility | None:
        """Who can read a reply on a network."""
        return self._visibility

    def set_reading(self, reading: Reading, refused: Msg | None) -> None:
        """Say more of who reads a reply, and why it cannot be sent as it is, if it cannot."""
        if (reading, refused) != (self._reading, self._refused):
            self._reading, self._refused = reading, refused
            self.readers.show_reading(self._writing(), reading, PRIVACY_KEYS)
            self._refresh_send()

    @property
    def takes_plain(self) -> bool:
        """Whether a reply is text alone: in a chat, or on a network."""
        return self._channel == CHANNEL or self._visibility is not None

    def hold_seconds(self, undo_seconds: int) -> int:
        """How long a reply can be taken back: nobody who waits in a chat waits for that."""
        return 0 if self._channel == CHANNEL else undo_seconds

    def set_name(self, name: str) -> None:
        """Say whom one writes to."""
        self.reply_text.set_placeholder(
            msg("Write to {name}. Type / for templates.", name=name) if name else msg("Type / for templates.")
        )

    def set_whisper(self, name: str) -> None:
        """Notes are whispers to ``name`` from now on; empty: they are notes."""
        if name == self._whisper:
            return
        self._whisper = name
        words = msg("Whisper to {name}. The visitor never sees it.", name=name)
        self.note_text.set_placeholder(words if name else _NOTE_WORDS)
        self.switch.set_text("note", msg("Whisper") if name else msg("Note"))
        self._dress()

    def bar_replies(self, reason: Msg | None) -> None:
        """Let nothing be written to the customer, and say why; None: let it be written again."""
        self._barred = reason
        self.switch.set_possible("reply", reason)
        if reason is not None:
            self.set_mode("note")

    def set_away(self, away: Away | None) -> None:
        """Say why a message goes out later."""
        self._away = away
        self._dress()

    def set_saved(self, saved: bool) -> None:
        """Show or hide that what was typed is safe."""
        self._saved.setVisible(saved and self._away is None)

    def set_others(self, count: int) -> None:
        """Offer to write to everybody, where more people than one had the message."""
        self._all.setVisible(count > 0 and self._mode == "reply")
        self._all.setProperty("count", count)
        self._all.set_text(msg("Reply to all"))

    def set_room(self, height: int) -> None:
        """Let the texts grow until the box takes nearly half of a conversation, ``height`` pixels high; begin
        with one line in a low one."""
        fewest = 1 if height < _LOW else _FEWEST_LINES
        most = max(2, (round(height * _SHARE) - _AROUND_TEXT) // theme().line_height("reading"))
        for text in (self.reply_text, self.note_text):
            text.set_lines(fewest, most)

    def show_recipients(self, shown: bool) -> None:
        """Open or close the fields for recipients and subject."""
        self.recipients.setVisible(shown and self._mode == "reply")
        self._dress()

    def refresh_summary(self) -> None:
        """Say again whom it goes to, and which way where there are two."""
        summary = self.recipients.summary()
        if self._one_of_two:
            chat = self._channel == CHANNEL
            summary = msg("In the chat") if chat else msg("By email {to_people}", to_people=summary)
        self._summary.set_content(summary)

    # --- building ---

    def _build_top(self) -> None:
        segments = (Segment("reply", msg("Reply")), Segment("note", msg("Note"), "lock", note=True))
        self.switch = Segmented(msg("Reply or note"), segments, self)
        self.switch.chosen.connect(self._on_switched)
        self._tile = ChannelTile("email", tr(msg("Email")), 18, parent=self)
        self._summary = ElidedLabel("", "small", "text.muted", parent=self)
        self._only = Label(msg("Only your team sees this"), "small", "note.text", parent=self)
        self._all = LinkButton(msg("Reply to all"), self)
        self._all.clicked.connect(self.everybody_wanted)
        self._all.hide()
        self.edit_recipients = IconButton("chevron-down", msg("Recipients and subject"), parent=self)
        self.edit_recipients.clicked.connect(self._on_edit_recipients)
        self._top = QHBoxLayout()
        self._top.setSpacing(theme().space(2))
        self._top.addWidget(self.switch)
        self._top.addWidget(self._tile)
        self._top.addWidget(self._summary, 1)
        self._top.addWidget(self._only, 1)
        self._top.addWidget(self._all)
        self._top.addWidget(self.edit_recipients)

    def _build_bottom(self) -> None:
        self.formats = FormatBar(self)
        self.formats.asked.connect(self._on_format)
        self.foot = foot = ComposerFoot(self)
        self._format, self._attach, self.templates = foot.format, foot.attach, foot.templates
        self._answers, self._saved, self.send = foot.answers, foot.saved, foot.send
        foot.format.clicked.connect(self._on_formats)
        foot.attach.clicked.connect(self.attach_wanted)
        foot.templates.clicked.connect(self.templates_wanted)
        foot.answers.clicked.connect(self.answers_wanted)
        foot.card.clicked.connect(self.card_wanted)
        foot.send_wanted.connect(self.send_wanted)

    # --- showing ---

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        note = self._mode == "note"
        writing = self._writing()
        self.set_look(*writing.look())
        self.readers.show_reading(writing, self._reading, PRIVACY_KEYS)
        for widget in (self._tile, self._summary):
            widget.setVisible(not note)
        self.edit_recipients.setVisible(not note and not self.takes_plain)
        self.recipients.setVisible(self.recipients.isVisibleTo(self) and not note)
        self.formats.setVisible(self._format.isChecked() and not note and not self.takes_plain)
        self._all.setVisible(not note and bool(self._all.property("count")))
        self._only.setVisible(note)
        whisper = msg("To {name} and your team, never to the visitor", name=self._whisper)
        self._only.set_content(whisper if self._whisper else msg("Only your team sees this"))
        self.file_row.show_files(self._files[self._mode])
        self.foot.dress(writing, self._away)
        self.refresh_summary()
        opened = self.recipients.isVisibleTo(self)
        self.edit_recipients.set_icon("chevron-up" if opened else "chevron-down")
        self.text.setAccessibleName(tr(writing.spoken_name()))
        self._refresh_send()

    def _writing(self) -> Writing:
        later = self._away is not None
        return Writing(self._mode, self._channel, self._visibility, self._whisper, later, self._one_of_two)

    def _refresh_send(self) -> None:
        something = not self.text.is_blank() or bool(self._files[self._mode])
        refused = self._refused if self._mode == "reply" and something else None
        self.send.set_possible(something and refused is None, refused or msg("Write something first."))
        self.send.setEnabled(something)

    def _on_typed(self) -> None:
        if not self._quiet:
            self.set_saved(False)
            self._refresh_send()
            self.typed.emit()

    def _on_recipients(self) -> None:
        self.refresh_summary()
        if not self._quiet:
            self.typed.emit()

    def _on_switched(self, mode: str) -> None:
        self.set_mode("note" if mode == "note" else "reply")
        self.text.setFocus()

    def _on_edit_recipients(self) -> None:
        self.show_recipients(self.recipients.isHidden())
        if not self.recipients.isHidden():
            self.recipients.field("to").setFocus()

    def _on_formats(self) -> None:
        self.formats.setVisible(self._format.isChecked())

    def _on_format(self, key: str) -> None:
        if key == "link":
            self.link_wanted.emit()
            return
        self.reply_text.toggle(key)
        self.reply_text.setFocus()
