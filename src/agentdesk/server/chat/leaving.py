"""Messages that are left while nobody is there: which of them are answered by email.

Whose address it is nobody knows: a visitor may type a stranger's. So nothing goes there by itself, an agent's
answer alone does, and one address, or one visitor, can be made to look like waiting only so often.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.domain.recipients import looks_like_address, mailbox_of
from agentdesk.server.chat.limits import Buckets
from agentdesk.store.tables import account

__all__ = ["Leaving"]

_AT_ONCE, _A_DAY = 20, 20 / 86_400


class Leaving:
    """Counts what is left, by address and by visitor."""

    def __init__(self) -> None:
        self._left = Buckets(_AT_ONCE, _A_DAY)

    async def is_mailed(self, conn: AsyncConnection, row: Row[Any]) -> bool:
        """Say whether what the visitor of the session ``row`` leaves now is answered by email: they have said
        where, it is none of our own addresses, and not too often."""
        email = str(row.profile.get("email") or "")
        if not looks_like_address(email):
            return False
        theirs = mailbox_of(email)
        own = await conn.scalars(select(account.c.address))
        if theirs in {mailbox_of(address) for address in own}:
            return False
        waits = [self._left.take(row.id), self._left.take(theirs)]
        return not any(waits)
