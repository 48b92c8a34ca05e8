"""A mend for servers of asyncio that close while they let somebody in.

Before Python 3.12.8 such a connection stays open and forgotten until the garbage collector finds it, and the
warning is then blamed on whichever test runs at that moment (CPython issue 109564).
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from typing import Any

_let_in = BaseSelectorEventLoop._accept_connection2  # type: ignore[attr-defined]


def mend_accepting() -> None:
    """From now on who comes in while the server closes is turned away."""
    BaseSelectorEventLoop._accept_connection2 = _accept  # type: ignore[attr-defined]


async def _accept(
    loop: BaseSelectorEventLoop,
    protocol_factory: Any,
    conn: socket.socket,
    extra: dict[str, Any],
    sslcontext: Any = None,
    server: asyncio.Server | None = None,
    *more: Any,
    **options: Any,
) -> None:
    if server is not None and not server.is_serving():
        conn.close()
        return
    await _let_in(loop, protocol_factory, conn, extra, sslcontext, server, *more, **options)
