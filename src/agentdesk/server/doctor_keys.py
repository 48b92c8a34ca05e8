"""Whether the server's key is there, is this database's, is for nobody else, and opens what is stored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.server.account_context import purpose
from agentdesk.server.findings import Finding
from agentdesk.server.keys import key_place
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, account_secret, server_info

_OTHERS = 0o077


async def check_key(conn: AsyncConnection, db: Database) -> list[Finding]:
    """Return what is wrong with the key. It is never made here."""
    path = await key_place(db)
    if path is None:
        return []  # no server has started yet
    put_back = msg("Put it back from a back-up: stored passwords cannot be read without it.")
    if not path.exists():
        words = msg("The key that belongs to this database is not at {path}.", path=str(path))
        return [Finding("key", words, put_back)]
    try:
        vault = Vault.at(path)
    except AgentDeskError as error:
        return [Finding("key", error.message, error.hint)]
    except OSError as error:
        why = error.strerror or str(error)
        words = msg("The key file {path} cannot be used: {why}.", path=str(path), why=why)
        return [Finding("key", words, msg("Run this as the account that runs the server."))]
    known = {row.name: row.value for row in await conn.execute(select(server_info))}
    if not vault.signed_by_us(known["database_id"], "fingerprint", known.get("key", "")):
        words = msg("The key file {path} belongs to another database.", path=str(path))
        return [Finding("key", words, put_back)]
    return [*_open_to_others(path), *await _unreadable(conn, vault)]


def _open_to_others(path: Path) -> list[Finding]:
    if os.name != "posix" or not path.stat().st_mode & _OTHERS:
        return []
    words = msg("Others on this computer can read the key file {path}.", path=str(path))
    return [Finding("key", words, msg("Run: {command}", command=f"chmod 600 {path}"))]


async def _unreadable(conn: AsyncConnection, vault: Vault) -> list[Finding]:
    rows = await conn.execute(
        select(account.c.name.label("channel"), account_secret)
        .join(account, account.c.id == account_secret.c.account_id)
        .order_by(account.c.name)
    )
    broken = dict.fromkeys(row.channel for row in rows if not _opens(vault, row))
    return [
        Finding(
            "key",
            msg("A stored password of the channel {name} cannot be read.", name=name),
            msg("Enter it again with agentdesk admin channel set."),
        )
        for name in broken
    ]


def _opens(vault: Vault, row: Row[Any]) -> bool:
    try:
        vault.open(row.sealed, purpose(row.account_id, row.name))
    except AgentDeskError:
        return False
    return True
