"""What is wrong with a server's database and its surroundings, in plain sentences with remedies.

It only looks: nothing is made, changed or migrated.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.text import Msg, msg, plural
from agentdesk.domain.delivery import DeliveryState
from agentdesk.domain.figures import figures_of, worries
from agentdesk.server.doctor_care import check_backup, check_certificate
from agentdesk.server.doctor_keys import check_key
from agentdesk.server.doctor_postgres import check_notifications, check_postgresql
from agentdesk.server.findings import Finding, moment_text
from agentdesk.server.leases import LEASE_SECONDS, database_time
from agentdesk.store.engine import Database
from agentdesk.store.errors import DatabaseError
from agentdesk.store.facts import fact
from agentdesk.store.migrations import HEAD
from agentdesk.store.tables import account, account_state, lease, message, raw_item
from agentdesk.sync.changelog import MOVED_NAME, Moved, NotAdopted, is_copy

_LITTLE_ROOM = 1_000_000_000
_TOO_LONG = timedelta(hours=1)
_CLOCKS_APART = 5.0
_TROUBLE = ("unreachable", "auth_failed", "error")


async def examine(db: Database, data: Path | None = None, certificate: Path | None = None) -> list[Finding]:
    """Return all that is wrong, the gravest first. ``data`` is the server's folder and ``certificate`` the
    file that it shows, where they are known."""
    folders = [data] if data is not None else []
    if db.path is not None:
        folders.append(db.path.parent)
    found = [one for folder in folders for one in _check_room(folder)]
    found += check_certificate(certificate) if certificate is not None else []
    if db.path is not None and not db.path.exists():
        return [*found, _no_database(db.path)]
    try:
        async with db.read() as conn:
            schema = await _check_schema(conn)
            found += schema
            if not any(one.ends for one in schema):
                found += [one async for one in _look_around(conn, db)]
    except DatabaseError as error:
        found.append(Finding("database", error.message, error.hint))
    return sorted(found, key=lambda one: not one.wrong)


def _no_database(path: Path) -> Finding:
    return Finding(
        "database",
        msg("There is no database at {path}.", path=str(path)),
        msg("Check the address; a server that starts with it makes a new, empty one."),
    )


async def _look_around(conn: AsyncConnection, db: Database) -> AsyncIterator[Finding]:
    checks: tuple[Callable[[AsyncConnection], Awaitable[list[Finding]]], ...] = (
        _check_copy,
        _check_clock,
        _check_channels,
        _check_servers,
        _check_items,
        _check_messages,
        check_backup,
        check_postgresql,
    )
    for check in checks:
        for one in await check(conn):
            yield one
    for one in await check_key(conn, db):
        yield one
    for one in await check_notifications(db):
        yield one


async def _check_schema(conn: AsyncConnection) -> list[Finding]:
    names = await conn.run_sync(_tables)
    if "alembic_version" not in names:
        words = msg("The database is empty.")
        return [
            Finding("schema", words, msg("The server fills it at its first start."), wrong=False, ends=True)
        ]
    version = str(await conn.scalar(text("SELECT version_num FROM alembic_version")))
    if version == HEAD:
        return []
    if version < HEAD:
        words = msg("The database has the form {found}, this program {ours}.", found=version, ours=HEAD)
        remedy = msg("Make a back-up; the next start of the server brings it up to date.")
        return [Finding("schema", words, remedy, wrong=False, ends=True)]
    words = msg("This database was made by a newer AgentDesk.")
    return [Finding("schema", words, msg("Install that version or a newer one."), ends=True)]


def _tables(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


def _check_room(folder: Path) -> list[Finding]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        words = msg(
            "The folder {path} cannot be used: {why}.", path=str(folder), why=error.strerror or str(error)
        )
        return [Finding("disk", words, msg("Check its place and who may write there."))]
    if free >= _LITTLE_ROOM:
        return []
    words = msg("Only {size} MB are free where {path} lies.", size=str(free // 1_000_000), path=str(folder))
    return [Finding("disk", words, msg("Free some space before the disk is full."))]


async def _check_copy(conn: AsyncConnection) -> list[Finding]:
    place = await fact(conn, MOVED_NAME)
    if place is None and not await is_copy(conn):
        return []
    known = NotAdopted() if place is None else Moved(place)
    return [Finding("copy", known.message, known.hint)]


async def _check_clock(conn: AsyncConnection) -> list[Finding]:
    apart = abs((await database_time(conn) - clock.now()).total_seconds())
    if apart < _CLOCKS_APART:
        return []
    words = plural(
        "The clocks of this computer and of the database are {count} second apart.",
        "The clocks of this computer and of the database are {count} seconds apart.",
        round(apart),
    )
    return [Finding("clock", words, msg("Let both follow a time server (NTP)."))]


async def _check_channels(conn: AsyncConnection) -> list[Finding]:
    rows = await conn.execute(
        select(account.c.name, account_state)
        .join(account_state, account_state.c.id == account.c.id)
        .where(account.c.paused.is_(False))
        .order_by(account.c.name)
    )
    return [finding for row in rows for finding in _channel_findings(row)]


def _channel_findings(row: Row[Any]) -> list[Finding]:
    found = [
        Finding("channel", msg("The channel {name}: {problem}", name=row.name, problem=one), wrong=False)
        for one in worries(figures_of(row.figures), clock.now())
    ]
    if row.state not in _TROUBLE:
        return found
    return [
        Finding(
            "channel",
            msg(
                "The channel {name} has been in trouble since {when}: {problem}",
                name=row.name,
                when=moment_text(row.changed_at),
                problem=_stored(row.problem) or row.state,
            ),
            _stored(row.remedy),
        ),
        *found,
    ]


def _stored(words: dict[str, object] | None) -> Msg | None:
    """A message as the server stored it."""
    if not words:
        return None
    args = words.get("args")
    return Msg(str(words.get("text", "")), args if isinstance(args, dict) else {})


async def _check_servers(conn: AsyncConnection) -> list[Finding]:
    """Every channel that is not paused needs a server that holds its lease."""
    now = await database_time(conn)
    rows = await conn.execute(select(account.c.id, account.c.name).where(account.c.paused.is_(False)))
    wanted = {f"account:{row.id}": row.name for row in rows}
    held = {row.name: row for row in await conn.execute(select(lease)) if row.name in wanted}
    dead = [held[name] for name in wanted if name in held and held[name].expires_at <= now]
    alone = [name for name in wanted if name not in held or held[name].expires_at <= now]
    if not alone:
        return []
    if len(alone) == len(wanted):
        last = max((row.expires_at for row in dead), default=None)
        return [_nobody_serves(last)]
    remedy = msg("Look into the server's log; restart it if it hangs.")
    return [
        Finding(
            "lease",
            msg(
                "Nobody works on the channel {name}; the server {holder} let go at {when}.",
                name=wanted[row.name],
                holder=row.holder,
                when=moment_text(row.expires_at),
            ),
            remedy,
        )
        for row in dead
        if (now - row.expires_at).total_seconds() > LEASE_SECONDS
    ]


def _nobody_serves(last: datetime | None) -> Finding:
    words = (
        msg("No server works on this database: nothing is fetched or sent.")
        if last is None
        else msg(
            "No server has worked on this database since {when}: nothing is fetched or sent.",
            when=moment_text(last),
        )
    )
    return Finding("server", words, msg("Start the server."))


async def _check_items(conn: AsyncConnection) -> list[Finding]:
    count = await conn.scalar(select(func.count()).where(raw_item.c.state == "quarantined"))
    if not count:
        return []
    words = plural(
        "{count} incoming item could not be read and lies aside.",
        "{count} incoming items could not be read and lie aside.",
        count,
    )
    return [Finding("items", words, msg("Try them again at a desk, under the troubles of their channel."))]


async def _check_messages(conn: AsyncConnection) -> list[Finding]:
    async def long_in(*states: DeliveryState) -> int:
        old = message.c.delivery_at < clock.now() - _TOO_LONG
        counted = select(func.count()).where(message.c.delivery.in_(states), old)
        return int(await conn.scalar(counted) or 0)

    found = []
    unsure = await long_in(DeliveryState.UNCERTAIN, DeliveryState.VERIFY)
    if unsure:
        words = plural(
            "For more than an hour nobody has known whether {count} message went out.",
            "For more than an hour nobody has known whether {count} messages went out.",
            unsure,
        )
        remedy = msg("Somebody has to decide at a desk: open the conversation and choose what to do.")
        found.append(Finding("messages", words, remedy))
    waiting = await long_in(DeliveryState.QUEUED, DeliveryState.SENDING)
    if waiting:
        words = plural(
            "{count} message has waited to be sent for more than an hour.",
            "{count} messages have waited to be sent for more than an hour.",
            waiting,
        )
        found.append(Finding("messages", words, msg("Check the channel with agentdesk admin channel test.")))
    return found
