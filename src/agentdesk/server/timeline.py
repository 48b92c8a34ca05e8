"""Which life of the database this is.

PostgreSQL counts its timelines: another one begins when a standby takes over, or after a restore to a moment.
The last moments before that may be lost, without anybody having said so.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, func, literal_column, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.base import clock
from agentdesk.base.log import get_logger
from agentdesk.store.engine import Database

__all__ = ["TIMELINE", "now_and_timeline", "tells_timeline"]

TIMELINE = literal_column("substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)", String)
"""What PostgreSQL calls its timeline."""
_NOW_AND_TIMELINE = select(func.clock_timestamp(), TIMELINE)

_log = get_logger(__name__)


async def tells_timeline(db: Database) -> bool:
    """Whether the database can be asked for its timeline: SQLite has none, and a service may not tell it.
    Raises DatabaseError."""
    if db.dialect != "postgresql":
        return False
    try:
        async with db.read() as conn:
            await now_and_timeline(conn)
    except DBAPIError as error:
        _log.warning("PostgreSQL does not tell its timeline", problem=str(error.orig))
        return False
    return True


async def now_and_timeline(conn: AsyncConnection) -> tuple[datetime, str]:
    """Return what time it is for a PostgreSQL that tells its timeline, and that."""
    row = (await conn.execute(_NOW_AND_TIMELINE)).one()
    return clock.to_utc(row[0]), str(row[1])
