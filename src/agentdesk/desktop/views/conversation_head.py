"""The head of a conversation: who it is with, what about, who has it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from agentdesk.base.text import Msg, msg
from agentdesk.desktop.delegates.chat_chips import VISITOR_HERE, VISITOR_LEFT
from agentdesk.desktop.icons import pixmap
from agentdesk.desktop.locale import isolate_ltr, tr
from agentdesk.desktop.plain import tip
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.presence_parts import PresenceFaces
from agentdesk.desktop.widgets.avatar import Avatar, paint_avatar
from agentdesk.desktop.widgets.button import Button, IconButton
from agentdesk.desktop.widgets.chip import Chip, ChipLabel
from agentdesk.desktop.widgets.elide import ElidedLabel
from agentdesk.domain.chat import CHANNEL
from agentdesk.queries.rows import ConversationRow, UserRow

__all__ = ["AssigneeButton", "ConversationHead"]

_HEIGHT = 72
_MOST_TAGS = 3
_NARROW = 560
_SHORT = 530
_CLOSE = msg("Close this one of the chats side by side")

_PRIORITY_CHIPS = {
    "urgent": Chip(msg("Urgent"), "bad_text", "chevrons-up"),
    "high": Chip(msg("High"), "warn_text", "chevron-up"),
    "low": Chip(msg("Low"), "plain", "chevron-down"),
}


class ConversationHead(QWidget):
    """``name_pressed``, ``assign_pressed``, ``hand_pressed``, ``snooze_pressed``, ``more_pressed``,
    ``resolve_pressed``, ``tags_pressed``, ``panel_pressed``, ``back_pressed`` and ``close_pressed`` tell of
    its buttons."""

    name_pressed = Signal()
    assign_pressed = Signal()
    hand_pressed = Signal()
    snooze_pressed = Signal()
    more_pressed = Signal()
    resolve_pressed = Signal()
    tags_pressed = Signal()
    panel_pressed = Signal()
    back_pressed = Signal()
    close_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: ConversationRow | None = None
        self._me: UserRow | None = None
        self._place: tuple[int, int] | None = None
        self._avatar = Avatar(28, parent=self)
        self._name = _Name(self)
        self._name.pressed.connect(self.name_pressed)
        self._priority = ChipLabel(Chip(""), self)
        self._state = ChipLabel(Chip(""), self)
        self.visitor = ChipLabel(VISITOR_HERE, self)
        self.visitor.hide()
        self._subject = ElidedLabel("", "small", "text.secondary", parent=self)
        self._number = _Number(self)
        self._tags = QWidget(self)
        self._tag_row = QHBoxLayout(self._tags)
        self._tag_row.setContentsMargins(0, 0, 0, 0)
        self._tag_row.setSpacing(4)
        self.add_tag = IconButton("tag", msg("Tags"), "text.muted", self)
        self.add_tag.setIconSize(QSize(14, 14))
        self.add_tag.clicked.connect(self.tags_pressed)
        self.back = IconButton("arrow-left", msg("Back to the list"), parent=self)
        self.back.clicked.connect(self.back_pressed)
        self.back.hide()
        self.others = PresenceFaces(self)
        self.assignee = AssigneeButton(self)
        self.assignee.clicked.connect(self.assign_pressed)
        self.hand = IconButton("route", msg("Hand over…"), parent=self)
        self.hand.clicked.connect(self.hand_pressed)
        self.snooze = IconButton("alarm-clock", msg("Snooze…"), parent=self)
        self.snooze.clicked.connect(self.snooze_pressed)
        self.more = IconButton("ellipsis", msg("More"), parent=self)
        self.more.clicked.connect(self.more_pressed)
        self.resolve = Button(msg("Resolve"), icon_name="check", parent=self)
        self.resolve.clicked.connect(self.resolve_pressed)
        self.panel = IconButton("panel-right", msg("Show or hide the customer panel"), parent=self)
        self.panel.setCheckable(True)
        self.panel.clicked.connect(self.panel_pressed)
        self.close_button = IconButton("x", _CLOSE, parent=self)
        self.close_button.clicked.connect(self.close_pressed)
        self.close_button.hide()
        self._arrange()
        theme().changed.connect(self._dress)
        self._dress()

    def show_row(self, row: ConversationRow, me: UserRow | None) -> None:
        """Show the head of ``row``."""
        self._row, self._me = row, me
        name = row.contact_name or tr(msg("Unknown sender"))
        self._avatar.set_person(row.contact_name, row.contact_id)
        self._name.set_content(name)
        nameless = row.channel == CHANNEL or row.visibility is not None
        self._subject.set_content(row.subject or ("" if nameless else msg("No subject")))
        self._number.set_number(row.number)
        chip = _PRIORITY_CHIPS.get(row.priority)
        self._priority.setVisible(chip is not None)
        if chip is not None:
            self._priority.set_chip(chip)
        self._show_state(row)
        self._show_tags(row.tags)
        self.assignee.set_person(
            row.assignee_name, row.assignee_id, mine=me is not None and row.assignee_id == me.id
        )
        done = row.status == "resolved"
        self.resolve.set_text(msg("Reopen") if done else msg("Resolve"))
        self.resolve.set_look("", "rotate-ccw" if done else "check")
        self._say_name()

    def show_visitor(self, here: bool | None) -> None:
        """Say whether the visitor of a chat has their page open; None: not known, or no chat."""
        self.visitor.setVisible(here is not None)
        if here is not None:
            self.visitor.set_chip(VISITOR_HERE if here else VISITOR_LEFT)

    def set_beside(self, place: tuple[int, int] | None) -> None:
        """Stand beside other conversations, as the first of two for instance: it can be closed, and gets by
        with less room. None: stand alone."""
        self._place = place
        self.close_button.setVisible(place is not None)
        self._say_name()
        self._fit()

    @property
    def is_short(self) -> bool:
        """Whether only what is always needed has room; the rest is in the menu."""
        return not self.close_button.isHidden() and self.width() < _SHORT

    def set_keys(self, keys: dict[str, str]) -> None:
        """Show the shortcuts beside the names of buttons: ``hand``, ``snooze``, ``panel``, ``tags``,
        ``close``."""
        self.hand.set_name(msg("Hand over…"), keys.get("hand", ""))
        self.snooze.set_name(msg("Snooze…"), keys.get("snooze", ""))
        self.panel.set_name(msg("Show or hide the customer panel"), keys.get("panel", ""))
        self.add_tag.set_name(msg("Tags"), keys.get("tags", ""))
        self.close_button.set_name(_CLOSE, keys.get("close", ""))

    def sizeHint(self) -> QSize:
        return QSize(560, self._height())

    def minimumSizeHint(self) -> QSize:
        """How little it gets along with: the button that hands over is the first to go. Beside others most
        buttons go."""
        hint = super().minimumSizeHint()
        if not self.close_button.isHidden():
            return QSize(theme().size("chat_pane"), hint.height())
        spare = 0 if self.hand.isHidden() else self._hand_width()
        return QSize(hint.width() - spare, hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("bg.canvas"))
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), theme().color("line.subtle"))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange and self._row is not None:
            self.show_row(self._row, self._me)
        super().changeEvent(event)

    def _arrange(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(theme().space(2))
        for widget in (self.back, self._avatar, self._name, self._priority):
            first.addWidget(widget)
        first.addStretch(1)
        first.addWidget(self.others)
        asking = self.assignee, self.hand, self.snooze, self.more
        for button in (*asking, self.resolve, self.panel, self.close_button):
            first.addWidget(button)
        second = QHBoxLayout()
        second.setSpacing(theme().space(2))
        second.addWidget(self._state)
        second.addWidget(self.visitor)
        second.addWidget(self._subject)
        second.addWidget(self._number)
        second.addWidget(self._tags)
        second.addWidget(self.add_tag)
        second.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme().space(4), 6, theme().space(3), 5)
        column.setSpacing(1)
        column.addLayout(first)
        column.addLayout(second)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _say_name(self) -> None:
        if self._row is None:
            return
        name = f"{self._row.contact_name or tr(msg('Unknown sender'))}, {self._row.subject}"
        number, count = self._place or (0, 0)
        beside = msg("{number} of {count} side by side: {name}", number=number, count=count, name=name)
        self.setAccessibleName(tr(beside) if self._place is not None else name)

    def _fit(self) -> None:
        """Show what there is room for."""
        short = self.is_short
        for spare in (self._avatar, self.snooze, self.panel):
            spare.setVisible(not short)
        self.resolve.set_short(short)
        self.assignee.set_short(self.width() < _NARROW)
        needed = self.minimumSizeHint().width() + self._hand_width()
        self.hand.setVisible(self.width() >= max(_NARROW, needed))
        self._show_tags(self._row.tags if self._row else ())

    def _show_state(self, row: ConversationRow) -> None:
        chips = {
            "resolved": Chip(msg("Resolved"), "ok", "check"),
            "snoozed": Chip(msg("Snoozed"), "neutral", "alarm-clock"),
        }
        chip = chips.get(row.status)
        self._state.setVisible(chip is not None)
        if chip is not None:
            self._state.set_chip(chip)

    def _show_tags(self, tags: Sequence[str]) -> None:
        """Show tags, the further ones as a number; fewer where the head is narrow."""
        most = _MOST_TAGS if self.width() >= _NARROW else 1
        wanted = [*tags[:most], *([f"+{len(tags) - most}"] if len(tags) > most else [])]
        if wanted == self._tags.property("shown"):
            return
        self._tags.setProperty("shown", wanted)
        while (item := self._tag_row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for tag in wanted:
            self._tag_row.addWidget(ChipLabel(Chip(tag), self._tags))
        self._tags.setVisible(bool(wanted))
        self._tags.setToolTip("")

    def _hand_width(self) -> int:
        return self.hand.sizeHint().width() + theme().space(2)

    def _height(self) -> int:
        return max(_HEIGHT, theme().line_height("title") + theme().line_height("small") + 34)

    def _dress(self) -> None:
        self.setFixedHeight(self._height())
        self.update()


class _Name(ElidedLabel):
    """The customer's name, to be pressed."""

    pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", "title", parent=parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.pressed.emit()


