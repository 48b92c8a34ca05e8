"""What commands ask of the channels: keys for messages that are about to go out, and the end of chats."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.commands.context import Context
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.discover import connector
from agentdesk.sdk.protocols import Account, Sends
from agentdesk.server.account_context import StoredSecrets
from agentdesk.server.chat.blocking import sessions_of_contact
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.ending import end_by_agent
from agentdesk.server.signing import sign_conversation
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, account_cursor


class CommandChannels:
    """Fulfils :class:`agentdesk.commands.context.Channels`. Asks connectors without letting them do I/O."""

    def __init__(self, db: Database, vault: Vault, doors: Doors | None = None) -> None:
        self._db = db
        self._vault = vault
        self._doors = doors or Doors()
        self._opened: dict[UUID, tuple[str, Account]] = {}

    async def reserve_key(
        self, conn: AsyncConnection, account_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> str:
        """Return the key under which a message will go out, the same for every attempt."""
        opened = await self._account(conn, account_id)
        if not isinstance(opened, Sends):
            raise Invalid(msg("This channel cannot send messages."))
        return opened.key_for(message_id, sign_conversation(self._vault, conversation_id))

    async def end_chat(self, context: Context, conversation_id: UUID, name: str) -> bool | None:
        """End a conversation's chat on the visitor's pages; see the protocol."""
        key = f"ended-{context.command_id.hex}"
        ended = await end_by_agent(context.conn, self._doors, conversation_id, key, name, context.now)
        for session_id in ended or ():
            context.afterwards.append(partial(self._doors.shown, session_id))
        return None if ended is None else bool(ended)

    async def send_away(self, context: Context, contact_id: UUID) -> None:
        """Close the pages of a customer; see the protocol."""
        for session_id in await sessions_of_contact(context.conn, contact_id):
            await self._doors.tell(context.conn, "doubt", session_id)
            context.afterwards.append(partial(self._doors.doubt, session_id))

    async def close(self) -> None:
        """Let go of the connector objects."""
        opened, self._opened = list(self._opened.values()), {}
        for _settings, one in opened:
            await one.close()

    async def _account(self, conn: AsyncConnection, account_id: UUID) -> Account:
        row = (
            await conn.execute(
                select(account.c.name, account.c.channel, account_cursor.c.settings)
                .join(account_cursor, account_cursor.c.account_id == account.c.id)
                .where(account.c.id == account_id)
            )
        ).first()
        if row is None:
            raise Invalid(msg("This conversation has no channel to answer through."))
        settings = repr(sorted(row.settings.items()))
        known = self._opened.get(account_id)
        if known is not None and known[0] == settings:
            return known[1]
        secrets = StoredSecrets(self._db, self._vault, account_id, {})  # keys need none
        opened = connector(row.channel).create(AccountContext(account_id, row.name, row.settings, secrets))
        self._opened[account_id] = (settings, opened)
        if known is not None:
            await known[1].close()
        return opened
