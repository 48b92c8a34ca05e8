"""Answers that are before their visitors as soon as the command that writes them is carried out.

A page's lines are rows of our own database. So what goes there needs no way out that could break off in the
middle: message and line are one transaction, and nothing is ever in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, or_, select

from agentdesk.base.secrets import Vault
from agentdesk.commands.context import Context
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.message import Direction, Kind
from agentdesk.sdk.errors import Rejected
from agentdesk.sdk.inbound import RawItem
from agentdesk.sdk.pages import PageLine
from agentdesk.sdk.protocols import Sends
from agentdesk.server.chat.account_pages import show_line
from agentdesk.server.chat.doors import Doors
from agentdesk.server.outgoing import outbound_from
from agentdesk.store.fixed import Asked, Fixed
from agentdesk.store.tables import account, message

__all__ = ["PagesOfCommand", "asks_whether", "show_now"]

_ON_THEIR_WAY = (DeliveryState.QUEUED.value, DeliveryState.SENDING.value, DeliveryState.VERIFY.value)
_MUST_WAIT = Fixed(
    select(
        exists()
        .where(account.c.id == bindparam("account_id", type_=account.c.id.type), account.c.paused)
        .label("paused"),
        exists()
        .where(
            message.c.conversation_id == bindparam("conversation_id", type_=message.c.conversation_id.type),
            message.c.direction == Direction.OUT.value,
            message.c.kind == Kind.MESSAGE.value,
            or_(*(message.c.delivery == one for one in _ON_THEIR_WAY)),
        )
        .label("behind"),
    )
)


class PagesOfCommand:
    """Fulfils :class:`agentdesk.sdk.pages.Pages` for what is sent within a command's transaction."""

    def __init__(self, context: Context, account_id: UUID, doors: Doors) -> None:
        self._context = context
        self._account_id = account_id
        self._doors = doors

    async def show(self, visitor: str, line: PageLine) -> bool:
        """Add a line to the visitor's session; their pages hear of it after the commit."""
        conn = self._context.conn
        session_id = await show_line(conn, self._account_id, visitor, line)
        if session_id is None:
            return False
        self._doors.tell(conn, "page", session_id)
        self._context.afterwards.append(partial(self._doors.shown, session_id))
        return True

    async def waiting(self, most: int) -> Sequence[RawItem]:
        """Nothing: who takes up what was handed in runs the account."""
        return ()

    async def taken(self, items: Sequence[RawItem]) -> None:
        """Nothing was."""

    async def news(self) -> None:
        """There is none here."""

    async def shown(self, key: str) -> bool:
        """Say nothing of lines that others have added."""
        return False

    async def end_silent(self, after: timedelta) -> None:
        """Whoever runs the account does that."""


def asks_whether(account_id: UUID, conversation_id: UUID) -> Asked:
    """Return what :func:`show_now` asks the database: whether the answer must wait."""
    return _MUST_WAIT, {"account_id": account_id, "conversation_id": conversation_id}


async def show_now(context: Context, vault: Vault, opened: Sends, values: Mapping[str, Any]) -> bool:
    """Have ``opened``, whose pages are those of the command, show the message of the row ``values``.

    False where it has to go out by the outbox: its account is paused, one before it is on its way still, or
    the channel does not take it; then the message is shown as failed, with the reason.
    """
    question, about = asks_whether(values["account_id"], values["conversation_id"])
    (waits,) = await question.rows(context.conn, about)
    if waits["paused"] or waits["behind"]:
        return False
    outbound = outbound_from(vault, values, values["external_id"])
    try:
        opened.check_outbound(outbound)
        await opened.send(outbound)
    except Rejected:
        return False
    return True
