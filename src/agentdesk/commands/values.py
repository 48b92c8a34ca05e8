"""The commands, as values that travel. Adding a field needs a default; nothing is ever renamed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentdesk.commands.chat_values import EndChat as EndChat
from agentdesk.commands.chat_values import JoinChat as JoinChat
from agentdesk.commands.chat_values import LeaveChat as LeaveChat
from agentdesk.commands.chat_values import TakeOver as TakeOver
from agentdesk.commands.chat_values import WatchChat as WatchChat
from agentdesk.commands.parts import Command as Command
from agentdesk.commands.parts import File as File
from agentdesk.commands.parts import Mention as Mention
from agentdesk.commands.parts import Text as Text
from agentdesk.commands.parts import ViewQuery as ViewQuery
from agentdesk.commands.post_values import DeleteReply as DeleteReply
from agentdesk.commands.post_values import EditReply as EditReply
from agentdesk.commands.post_values import HidePost as HidePost
from agentdesk.commands.post_values import LikePost as LikePost
from agentdesk.commands.post_values import ReportPost as ReportPost
from agentdesk.domain.mentions import WHISPER
from agentdesk.domain.party import Party


class Assign(Command, frozen=True, tag="assign"):
    """Give a conversation to somebody, or to nobody.

    ``seen_assignee_id`` is whom the issuer saw; where somebody else has taken it since, it is refused.
    """

    conversation_id: UUID
    assignee_id: UUID | None
    seen_assignee_id: UUID | None = None


class SetStatus(Command, frozen=True, tag="set_status"):
    """Resolve, reopen or snooze. ``seen_message_id`` is the last message the issuer had seen: resolving over
    a newer one of the customer's is refused. ``seen_status``, where it is named, is the one that is taken
    back: refused (``changed``) where somebody has chosen another one since."""

    conversation_id: UUID
    status: str
    snoozed_until: datetime | None = None
    seen_message_id: UUID | None = None
    seen_status: str = ""


class SetPriority(Command, frozen=True, tag="set_priority"):
    """Say how urgent a conversation is. ``seen_priority`` is as ``seen_status`` above."""

    conversation_id: UUID
    priority: str
    seen_priority: str = ""


class SetTags(Command, frozen=True, tag="set_tags"):
    """Replace the tags of a conversation. ``seen_tags`` are as ``seen_status`` above."""

    conversation_id: UUID
    tags: tuple[str, ...]
    seen_tags: tuple[str, ...] | None = None


class MarkRead(Command, frozen=True, tag="mark_read"):
    conversation_id: UUID
    unread: bool = False


class SendReply(Command, frozen=True, tag="send_reply"):
    """Answer the customer. ``seen_message_id`` guards against answering over something newer;
    ``anyway`` is the person's word after having been shown it. ``html`` empty: made from the text. ``extras``
    are what it offers besides text: see :mod:`agentdesk.domain.extras`. ``visibility`` is who may read the
    answer to a post (:class:`agentdesk.domain.posts.Visibility`); empty: as many as could read that."""

    message_id: UUID
    conversation_id: UUID
    to: tuple[Party, ...]
    text: str
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    subject: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    in_reply_to: UUID | None = None
    seen_message_id: UUID | None = None
    anyway: bool = False
    then_status: str = ""
    extras: dict[str, Any] | None = None
    visibility: str = ""


class SendTranscript(Command, frozen=True, tag="send_transcript"):
    """Send a copy of the last chat of a conversation to an email address."""

    message_id: UUID
    conversation_id: UUID
    to: Party


class AddNote(Command, frozen=True, tag="add_note"):
    """Write something that only the team sees."""

    message_id: UUID
    conversation_id: UUID
    text: str
    files: tuple[File, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def is_whisper(self) -> bool:
        """Whether it is said to one colleague in their chat."""
        return any(one.kind == WHISPER for one in self.mentions)


class SeeMentions(Command, frozen=True, tag="see_mentions"):
    """The issuer has seen where they are mentioned in a conversation."""

    conversation_id: UUID


class RetryDelivery(Command, frozen=True, tag="retry_delivery"):
    """Send a failed message again; or an uncertain one, knowing that it may arrive twice."""

    message_id: UUID


class ConfirmDelivery(Command, frozen=True, tag="confirm_delivery"):
    """A person says that an uncertain message has arrived."""

    message_id: UUID


class CheckDelivery(Command, frozen=True, tag="check_delivery"):
    """Look an uncertain message up once more."""

    message_id: UUID


class MergeConversations(Command, frozen=True, tag="merge_conversations"):
    """Let ``joined_ids`` go on in ``conversation_id``; refused where one was merged elsewhere meanwhile."""

    conversation_id: UUID
    joined_ids: tuple[UUID, ...]


class UnmergeConversations(Command, frozen=True, tag="unmerge_conversations"):
    """Let ``joined_ids`` stand for themselves again, with what came for them since.

    ``conversation_id`` is the one that they were merged into.
    """

    conversation_id: UUID
    joined_ids: tuple[UUID, ...]


class MergeContacts(Command, frozen=True, tag="merge_contacts"):
    """Let the customer ``joined_id`` be known as ``contact_id``; refused where one was merged meanwhile.

    What both say is as the one who stays says it, but for the details in ``take``.
    """

    contact_id: UUID
    joined_id: UUID
    take: tuple[str, ...] = ()


class UnmergeContacts(Command, frozen=True, tag="unmerge_contacts"):
    """Let ``joined_id`` be known by themselves again; what came since is sorted by the address it came
    from. ``contact_id`` is whom they were merged into."""

    contact_id: UUID
    joined_id: UUID


class EditContact(Command, frozen=True, tag="edit_contact"):
    """Change what is known of a customer; only the named fields."""

    contact_id: UUID
    fields: dict[str, str]


class MarkContact(Command, frozen=True, tag="mark_contact"):
    """Mark a customer: who reads of a ``sensitive`` one is written down; of one under ``legal_hold`` nothing
    is dropped or erased. None leaves a mark as it is."""

    contact_id: UUID
    sensitive: bool | None = None
    legal_hold: bool | None = None


class BlockContact(Command, frozen=True, tag="block_contact"):
    """Block a customer: chats of theirs are closed, and what they write disturbs nobody; or let them write
    again."""

    contact_id: UUID
    blocked: bool = True


class MarkConversation(Command, frozen=True, tag="mark_conversation"):
    """Put one conversation under a legal hold, so that nothing of it is dropped or erased, or lift that."""

    conversation_id: UUID
    legal_hold: bool


class NoteRead(Command, frozen=True, tag="note_read"):
    """Somebody has opened a conversation with a sensitive customer: it is written down, nothing changes."""

    conversation_id: UUID


class EraseContact(Command, frozen=True, tag="erase_contact"):
    """Erase what was said and is known of a customer, for ever; when and how much there was remains."""

    contact_id: UUID


class SaveTemplate(Command, frozen=True, tag="save_template"):
    template_id: UUID
    name: str
    shortcut: str
    language: str
    body: str
    folder: str = ""


class RetryItem(Command, frozen=True, tag="retry_item"):
    """Interpret a raw item again that could not be read."""

    message_id: UUID


class RetryAccount(Command, frozen=True, tag="retry_account"):
    """Try an account that is in trouble again at once, whichever server runs it."""

    account_id: UUID


class SaveView(Command, frozen=True, tag="save_view"):
    """Save a list, or change one that was saved. ``shared``: everybody has it, or who sees ``inbox_id``."""

    view_id: UUID
    name: str
    icon: str
    query: ViewQuery
    shared: bool = False
    inbox_id: UUID | None = None


class RemoveView(Command, frozen=True, tag="remove_view"):
    """Take a saved list away, or, with ``removed`` false, bring it back."""

    view_id: UUID
    removed: bool = True


class ArrangeRail(Command, frozen=True, tag="arrange_rail"):
    """The order in which the issuer has the entries of the rail, by their keys."""

    keys: tuple[str, ...]


class SetAvailability(Command, frozen=True, tag="set_availability"):
    """The issuer's own status (see :class:`agentdesk.domain.availability.Availability`), on all their desks;
    available again from ``back_at`` on. ``chosen_at`` is when it was chosen: the latest choice counts.
    ``status_id`` is one of the team's own statuses, which says what it counts as."""

    state: str
    chosen_at: datetime
    back_at: datetime | None = None
    status_id: UUID | None = None


