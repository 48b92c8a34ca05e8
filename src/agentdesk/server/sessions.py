"""Signing desks in and out over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from agentdesk.base.text import msg
from agentdesk.server.api.operations import ApiError
from agentdesk.server.api.web import bearer_token, problem_response
from agentdesk.server.auth import Authenticator, CodeWanted, NotAuthenticated
from agentdesk.server.peers import Peers
from agentdesk.server.throttle import TooManyAttempts


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person types."""

    email: Annotated[str, Meta(max_length=320)]
    password: Annotated[str, Meta(max_length=1000)]
    code: Annotated[str, Meta(max_length=100)] = ""


class SignedIn(msgspec.Struct, frozen=True):
    """The session; the token is shown this once."""

    token: str
    user_id: UUID


def add_routes(app: web.Application, authenticator: Authenticator, peers: Peers) -> None:
    """Serve ``POST`` and ``DELETE`` on ``/desk/session``."""

    async def sign_in(request: web.Request) -> web.Response:
        try:
            given = msgspec.json.decode(await request.read(), type=SignIn)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ApiError(400, "bad_request", msg("The body cannot be used.")) from None
        try:
            token, user_id = await authenticator.sign_in(
                given.email, given.password, peers.client(request), given.code
            )
        except CodeWanted as error:
            return problem_response(401, "second_factor", error.message, error.hint)
        except NotAuthenticated as error:
            return problem_response(401, "unauthorized", error.message, error.hint)
        except TooManyAttempts as error:
            return problem_response(429, "too_many", error.message, error.hint, {"Retry-After": "60"})
        body = msgspec.json.encode(SignedIn(token, user_id))
        return web.Response(body=body, content_type="application/json")

    async def sign_out(request: web.Request) -> web.Response:
        await authenticator.sign_out(bearer_token(request))
        return web.Response(status=204)

    app.router.add_post("/desk/session", sign_in)
    app.router.add_delete("/desk/session", sign_out)
