"""Sending a copy of a chat to an address that is asked for."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from agentdesk.base.ids import new_id
from agentdesk.base.text import Msg, msg
from agentdesk.commands.values import SendTranscript
from agentdesk.desktop import ask
from agentdesk.desktop.doing import Trying
from agentdesk.desktop.lifetime import is_alive
from agentdesk.domain.chat import EMAIL
from agentdesk.domain.party import Party
from agentdesk.domain.recipients import looks_like_address
from agentdesk.queries.rows import ConversationRow
from agentdesk.sync.desk import DeskPort

__all__ = ["ChatCopying"]


class ChatCopying(Trying):
    """Sends copies of chats."""

    def send(self, row: ConversationRow) -> None:
        """Ask for an address, and send a copy of the chat ``row`` there."""
        self._tasks.start(self._send(row), "send copy")

    async def _send(self, row: ConversationRow) -> None:
        owner = self.parent()
        assert isinstance(owner, QWidget)
        email = await _ask_for_address(self._desk, row, owner)
        if email is None:
            return
        command = SendTranscript(message_id=new_id(), conversation_id=row.id, to=Party(EMAIL, email))
        if await self._try(command) and is_alive(self):
            self.said.emit(msg("The copy is on its way to {address}.", address=email), None, None)


async def _ask_for_address(desk: DeskPort, row: ConversationRow, parent: QWidget) -> str | None:
    """Ask to which address a copy of the chat ``row`` goes, the one that is known filled in; None where the
    person wants none after all."""
    email, hint = await _known(desk, row), msg("It has what the customer saw: no notes, nothing internal.")
    while True:
        given = await ask.text(
            parent, msg("Email a copy of the chat"), hint, msg("Send the copy"), value=email
        )
        if given is None or looks_like_address(given):
            return given
        email, hint = given, _wrong(given)


def _wrong(given: str) -> Msg:
    return msg("{address} is not an email address.", address=given) if given else msg("Enter an address.")


async def _known(desk: DeskPort, row: ConversationRow) -> str:
    """The address that the customer gave when they left a message, or by which they are known."""
    timeline = await desk.timeline(row.id)
    for entry in reversed(timeline.messages):
        for party in (*entry.reply_to, entry.sender) if entry.direction == "in" else ():
            if party is not None and party.kind == EMAIL:
                return party.value
    contact = await desk.contact(row.contact_id)
    known = () if contact is None else contact.identities
    return next((one.value for one in known if one.kind == EMAIL), "")
