"""One message in the transcript: an email of the customer's, one of ours, or a note of the team."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from agentdesk.base import clock
from agentdesk.desktop.locale import tr
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.messages.acts import ActsFoot, WhatAccountsCan
from agentdesk.desktop.views.messages.body import Opener
from agentdesk.desktop.views.messages.content import CardContent
from agentdesk.desktop.views.messages.delivery import DeliveryLine
from agentdesk.desktop.views.messages.head import CardHead
from agentdesk.desktop.views.messages.media import Media
from agentdesk.desktop.views.messages.post_context import PostPlace
from agentdesk.desktop.views.messages.post_parts import PostParts
from agentdesk.desktop.views.messages.words import spoken_name
from agentdesk.desktop.widgets.surface import Surface
from agentdesk.domain.authority import Permission
from agentdesk.domain.posts import Visibility, post_of
from agentdesk.queries.rows import MessageRow
from agentdesk.sync.desk import DeskPort

__all__ = ["CardLook", "CardTools", "MessageCard"]

_INDENT = 40


@dataclass(frozen=True, slots=True)
class CardTools:
    """What all cards of a transcript share."""

    media: Media
    opener: Opener
    desk: DeskPort
    able: WhatAccountsCan
    revealed: set[UUID] = field(default_factory=set)
    """Messages that a person has looked at behind their author's warning."""

    @classmethod
    def of(cls, desk: DeskPort, opener: Opener) -> CardTools:
        """The tools of a transcript on ``desk``; ``opener`` opens addresses outside."""
        return cls(Media(desk), opener, desk, WhatAccountsCan(desk))

    def may(self, permission: Permission) -> bool:
        """Whether the person may do that."""
        me = self.desk.me
        return me is None or me.may(permission)


@dataclass(frozen=True, slots=True)
class CardLook:
    """What a card needs to know beside its message: the conversation's subject and channel, what was merged
    into it, the reason why nothing goes out at present, where there is one, and where a post stands."""

    subject: str = ""
    channel: str = "email"
    away: Away | None = None
    merged: tuple[UUID, ...] = ()
    place: PostPlace | None = None


