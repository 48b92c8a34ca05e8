"""What is being written, as values: from the box into drafts and commands, and back."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from agentdesk.base.ids import new_id
from agentdesk.commands.values import AddNote, Mention, SendReply
from agentdesk.desktop.views.composer_box import ComposerBox
from agentdesk.desktop.views.composer_context import Context
from agentdesk.desktop.views.composer_words import Mode
from agentdesk.domain.addressing import Addressed
from agentdesk.domain.chat import CHANNEL
from agentdesk.domain.conversation import Status
from agentdesk.domain.extras import Extras, extras_of, parted, together
from agentdesk.domain.posts import Visibility, is_wider, post_of
from agentdesk.domain.subjects import answer_subject
from agentdesk.domain.templates import first_name
from agentdesk.queries.rows import MessageRow
from agentdesk.sync.desk import Draft

__all__ = ["ComposerContent"]


class ComposerContent:
    """Reads and fills a composer's box. ``seen`` is the last message that the person had seen when they began
    to write: what came after it, they would answer over. ``chosen`` are the readers of a reply where it has
    fewer than it could have."""

    def __init__(self, box: ComposerBox) -> None:
        self._box = box
        self._carets: dict[UUID, int] = {}
        self._context: Context | None = None
        self.seen: UUID | None = None
        self.chosen: Visibility | None = None

    @property
    def context(self) -> Context | None:
        """The conversation written into."""
        return self._context

    def visibility(self, context: Context) -> Visibility | None:
        """Who can read the reply: as many as could read what it answers, or fewer by choice."""
        widest = context.visibility
        fewer = widest is not None and self.chosen is not None and is_wider(widest, self.chosen)
        return self.chosen if fewer else widest

    def choose(self, visibility: Visibility | None) -> None:
        """Let the reply be read by ``visibility``, by as many as can be where that is None."""
        self.chosen = visibility
        if self._context is not None:
            self._tell_way(self._context)

    def follow(self, context: Context) -> None:
        """The conversation went on while a reply is being written: it is never read by more people for
        that."""
        before, now = self._box.visibility, self.visibility(context)
        if before is not None and now is not None and is_wider(now, before):
            self.chosen = before
        self._tell_way(context)

    # --- out of the box ---

    def draft(self, conversation_id: UUID, mode: Mode) -> Draft:
        """Return the draft of a mode as it stands."""
        fields, text = self._box.recipients, self._box.text_of(mode)
        draft = Draft(
            conversation_id=conversation_id,
            mode=mode,
            text=text.plain(),
            html=text.html(),
            files=self._box.files(mode),
            seen_message_id=self.seen,
        )
        if mode == "note":
            return draft
        return msgspec.structs.replace(
            draft,
            to=tuple(party.value for party in fields.people("to")),
            cc=tuple(party.value for party in fields.people("cc")),
            bcc=tuple(party.value for party in fields.people("bcc")),
            subject=fields.subject.text(),
            visibility=self.chosen or "",
        )

    def reply(self, context: Context, *, resolve: bool, anyway: bool) -> SendReply:
        """Return the reply as it would be sent now, and remember where the caret stands."""
        box, answered = self._box, context.last_customer
        text, extras = box.reply_text.plain(), Extras()
        if box.channel == CHANNEL:
            text, extras = parted(text)
        command = SendReply(
            message_id=new_id(),
            conversation_id=context.head.id,
            to=box.recipients.people("to"),
            cc=box.recipients.people("cc"),
            bcc=box.recipients.people("bcc"),
            subject=box.recipients.subject.text().strip(),
            text=text,
            html="" if box.takes_plain else box.reply_text.html(),
            files=box.files("reply"),
            in_reply_to=answered.id if answered else None,
            seen_message_id=context.head.last_message_id if anyway else self.seen,
            anyway=anyway,
            then_status=Status.RESOLVED.value if resolve else "",
            extras=extras.as_row(),
            visibility=self.visibility(context) or "",
        )
        self._carets[command.message_id] = box.reply_text.textCursor().position()
        return command

    def note(self, context: Context, mentions: tuple[Mention, ...] = ()) -> AddNote:
        """Return the note as it would be added now."""
        return AddNote(
            message_id=new_id(),
            conversation_id=context.head.id,
            text=self._box.note_text.plain(),
            files=self._box.files("note"),
            mentions=mentions,
        )

    # --- into the box ---

    def fill(self, context: Context, drafts: Mapping[Mode, Draft | None]) -> None:
        """Show the drafts of a conversation, or empty texts."""
        box, reply = self._box, drafts["reply"]
        box.set_quiet(True)
        self.seen = context.head.last_message_id
        self.chosen = _visibility(reply.visibility if reply is not None else "")
        box.set_name(first_name(context.head.contact_name) or context.head.contact_name)
        box.recipients.set_known(context.known(), context.own)
        subject = context.head.subject
        box.recipients.subject.setPlaceholderText(subject if context.has_ways else answer_subject(subject))
        self.address(context, everybody=False)
        for mode, draft in drafts.items():
            box.text_of(mode).set_content(draft.text if draft else "", draft.html if draft else "")
            box.set_files(draft.files if draft else (), mode)
        if reply is not None:
            self.seen = reply.seen_message_id or self.seen
            self._address_as(context, reply)
        box.set_mode("note" if drafts["note"] is not None and reply is None else "reply")
        box.show_recipients(False)
        box.set_quiet(False)
        box.set_saved(any(draft is not None for draft in drafts.values()))

    def show_draft(self, context: Context, mode: Mode, draft: Draft | None) -> None:
        """Show a draft that was typed on another desk, or that it is gone; the caret stays where it can."""
        box, text = self._box, self._box.text_of(mode)
        if draft is None:
            self.empty(mode)
            return
        if (draft.text, draft.html, draft.files) != (text.plain(), text.html(), box.files(mode)):
            place = text.textCursor().position()
            box.set_quiet(True)
            text.set_content(draft.text, draft.html)
            cursor = text.textCursor()
            cursor.setPosition(min(place, len(text.toPlainText())))
            text.setTextCursor(cursor)
            box.set_files(draft.files, mode)
            box.set_quiet(False)
        if mode == "reply":
            self.seen = draft.seen_message_id or self.seen
            box.set_quiet(True)
            self._address_as(context, draft)
            self.choose(_visibility(draft.visibility))
            box.set_quiet(False)
        box.set_saved(True)

    def add(self, draft: Draft) -> None:
        """Put a text behind what stands there already, with its files."""
        box, text = self._box, self._box.text_of("note" if draft.mode == "note" else "reply")
        mode: Mode = "note" if draft.mode == "note" else "reply"
        box.set_mode(mode)
        known = {file.blob for file in box.files(mode)}
        box.set_files([*box.files(mode), *(file for file in draft.files if file.blob not in known)], mode)
        written = text.plain().rstrip()
        if written:
            text.set_content(f"{written}\n\n{draft.text}")
        else:
            text.set_content(draft.text, draft.html)

    def empty(self, mode: Mode) -> None:
        """Take the text and the files of a mode away."""
        box = self._box
        box.set_quiet(True)
        box.text_of(mode).set_content("")
        box.set_files((), mode)
        if mode == "reply" and self.chosen is not None:
            self.choose(None)
        box.set_quiet(False)
        box.set_saved(False)
        box.show_recipients(False)

    def restore(self, command: SendReply) -> None:
        """Show a reply that was taken back, exactly as it was, the caret where it stood."""
        box = self._box
        box.set_quiet(True)
        box.set_mode("reply")
        box.reply_text.set_content(together(command.text, extras_of(command.extras)), command.html)
        cursor = box.reply_text.textCursor()
        end = len(box.reply_text.toPlainText())
        cursor.setPosition(min(self._carets.pop(command.message_id, end), end))
        box.reply_text.setTextCursor(cursor)
        self._show_people(Addressed(command.to, command.cc), command)
        self._choose_again(command.visibility)
        box.set_files(command.files, "reply")
        box.set_quiet(False)
        self.seen = command.seen_message_id

    def take_over(self, row: MessageRow) -> None:
        """Put a message that was not sent into the reply, before what stands there already."""
        box = self._box
        box.set_mode("reply")
        written = box.reply_text.plain()
        if written.strip() or row.extras:
            said = together(row.text, extras_of(row.extras))
            box.reply_text.set_content("\n\n".join(filter(None, (said, written))))
        else:
            box.reply_text.set_content(row.text, row.html)
        self._show_people(Addressed(row.to, row.cc), row)
        post = post_of(row.post)
        self._choose_again(post.visibility if post is not None else "")

    def address(self, context: Context, *, everybody: bool) -> None:
        """Fill in whom a reply goes to."""
        self._box.recipients.set_people(context.addressed(everybody=everybody))
        self._box.set_others(0 if everybody else context.others())
        self._tell_way(context)

    def _address_as(self, context: Context, draft: Draft) -> None:
        """Show the recipients of a draft, with the names that the conversation has for them."""
        to, cc, bcc = (
            tuple(context.party(address) for address in addresses)
            for addresses in (draft.to, draft.cc, draft.bcc)
        )
        if to or cc or bcc:
            self._box.recipients.set_people(Addressed(to, cc), bcc, draft.subject)
            self._box.set_others(0)
            self._tell_way(context)

    def _tell_way(self, context: Context) -> None:
        """Say by which channel a reply goes to whom it is addressed to."""
        self._context = context
        channel = context.channel_to(self._box.recipients.everybody())
        self._box.set_channel(channel, one_of_two=context.has_ways, visibility=self.visibility(context))

    def _choose_again(self, visibility: str) -> None:
        """A reply that was written before has the readers that it had."""
        known = _visibility(visibility)
        if known is not None and self._context is not None:
            widest = self._context.visibility
            self.choose(known if widest is not None and is_wider(widest, known) else None)

    def _show_people(self, addressed: Addressed, of: SendReply | MessageRow) -> None:
        self._box.recipients.set_people(addressed, of.bcc, of.subject)
        if self._context is not None:
            self._tell_way(self._context)


def _visibility(known: str) -> Visibility | None:
    return Visibility(known) if known in set(Visibility) else None
