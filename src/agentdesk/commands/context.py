"""What a handler is given: who acts, on what, when; and how it says no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg
from agentdesk.domain.authority import Permission, is_permitted
from agentdesk.domain.message import Author
from agentdesk.domain.team import Role
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


class Channels(Protocol):
    """What commands ask of the channels; the server fulfils it, a desk has none."""

    async def reserve_key(
        self, conn: AsyncConnection, account_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> str:
        """Return the idempotency key under which a message will go out. Raises Invalid where the account
        cannot send."""
        ...

    async def end_chat(self, context: Context, conversation_id: UUID, name: str) -> bool | None:
        """End the chat of a conversation on the visitor's page, in the name of somebody. False: it had ended;
        None: the conversation is no chat."""
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