class MessageCard(QWidget):
    """Shows one message and follows its changes.

    ``asked(action, message id)`` tells what the person wants: what the delivery line offers, original or
    read_again. ``file_asked(message id, attachment id, point)`` opens a file, or its menu where there is a
    point. ``menu_asked(message id, point, address)`` wants the menu of the message.
    """

    asked = Signal(str, object)
    file_asked = Signal(object, object, object)
    menu_asked = Signal(object, QPoint, str)
    link_hovered = Signal(str)

    def __init__(
        self, row: MessageRow, look: CardLook, tools: CardTools, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._row, self._look, self._tools = row, look, tools
        self._content: CardContent | None = None
        self.post: PostParts | None = None
        self.acts: ActsFoot | None = None
        self._surface = Surface(radius="composer", parent=self)
        self._head = CardHead(row, channel=look.channel, parent=self._surface)
        self._head.more_pressed.connect(self._on_more)
        self._inside = QVBoxLayout(self._surface)
        self._inside.setContentsMargins(14, 10, 14, 12)
        self._inside.setSpacing(theme().space(2))
        self._inside.addWidget(self._head)
        self.delivery = DeliveryLine(self)
        self.delivery.asked.connect(self._on_asked)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self._column.addWidget(self._surface)
        self._column.addWidget(self.delivery)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._mirror()
        self._show()

    @property
    def row(self) -> MessageRow:
        """The message as it is shown."""
        return self._row

    @property
    def content(self) -> CardContent | None:
        """The inside of the card."""
        return self._content

    def show_row(self, row: MessageRow, look: CardLook) -> None:
        """Follow a change of the message: only what differs is made anew."""
        if (row, look) == (self._row, self._look):
            return
        before, self._row, self._look = self._row, row, look
        if _inside_of(before) != _inside_of(row):
            self._drop_content()
        self._show()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(self._row.id, event.globalPos(), "")
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._head.set_hovered(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._head.set_hovered(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_more()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._mirror()
        elif event.type() == QEvent.Type.LanguageChange:
            self._drop_content()
            self._show()
        super().changeEvent(event)

    def _show(self) -> None:
        row = self._row
        self._surface.set_look(*_surface_of(row))
        self._head.show_row(row, subject=self._look.subject)
        if self._content is None:
            self._content = self._new_content()
            self._inside.insertWidget(self._inside.indexOf(self._head) + 1, self._content)
        self._show_post()
        self.delivery.show_row(row, self._look.away)
        self.show_acts()
        self.setAccessibleName(tr(spoken_name(row)))
        self.setAccessibleDescription(self.delivery.text())
        self.updateGeometry()

    def show_acts(self) -> None:
        """What can be done with a post; one that is hidden from others is dimmed."""
        post = post_of(self._row.post)
        if post is None and self.acts is None:
            return
        if self.acts is None:
            self.acts = ActsFoot(self)
            self.acts.asked.connect(self._on_asked)
            self._column.addWidget(self.acts)
        able = self._tools.able.of(self._row.account_id)
        self.acts.show_post(self._row, post, able, clock.now())
        if self._content is not None:
            self._content.set_dimmed(post is not None and post.hidden)

    def _show_post(self) -> None:
        """What stands around the text of a post."""
        post = post_of(self._row.post)
        if post is None or self._content is None:
            return
        if self.post is None:
            tools = self._tools
            self.post = PostParts(tools.media, tools.opener, tools.revealed, self._surface)
            self.post.veiled.connect(self._on_veiled)
            self.post.show_wanted.connect(self._on_parent)
            self._inside.insertWidget(0, self.post.band)
            self._inside.insertWidget(2, self.post.between)
            self._inside.addWidget(self.post.below)
        self._inside.removeWidget(self._content)
        self._inside.insertWidget(self._inside.indexOf(self.post.below), self._content)
        self.post.show_post(self._row, post, self._look.channel, self._look.place or PostPlace())

    def _new_content(self) -> CardContent:
        content = CardContent(self._row, self._tools.media, self._tools.opener, self._surface)
        content.asked.connect(self._on_asked)
        content.file_asked.connect(self._on_file)
        content.menu_asked.connect(self._on_menu)
        content.link_hovered.connect(self.link_hovered)
        return content

    def _drop_content(self) -> None:
        if self._content is not None:
            self._inside.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
            self._content = None

    def _mirror(self) -> None:
        """Messages of ours begin further in, at whichever side the start is."""
        indent = _INDENT if self._row.direction == "out" else 0
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self._column.setContentsMargins(0 if rtl else indent, 0, indent if rtl else 0, 0)

    def _on_more(self) -> None:
        button = self._head.more_button()
        self.menu_asked.emit(self._row.id, button.mapToGlobal(QPoint(0, button.height())), "")

    def _on_veiled(self, veiled: bool) -> None:
        if self._content is not None:
            self._content.setVisible(not veiled)

    def _on_parent(self, message_id: UUID) -> None:
        self.asked.emit("jump", message_id)

    def _on_asked(self, action: str) -> None:
        self.asked.emit(action, self._row.id)

    def _on_file(self, attachment_id: UUID, point: QPoint | None) -> None:
        self.file_asked.emit(self._row.id, attachment_id, point)

    def _on_menu(self, point: QPoint, address: str) -> None:
        self.menu_asked.emit(self._row.id, point, address)


def _surface_of(row: MessageRow) -> tuple[str, str]:
    """Fill and line of a card: the line says when a message of ours did not simply go out."""
    if row.kind == "note":
        return "note.tint", "note.line" if row.whispered_to is None else "note.text"
    if row.direction == "in":
        seen = row.post is not None and row.post.get("visibility") != Visibility.PRIVATE
        return "bg.canvas", "public.line" if seen else "line.subtle"
    lines = {"failed": "bad.fill", "uncertain": "warn.mark", "verify": "warn.mark"}
    return "bubble.out", lines.get(row.delivery, "")


def _inside_of(row: MessageRow) -> tuple[object, ...]:
    texts = (row.text, row.html, row.quoted_text, row.quoted_html)
    return (
        *texts,
        row.attachments,
        row.warnings,
        row.automatic,
        row.protection,
        row.mentions,
        row.revision,
        row.extras,
    )
