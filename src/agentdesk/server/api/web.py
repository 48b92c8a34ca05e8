"""The REST API on aiohttp: who asks, checking what comes in, telling what went wrong."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from aiohttp import web

from agentdesk.base.errors import AgentDeskError, Invalid, NotFound
from agentdesk.base.i18n import render_for
from agentdesk.base.text import Msg, msg
from agentdesk.commands.context import Actor
from agentdesk.server.api.openapi import document
from agentdesk.server.api.operations import ApiError, Call, FileAnswer, Operation, Services
from agentdesk.server.api.routes import OPERATIONS, PREFIX
from agentdesk.server.api.values import Nothing, Problem, Taken
from agentdesk.server.auth import Authenticator, hash_token
from agentdesk.store.errors import DatabaseBusy, DatabaseFull, DatabaseGone

MAX_BODY_BYTES = 40 * 1024 * 1024
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KEY = re.compile(r"[!-~]{1,200}")
_encoder = msgspec.json.Encoder()


def add_routes(app: web.Application, services: Services, authenticator: Authenticator) -> None:
    """Serve all operations below ``/api/v1``, and their description."""
    described = _encoder.encode(document())

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=described, content_type="application/json")

    app.router.add_get(f"{PREFIX}/openapi.json", openapi)
    for operation in OPERATIONS:
        handler = _endpoint(operation, services, authenticator)
        app.router.add_route(operation.method, PREFIX + operation.path, handler)


def problem_response(
    status: int, code: str, message: Msg, hint: Msg | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """Return an error as the API words it, in English: programs read the code, people the sentence."""
    problem = Problem(
        code=code, message=render_for(message, "en"), hint=render_for(hint, "en") if hint else ""
    )
    return web.Response(
        status=status, body=_encoder.encode(problem), content_type="application/json", headers=headers
    )


def bearer_token(request: web.Request) -> str:
    """Return the token that a request carries, or an empty text."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


async def _bearer(request: web.Request, authenticator: Authenticator) -> tuple[Actor, str]:
    """Return who asks, and the namespace of their idempotency keys: the person, or else the very token.

    Raises ApiError 401.
    """
    token = bearer_token(request)
    actor = await authenticator.user_for(token) if token else None
    if actor is None:
        raise ApiError(
            401, "unauthorized", msg("This needs a valid token."), msg("Send it as Authorization: Bearer …")
        )
    return actor, str(actor.user_id or hash_token(token))


def _endpoint(
    operation: Operation, services: Services, authenticator: Authenticator
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            actor, namespace = await _bearer(request, authenticator)
            call = Call(
                services=services,
                actor=actor,
                path_id=_path_id(request),
                query=_query(request, operation.query),
                body=await _body(request, operation.body),
                key=_key(request, namespace) if operation.idempotent_key else None,
            )
            result = await operation.handler(call)
        except AgentDeskError as error:
            return error_response(error)
        return _answer(result, operation.status)

    return serve


def error_response(error: AgentDeskError) -> web.Response:
    """Return a known error with the status that fits it."""
    if isinstance(error, ApiError):
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        if error.status == 503:
            headers = {"Retry-After": "2"}
        return problem_response(error.status, error.code, error.message, error.hint, headers)
    if isinstance(error, NotFound):
        return problem_response(404, "gone", error.message, error.hint)
    if isinstance(error, Invalid):
        return problem_response(422, "invalid", error.message, error.hint)
    if isinstance(error, DatabaseGone | DatabaseBusy | DatabaseFull):
        return problem_response(503, "database", error.message, error.hint, {"Retry-After": "5"})
    return problem_response(409, "refused", error.message, error.hint)


def _answer(result: msgspec.Struct | FileAnswer, status: int) -> web.Response:
    if isinstance(result, FileAnswer):
        return web.Response(body=result.content, headers=download_headers(result.name))
    return web.Response(status=status, body=_encoder.encode(result), content_type="application/json")


def download_headers(name: str) -> dict[str, str]:
    """Return headers with which a browser saves foreign content and never shows it."""
    return {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }


def _path_id(request: web.Request) -> UUID | None:
    text = request.match_info.get("id")
    if text is None:
        return None
    if not _UUID.fullmatch(text):
        raise ApiError(400, "bad_request", msg("{value} is no id.", value=text[:80]))
    return UUID(text)


def _query(request: web.Request, kind: type[Taken]) -> Taken:
    given: dict[str, Any] = {}
    for name in request.query:
        values = request.query.getall(name)
        if len(values) > 1:
            raise ApiError(400, "bad_request", msg("{name} is given more than once.", name=name[:80]))
        given[name] = values[0]
    for field in msgspec.structs.fields(kind):
        text = given.get(field.encode_name)
        if text is not None and _is_number(field.type) and re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
            given[field.encode_name] = int(text)
    return _convert(given, kind)


def _is_number(kind: Any) -> bool:
    return kind is int or getattr(kind, "__origin__", None) is int


async def _body(request: web.Request, kind: Any) -> Any:
    if kind is None:
        return Nothing()
    if request.content_type != "application/json":
        raise ApiError(415, "not_json", msg("The body must be JSON."))
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(
            400, "bad_request", msg("The body cannot be used: {why}.", why=str(error)[:300])
        ) from None


def _convert(given: dict[str, Any], kind: type[Taken]) -> Taken:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise ApiError(
            400, "bad_request", msg("A parameter cannot be used: {why}.", why=str(error)[:300])
        ) from None


def _key(request: web.Request, namespace: str) -> str | None:
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise ApiError(
            400, "bad_request", msg("The Idempotency-Key must be 1 to 200 visible ASCII characters.")
        )
    return f"{namespace}/{keys[0]}"
