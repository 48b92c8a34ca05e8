"""From an account's rows to the connector object that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import NotFound
from agentdesk.base.secrets import Vault
from agentdesk.sdk.context import AccountContext
from agentdesk.sdk.discover import connector
from agentdesk.sdk.limiter import Limiters
from agentdesk.sdk.protocols import Account, ConnectorModule
from agentdesk.server.chat.account_pages import AccountPages
from agentdesk.server.chat.doors import Doors
from agentdesk.server.leases import Lease
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, account_cursor, account_secret


def purpose(account_id: UUID, name: str) -> str:
    """Return what a sealed secret is bound to: moved to another account or name, it cannot be opened."""
    return f"account:{account_id}:{name}"


class StoredSecrets:
    """One account's secrets: sealed in the database, opened only when asked for."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        account_id: UUID,
        sealed: dict[str, bytes],
        lease: Lease | None = None,
    ) -> None:
        self._db = db
        self._vault = vault
        self._account_id = account_id
        self._sealed = sealed
        self._lease = lease

    @property
    def sealed(self) -> Mapping[str, bytes]:
        """All of them as they are stored."""
        return self._sealed

    def get(self, name: str) -> str | None:
        """Return the secret ``name``, or None. Raises AgentDeskError where the server's key is another."""
        sealed = self._sealed.get(name)
        return None if sealed is None else self._vault.open(sealed, purpose(self._account_id, name))

    async def set(self, name: str, value: str) -> None:
        """Seal and store a new value. Raises LeaseLost."""
        async with self._db.write() as conn:
            if self._lease is not None:
                await self._lease.check(conn)
            self._sealed[name] = await store_secret(conn, self._vault, self._account_id, name, value)


async def store_secret(conn: AsyncConnection, vault: Vault, account_id: UUID, name: str, value: str) -> bytes:
    """Seal ``value`` and keep it in place of an older one; returns the sealed form."""
    sealed = vault.seal(value, purpose(account_id, name))
    await conn.execute(
        delete(account_secret).where(account_secret.c.account_id == account_id, account_secret.c.name == name)
    )
    await conn.execute(insert(account_secret).values(account_id=account_id, name=name, sealed=sealed))
    return sealed


async def open_account(
    db: Database,
    vault: Vault,
    account_id: UUID,
    lease: Lease | None = None,
    doors: Doors | None = None,
    limiters: Limiters | None = None,
) -> tuple[ConnectorModule, Account, AccountContext]:
    """Return the connector, its object for the account, and what it was given.

    ``lease`` is that of the server that runs the account, ``doors`` its bells, ``limiters`` those of its
    process; who only tries its settings has none of them.
    Raises NotFound, or Invalid where the connector is not installed or refuses the settings.
    """
    async with db.read() as conn:
        row = (
            await conn.execute(
                select(account.c.id, account.c.name, account.c.channel, account_cursor.c.settings)
                .join(account_cursor, account_cursor.c.account_id == account.c.id)
                .where(account.c.id == account_id)
            )
        ).first()
        if row is None:
            raise NotFound
        secrets = await conn.execute(
            select(account_secret.c.name, account_secret.c.sealed).where(
                account_secret.c.account_id == account_id
            )
        )
        sealed = {name: bytes(value) for name, value in secrets}
    module = connector(row.channel)
    context = AccountContext(
        account_id=account_id,
        name=row.name,
        settings=row.settings,
        secrets=StoredSecrets(db, vault, account_id, sealed, lease),
        must_be_ours=lease.must_be_fresh if lease is not None else lambda: None,
        pages=AccountPages(db, account_id, doors, lease) if doors is not None else None,
        limiters=limiters or Limiters(),
    )
    return module, module.create(context), context
