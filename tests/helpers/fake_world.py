"""A server's core over the fake channel, and short questions about what is in its database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, select

from agentdesk.base import clock
from agentdesk.base.backoff import Backoff
from agentdesk.base.events import Bell
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.commands.context import Actor
from agentdesk.commands.values import Answer, AnyCommand, Envelope, SendReply
from agentdesk.domain.message import Author
from agentdesk.domain.party import Party
from agentdesk.domain.team import Role
from agentdesk.server.accounts import Times
from agentdesk.server.admin import add_channel, add_inbox, add_user
from agentdesk.server.core import ServerCore
from agentdesk.server.delivery import Pace
from agentdesk.store.engine import Database
from agentdesk.store.tables import conversation, message, outbox, raw_item
from tests.helpers.fake_connector import SERVICES, FakeService
from tests.helpers.until import until

QUICK = Times(
    look=0.05, lease_wait=0.05, sign_in=0.2, misconfigured=0.2, park=0.3, reconnect=Backoff(0.02, 0.1)
)
QUICK_PACE = Pace(retry=Backoff(0.02, 0.1), sign_in=0.1, attempt=5.0, poll=0.05, look_up=Backoff(0.02, 0.1))


@dataclass
class FakeWorld:
    """One database, one inbox, one account of the fake channel, and as many servers as a test starts."""

    db: Database
    vault: Vault
    folder: Path
    inbox_id: UUID
    account_id: UUID
    service: FakeService
    user_id: UUID
    cores: list[ServerCore] = field(default_factory=list)

    @classmethod
    async def make(cls, db: Database, folder: Path) -> FakeWorld:
        """Set up inbox "Support", account "support@desk.example" and the agent Maria."""
        vault = Vault.at(folder / "key")
        name = f"service-{new_id()}"
        SERVICES[name] = FakeService()
        inbox_id = await add_inbox(db, "Support")
        settings = {"address": "support@desk.example", "service": name}
        account_id = await add_channel(
            db, vault, "fake", "Support", "Support mail", settings, {"password": "x"}
        )
        user_id = await add_user(db, "maria@desk.example", "Maria", Role.AGENT, "long enough")
        return cls(db, vault, folder, inbox_id, account_id, SERVICES[name], user_id)

    @property
    def maria(self) -> Actor:
        """The agent."""
        return Actor(Author.USER, self.user_id, Role.AGENT, frozenset({self.inbox_id}))

    def core(self, name: str = "one", *, times: Times = QUICK, pace: Pace = QUICK_PACE) -> ServerCore:
        """A server, not started yet."""
        folder = self.folder / name
        made = ServerCore(
            self.db, self.vault, folder, bell=Bell(), holder=f"test:{name}", times=times, pace=pace
        )
        self.cores.append(made)
        return made

    async def started(self, name: str = "one") -> ServerCore:
        """A server that runs."""
        core = self.core(name)
        await core.start()
        return core

    async def close(self) -> None:
        """Stop everything."""
        for core in self.cores:
            await core.stop()
        await self.db.close()

    # --- asking ---

    async def rows(self, table: Table, *where: Any, order: Any = None) -> Sequence[Row[Any]]:
        """Rows of a table, by ``order`` or as they come."""
        async with self.db.read() as conn:
            statement = select(table).where(*where)
            return (await conn.execute(statement.order_by(table.c.id if order is None else order))).all()

    async def messages(self, *where: Any) -> Sequence[Row[Any]]:
        """Messages, oldest first."""
        return await self.rows(message, *where, order=message.c.created_at)

    async def conversations(self) -> Sequence[Row[Any]]:
        """Conversations by number."""
        return await self.rows(conversation, order=conversation.c.number)

    async def settled(self, count: int) -> None:
        """Wait until ``count`` items have arrived and all have come to an end."""

        async def all_settled() -> bool:
            items = await self.rows(raw_item)
            return len(items) == count and all(item.state != "new" for item in items)

        await until(all_settled, what=f"{count} items settled")

    async def delivered(self, message_id: UUID, *states: str) -> Row[Any]:
        """Wait until a message is in one of ``states``, and return it."""

        async def there() -> Row[Any] | None:
            rows = await self.messages(message.c.id == message_id)
            return rows[0] if rows and rows[0].delivery in states else None

        return await until(there, what=f"delivery {states}")

    async def outbox_of(self, message_id: UUID) -> Row[Any]:
        """The outbox row of a message."""
        return (await self.rows(outbox, outbox.c.message_id == message_id, order=outbox.c.created_at))[0]

    # --- doing ---

    async def do(self, core: ServerCore, command: AnyCommand, actor: Actor | None = None) -> Answer:
        """Have a command executed under a new id."""
        envelope = Envelope(id=new_id(), command=command, issued_at=clock.now())
        return await core.executor.execute(envelope, actor or self.maria)

    async def reply(self, core: ServerCore, conversation_id: UUID, **fields: Any) -> UUID:
        """Have Maria answer; returns the message's id."""
        fields.setdefault("to", (Party("email", "alice@customer.example"),))
        fields.setdefault("text", "We look into it.")
        message_id = new_id()
        command = SendReply(message_id=message_id, conversation_id=conversation_id, **fields)
        answer = await self.do(core, command)
        assert answer.outcome == "done", answer
        return message_id
