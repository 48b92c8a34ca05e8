"""Connections to PostgreSQL that notice a dead line: one that swallows all bytes and says nothing.

PostgreSQL gives up a statement after its own time limit. Whoever has heard nothing for longer than that talks
to nobody: the connection is given up, with all that were made before it, and new ones are made.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from agentdesk.store.errors import DatabaseError, gone

__all__ = ["WatchedConnection", "driving", "give_up_dead_line"]

_WATCHED = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))
"""After 15 seconds of silence the system asks three times (TCP_USER_TIMEOUT: milliseconds until bytes that
nobody has confirmed end the connection)."""


class WatchedConnection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection that the operating system watches, as far as it can (a Unix socket needs no watching)."""

    def __init__(self, protocol: Any, transport: Any, *more: Any, **options: Any) -> None:
        super().__init__(protocol, transport, *more, **options)
        _watch(transport.get_extra_info("socket"))


def _watch(line: Any) -> None:
    if line is None or line.family not in (socket.AF_INET, socket.AF_INET6):
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _WATCHED:
        option = getattr(socket, name, None)  # not every system has each
        if option is not None:
            line.setsockopt(socket.IPPROTO_TCP, option, value)


def give_up_dead_line(context: ExceptionContext) -> DatabaseError | None:
    """Take a statement that was not answered in time for the end of the connection; to be called by the
    engine for each error."""
    if not isinstance(context.original_exception, TimeoutError):
        return None
    context.is_disconnect = True
    return gone()


@asynccontextmanager
async def driving(conn: AsyncConnection, sql: str) -> AsyncIterator[None]:
    """While the driver under ``conn`` is asked directly for ``sql``: its errors become SQLAlchemy's, and a
    connection that does not answer is given up."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(sql, None, error) from error
    except TimeoutError as error:
        await conn.invalidate()
        raise gone() from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        lost = bool((await conn.get_raw_connection()).driver_connection.is_closed())  # type: ignore[union-attr]
        raise DBAPIError(sql, None, error, connection_invalidated=lost) from error
