"""What a person does about their own account on the server: the second factor, and signing out."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.lazy import lazy_module
from agentdesk.base.text import Msg, msg
from agentdesk.sync.trust import tls_options, why_unreachable

if TYPE_CHECKING:
    import aiohttp
else:
    aiohttp = lazy_module("aiohttp")

__all__ = ["AccountPort", "Enrolment", "PicturePort", "SecondFactor", "ServerAccount", "Told", "ask"]

_SECONDS = 20.0
_PATH = "desk/second-factor"
_PICTURE = "desk/picture"

_T = TypeVar("_T")


class Told(AgentDeskError):
    """The server did not do it; ``code`` says why for programs."""

    def __init__(self, code: str, message: Msg, hint: Msg | None = None) -> None:
        super().__init__(message, hint)
        self.code = code


class SecondFactor(msgspec.Struct, frozen=True):
    """Whether a second factor is on, and how many recovery codes are left."""

    on: bool
    recovery_codes: int = 0


class Enrolment(msgspec.Struct, frozen=True):
    """What an authenticator app needs: the secret to be typed, or the address to be scanned."""

    secret: str
    uri: str


class _RecoveryCodes(msgspec.Struct, frozen=True):
    recovery_codes: tuple[str, ...]


class _Problem(msgspec.Struct):
    message: str
    hint: str = ""
    code: str = ""


class AccountPort(Protocol):
    """What the dialogs about one's own account need. Each call raises AgentDeskError where it fails."""

    async def second_factor(self) -> SecondFactor:
        """Return whether a second factor is on."""
        ...

    async def begin_second_factor(self) -> Enrolment:
        """Make a secret, to be confirmed."""
        ...

    async def confirm_second_factor(self, code: str) -> tuple[str, ...]:
        """Turn it on with a code of the app; returns the recovery codes."""
        ...

    async def turn_second_factor_off(self, code: str) -> None:
        """Turn it off with a code of the app, or a recovery code."""
        ...


class PicturePort(Protocol):
    """What the dialog about one's own picture needs. Each call raises AgentDeskError where it fails."""

    async def set_picture(self, content: bytes) -> None:
        """Give the file from which the server makes the picture."""
        ...

    async def take_picture_away(self) -> None:
        """Have no picture any more."""
        ...


class ServerAccount:
    """Fulfils :class:`AccountPort` and :class:`PicturePort` for whoever the session ``token`` belongs to;
    ``authority`` is the path of a certificate that is trusted besides the system's, or empty."""

    def __init__(self, server: str, token: str, authority: str = "") -> None:
        self._server, self._token, self._authority = server, token, authority

    async def second_factor(self) -> SecondFactor:
        """Return whether a second factor is on."""
        return self._decoded(await self._ask("GET", _PATH), SecondFactor)

    async def begin_second_factor(self) -> Enrolment:
        """Make a secret, to be confirmed."""
        return self._decoded(await self._ask("POST", _PATH), Enrolment)

    async def confirm_second_factor(self, code: str) -> tuple[str, ...]:
        """Turn it on with a code of the app; returns the recovery codes."""
        answer = await self._ask("PUT", _PATH, {"code": code})
        return self._decoded(answer, _RecoveryCodes).recovery_codes

    async def turn_second_factor_off(self, code: str) -> None:
        """Turn it off with a code of the app, or a recovery code."""
        await self._ask("POST", f"{_PATH}/off", {"code": code})

    async def set_picture(self, content: bytes) -> None:
        """Give the file from which the server makes the picture."""
        await self._picture("PUT", content)

    async def take_picture_away(self) -> None:
        """Have no picture any more."""
        await self._picture("DELETE")

    async def _picture(self, method: str, content: bytes | None = None) -> None:
        given = None if content is None else io.BytesIO(content)
        try:
            await self._ask(method, _PICTURE, data=given)
        except Told as problem:
            if problem.code != "not_found":
                raise
            old = msg("This server cannot keep pictures yet."), msg("Ask your administrator to update it.")
            raise AgentDeskError(*old) from problem

    async def sign_out(self) -> None:
        """End the session: the token is worth nothing afterwards."""
        await self._ask("DELETE", "desk/session")

    async def _ask(
        self, method: str, path: str, body: Any = None, *, data: io.BytesIO | None = None
    ) -> bytes:
        whose = {"token": self._token, "authority": self._authority}
        return await ask(self._server, method, path, body, data=data, **whose)

    def _decoded(self, body: bytes, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise _not_ours(self._server) from error


async def ask(
    server: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    data: io.BytesIO | None = None,
    token: str = "",
    authority: str = "",
) -> bytes:
    """Ask ``server`` (``https://host[:port]``) once, with ``body`` as JSON or ``data`` as it is, and return
    the body of its answer.

    Raises Told where it refuses, and AgentDeskError with a sentence and a remedy for an unknown host, a
    refused certificate, or where no AgentDesk answers.
    """
    url = f"{server.rstrip('/')}/{path}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    tls = await asyncio.to_thread(tls_options, authority)
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.request(method, url, json=body, data=data, ssl=tls) as response,
        ):
            answer = await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise why_unreachable(error, server) from error
    if status >= 300:
        raise _told(answer, server)
    return answer


def _told(body: bytes, server: str) -> AgentDeskError:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        return _not_ours(server)
    return Told(problem.code, Msg(problem.message), Msg(problem.hint) if problem.hint else None)


def _not_ours(server: str) -> AgentDeskError:
    return AgentDeskError(
        msg("{server} answers, but it is no AgentDesk server.", server=server), msg("Check the address.")
    )
