"""How calls to the simulated services are read: strictly, as their lexicons say."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from aiohttp import web

from agentdesk.sdk.testing.simulator import Refused

__all__ = ["asked_for", "body_of", "check_names", "page_of", "refuse"]

_T = TypeVar("_T")


def refuse(words: str, name: str = "InvalidRequest", status: int = 400) -> Refused:
    """Return the refusal of a call."""
    return Refused(status, name, words)


async def body_of(
    request: web.Request, needed: Collection[str], allowed: Collection[str] = ()
) -> dict[str, Any]:
    """Return the JSON that a procedure was called with. Raises Refused where it is none, or lacks ``needed``
    values, or has others than those and ``allowed``."""
    if request.content_type != "application/json":
        raise refuse(f"Wrong request encoding (Content-Type): {request.content_type}")
    try:
        found = json.loads(await request.read())
    except ValueError:
        raise refuse("Unexpected token in JSON") from None
    if not isinstance(found, dict):
        raise refuse("Input must be an object")
    check_names(found, needed, allowed)
    return found


def check_names(found: dict[str, Any], needed: Collection[str], allowed: Collection[str] = ()) -> None:
    """Raise Refused unless ``found`` has all ``needed`` values and only ``allowed`` ones besides."""
    for name in needed:
        if name not in found:
            raise refuse(f'Input must have the property "{name}"')
    unknown = set(found) - {*needed, *allowed}
    if unknown:
        raise refuse(f"Input has unknown properties: {', '.join(sorted(unknown))}")


def asked_for(request: web.Request, name: str, most: int) -> list[str]:
    """Return the values of a list in a query. Raises Refused for none, or more than ``most``."""
    found = request.query.getall(name, [])
    if not 1 <= len(found) <= most:
        raise refuse(f"{name} must have between 1 and {most} elements")
    return found


def page_of(request: web.Request, items: Sequence[_T], usual: int = 50) -> tuple[list[_T], str]:
    """Return the part of ``items`` that a query asks for, and the cursor of the next one ("": none)."""
    said = request.query.get("limit", str(usual))
    if not said.isdigit() or not 1 <= int(said) <= 100:
        raise refuse("limit must be between 1 and 100")
    start = request.query.get("cursor", "0")
    if not start.isdigit():
        raise refuse("Malformed cursor")
    end = int(start) + int(said)
    return list(items[int(start) : end]), str(end) if end < len(items) else ""
