"""The OpenAPI 3.1 document, made from the same records as the routes."""

from __future__ import annotations

from typing import Any

import msgspec

from agentdesk import __version__
from agentdesk.server.api.operations import Operation
from agentdesk.server.api.routes import OPERATIONS, PREFIX
from agentdesk.server.api.values import Nothing, Problem

_WORDS = {
    400: "The request cannot be understood",
    401: "No token, or one that is not valid",
    403: "Not allowed",
    404: "It does not exist, or may not be seen",
    409: "Something else happened meanwhile; nothing was changed",
    413: "The request is too large",
    415: "The body is not JSON",
    422: "The request makes no sense here; nothing was changed",
    503: "The server is busy or its database is away; nothing was changed",
}


def document() -> dict[str, Any]:
    """Return the whole document."""
    types: list[Any] = [Problem]
    for operation in OPERATIONS:
        types += [t for t in (operation.query, operation.body, operation.gives) if t and t is not Nothing]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _describe(
            operation, by_type, components
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "AgentDesk", "version": __version__, "license": {"name": "Apache-2.0"}},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation, by_type: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": _parameters(operation, components),
        "responses": _responses(operation, by_type),
    }
    if operation.body is not None:
        content = {"application/json": {"schema": by_type[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    if "{id}" in operation.path:
        schema = {"type": "string", "format": "uuid"}
        parameters.append({"name": "id", "in": "path", "required": True, "schema": schema})
    if operation.query is not Nothing:
        for name, schema in components[operation.query.__name__]["properties"].items():
            parameters.append({"name": name, "in": "query", "schema": _without_null(schema)})
    if operation.idempotent_key:
        key = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
        parameters.append({"name": "Idempotency-Key", "in": "header", "schema": key})
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is there or not; it cannot be null."""
    kept = {k: v for k, v in schema.items() if not (k == "default" and v is None)}
    if "anyOf" in kept:
        options = [option for option in kept.pop("anyOf") if option != {"type": "null"}]
        kept |= options[0] if len(options) == 1 else {"anyOf": options}
    if "enum" in kept:
        kept["enum"] = [value for value in kept["enum"] if value is not None]
    return kept


def _responses(operation: Operation, by_type: dict[Any, Any]) -> dict[str, Any]:
    if operation.gives is None:
        content: dict[str, Any] = {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
        }
    else:
        content = {"application/json": {"schema": by_type[operation.gives]}}
    responses: dict[str, Any] = {str(operation.status): {"description": "Done", "content": content}}
    problem = {"application/json": {"schema": by_type[Problem]}}
    for status in sorted({400, 401, 503, *operation.errors}):
        responses[str(status)] = {"description": _WORDS[status], "content": problem}
    return responses
