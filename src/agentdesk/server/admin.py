"""Setting up: people, inboxes, accounts of channels. Used by the command line and by the first run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.errors import AgentDeskError, Invalid, NotFound
from agentdesk.base.ids import new_id
from agentdesk.base.secrets import Vault
from agentdesk.base.text import Msg, msg
from agentdesk.domain.team import Role
from agentdesk.sdk.context import AccountContext, CheckStep
from agentdesk.sdk.discover import connector
from agentdesk.sdk.protocols import Account, Authorises, Checks
from agentdesk.sdk.schema import FieldType, Schema
from agentdesk.server.account_context import open_account, store_secret
from agentdesk.server.auth import hash_password
from agentdesk.server.given_secrets import GivenSecrets
from agentdesk.store.engine import Database
from agentdesk.store.tables import account, account_cursor, account_state, credential, inbox, user
from agentdesk.store.unit import ServerUnit

MAX_LABEL = 200
MAX_ADDRESS = 320
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One line of the list of channels."""

    name: str
    channel: str
    inbox: str
    address: str
    state: str
    problem: str
    complete_until: datetime | None


def label(name: str) -> str:
    """Return a name as it is stored. Raises Invalid for an empty or endless one, or one that is not text."""
    title = name.strip()
    if not title:
        raise Invalid(msg("A name is missing."), field="name")
    if len(title) > MAX_LABEL:
        raise Invalid(msg("The name may have {count} characters.", count=MAX_LABEL), field="name")
    if not title.isprintable():
        raise Invalid(msg("{value} cannot be a name.", value=_shown(title)), field="name")
    return title


def _shown(text: str) -> str:
    """What somebody typed, fit to be repeated on one line (bytes that are no text are not)."""
    return "".join(c if c.isprintable() else "?" for c in text[:MAX_LABEL])


async def add_user(db: Database, email: str, name: str, role: Role, password: str) -> UUID:
    """Add a person; raises Invalid for an unusable address or password, or one that is known already."""
    address = email.strip().lower()
    if not _ADDRESS.fullmatch(address) or not address.isprintable() or len(address) > MAX_ADDRESS:
        raise Invalid(msg("{value} is no e-mail address.", value=_shown(email)), field="email")
    hashed = hash_password(password)
    shown = label(name) if name.strip() else address
    async with db.write() as conn:
        if await conn.scalar(select(user.c.id).where(user.c.email == address)):
            raise Invalid(
                msg("There is already a person with the address {value}.", value=address), field="email"
            )
        user_id = new_id()
        now = clock.now()
        unit = ServerUnit(conn)
        row = {"id": user_id, "email": address, "name": shown, "role": role.value}
        await unit.insert(user, [{**row, "active": True, "created_at": now}])
        await conn.execute(insert(credential).values(user_id=user_id, password_hash=hashed, changed_at=now))
        await unit.flush()
    return user_id


async def add_inbox(db: Database, name: str) -> UUID:
    """Add an inbox that every agent works in; raises Invalid where the name is taken or empty."""
    title = label(name)
    async with db.write() as conn:
        if await conn.scalar(select(inbox.c.id).where(inbox.c.name == title)):
            raise Invalid(msg("There is already an inbox named {name}.", name=title), field="name")
        unit = ServerUnit(conn)
        inbox_id = new_id()
        await unit.insert(
            inbox, [{"id": inbox_id, "name": title, "everyone": True, "created_at": clock.now()}]
        )
        await unit.flush()
    return inbox_id


async def has_inbox(db: Database, name: str) -> bool:
    """Say whether there is an inbox ``name``."""
    async with db.read() as conn:
        return await conn.scalar(select(inbox.c.id).where(inbox.c.name == name)) is not None


