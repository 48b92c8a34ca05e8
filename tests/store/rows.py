"""Rows for tests: every column filled in, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.ids import new_id
from agentdesk.store.tables import account, contact, conversation, inbox, message, user
from agentdesk.store.types import Id, Moment

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
_LISTS = {"tags", "to", "cc", "bcc", "reply_to", "references", "warnings", "files"}


def at(minutes: float) -> datetime:
    """Return the moment ``minutes`` after noon."""
    return NOON + timedelta(minutes=minutes)


def filled(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of ``table``: ``values``, and something harmless in every other column that needs it."""
    row = dict(values)
    for column in table.columns:
        if column.name not in row and not column.nullable:
            row[column.name] = _harmless(column)
    return row


def _harmless(column: Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Id):
        return new_id()
    if isinstance(kind, Moment):
        return NOON
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, String):
        return str(new_id()) if column.unique else ""
    if isinstance(kind, Integer):
        return 1 if column.name == "ver" else 0
    if isinstance(kind, LargeBinary):
        return b""
    return [] if column.name in _LISTS else {}


async def put(conn: AsyncConnection, table: Table, **values: Any) -> UUID:
    """Insert one row and return its id."""
    row = filled(table, values)
    await conn.execute(insert(table), [row])
    row_id: UUID = row["id"]
    return row_id


class Desk:
    """An inbox with an account, somebody of the team and a customer, to hang conversations on."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn
        self.inbox_id = new_id()
        self.account_id = new_id()
        self.user_id = new_id()
        self.contact_id = new_id()
        self.number = 0

    async def build(self) -> Desk:
        """Insert everything."""
        await put(self.conn, inbox, id=self.inbox_id, name=f"Support {self.inbox_id}")
        address = "support@desk.test"
        await put(
            self.conn,
            account,
            id=self.account_id,
            inbox_id=self.inbox_id,
            channel="email",
            address=address,
        )
        await put(self.conn, user, id=self.user_id, name="Sara Kim", role="agent", active=True)
        await put(self.conn, contact, id=self.contact_id, name="Ada Lovelace")
        return self

    async def conversation(self, **values: Any) -> UUID:
        """Insert a conversation, open and answered unless ``values`` say otherwise."""
        self.number += 1
        given = {
            "inbox_id": self.inbox_id,
            "account_id": self.account_id,
            "contact_id": self.contact_id,
            "channel": "email",
            "number": self.number,
            "status": "open",
            "priority": "normal",
            "last_message_at": at(self.number),
        }
        return await put(self.conn, conversation, **(given | values))

    async def message(self, conversation_id: UUID, **values: Any) -> UUID:
        """Insert a message of the customer, unless ``values`` say otherwise."""
        given = {
            "conversation_id": conversation_id,
            "inbox_id": self.inbox_id,
            "account_id": self.account_id,
            "contact_id": self.contact_id,
            "kind": "message",
            "direction": "in",
            "author": "contact",
            "automatic": "no",
        }
        return await put(self.conn, message, **(given | values))
