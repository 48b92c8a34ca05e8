"""A person's own second factor over HTTP: whether there is one, turning it on and off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from agentdesk.base.text import msg
from agentdesk.commands.context import Actor
from agentdesk.server.api.operations import ApiError
from agentdesk.server.api.web import problem_response
from agentdesk.server.second_factor import SecondFactors, WrongCode
from agentdesk.server.throttle import TooManyAttempts

__all__ = ["add_routes"]

Authenticate = Callable[[str], Awaitable[Actor | None]]
Work = Callable[[UUID, web.Request], Awaitable[object]]
_PATH = "/desk/second-factor"


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person reads from the authenticator app, or from the list of recovery codes."""

    code: Annotated[str, Meta(max_length=100)]


class RecoveryCodes(msgspec.Struct, frozen=True):
    """The codes for a lost phone, shown this once."""

    recovery_codes: tuple[str, ...]


def add_routes(app: web.Application, factors: SecondFactors, authenticate: Authenticate) -> None:
    """Serve ``/desk/second-factor``: GET tells, POST begins, PUT confirms, POST to ``…/off`` turns it off."""

    async def tell(user_id: UUID, _request: web.Request) -> object:
        return await factors.standing(user_id)

    async def begin(user_id: UUID, _request: web.Request) -> object:
        return await factors.begin(user_id)

    async def confirm(user_id: UUID, request: web.Request) -> object:
        return RecoveryCodes(await factors.confirm(user_id, await _code(request)))

    async def turn_off(user_id: UUID, request: web.Request) -> object:
        await factors.turn_off(user_id, await _code(request))
        return await factors.standing(user_id)

    app.router.add_get(_PATH, _served(authenticate, tell))
    app.router.add_post(_PATH, _served(authenticate, begin))
    app.router.add_put(_PATH, _served(authenticate, confirm))
    app.router.add_post(f"{_PATH}/off", _served(authenticate, turn_off))


def _served(authenticate: Authenticate, work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        user_id = await _person(request, authenticate)
        try:
            answer = await work(user_id, request)
        except WrongCode as error:
            return problem_response(422, "second_factor", error.message, error.hint)
        except TooManyAttempts as error:
            return problem_response(429, "too_many", error.message, error.hint, {"Retry-After": "60"})
        headers = {"Cache-Control": "no-store"}
        body = msgspec.json.encode(answer)
        return web.Response(body=body, content_type="application/json", headers=headers)

    return serve


async def _person(request: web.Request, authenticate: Authenticate) -> UUID:
    """Who asks; a program is nobody here."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    actor = await authenticate(token.strip()) if scheme.lower() == "bearer" else None
    if actor is None or actor.user_id is None:
        raise ApiError(401, "unauthorized", msg("Please sign in again."))
    return actor.user_id


async def _code(request: web.Request) -> str:
    try:
        return msgspec.json.decode(await request.read(), type=Code).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ApiError(400, "bad_request", msg("The body cannot be used.")) from None
