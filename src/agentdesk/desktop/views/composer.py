"""Writing to the customer or to the team: drafts that survive, sending that can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.commands.values import AddNote, SendReply
from agentdesk.desktop.lifetime import is_alive, tasks_of
from agentdesk.desktop.theme import theme
from agentdesk.desktop.views.away import Away
from agentdesk.desktop.views.composer_asides import ComposerAsides
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_content import ComposerContent
from agentdesk.desktop.views.composer_context import Context
from agentdesk.desktop.views.composer_drafts import DraftKeeper
from agentdesk.desktop.views.composer_mentions import ComposerMentions
from agentdesk.desktop.views.composer_outbox import ComposerOutbox
from agentdesk.desktop.views.composer_parts import HoldLine
from agentdesk.desktop.views.composer_posting import ComposerPosting
from agentdesk.desktop.views.composer_strips import ComposerStrip, newer_than
from agentdesk.desktop.views.composer_tools import ComposerTools
from agentdesk.desktop.views.composer_words import Mode
from agentdesk.queries.rows import ConversationRow, MessageRow
from agentdesk.sync.desk import DeskPort, Draft, Waiting

__all__ = ["Composer"]


class Composer(QWidget):
    """``show_wanted(message id)`` asks the transcript for a message; ``sent(resolve)`` tells that a reply was
    handed over; ``left`` that the person pressed Esc."""

    show_wanted = Signal(object)
    sent = Signal(bool)
    left = Signal()

    def __init__(self, desk: DeskPort, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks_of(self, "composer")
        self._context: Context | None = None
        self._newer: tuple[UUID, ...] = ()
        self._opening = 0
        self.strip = ComposerStrip(self)
        self.box = ComposerBox(self)
        self.content = ComposerContent(self.box)
        self.hold = HoldLine(self)
        self.hold.hide()
        self.outbox = ComposerOutbox(desk, self.hold, self.strip, self)
        self.tools = ComposerTools(desk, self.box, self.strip, self._touch, self)
        self.mentions = ComposerMentions(desk, self.box, self.strip, self)
        self.asides = ComposerAsides(desk, self.strip, self.content)
        self.posting = ComposerPosting(desk, self.box, self.strip, self.content, self._touch, self)
        self.tools.refused = self.posting.file_refused
        self._keeper = DraftKeeper(desk, self._draft, self)
        self._arrange()
        self._connect()

    # --- which conversation ---

    @property
    def conversation_id(self) -> UUID | None:
        """The conversation written into."""
        return self._context.head.id if self._context else None

    async def open(self, head: ConversationRow, messages: Sequence[MessageRow]) -> None:
        """Write into another conversation: its drafts, its recipients, what waits in the outbox.

        What was typed into the one before is saved first. Of two calls under way, the later one wins.
        """
        self._opening += 1
        this = self._opening
        accounts = await self._desk.accounts()
        while True:
            await self.leave()
            drafts = await self._keeper.load(head.id)
            if this != self._opening or not is_alive(self):
                return
            if not self._keeper.is_pending:
                break
        self._context = Context(head, tuple(messages), tuple(row.address for row in accounts))
        self.mentions.follow(head)
        self.strip.calm()
        self.content.fill(self._context, drafts)
        self.posting.open(head, accounts)
        await self.refresh()

    async def leave(self) -> None:
        """Save what was typed."""
        await self._keeper.flush()

    def clear(self) -> None:
        """Belong to no conversation; what was typed is saved."""
        self._keeper.hand_over()
        self._context = None
        self.outbox.clear()
        self.strip.calm()

    def update_context(self, head: ConversationRow, messages: Sequence[MessageRow]) -> None:
        """Follow the conversation; what is being written stays as it is."""
        if self._context is None or head.id != self._context.head.id:
            return
        before = self._context.addressed(everybody=False)
        self._context = Context(head, tuple(messages), self._context.own)
        self.mentions.follow(head)
        self.outbox.follow(messages)
        untouched = self.box.reply_text.is_blank() and self.box.recipients.people("to") == before.to
        self.box.recipients.set_known(self._context.known(), self._context.own)
        if untouched:
            self.content.seen = head.last_message_id
            self.content.address(self._context, everybody=False)
        elif self._context.visibility is not None:
            self.content.follow(self._context)

    async def refresh(self) -> None:
        """Look at the outbox: what of this conversation waits there, and what was refused."""
        if self._context is not None:
            await self.outbox.refresh(self._context)
            if self.conversation_id is not None:
                await self.asides.refresh(self.conversation_id)

    def set_away(self, away: Away | None) -> None:
        """Say why what is sent now goes out later."""
        self.box.set_away(away)

    def set_room(self, height: int) -> None:
        """Grow to a part of a conversation that is ``height`` pixels high."""
        self.box.set_room(height)

    # --- what the person does ---

    def start(self, mode: Mode, *, everybody: bool = False) -> None:
        """Begin to write a reply or a note; ``everybody`` fills in all recipients."""
        self.box.set_mode(mode)
        if everybody and self._context is not None:
            self.content.address(self._context, everybody=True)
            self._touch()
        self.box.text.setFocus()

    def edit_again(self, row: MessageRow) -> None:
        """Put the text of a message that was not sent into the reply, before what stands there already."""
        self.content.take_over(row)
        self._touch()
        self.box.text.setFocus()

    def take_drop(self, data: QMimeData) -> None:
        """Attach what was dropped anywhere on the conversation."""
        self.box.text.insertFromMimeData(data)

    def switch_mode(self) -> None:
        """From reply to note, or back."""
        self.start("note" if self.box.mode == "reply" else "reply")

    async def send(self, *, resolve: bool = False, anyway: bool = False) -> None:
        """Send the reply, or add the note; where something is in the way, say what, and keep the text."""
        context, box = self._context, self.box
        if context is None or self.outbox.held is not None or box.text.is_composing():
            return
        if box.text.is_blank() and not box.files():
            box.text.setFocus()
            return
        if box.mode == "note":
            await self._send_note(context)
            return
        if not self._may_send(context, anyway=anyway):
            return
        command = self.content.reply(context, resolve=resolve, anyway=anyway)
        if await self._do(command, box.hold_seconds(self._desk.undo_seconds)):
            await self._forget("reply")
            await self.refresh()
            self.sent.emit(resolve)

    async def undo(self) -> bool:
        """Take the waiting message back, with text, files, recipients and caret; False where it has gone."""
        command = await self.outbox.take_back()
        if command is None:
            await self.refresh()
            return False
        self.content.restore(command)
        self._touch()
        await self._keeper.flush()
        self.box.text.setFocus()
        return True

    async def send_now(self) -> None:
        """Let the waiting message go without waiting longer."""
        await self.outbox.let_go()
        await self.refresh()

    # --- sending ---

    def _may_send(self, context: Context, *, anyway: bool) -> bool:
        """Whether nothing is in the way; what is, is shown."""
        gaps = self.box.reply_text.gap_names()
        if gaps:
            fill = msg("Fill in {names} before sending.", names=", ".join(gaps))
            self.strip.tell_problem(fill, about="gap")
            return False
        problem = self.box.recipients.problem()
        if problem is not None:
            self.box.show_recipients(True)
            self.strip.tell_problem(problem, about="recipients")
            return False
        newer = () if anyway else newer_than(context, self.content.seen, self._desk.me)
        if newer:
            self._show_faster(newer)
            return False
        return self.posting.may_send()

    async def _send_note(self, context: Context) -> None:
        mentions = await self.mentions.in_note(context.head.inbox_id)
        if mentions is not None and await self._do(self.content.note(context, mentions), 0):
            await self._forget("note")
            self.box.set_mode("reply")

    async def _do(self, command: SendReply | AddNote, hold_seconds: float) -> bool:
        """Hand a command over; a refusal is shown and the text stays."""
        self.strip.calm()
        try:
            await self._desk.do(command, hold_seconds)
        except AgentDeskError as error:
            newer_ids = set(getattr(error, "newer", ()))
            if getattr(error, "code", "") == "stale_reply" and self._context is not None:
                self._show_faster([row for row in self._context.messages if row.id in newer_ids])
            else:
                self.strip.tell_problem(error.message, error.hint)
            return False
        return True

    async def _forget(self, mode: Mode) -> None:
        """The text was handed over: empty the editor and the draft."""
        self.content.empty(mode)
        if self._context is not None:
            self.content.seen = None
        await self._keeper.drop(mode, self.conversation_id)

    # --- drafts ---

    def _draft(self, mode: Mode) -> Draft | None:
        """The draft of a mode as it stands now."""
        return self.content.draft(self._context.head.id, mode) if self._context is not None else None

    async def follow_drafts(self) -> None:
        """Show what came from another desk, and what gave way to it; what is being typed here stays."""
        here = self.conversation_id
        if here is None:
            return
        came = await self._keeper.news(here)
        if not is_alive(self) or self._context is None or self.conversation_id != here:
            return
        for mode, draft in came.items():
            self.content.show_draft(self._context, mode, draft)
        await self.asides.refresh(here)

    def _touch(self) -> None:
        """Something was changed by the person: keep it."""
        if self._context is not None:
            self._keeper.touch(self.box.mode)

    def _on_saved(self) -> None:
        self.box.set_saved(not self._keeper.is_pending)
        self._tasks.start(self.follow_drafts(), "follow drafts")  # one that came while this was being saved

    def _on_mode(self, _mode: str) -> None:
        self._tasks.start(self._keeper.flush(), "save at switch")

    # --- strips ---

    async def _answer_strip(self, about: str, key: str) -> None:
        if about == "aside":
            if await self.asides.answer(key):
                self._touch()
            await self.refresh()
        elif about == "refused" and self.outbox.refused is not None:
            await self._answer_refused(self.outbox.refused, key)
        elif about == "faster" and key in ("show", "edit"):
            self.content.seen = self._context.head.last_message_id if self._context else None
            self.strip.calm()
            if key == "show":
                self.show_wanted.emit(self._newer[0] if self._newer else None)
            else:
                self.box.reply_text.setFocus()
        elif about == "revealing":
            await self._answer_revealing(key)
        elif about == "faster" and key == "anyway":
            await self.send(anyway=True)
        elif about == "faster" and key == "discard":
            await self._forget("reply")
            self.strip.calm()
        else:
            self.strip.calm()
            if key == "fix":
                self._show_place(about)

    async def _answer_revealing(self, key: str) -> None:
        """Send what could be read by others in private, or so after all."""
        self.strip.calm()
        if key == "private":
            self.posting.switch()
        elif key == "anyway":
            self.posting.mean_it()
        else:
            self.box.reply_text.setFocus()
            return
        await self.send()

    async def _answer_refused(self, refused: Waiting, key: str) -> None:
        """Edit puts the text back; discarding drops it, and keeps what was written since."""
        newer = refused.answer.newer if refused.answer is not None else ()
        if key == "show":
            self.show_wanted.emit(newer[0] if newer else None)
            return
        self.strip.calm()
        if key == "retry":
            await self._desk.retry(refused.id)
        else:
            await self._keeper.flush()
            await self._desk.discard(refused.id)
            await self._settle_discarded(edit=key == "edit")
        await self.refresh()

    async def _settle_discarded(self, *, edit: bool) -> None:
        context = self._context
        if context is None:
            return
        if not edit:
            await self._keeper.save(self.content.draft(context.head.id, "reply"))
            return
        self.content.fill(context, await self._keeper.load(context.head.id))
        self.content.seen = context.head.last_message_id
        self.start("reply")

    def _show_place(self, about: str) -> None:
        if about == "gap":
            self.box.reply_text.select_first_gap()
            self.box.reply_text.setFocus()
        elif about == "recipients":
            self.box.show_recipients(True)
            self.box.recipients.field("to").setFocus()

    def _show_faster(self, newer: Sequence[MessageRow]) -> None:
        self._newer = tuple(row.id for row in newer)
        self.strip.tell_faster(newer)

    # --- building and slots ---

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        margin = theme().space(3)
        column.setContentsMargins(margin, 0, margin, margin)
        column.setSpacing(theme().space(1) + 2)
        for widget in (self.strip, self.box, self.hold):
            column.addWidget(widget)
        self.setFocusProxy(self.box)

    def _connect(self) -> None:
        box = self.box
        box.typed.connect(self._touch)
        box.mode_changed.connect(self._on_mode)
        box.send_wanted.connect(self._on_send)
        box.templates_wanted.connect(self._on_templates)
        box.everybody_wanted.connect(self._on_everybody)
        box.left.connect(self.left)
        self.hold.undo.connect(self._on_undo)
        self.hold.send_now.connect(self._on_send_now)
        self.hold.over.connect(self._on_hold_over)
        self.strip.answered.connect(self._on_strip)
        self.outbox.holding.connect(self._on_holding)
        self._keeper.saved.connect(self._on_saved)

    def _on_holding(self, holding: bool) -> None:
        self.outbox.swap(self.box, holding)

    def _on_send(self, resolve: bool) -> None:
        self._tasks.start(self.send(resolve=resolve), "send")

    def _on_undo(self) -> None:
        self._tasks.start(self.undo(), "undo")

    def _on_send_now(self) -> None:
        self._tasks.start(self.send_now(), "send now")

    def _on_hold_over(self) -> None:
        self._tasks.start(self.refresh(), "refresh")

    def _on_strip(self, about: str, key: str) -> None:
        self._tasks.start(self._answer_strip(about, key), "answer")

    def _on_templates(self) -> None:
        if self._context is not None:
            self._tasks.start(self.tools.offer_templates(self._context), "templates")

    def _on_everybody(self) -> None:
        self.start("reply", everybody=True)
