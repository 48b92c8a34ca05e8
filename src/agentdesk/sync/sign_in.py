"""Signing a desk in to its server."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import Msg, msg
from agentdesk.sync.trust import tls_options, why_unreachable

_SECONDS = 20.0


class _SignedIn(msgspec.Struct):
    token: str


class _Problem(msgspec.Struct):
    message: str
    hint: str = ""


async def sign_in(server: str, email: str, password: str, authority: str = "") -> str:
    """Return the session token for a person on ``server`` (``https://host[:port]``).

    ``authority`` is the path of a PEM file that is trusted besides the system's authorities. Raises
    AgentDeskError with a sentence and a remedy: unknown host, refused certificate, no AgentDesk there, wrong
    password.
    """
    if not server.startswith(("https://", "http://")):
        raise Invalid(msg("The server address begins with https://"), field="server")
    url = server.rstrip("/") + "/desk/session"
    tls = await asyncio.to_thread(tls_options, authority)
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json={"email": email, "password": password}, ssl=tls) as response,
        ):
            body = await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise why_unreachable(error, server) from error
    return _token(status, body, server)


def _token(status: int, body: bytes, server: str) -> str:
    try:
        if status == 200:
            return msgspec.json.decode(body, type=_SignedIn).token
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError as error:
        raise AgentDeskError(
            msg("{server} answers, but it is no AgentDesk server.", server=server), msg("Check the address.")
        ) from error
    raise AgentDeskError(Msg(problem.message), Msg(problem.hint) if problem.hint else None)
