"""PostgreSQL settings that decide whether what was committed is still there tomorrow."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base.text import msg, plural
from agentdesk.server.findings import Finding
from agentdesk.store.engine import Database
from agentdesk.sync.listener import notifications_arrive

_MUST_BE_ON = ("fsync", "full_page_writes", "autovacuum")
_FEW_CONNECTIONS = 40
_HOURS = 1
_IDLE_MINUTES = 5
_MANY_TAKEN = 0.9


async def check_postgresql(conn: AsyncConnection) -> list[Finding]:
    """Return settings that lose data or slow everything down; nothing for SQLite."""
    if conn.dialect.name != "postgresql":
        return []
    rows = await conn.execute(text("SELECT name, setting FROM pg_settings"))
    settings = {row.name: row.setting for row in rows}
    found = [_off(name) for name in _MUST_BE_ON if settings.get(name) == "off"]
    if settings.get("synchronous_commit") == "off":
        found.append(_off("synchronous_commit"))
    if settings.get("server_encoding") != "UTF8":
        words = msg("The database is encoded in {name}, not in UTF8.", name=settings.get("server_encoding"))
        found.append(Finding("postgresql", words, msg("Create it anew with ENCODING 'UTF8' and restore it.")))
    if int(settings.get("max_connections", 0)) < _FEW_CONNECTIONS:
        words = msg("PostgreSQL allows {count} connections only.", count=settings["max_connections"])
        remedy = msg("A server needs up to {count}; raise max_connections.", count=20)
        found.append(Finding("postgresql", words, remedy, wrong=False))
    if settings.get("wal_level") == "minimal":
        words = msg(
            "The PostgreSQL setting wal_level is minimal: neither a standby nor a restore to a moment."
        )
        remedy = msg("Set {name} = replica and restart PostgreSQL.", name="wal_level")
        found.append(Finding("postgresql", words, remedy, wrong=False))
    found += await _nearly_all_taken(conn, int(settings.get("max_connections", 0)))
    return [*found, *await _old_transactions(conn), *await _idle_transactions(conn)]


async def check_notifications(db: Database) -> list[Finding]:
    """Return whether servers on this address hear of each other; nothing for SQLite. Raises DatabaseError."""
    if db.dialect != "postgresql" or await notifications_arrive(db):
        return []
    words = (
        msg("A pooler stands before PostgreSQL and swallows notifications (LISTEN).")
        if await db.pooled()
        else msg("The notifications of PostgreSQL (LISTEN) do not arrive.")
    )
    remedy = msg(
        "Let servers reach PostgreSQL directly, or through a pooler in session mode. Until then they look for"
        " changes of other servers every half second, and people see who is writing on their own server only."
    )
    return [Finding("postgresql", words, remedy, wrong=False)]


def _off(name: str) -> Finding:
    return Finding(
        "postgresql",
        msg("The PostgreSQL setting {name} is off: a crash may lose or damage data.", name=name)
        if name != "autovacuum"
        else msg("The PostgreSQL setting {name} is off: the database grows and becomes slow.", name=name),
        msg("Set {name} = on and reload PostgreSQL.", name=name),
    )


async def _nearly_all_taken(conn: AsyncConnection, most: int) -> list[Finding]:
    taken = int(
        await conn.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")) or 0
    )
    if taken < _MANY_TAKEN * most:
        return []
    words = msg("{count} of {most} connections to PostgreSQL are taken.", count=taken, most=most)
    return [
        Finding("postgresql", words, msg("Raise max_connections, or see in pg_stat_activity who has them."))
    ]


async def _idle_transactions(conn: AsyncConnection) -> list[Finding]:
    """Programs of others that began a transaction and went away: they keep rows locked."""
    rows = await conn.execute(
        text(
            "SELECT pid, application_name AS name FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%'"
            " AND state_change < now() - make_interval(mins => :minutes) ORDER BY pid"
        ).bindparams(minutes=_IDLE_MINUTES)
    )
    return [
        Finding(
            "postgresql",
            msg(
                "The program {name} (process {pid}) began a transaction and has done nothing since.",
                name=row.name or "?",
                pid=row.pid,
            ),
            msg(
                "End it with SELECT pg_terminate_backend({pid}); what it has locked waits for it.",
                pid=row.pid,
            ),
        )
        for row in rows
    ]


async def _old_transactions(conn: AsyncConnection) -> list[Finding]:
    count = await conn.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start < now() - make_interval(hours => :hours)"
        ).bindparams(hours=_HOURS)
    )
    if not count:
        return []
    words = plural(
        "{count} transaction has been open for more than an hour: nothing old can be tidied away.",
        "{count} transactions have been open for more than an hour: nothing old can be tidied away.",
        int(count),
    )
    return [Finding("postgresql", words, msg("See pg_stat_activity for whose they are."), wrong=False)]
