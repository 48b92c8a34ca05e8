"""Small parts of the composer: the line while a message can be taken back, files, the format bar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import File
from agentdesk.desktop.icons import icon as warning_icon
from agentdesk.desktop.locale import size_text, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.attachments import file_icon
from agentdesk.desktop.views.messages.links import visible
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import Button, IconButton, LinkButton
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.desktop.widgets.flow import FlowLayout
from agentdesk.desktop.widgets.label import Label
from agentdesk.desktop.widgets.ring import CountdownRing
from agentdesk.desktop.widgets.surface import Surface

__all__ = ["FileRow", "FormatBar", "HoldLine"]

_SEEN = ("image/", "video/")
"""What can be described to who cannot see it."""


class HoldLine(Surface):
    """Stands in place of the composer while a message waits; ``over`` comes at the end."""

    send_now = Signal()
    undo = Signal()
    over = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("bg.canvas", "line.subtle", "composer", parent)
        self._name = ""
        self._by_email = True
        self._ring = CountdownRing(18, self)
        self._ring.ticked.connect(self._on_tick)
        self._ring.finished.connect(self.over)
        self._words = ElidedLabel("", "body", parent=self)
        self._now = LinkButton(msg("Send now"), self)
        self._now.clicked.connect(self.send_now)
        self._undo = Button(msg("Undo"), icon_name="corner-up-left", parent=self)
        self._undo.clicked.connect(self.undo)
        self._undo.setToolTip("Z")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(theme().space(2))
        row.addWidget(self._ring)
        row.addWidget(self._words, 1)
        row.addWidget(self._now)
        row.addWidget(self._undo)

    @property
    def undo_button(self) -> Button:
        """Takes the message back."""
        return self._undo

    @property
    def now_button(self) -> LinkButton:
        """Lets the message go."""
        return self._now

    @property
    def has_keyboard(self) -> bool:
        """Whether one of its buttons has the focus."""
        return self._now.hasFocus() or self._undo.hasFocus()

    def text(self) -> str:
        """The words shown now."""
        return self._words.text()

    def start(self, name: str, until: datetime, *, by_email: bool = True) -> None:
        """Count down to ``until``; ``name`` is whom it goes to, on a network where not by email."""
        self._name, self._by_email = name, by_email
        self._ring.start(max(0.0, (until - clock.now()).total_seconds()))
        announce(
            self, tr(msg("Sending in {seconds} seconds, press Z to undo", seconds=self._ring.remaining()))
        )

    def stop(self) -> None:
        """Stop counting."""
        self._ring.stop()

    def _on_tick(self, seconds: int) -> None:
        mail = msg("Sending to {name} by email in {seconds} s", name=self._name, seconds=seconds)
        post = msg("Sending to {name} in {seconds} s", name=self._name, seconds=seconds)
        self._words.set_content(mail if self._by_email else post)


class FileRow(QWidget):
    """Files that will go with the message; ``removed(id)`` tells that one was taken away, ``described(id)``
    that one is to be described."""

    removed = Signal(object)
    described = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files: tuple[File, ...] = ()
        self._describable = False
        self._flow = FlowLayout(self, spacing=theme().space(1) + 2)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def files(self) -> tuple[File, ...]:
        """The files shown."""
        return self._files

    def show_files(self, files: Sequence[File]) -> None:
        """Show ``files``."""
        if tuple(files) == self._files:
            return
        self._files = tuple(files)
        self._fill()

    def set_described(self, most: int) -> None:
        """Offer to describe pictures and films in ``most`` characters; 0: no description goes with them."""
        if self._describable != (most > 0):
            self._describable = most > 0
            self._fill()

    def _fill(self) -> None:
        self._flow.clear()
        for file in self._files:
            seen = file.media_type.lower().startswith(_SEEN)
            chip = _FileChip(file, self, describable=self._describable and seen)
            chip.removed.connect(self.removed)
            chip.described.connect(self.described)
            self._flow.addWidget(chip)
            chip.show()
        self.setVisible(bool(self._files))
        self.updateGeometry()


class _FileChip(Surface):
    """One file with its size and a button to remove it."""

    removed = Signal(object)
    described = Signal(object)

    def __init__(self, file: File, parent: QWidget, *, describable: bool) -> None:
        super().__init__("bg.canvas", "line.subtle", "control", parent)
        self._id: UUID = file.id
        name = visible(file.name)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 2, 2)
        row.setSpacing(theme().space(1) + 2)
        icon = IconButton(file_icon(file.media_type, file.name), msg("File"), parent=self)
        icon.setEnabled(False)
        icon.setFixedWidth(18)
        label = ElidedLabel(name, "body", middle=True, parent=self)
        label.setMaximumWidth(200)
        remove = IconButton("x", msg("Remove {name}", name=name), parent=self)
        remove.clicked.connect(self._on_remove)
        self.describe = LinkButton(msg("Describe"), self)
        self.describe.setVisible(describable)
        self.describe.clicked.connect(self._on_describe)
        if file.alt:
            self.describe.set_text(msg("Described"))
            self.describe.setToolTip(tip(file.alt))
        else:
            self.describe.setToolTip(tr(msg("Without a description not everybody knows what it shows.")))
            self.describe.setIcon(warning_icon("circle-alert", "warn.text"))
        self.describe.setAccessibleDescription(name)
        for widget in (icon, label, Label(size_text(file.size), "small", "text.muted", parent=self)):
            row.addWidget(widget)
        row.addWidget(self.describe)
        row.addWidget(remove)

    def sizeHint(self) -> QSize:
        return super().sizeHint()

    def _on_describe(self) -> None:
        self.described.emit(self._id)

    def _on_remove(self) -> None:
        self.removed.emit(self._id)


class FormatBar(QWidget):
    """The formatting that mail has; ``asked(key)`` names the button: bold, italic, underline, bullets,
    numbers or link."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        buttons: tuple[tuple[str, str, Msg, str], ...] = (
            ("bold", "bold", msg("Bold"), "Ctrl+B"),
            ("italic", "italic", msg("Italic"), "Ctrl+I"),
            ("underline", "underline", msg("Underline"), "Ctrl+U"),
            ("bullets", "list", msg("Bulleted list"), "Ctrl+Shift+8"),
            ("numbers", "list-ordered", msg("Numbered list"), "Ctrl+Shift+7"),
            ("link", "link-2", msg("Link"), "Ctrl+Shift+K"),
        )
        for key, icon_name, name, keys in buttons:
            button = IconButton(icon_name, name, parent=self)
            button.set_name(name, keys)
            button.setObjectName(key)
            button.clicked.connect(self._on_clicked)
            row.addWidget(button)
        row.addStretch()

    def _on_clicked(self) -> None:
        self.asked.emit(self.sender().objectName())
