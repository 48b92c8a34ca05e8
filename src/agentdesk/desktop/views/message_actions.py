"""What a person can do with one message: send again, change, look at the original, open its files."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QWidget

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import (
    AnyCommand,
    CheckDelivery,
    ConfirmDelivery,
    DeleteReply,
    EditReply,
    RetryDelivery,
    RetryItem,
)
from agentdesk.desktop import ask
from agentdesk.desktop.dialogs.details import DetailsDialog
from agentdesk.desktop.dialogs.original import OriginalDialog
from agentdesk.desktop.dialogs.picture import PictureDialog
from agentdesk.desktop.icons import icon
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.locale import tr
from agentdesk.desktop.views.messages.card import MessageCard
from agentdesk.desktop.views.messages.links import Verdict
from agentdesk.desktop.views.messages.media import is_dangerous, is_picture
from agentdesk.desktop.views.post_acts import PostActs
from agentdesk.desktop.views.transcript import TranscriptView
from agentdesk.desktop.views.view_names import channel_name
from agentdesk.desktop.widgets.menu import new_menu
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.revising import is_deleted, may_revise
from agentdesk.queries.rows import AttachmentRow, MessageRow
from agentdesk.sync.desk import DeskPort

__all__ = ["MessageActions", "safe_name"]

_SENT = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_FORBIDDEN = '<>:"/\\|?*'


class MessageActions(QObject):
    """Does what is asked for in ``transcript``. ``edit_wanted(message)`` puts a failed message back into the
    composer, ``reply_wanted(everybody)`` begins a reply, ``failed(text, hint)`` says what could not be
    done."""

    edit_wanted = Signal(object)
    reply_wanted = Signal(bool)
    failed = Signal(object, object)

    def __init__(self, desk: DeskPort, transcript: TranscriptView, owner: QWidget) -> None:
        super().__init__(owner)
        self._desk, self._transcript, self._owner = desk, transcript, owner
        self._tasks = tasks_of(self, "message actions")
        self.dialog: QWidget | None = None
        self.menu: QMenu | None = None
        self.post_acts = PostActs(desk, transcript, owner)
        self.post_acts.failed.connect(self.failed)
        transcript.asked.connect(self._on_asked)
        transcript.file_asked.connect(self._on_file_asked)
        transcript.menu_asked.connect(self._on_menu_asked)

    def run(self, action: str, row: MessageRow) -> None:
        """Do ``action`` (see MessageCard.asked) with a message."""
        commands: dict[str, AnyCommand] = {
            "now": RetryDelivery(message_id=row.id),
            "retry": RetryDelivery(message_id=row.id),
            "check": CheckDelivery(message_id=row.id),
            "arrived": ConfirmDelivery(message_id=row.id),
            "read_again": RetryItem(message_id=row.id),
        }
        if action in commands:
            self._start(self._desk.do(commands[action]), action)
        elif action == "again":
            self._start(self._send_again(row), action)
        elif action == "edit":
            self.edit_wanted.emit(row)
        elif action == "jump":
            self._transcript.scroll_to_message(row.id)
        elif action == "original":
            self._start(self._show_original(row), action)

    def open_file(self, row: MessageRow, attachment_id: UUID, point: QPoint | None) -> None:
        """Show a picture, save anything else; with a ``point``: offer the menu there."""
        file = next((entry for entry in row.attachments if entry.id == attachment_id), None)
        if file is None:
            return
        if point is not None:
            self._file_menu(file, point)
        elif is_picture(file) and not is_dangerous(file.name):
            self._start(self._view(file), "view")
        else:
            self._start(self.save_file(file), "save")

    def show_menu(self, row: MessageRow, card: MessageCard | None, point: QPoint, address: str) -> None:
        """Open the menu of a message; ``address`` is the link below the pointer."""
        menu = self._new_menu()
        body = card.content.body if card is not None and card.content is not None else None
        if body is not None and body.textCursor().hasSelection():
            self._add(menu, msg("Copy"), "copy", body.copy)
        if body is not None and address and body.target(address).verdict is not Verdict.NEVER:
            self._add(menu, msg("Copy link"), "link-2", partial(_copy, body.target(address).url))
        if row.kind == "message" and row.direction == "in":
            self._add(menu, msg("Reply"), "reply", partial(self.reply_wanted.emit, False))
            self._add(menu, msg("Reply to all"), "reply-all", partial(self.reply_wanted.emit, True))
        if card is not None and card.post is not None and card.post.can_open:
            network = tr(channel_name(row.sender.kind if row.sender else ""))
            words = msg("Open on {network}", network=network)
            self._add(menu, words, "external-link", card.post.open_original)
            self._add(menu, msg("Copy link to the post"), "link-2", partial(_copy, card.post.url))
        if row.text:
            self._add(menu, msg("Copy text"), "copy", partial(_copy, row.text))
        if self._may_revise(row):
            self._add(menu, msg("Change…"), "pencil", partial(self._start_revising, row))
            self._add(menu, msg("Delete for the visitor too…"), "trash-2", partial(self._start_deleting, row))
        for words, sign, slot in self.post_acts.entries(row):
            self._add(menu, words, sign, slot)
        menu.addSeparator()
        if row.has_original:
            self._add(menu, msg("Show original"), "file-code", partial(self.run, "original", row))
        self._add(menu, msg("Details"), "info", partial(self._show_details, row))
        menu.popup(point)

    def _on_asked(self, action: str, message_id: UUID) -> None:
        row = self._message(message_id)
        if row is not None:
            self.run(action, row)

    def _on_file_asked(self, message_id: UUID, attachment_id: UUID, point: QPoint | None) -> None:
        row = self._message(message_id)
        if row is not None:
            self.open_file(row, attachment_id, point)

    def _on_menu_asked(self, message_id: UUID, point: QPoint, address: str) -> None:
        row = self._message(message_id)
        if row is not None:
            self.show_menu(row, self._transcript.card(message_id), point, address)

    def _message(self, message_id: UUID) -> MessageRow | None:
        return next((row for row in self._transcript.rows() if row.id == message_id), None)

    async def save_file(self, file: AttachmentRow) -> bool:
        """Ask where to, and save; False where the person did not want to after all."""
        content = await self._desk.file(file.blob, file.id)
        target = await ask.save_file(self._owner, msg("Save file"), name=safe_name(file.name))
        if target is None:
            return False
        try:
            await asyncio.to_thread(target.write_bytes, content)
        except OSError as error:
            raise AgentDeskError(
                msg("{name} could not be saved: {reason}", name=target.name, reason=error.strerror or ""),
                msg("Choose another folder."),
            ) from error
        return True

    # --- inside ---

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        self._tasks.start(self._told(work), name)

    async def _told(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it; what cannot be done is said."""
        try:
            await work
        except AgentDeskError as error:
            if is_alive(self):
                self.failed.emit(error.message, error.hint)

    async def _send_again(self, row: MessageRow) -> None:
        """An uncertain message may have arrived: a second one is sent only on a person's word."""
        if await ask.confirm(
            self._owner,
            msg("Send it again?"),
            msg("It is not known whether this message arrived. The customer may get it twice."),
            msg("Send again"),
        ):
            await self._desk.do(RetryDelivery(message_id=row.id))

    def _may_revise(self, row: MessageRow) -> bool:
        """Whether this is an answer of the person's own in a chat, sent a moment ago."""
        me = self._desk.me
        mine = me is not None and row.direction == "out" and row.author_id == me.id
        chat = any(party.kind == CHANNEL for party in row.to)
        standing = row.delivery in _SENT and not is_deleted(row.revision)
        return mine and chat and standing and may_revise(row.created_at, clock.now())

    def _start_revising(self, row: MessageRow) -> None:
        self._start(self._revise(row), "revise")

    async def _revise(self, row: MessageRow) -> None:
        text = await ask.passage(
            self._owner,
            msg("Change the message"),
            msg("The visitor sees the new text, and that it was changed."),
            msg("Change it"),
            value=row.text,
        )
        if text is not None and text.strip() and text != row.text:
            place = row.conversation_id
            await self._desk.do(EditReply(conversation_id=place, message_id=row.id, text=text.strip()))

    def _start_deleting(self, row: MessageRow) -> None:
        self._start(self._delete(row), "delete")

    async def _delete(self, row: MessageRow) -> None:
        if await ask.confirm(
            self._owner,
            msg("Delete the message?"),
            msg("It disappears here and on the visitor's page. That it was there stays visible."),
            msg("Delete"),
            danger=True,
        ):
            await self._desk.do(DeleteReply(conversation_id=row.conversation_id, message_id=row.id))

    async def _show_original(self, row: MessageRow) -> None:
        content = await self._desk.original(row.id)
        if is_alive(self):
            self._open(OriginalDialog(content, self._owner.window()))

    def _show_details(self, row: MessageRow) -> None:
        self._open(DetailsDialog(row, self._owner.window()))

    async def _view(self, file: AttachmentRow) -> None:
        content = await self._desk.file(file.blob, file.id)
        if is_alive(self):
            dialog = PictureDialog(content, file.name, self._owner.window())
            dialog.save_wanted.connect(partial(self._start_saving, file))
            self._open(dialog)

    def _start_saving(self, file: AttachmentRow) -> None:
        self._start(self.save_file(file), "save")

    def _open(self, dialog: QDialog) -> None:
        self.dialog = dialog
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _file_menu(self, file: AttachmentRow, point: QPoint) -> None:
        menu = self._new_menu()
        if is_picture(file) and not is_dangerous(file.name):
            self._add(menu, msg("Show"), "image", partial(self._start_viewing, file))
        self._add(menu, msg("Save as…"), "download", partial(self._start_saving, file))
        menu.popup(point)

    def _start_viewing(self, file: AttachmentRow) -> None:
        self._start(self._view(file), "view")

    def _new_menu(self) -> QMenu:
        self.menu = menu = new_menu(self._owner)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _add(self, menu: QMenu, text: Msg, icon_name: str, slot: Callable[[], object]) -> None:
        action = QAction(icon(icon_name), tr(text).replace("&", "&&"), menu)
        action.triggered.connect(_Slot(slot, action).run)
        menu.addAction(action)


class _Slot(QObject):
    """Calls a function without the arguments of the signal; goes with its action."""

    def __init__(self, function: Callable[[], object], owner: QObject) -> None:
        super().__init__(owner)
        self._function = function

    def run(self) -> None:
        self._function()


def safe_name(name: str) -> str:
    """Return a file's name without folders, control characters, and what file systems forbid."""
    kept = "".join(
        "_" if char in _FORBIDDEN or unicodedata.category(char) in ("Cc", "Cf", "Cs") else char
        for char in name
    )
    kept = kept.strip(" .")[:200]
    stem = kept.partition(".")[0].upper()
    reserved = stem in ("CON", "PRN", "AUX", "NUL") or (stem[:3] in ("COM", "LPT") and stem[3:].isdigit())
    return f"_{kept}" if reserved else kept or "file"


def _copy(text: str) -> None:
    QApplication.clipboard().setText(text)
