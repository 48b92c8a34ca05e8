"""What of a conversation waits in the outbox: the message that can be taken back, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agentdesk.base.text import msg
from agentdesk.commands.values import SendReply
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_context import Context
from agentdesk.desktop.views.composer_parts import HoldLine
from agentdesk.desktop.views.composer_strips import ComposerStrip, concerns
from agentdesk.domain.templates import first_name
from agentdesk.queries.rows import MessageRow
from agentdesk.sync.desk import DeskPort, Waiting

__all__ = ["ComposerOutbox"]


class ComposerOutbox(QObject):
    """Shows the hold line and the strip of refusals; ``holding(bool)``: whether a message waits to go."""

    holding = Signal(bool)

    def __init__(self, desk: DeskPort, line: HoldLine, strip: ComposerStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._line, self._strip = desk, line, strip
        self._conversation: UUID | None = None
        self.held: Waiting | None = None
        self.refused: Waiting | None = None
        self._quoted = 0

    async def refresh(self, context: Context) -> None:
        """Look what waits for this conversation."""
        self._conversation = context.head.id
        waiting = await self._desk.waiting()
        if self._conversation != context.head.id:
            return
        ids = {row.id for row in context.messages}
        ours = [entry for entry in waiting if concerns(entry.command, context.head.id, ids)]
        held = [entry for entry in ours if entry.state == "held" and isinstance(entry.command, SendReply)]
        refused = [entry for entry in ours if entry.state == "refused"]
        self._show_held(held[-1] if held else None)
        self._show_refused(refused[0] if refused else None, context.messages)

    def follow(self, messages: Sequence[MessageRow]) -> None:
        """Quote what its author had not seen where it comes to this desk after the refusal."""
        self._show_refused(self.refused, messages)

    def clear(self) -> None:
        """Belong to no conversation."""
        self._conversation = None
        self._show_held(None)
        self._show_refused(None)

    def swap(self, box: ComposerBox, holding: bool) -> None:
        """Show what waits in place of ``box``, or the other way round; the keyboard goes with it."""
        ours = self._line.has_keyboard or box.text.hasFocus()
        self._line.setVisible(holding)
        box.setVisible(not holding)
        if ours:
            (self._line.undo_button if holding else box.text).setFocus()

    async def take_back(self) -> SendReply | None:
        """Take the waiting message back and return it; None where it has gone already."""
        held = self.held
        if held is None or not isinstance(held.command, SendReply):
            return None
        if not await self._desk.undo_hold(held.id):
            self._strip.tell_problem(msg("It has gone out already."))
            return None
        self._show_held(None)
        return held.command

    async def let_go(self) -> None:
        """Let the waiting message go without waiting longer."""
        if self.held is not None:
            await self._desk.release_hold(self.held.id)

    def _show_held(self, held: Waiting | None) -> None:
        before, self.held = self.held, held
        if held is None:
            self._line.stop()
        elif (before is None or before.id != held.id) and isinstance(held.command, SendReply):
            whom = held.command.to[0] if held.command.to else None
            name = (first_name(whom.name) or whom.name or whom.value) if whom else ""
            until = held.held_until or held.issued_at
            self._line.start(name, until, by_email=not held.command.visibility)
        self.holding.emit(held is not None)

    def _show_refused(self, refused: Waiting | None, messages: Sequence[MessageRow] = ()) -> None:
        before, self.refused = self.refused, refused
        if refused is None:
            if self._strip.about == "refused":
                self._strip.calm()
            return
        unseen = refused.answer.newer if refused.answer is not None else ()
        newer = tuple(row for row in messages if row.id in unseen)
        told = before is not None and before.id == refused.id and self._strip.about
        came = self._strip.about == "refused" and len(newer) > self._quoted
        if not told or came:
            self._quoted = len(newer)
            self._strip.tell_refused(refused, newer)
