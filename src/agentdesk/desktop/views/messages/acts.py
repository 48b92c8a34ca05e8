"""The foot of a post: what can be done with it besides answering, and how far that is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.messages.act_words import ActButton, ActLine, act_buttons, act_lines
from agentdesk.desktop.widgets.announce import announce
from agentdesk.desktop.widgets.button import IconButton, LinkButton
from agentdesk.desktop.widgets.label import Label
from agentdesk.domain.abilities import Abilities, Act, abilities_of
from agentdesk.domain.posts import Post
from agentdesk.queries.rows import MessageRow
from agentdesk.sync.desk import Changes, DeskPort

__all__ = ["ActsFoot", "AskedAct", "WhatAccountsCan", "asked_act"]

_ICON = 14
_PREFIX = "act:"
_AGAIN = "again:"
_ACCOUNTS = frozenset({"account", "account_state"})

AskedAct = tuple[Act, bool]
"""An act, and whether it is tried again as it was wished before."""


def asked_act(action: str) -> AskedAct | None:
    """Return which act ``asked`` of a card means; None for all else."""
    if not action.startswith(_PREFIX):
        return None
    act = action.removeprefix(_PREFIX)
    return Act(act.removeprefix(_AGAIN)), act.startswith(_AGAIN)


class WhatAccountsCan(QObject):
    """What each account can do, read when it is asked for the first time. ``changed``: ask again."""

    changed = Signal()

    def __init__(self, desk: DeskPort, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._known: Mapping[UUID, Abilities | None] | None = None
        self._tasks = tasks_of(self, "what accounts can")

    def of(self, account_id: UUID | None) -> Abilities | None:
        """Return what an account can do; None as long as that is not known."""
        if self._known is None:
            self._known = {}
            self._tasks.start(self._read(), "read")
        return self._known.get(account_id) if account_id is not None else None

    def on_changes(self, changes: Changes) -> None:
        """Read again what may have changed."""
        if self._known is not None and (not changes or _ACCOUNTS & changes.keys()):
            self._tasks.start(self._read(), "read")

    async def _read(self) -> None:
        rows = await self._desk.accounts()
        known = {row.id: abilities_of(row.abilities) for row in rows}
        if is_alive(self) and known != self._known:
            self._known = known
            self.changed.emit()


class ActsFoot(QWidget):
    """Stands below a post. ``asked(action)`` tells what the person wants; :func:`asked_act` reads it."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[ActLine, ...] | None = None
        self._buttons: tuple[ActButton, ...] = ()
        self._said = QVBoxLayout()
        self._said.setSpacing(0)
        self._row = QHBoxLayout()
        self._row.setSpacing(theme().space(1))
        self._row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._said)
        column.addLayout(self._row)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_post(
        self, row: MessageRow, post: Post | None, abilities: Abilities | None, now: datetime
    ) -> None:
        """Show what can be done with a post at ``now``; nothing where it is none."""
        lines = act_lines(post) if post is not None else ()
        buttons = act_buttons(row, post, abilities, now) if post is not None else ()
        self.setVisible(bool(lines or buttons))
        if lines != self._lines:
            self._tell(lines)
            self._fill(self._said, [_Line(line, self) for line in lines])
            self._lines = lines
        if buttons != self._buttons:
            self._show_buttons(buttons)
        self.updateGeometry()

    def button(self, act: Act) -> IconButton | None:
        """The button of an act; None where it cannot be done."""
        return self.findChild(IconButton, f"{_PREFIX}{act}")

    def again(self, act: Act) -> LinkButton | None:
        """The button with which an act that failed is tried again."""
        return self.findChild(LinkButton, f"{_PREFIX}{_AGAIN}{act}")

    def said(self) -> list[str]:
        """The lines on screen."""
        return [line.words.text() for line in self.findChildren(_Line)]

    def press(self) -> None:
        """Tell what the button that was pressed is for."""
        self.asked.emit(self.sender().objectName())

    def _show_buttons(self, buttons: tuple[ActButton, ...]) -> None:
        """Keep the buttons that stay: one of them may have the keyboard."""
        self._buttons = buttons
        wanted = {button.key for button in buttons}
        for act in Act:
            known = self.button(act)
            if known is not None and act not in wanted:
                self._row.removeWidget(known)
                _drop(known)
        for place, button in enumerate(buttons, start=1):  # behind the stretch
            shown = self.button(button.key)
            role = "accent.text" if button.on else "text.muted"
            if shown is None:
                shown = IconButton(button.icon, button.name, role, self)
                shown.setObjectName(f"{_PREFIX}{button.key}")
                shown.clicked.connect(self.press)
                self._row.insertWidget(place, shown)
            shown.set_icon(button.icon, role)
            shown.set_name(button.name)

    def _fill(self, layout: QVBoxLayout, widgets: list[_Line]) -> None:
        while (item := layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                _drop(widget)
        for widget in widgets:
            layout.addWidget(widget)

    def _tell(self, lines: tuple[ActLine, ...]) -> None:
        """Say aloud what is new; nothing where the card has just been made."""
        if self._lines is None:
            return
        for line in lines:
            if line not in self._lines:
                announce(self, tr(line.text), assertive=line.again)


class _Line(QWidget):
    """How far one act is."""

    def __init__(self, line: ActLine, foot: ActsFoot) -> None:
        super().__init__(foot)
        self._line = line
        self._icon = QLabel(self)
        self.words = Label(line.text, "small", line.role, wrap=True, parent=self)
        self.words.setToolTip(tip(line.words))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(theme().space(1))
        row.addWidget(self._icon)
        row.addWidget(self.words, 1)
        if line.again:
            button = LinkButton(_TRY_AGAIN, self)
            button.setObjectName(f"{_PREFIX}{_AGAIN}{line.act}")
            button.setAccessibleDescription(self.words.text())
            button.clicked.connect(foot.press)
            row.addWidget(button)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        picture = icon(self._line.icon, self._line.role).pixmap(QSize(_ICON, _ICON), self.devicePixelRatioF())
        self._icon.setPixmap(picture)


_TRY_AGAIN: Msg = msg("Try again")


def _drop(widget: QWidget) -> None:
    widget.hide()
    widget.setObjectName("")
    widget.setParent(None)
    widget.deleteLater()
