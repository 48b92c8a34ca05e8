"""The ``fields`` of a question to the simulated Graph: ``id,from{name},comments.limit(5){id,message}``.

Written from https://developers.facebook.com/docs/graph-api/guides/field-expansion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentdesk.sdk.testing.simulator import Refused

__all__ = ["Asked", "asked_fields", "shaped"]

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_MODIFIER = re.compile(r"\.([a-z_]+)\(([A-Za-z0-9_]*)\)")


@dataclass(frozen=True, slots=True)
class Asked:
    """One field: its ``modifiers`` (``limit``, ``order``, ``filter``) and what is asked of what it holds."""

    modifiers: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, Asked] = field(default_factory=dict)


def asked_fields(text: str) -> dict[str, Asked]:
    """Read the parameter. Raises Refused for what is none."""
    found, rest = _list(text)
    if rest:
        raise _syntax(text)
    return found


def _list(text: str) -> tuple[dict[str, Asked], str]:
    found: dict[str, Asked] = {}
    while text and not text.startswith("}"):
        name = _NAME.match(text)
        if name is None:
            raise _syntax(text)
        text = text[name.end() :]
        modifiers = {}
        while modifier := _MODIFIER.match(text):
            modifiers[modifier[1]] = modifier[2]
            text = text[modifier.end() :]
        inside: dict[str, Asked] = {}
        if text.startswith("{"):
            inside, text = _list(text[1:])
            if not text.startswith("}"):
                raise _syntax(text)
            text = text[1:]
        found[name[0]] = Asked(modifiers, inside)
        text = text.removeprefix(",")
    return found, text


def _syntax(text: str) -> Refused:
    return Refused(400, "2500", f"Syntax error at: {text[:40]}")


def shaped(
    whole: Mapping[str, Any], asked: Mapping[str, Asked], edge: Callable[[list[Any], Mapping[str, str]], Any]
) -> dict[str, Any]:
    """Return of ``whole`` what was asked for, and its id. ``edge`` makes the page of a list with modifiers.
    Values that are None are left out, as the real one does; a field that nobody knows raises Refused."""
    found: dict[str, Any] = {}
    for name, how in {**({"id": Asked()} if "id" in whole else {}), **asked}.items():
        if name not in whole:
            raise Refused(400, "100", f"(#100) Tried accessing nonexisting field ({name})")
        value = whole[name]
        if isinstance(value, list):
            found[name] = edge([_inside(one, how, edge) for one in value], how.modifiers)
        elif value is not None:
            found[name] = _inside(value, how, edge)
    return found


def _inside(value: Any, how: Asked, edge: Callable[[list[Any], Mapping[str, str]], Any]) -> Any:
    return shaped(value, how.inside, edge) if how.inside and isinstance(value, Mapping) else value