class AnswerOffer(Command, frozen=True, tag="answer_offer"):
    """Take the conversation that the issuer was asked to take, or, with ``accepted`` false, decline it."""

    offer_id: UUID
    conversation_id: UUID
    accepted: bool = True


class Transfer(Command, frozen=True, tag="transfer"):
    """Hand a conversation over: to a person, to another inbox, or, with neither, back to its queue. ``ask``:
    the person is asked, and who has it keeps it meanwhile. ``note`` is for who gets it, and becomes the note
    ``note_id``. ``seen_assignee_id`` is as in :class:`Assign`."""

    conversation_id: UUID
    user_id: UUID | None = None
    inbox_id: UUID | None = None
    ask: bool = False
    seen_assignee_id: UUID | None = None
    note: str = ""
    note_id: UUID | None = None


class CancelTransfer(Command, frozen=True, tag="cancel_transfer"):
    """The person who was asked to take a conversation over need not answer any more."""

    conversation_id: UUID


AnyCommand = (
    Assign
    | SetStatus
    | EndChat
    | WatchChat
    | JoinChat
    | LeaveChat
    | TakeOver
    | SetPriority
    | SetTags
    | MarkRead
    | SendReply
    | SendTranscript
    | AddNote
    | SeeMentions
    | EditReply
    | DeleteReply
    | LikePost
    | HidePost
    | ReportPost
    | RetryDelivery
    | ConfirmDelivery
    | CheckDelivery
    | MergeConversations
    | UnmergeConversations
    | MergeContacts
    | UnmergeContacts
    | EditContact
    | MarkContact
    | BlockContact
    | MarkConversation
    | NoteRead
    | EraseContact
    | SaveTemplate
    | RetryItem
    | RetryAccount
    | SaveView
    | RemoveView
    | ArrangeRail
    | SetAvailability
    | AnswerOffer
    | Transfer
    | CancelTransfer
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A command on its way. ``id`` (UUIDv7) is the idempotency key; ``number`` counts up by one per desk.

    ``again``: a server had confirmed it and has lost it since (restored from a backup), so what it sends may
    have gone out already.
    """

    id: UUID
    command: AnyCommand
    issued_at: datetime
    number: int | None = None
    again: bool = False

    @property
    def sent_since(self) -> datetime | None:
        """From which moment on what it sends may have gone out; None where it surely has not."""
        return self.issued_at if self.again else None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command: ``done``, ``already_done``, ``refused`` or ``try_later``.

    ``reason`` and ``code`` explain a refusal (``stale_reply``, ``taken``, ``changed``, ``merged``,
    ``gone``, ``not_allowed``, ``invalid``); ``newer`` are the ids of messages that the issuer had not seen.
    """

    command_id: UUID
    outcome: str
    code: str = ""
    reason: Text | None = None
    newer: tuple[UUID, ...] = ()