async def add_channel(
    db: Database,
    vault: Vault,
    channel: str,
    inbox_name: str,
    name: str,
    given: Mapping[str, str],
    secrets: Mapping[str, str],
) -> UUID:
    """Add an account of ``channel``. Raises Invalid, naming the field, where a setting cannot be used."""
    name = label(name)
    manifest = connector(channel).manifest
    settings = _checked(manifest.settings, given, secrets)
    account_id, now = new_id(), clock.now()
    async with db.write() as conn:
        inbox_id = await conn.scalar(select(inbox.c.id).where(inbox.c.name == _shown(inbox_name.strip())))
        if inbox_id is None:
            raise Invalid(msg("There is no inbox named {name}.", name=_shown(inbox_name)), field="inbox")
        if await conn.scalar(select(account.c.id).where(account.c.name == name)):
            raise Invalid(msg("There is already a channel named {name}.", name=name), field="name")
        await _check_accounts(conn, manifest.settings, settings, inbox_id)
        unit = ServerUnit(conn)
        await unit.insert(
            account,
            [
                {
                    "id": account_id,
                    "inbox_id": inbox_id,
                    "channel": channel,
                    "name": name,
                    "address": str(settings[manifest.address_setting]).lower(),
                    "paused": False,
                    "created_at": now,
                }
            ],
        )
        await conn.execute(
            insert(account_cursor).values(
                account_id=account_id, settings=settings, cursor=None, updated_at=now
            )
        )
        await unit.insert(account_state, [_starting(account_id, inbox_id, now)])
        for key, value in secrets.items():
            await store_secret(conn, vault, account_id, key, value)
        await unit.flush()
    return account_id


def _checked(schema: Schema, given: Mapping[str, str], secrets: Iterable[str]) -> dict[str, object]:
    """Return settings as they are stored; raises Invalid for one, or for a secret, that cannot be used."""
    known = {field.key for field in schema.secrets()}
    for key in secrets:
        if key not in known:
            raise Invalid(msg("There is no secret {name}.", name=key), field=key)
    return schema.clean(given)


async def _check_accounts(
    conn: AsyncConnection, schema: Schema, settings: Mapping[str, object], inbox_id: UUID
) -> None:
    """Raise Invalid where a setting names an account that its inbox does not have."""
    named = [field.key for field in schema.fields if field.type is FieldType.ACCOUNT and settings[field.key]]
    if not named:
        return
    known = set(await conn.scalars(select(account.c.address).where(account.c.inbox_id == inbox_id)))
    for key in named:
        if str(settings[key]).lower() not in known:
            raise Invalid(
                msg("This inbox has no channel with the address {value}.", value=_shown(str(settings[key]))),
                field=key,
            )


async def change_channel(
    db: Database, vault: Vault, name: str, given: Mapping[str, str], secrets: Mapping[str, str]
) -> None:
    """Change settings of an account and replace secrets; an empty setting takes its default again.

    A running server begins anew with them within seconds. Raises NotFound, or Invalid, naming the field,
    where a setting cannot be used; then nothing is changed.
    """
    if not given and not secrets:
        raise Invalid(msg("Nothing was changed."), msg("Give --set KEY=VALUE or --secret NAME=…."))
    account_id = await channel_id(db, name)
    async with db.write() as conn:
        stored = await conn.execute(
            select(account.c.channel, account.c.inbox_id, account_cursor.c.settings)
            .join(account_cursor, account_cursor.c.account_id == account.c.id)
            .where(account.c.id == account_id)
            .with_for_update()
        )
        channel, inbox_id, before = stored.one()
        manifest = connector(channel).manifest
        settings = _checked(manifest.settings, {**_as_texts(manifest.settings, before), **given}, secrets)
        await _check_accounts(conn, manifest.settings, settings, inbox_id)
        await conn.execute(
            update(account_cursor)
            .where(account_cursor.c.account_id == account_id)
            .values(settings=settings, updated_at=clock.now())
        )
        unit = ServerUnit(conn)
        address = str(settings[manifest.address_setting]).lower()
        await unit.update(account, account_id, {"address": address})
        for key, value in secrets.items():
            await store_secret(conn, vault, account_id, key, value)
        await unit.flush()