class _Number(ElidedLabel):
    """The conversation's number; a click copies it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", "small", "text.muted", parent=parent)
        self._number = 0
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_number(self, number: int) -> None:
        """Show ``number``."""
        self._number = number
        self.set_content(isolate_ltr(f"#{number}"))
        self.setToolTip(tr(msg("Copy the number")))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        QApplication.clipboard().setText(f"#{self._number}")


class AssigneeButton(QPushButton):
    """Who has the conversation: avatar, first name, and a chevron; only the avatar where place is short."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._person: tuple[str, str] | None = None
        self._words: Msg | str = msg("Assign")
        self._short = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._dress)
        self._dress()

    def set_person(self, name: str, person_id: object, *, mine: bool) -> None:
        """Show who has it; without an id: nobody."""
        self._person = (name, str(person_id)) if person_id is not None else None
        self._words = (name.split() or [""])[0] if self._person else msg("Assign")
        spoken = msg("Assigned to me") if mine else msg("Assigned to {name}", name=name)
        words = tr(spoken if self._person else msg("Assigned to nobody"))
        self.setToolTip(tip(words))
        self.setAccessibleName(words)
        self._dress()

    def set_short(self, short: bool) -> None:
        """Leave the name away."""
        if short != self._short:
            self._short = short
            self._dress()

    def sizeHint(self) -> QSize:
        words = (
            0 if self._short else QFontMetrics(theme().font("body", 500)).horizontalAdvance(self._shown()) + 6
        )
        return QSize(8 + 18 + 6 + words + 14 + 8, theme().size("button"))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        middle = self.height() // 2
        face = QRect(self._at(8, 18).x(), middle - 9, 18, 18)
        if self._person is not None:
            paint_avatar(painter, face, *self._person)
        else:
            painter.drawPixmap(
                face.topLeft() + QPoint(1, 1), pixmap("user-plus", 16, dpr=self.devicePixelRatioF())
            )
        arrow = self._at(self.width() - 8 - 14, 14)
        painter.drawPixmap(arrow.x(), middle - 7, pixmap("chevron-down", 14, dpr=self.devicePixelRatioF()))
        if not self._short:
            painter.setFont(theme().font("body", 500))
            painter.setPen(theme().color("text.primary"))
            start = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
            flags = start | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
            painter.drawText(self._at(32, self.width() - 32 - 24), int(flags), self._shown())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._dress()
        super().changeEvent(event)

    def _at(self, x: int, width: int) -> QRect:
        return QStyle.visualRect(self.layoutDirection(), self.rect(), QRect(x, 0, width, self.height()))

    def _shown(self) -> str:
        return tr(self._words) if isinstance(self._words, Msg) else self._words

    def _dress(self) -> None:
        self.setFixedSize(self.sizeHint())
        self.update()
