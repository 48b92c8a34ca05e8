"""Signing a desk in to its server."""

from __future__ import annotations

import msgspec

from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import msg
from agentdesk.sync.account import Told, ask

__all__ = ["CodeWanted", "sign_in"]


class CodeWanted(AgentDeskError):
    """The password is right; the server asks for a code of the second factor, or for another one."""


class _SignedIn(msgspec.Struct):
    token: str


async def sign_in(server: str, email: str, password: str, authority: str = "", *, code: str = "") -> str:
    """Return the session token for a person on ``server`` (``https://host[:port]``).

    ``authority`` is the path of a PEM file that is trusted besides the system's authorities; ``code`` is that
    of the second factor, or empty. Raises AgentDeskError with a sentence and a remedy: unknown host, refused
    certificate, no AgentDesk there, wrong password; CodeWanted where only the code is missing or wrong.
    """
    if not server.startswith(("https://", "http://")):
        raise Invalid(msg("The server address begins with https://"), field="server")
    given = {"email": email, "password": password}
    if code:  # a server that knows no second factor takes no such field
        given["code"] = code
    try:
        answer = await ask(server, "POST", "desk/session", given, authority=authority)
        return msgspec.json.decode(answer, type=_SignedIn).token
    except Told as told:
        if told.code == "second_factor":
            raise CodeWanted(told.message, told.hint) from told
        raise
    except msgspec.MsgspecError as error:
        raise AgentDeskError(
            msg("{server} answers, but it is no AgentDesk server.", server=server), msg("Check the address.")
        ) from error