def _as_texts(schema: Schema, stored: Mapping[str, object]) -> dict[str, str]:
    """Stored settings as a person would give them; those that an update of the connector dropped are left."""
    known = {field.key for field in schema.fields}
    return {key: str(value) for key, value in stored.items() if key in known and value is not None}


def _starting(account_id: UUID, inbox_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": account_id,
        "inbox_id": inbox_id,
        "state": "starting",
        "problem": None,
        "remedy": None,
        "complete_until": None,
        "done": 0,
        "total": None,
        "changed_at": now,
        "last_words": "",
    }


async def list_channels(db: Database) -> list[ChannelLine]:
    """Return all accounts with their state, by name."""
    async with db.read() as conn:
        rows = await conn.execute(
            select(
                account.c.name,
                account.c.channel,
                inbox.c.name.label("inbox"),
                account.c.address,
                account.c.paused,
                account_state.c.state,
                account_state.c.problem,
                account_state.c.complete_until,
            )
            .join(inbox, inbox.c.id == account.c.inbox_id)
            .join(account_state, account_state.c.id == account.c.id)
            .order_by(account.c.name)
        )
        return [
            ChannelLine(
                name=row.name,
                channel=row.channel,
                inbox=row.inbox,
                address=row.address,
                state="paused" if row.paused else row.state,
                problem=_sentence(row.problem),
                complete_until=row.complete_until,
            )
            for row in rows
        ]


def _sentence(problem: Mapping[str, object] | None) -> str:
    if not problem:
        return ""
    args = problem.get("args")
    return str(AgentDeskError(Msg(str(problem["text"]), args if isinstance(args, dict) else {})))


async def channel_id(db: Database, name: str) -> UUID:
    """Return the id of the account ``name``; raises NotFound."""
    title = _shown(name.strip())
    async with db.read() as conn:
        found = await conn.scalar(select(account.c.id).where(account.c.name == title))
    if not isinstance(found, UUID):
        raise NotFound(msg("There is no channel named {name}.", name=title))
    return found


async def set_paused(db: Database, name: str, paused: bool) -> None:
    """Stop reading and sending for an account, or go on with it."""
    account_id = await channel_id(db, name)
    async with db.write() as conn:
        unit = ServerUnit(conn)
        await unit.update(account, account_id, {"paused": paused})
        await unit.flush()


async def test_channel(db: Database, vault: Vault, name: str) -> AsyncIterator[CheckStep]:
    """Try an account's settings step by step, without touching a customer."""
    _module, opened, _context = await open_account(db, vault, await channel_id(db, name))
    async for step in _check(opened):
        yield step


async def authorise_channel(
    db: Database, vault: Vault, name: str, show: Callable[[str], Awaitable[None]]
) -> None:
    """Let a person sign in at the provider's page (OAuth 2); ``show`` gets the page's address."""
    _module, opened, _context = await open_account(db, vault, await channel_id(db, name))
    try:
        if not isinstance(opened, Authorises):
            raise Invalid(msg("This kind of channel signs in without a page."))
        await opened.authorise(show)
    finally:
        await opened.close()


async def try_channel(
    channel: str, given: Mapping[str, str], secrets: Mapping[str, str]
) -> AsyncIterator[CheckStep]:
    """Try settings that are not stored yet. Raises Invalid, naming the field, for an unusable one."""
    module = connector(channel)
    context = AccountContext(
        account_id=new_id(),
        name=channel,
        settings=module.manifest.settings.clean(given),
        secrets=GivenSecrets(secrets),
    )
    async for step in _check(module.create(context)):
        yield step


async def _check(opened: Account) -> AsyncIterator[CheckStep]:
    try:
        if not isinstance(opened, Checks):
            raise Invalid(msg("This kind of channel has no test."))
        async for step in opened.check():
            yield step
    finally:
        await opened.close()
