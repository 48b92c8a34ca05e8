"""Where the server's key lies, so that the server and the command line find the same one.

``AGENTDESK_KEY_FILE`` names it; else it lies beside an SQLite file, or, for a PostgreSQL database, in the
configuration folder of the account that runs the server. It is never in the database: a copy of the database
gives no passwords away. Its fingerprint is, so that a lost key is noticed and no second one is made.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.files import write_private
from agentdesk.base.ids import new_id
from agentdesk.base.paths import config_dir
from agentdesk.base.secrets import Vault
from agentdesk.base.text import msg
from agentdesk.store.engine import Database
from agentdesk.store.tables import server_info

_ENVIRONMENT = "AGENTDESK_KEY_FILE"


async def open_vault(db: Database) -> Vault:
    """Return the vault of this database, making its key on first use.

    Raises AgentDeskError where the key is missing or belongs to another database.
    """
    while True:
        try:
            return await _open(db)
        except IntegrityError:
            continue  # another starter has just made the entries: they are there now


async def key_place(db: Database) -> Path | None:
    """Return where the key of this database has to lie, or None where none was made yet."""
    async with db.read() as conn:
        database_id = await conn.scalar(
            select(server_info.c.value).where(server_info.c.name == "database_id")
        )
    return _key_file(db, database_id) if database_id is not None else None


async def carry_key(source: Database, target: Database) -> None:
    """Copy the key of ``source`` to where a server that works on ``target`` looks for it.

    Raises AgentDeskError where it is missing, or where another one lies there.
    """
    old = await key_place(source)
    if old is None:
        return
    if not old.exists():
        raise _missing(old)
    async with source.read() as conn:
        database_id = await conn.scalar(
            select(server_info.c.value).where(server_info.c.name == "database_id")
        )
    new = _key_file(target, str(database_id))
    if not new.exists():
        new.parent.mkdir(parents=True, exist_ok=True)
        write_private(new, old.read_bytes())
    elif new.read_bytes() != old.read_bytes():
        raise AgentDeskError(
            msg("Another key lies at {path}.", path=str(new)),
            msg("Name another place for it in {variable}.", variable=_ENVIRONMENT),
        )


async def _open(db: Database) -> Vault:
    async with db.write() as conn:
        known = dict((await conn.execute(select(server_info.c.name, server_info.c.value))).all())
        database_id = known.get("database_id") or new_id().hex
        path = _key_file(db, database_id)
        if "key" in known and not path.exists():
            raise _missing(path)
        vault = _at(path)
        if "key" in known and not vault.signed_by_us(database_id, "fingerprint", known["key"]):
            raise _missing(path)
        fresh = {"database_id": database_id, "key": vault.sign(database_id, "fingerprint")}
        rows = [{"name": name, "value": value} for name, value in fresh.items() if name not in known]
        if rows:
            await conn.execute(insert(server_info), rows)
    return vault


def _at(path: Path) -> Vault:
    try:
        return Vault.at(path)
    except OSError as error:
        raise AgentDeskError(
            msg(
                "The key file {path} cannot be used: {why}.", path=str(path), why=error.strerror or str(error)
            ),
            msg("Name another place for it in {variable}.", variable=_ENVIRONMENT),
        ) from error


def _key_file(db: Database, database_id: str) -> Path:
    named = os.environ.get(_ENVIRONMENT)
    if named:
        return Path(named)
    if db.path is not None:
        return db.path.with_name(db.path.name + ".key")
    return config_dir() / "keys" / f"{database_id}.key"


def _missing(path: Path) -> AgentDeskError:
    return AgentDeskError(
        msg("The key that belongs to this database is not at {path}.", path=str(path)),
        msg("Put it back from a back-up, or name its place in {variable}.", variable=_ENVIRONMENT),
    )
