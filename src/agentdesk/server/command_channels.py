"""What commands ask of the channels: keys for messages that are about to go out, and the end of chats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import Invalid
from agentdesk.base.i18n import render_for
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.commands.context import Context, Copy
from agentdesk.commands.values import File
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.discover import connector
from agentdesk.sdk.manifest import EDITS
from agentdesk.sdk.pages import Hosted
from agentdesk.sdk.protocols import Account, Sends
from agentdesk.server.account_context import StoredSecrets
from agentdesk.server.chat.blocking import sessions_of_contact
from agentdesk.server.chat.coming import say_who
from agentdesk.server.chat.doors import Doors
from agentdesk.server.chat.ending import end_by_agent
from agentdesk.server.chat.links import add_link
from agentdesk.server.chat.mailing import language_of, show_mailed
from agentdesk.server.chat.revising import revise_by_agent
from agentdesk.server.chat.showing import PagesOfCommand, asks_whether, show_now
from agentdesk.server.chat.transcript import copy_of
from agentdesk.server.signing import sign_conversation
from agentdesk.store.engine import Database
from agentdesk.store.fixed import Asked, Fixed
from agentdesk.store.tables import account, account_cursor

_SETTINGS = Fixed(
    select(account.c.name, account.c.channel, account_cursor.c.settings)
    .join(account_cursor, account_cursor.c.account_id == account.c.id)
    .where(account.c.id == bindparam("account_id", type_=account.c.id.type))
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connector's object for an account, and what it was made from."""

    settings: str
    channel: str
    context: AccountContext
    account: Account


class CommandChannels:
    """Fulfils :class:`agentdesk.commands.context.Channels`. Asks connectors without letting them do I/O."""

    def __init__(self, db: Database, vault: Vault, doors: Doors | None = None) -> None:
        self._db = db
        self._vault = vault
        self._doors = doors or Doors()
        self._opened: dict[UUID, _Opened] = {}

    def asks(self, account_id: UUID, conversation_id: UUID) -> Sequence[Asked]:
        """Return what an answer asks: its account's settings, and whether it can be shown at once."""
        return (_SETTINGS, {"account_id": account_id}), asks_whether(account_id, conversation_id)

    async def reserve_key(
        self, conn: AsyncConnection, account_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> str:
        """Return the key under which a message will go out, the same for every attempt."""
        opened = (await self._account(conn, account_id)).account
        if not isinstance(opened, Sends):
            raise Invalid(msg("This channel cannot send messages."))
        return opened.key_for(message_id, sign_conversation(self._vault, conversation_id))

    async def show(self, context: Context, values: Mapping[str, Any]) -> bool:
        """Put a message before its reader at once, where that is one of our own pages; see the protocol."""
        account_id = values["account_id"]  # its key was asked for just before
        known = self._opened.get(account_id) or await self._account(context.conn, account_id)
        if not isinstance(known.account, Hosted):
            return False
        pages = PagesOfCommand(context, known.context.account_id, self._doors)
        opened = connector(known.channel).create(replace(known.context, pages=pages))
        try:
            return isinstance(opened, Sends) and await show_now(context, self._vault, opened, values)
        finally:
            await opened.close()

    async def end_chat(self, context: Context, conversation_id: UUID, name: str) -> bool | None:
        """End a conversation's chat on the visitor's pages; see the protocol."""
        key = f"ended-{context.command_id.hex}"
        ended = await end_by_agent(context.conn, self._doors, conversation_id, key, name, context.now)
        for session_id in ended or ():
            context.afterwards.append(partial(self._doors.shown, session_id))
        return None if ended is None else bool(ended)

    async def subject_of_left(self, conn: AsyncConnection, account_id: UUID, conversation_id: UUID) -> str:
        """Return the subject of the first mail out of a chat without a topic; see the protocol."""
        opened = (await self._account(conn, account_id)).account
        company = opened.page().name if isinstance(opened, Hosted) else ""
        language = await language_of(conn, conversation_id)
        return render_for(msg("Your message to {company}", company=company), language)

    async def show_mailed(self, context: Context, message: Mapping[str, Any], files: Sequence[File]) -> None:
        """Show an answer by email in the chat too; see the protocol."""
        shown = await show_mailed(context.conn, self._doors, message, files)
        for session_id in shown[:1]:
            await add_link(context.conn, self._vault, session_id, message["id"])
        for session_id in shown:
            context.afterwards.append(partial(self._doors.shown, session_id))

    async def copy_of_chat(self, conn: AsyncConnection, conversation_id: UUID) -> Copy | None:
        """Return what a copy of a chat says; see the protocol."""
        return await copy_of(conn, conversation_id)

    async def revise(self, context: Context, row: Mapping[str, Any], text: str | None, name: str) -> bool:
        """Change a message on the visitor's pages, or take it away there; see the protocol."""
        channel = await context.conn.scalar(
            select(account.c.channel).where(account.c.id == row["account_id"])
        )
        if channel is None or EDITS not in connector(channel).manifest.can:
            return False
        key = f"revised-{context.command_id.hex}"
        about = row["account_id"], key, row["external_id"], text, name, context.now
        session_id = await revise_by_agent(context.conn, *about)
        if session_id is None:
            return False
        self._doors.tell(context.conn, "page", session_id)
        context.afterwards.append(partial(self._doors.shown, session_id))
        return True

    async def tell_visitor(self, context: Context, conversation_id: UUID, kind: str, name: str) -> bool:
        """Tell a chat's visitor who has joined or left; see the protocol."""
        key = f"{kind}-{context.command_id.hex}"
        told = await say_who(context.conn, self._doors, conversation_id, key, kind, name, context.now)
        for session_id in told:
            context.afterwards.append(partial(self._doors.shown, session_id))
        return bool(told)

    async def link_to_chat(self, conn: AsyncConnection, session_id: UUID, message_id: UUID) -> None:
        """Let a mail have a link to a chat; see the protocol."""
        await add_link(conn, self._vault, session_id, message_id)

    async def send_away(self, context: Context, contact_id: UUID) -> None:
        """Close the pages of a customer; see the protocol."""
        for session_id in await sessions_of_contact(context.conn, contact_id):
            self._doors.tell(context.conn, "doubt", session_id)
            context.afterwards.append(partial(self._doors.doubt, session_id))

    async def close(self) -> None:
        """Let go of the connector objects."""
        opened, self._opened = list(self._opened.values()), {}
        for one in opened:
            await one.account.close()

    async def _account(self, conn: AsyncConnection, account_id: UUID) -> _Opened:
        found = await _SETTINGS.rows(conn, {"account_id": account_id})
        if not found:
            raise Invalid(msg("This conversation has no channel to answer through."))
        (row,) = found
        settings = repr(sorted(row["settings"].items()))
        known = self._opened.get(account_id)
        if known is not None and known.settings == settings:
            return known
        secrets = StoredSecrets(self._db, self._vault, account_id, {})  # keys need none
        context = AccountContext(account_id, row["name"], row["settings"], secrets)
        opened = connector(row["channel"]).create(context)
        fresh = self._opened[account_id] = _Opened(settings, row["channel"], context, opened)
        if known is not None:
            await known.account.close()
        return fresh
