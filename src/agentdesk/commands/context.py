"""What a handler is given: who acts, on what, when; and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg
from agentdesk.commands.values import File
from agentdesk.domain.authority import Permission, is_permitted
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
from agentdesk.store.fixed import Asked
from agentdesk.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Actor:
    """Who issues a command. ``inboxes`` are those the actor may work in; None means all of them.

    ``exceptions`` are the permissions that the person was given (true) or denied (false) besides the role's.
    """

    kind: Author
    user_id: UUID | None
    role: Role
    inboxes: frozenset[UUID] | None
    exceptions: Mapping[str, bool] = field(default_factory=dict)

    def sees(self, inbox_id: UUID) -> bool:
        """Say whether the actor may work in an inbox."""
        return self.inboxes is None or inbox_id in self.inboxes

    def may(self, permission: Permission) -> bool:
        """Say whether the actor has a permission."""
        return is_permitted(self.role, self.exceptions, permission)


SYSTEM = Actor(kind=Author.SYSTEM, user_id=None, role=Role.ADMIN, inboxes=None)
"""The server itself."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a chat: the account by which it goes out, with its address; its subject and first sentence in
    the visitor's language; and the session that it is of."""

    account_id: UUID
    address: str
    company: str
    subject: str
    text: str
    session_id: UUID


class Channels(Protocol):
    """What commands ask of the channels; the server fulfils it, a desk has none."""

    def asks(self, account_id: UUID, conversation_id: UUID) -> Sequence[Asked]:
        """Return what an answer through an account makes the channels ask the database."""
        ...

    async def reserve_key(
        self, conn: AsyncConnection, account_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> str:
        """Return the idempotency key under which a message will go out. Raises Invalid where the account
        cannot send."""
        ...

    async def show(self, context: Context, values: Mapping[str, Any]) -> bool:
        """Put a message (its row in ``values``, without files) before its reader within the command's
        transaction, where its channel reaches only pages of our own. False: it goes out by the outbox."""
        ...

    async def end_chat(self, context: Context, conversation_id: UUID, name: str) -> bool | None:
        """End the chat of a conversation on the visitor's page, in the name of somebody. False: it had ended;
        None: the conversation is no chat."""
        ...

    async def subject_of_left(self, conn: AsyncConnection, account_id: UUID, conversation_id: UUID) -> str:
        """Return the subject of the mail that answers who left a message on the pages of an account and named
        no topic, in their language."""
        ...

    async def show_mailed(self, context: Context, message: Mapping[str, Any], files: Sequence[File]) -> None:
        """Show an answer that goes by email in its visitor's chat too, where they may come back."""
        ...

    async def copy_of_chat(self, conn: AsyncConnection, conversation_id: UUID) -> Copy | None:
        """Return what a copy of the chat of a conversation says; None where none can be sent: it is no chat,
        nobody of the team has written there, or its widget names no account for email."""
        ...

    async def revise(self, context: Context, row: Mapping[str, Any], text: str | None, name: str) -> bool:
        """Change a sent message (a row of the table) where the customer reads it, or, with ``text`` None,
        take it away there, in the name of somebody. False: its channel cannot, or it is not there."""
        ...

    async def tell_visitor(self, context: Context, conversation_id: UUID, kind: str, name: str) -> bool:
        """Tell the visitor of a chat who has ``joined`` it or ``left`` it; False where it does not go on."""
        ...

    async def link_to_chat(self, conn: AsyncConnection, session_id: UUID, message_id: UUID) -> None:
        """Let a mail have a link that opens the chat of a session."""
        ...

    async def send_away(self, context: Context, contact_id: UUID) -> None:
        """Close the pages of a customer, who was blocked."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One command being applied. ``now`` is the present moment (UTC); ``channels`` is None on a desk.

    ``sent_since`` is None, or the moment from which on the command's message may have gone out already: a
    server had confirmed the command, and lost it. ``held`` are conversations that the transaction has locked
    and read already, by id. ``afterwards`` is called once the transaction has ended well.
    """

    unit: Unit
    actor: Actor
    command_id: UUID
    now: datetime
    channels: Channels | None = None
    sent_since: datetime | None = None
    held: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    @property
    def conn(self) -> AsyncConnection:
        """The connection of the running transaction, for reading."""
        return self.unit.conn


class Refusal(AgentDeskError):
    """The command is not applied. ``code`` is for programs (see :class:`agentdesk.commands.values.Answer`);
    ``newer`` are the ids of messages that the issuer had not seen."""

    def __init__(
        self, code: str, message: Msg, *, newer: tuple[UUID, ...] = (), hint: Msg | None = None
    ) -> None:
        super().__init__(message, hint)
        self.code = code
        self.newer = newer
