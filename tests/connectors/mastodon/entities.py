"""What Mastodon publishes of its answers (``entities.toml``), and a check of answers against it.

The facts come from https://docs.joinmastodon.org/entities/ and /methods/streaming/, compared with the OpenAPI
document that https://github.com/abraham/mastodon-openapi (dist/schema.json, 4.4.0) makes of them. Where these
say nothing (``filtered`` of a notification, ``quotes_count``), from the server's own app/serializers/rest/.
That document takes whatever may be null for what may be missing; here only what the pages call optional is.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

__all__ = ["NEWEST", "check", "check_frame"]

NEWEST = "4.5"
_NOTED = tomllib.loads((Path(__file__).parent / "entities.toml").read_text("utf-8"))
_CHOICES: dict[str, list[str]] = _NOTED["choices"]
_FIELD = re.compile(
    r"(?P<optional>optional )?(?P<list>\[)?(?P<kind>=?\w+)\]?(?P<null> or null)?( since (?P<since>[\d.]+))?"
)
_TYPES = {"text": str, "integer": int, "boolean": bool, "object": dict}
_WITH_STATUS = {"mention", "status", "reblog", "favourite", "poll", "update", "quote", "quoted_update"}
_PAYLOADS = {
    "notification": "Notification",
    "update": "Status",
    "status.update": "Status",
    "conversation": "Conversation",
}


def check(kind: str, found: Any, version: str = NEWEST, where: str = "") -> None:
    """Raise AssertionError where ``found`` is not a ``kind`` as a server of that version shows it."""
    where = where or kind
    assert isinstance(found, dict), f"{where} is no object"
    shape = {name: one for name, one in _shape(kind).items() if _known(one, version)}
    assert set(found) <= set(shape), f"{where} has {set(found) - set(shape)}"
    for name, field in shape.items():
        if name in found:
            _check_field(field, found[name], version, f"{where}.{name}")
        else:
            assert field["optional"], f"{where}.{name} is missing"
    if kind == "Notification":
        assert ("status" in found) is (found["type"] in _WITH_STATUS), f"{where}.status"


def check_frame(frame: Any, json_of: Any, version: str = NEWEST) -> str:
    """Check what a stream brings, with its payload as ``json_of`` reads it; return the name of its event."""
    check("Frame", frame, version)
    event: str = frame["event"]
    if event == "delete":
        assert re.fullmatch(r"\w+", frame["payload"]), "the number of a post, not in quotation marks"
    elif event in _PAYLOADS:
        check(_PAYLOADS[event], json_of(frame["payload"]), version, event)
    return event


def _shape(kind: str) -> dict[str, Any]:
    noted = dict(_NOTED["entities"][kind])
    like, without = noted.pop("like", None), noted.pop("without", ())
    shape = _shape(like) if like else {}
    for name, said in noted.items():
        match = _FIELD.fullmatch(said)
        assert match is not None, f"{kind}.{name}: {said}"
        shape[name] = match.groupdict()
    return {name: one for name, one in shape.items() if name not in without}


def _known(field: Any, version: str) -> bool:
    return _number(field["since"] or "0") <= _number(version)


def _number(version: str) -> list[int]:
    return [int(one) for one in version.split(".")]


def _check_field(field: Any, value: Any, version: str, where: str) -> None:
    if value is None:
        assert field["null"], f"{where} is null"
    elif field["list"]:
        assert isinstance(value, list), f"{where} is no list"
        for one in value:
            _check_value(field["kind"], one, version, where)
    else:
        _check_value(field["kind"], value, version, where)


def _check_value(kind: str, value: Any, version: str, where: str) -> None:
    if kind[0].isupper():
        check(kind, value, version, where)
    elif kind in _TYPES:
        assert type(value) is _TYPES[kind], f"{where}: {value!r}"
    elif kind == "number":
        assert type(value) in (int, float), f"{where}: {value!r}"
    else:
        assert isinstance(value, str), f"{where}: {value!r}"
        assert _fits(kind, value), f"{where}: {value!r}"


def _fits(kind: str, value: str) -> bool:
    if kind.startswith("="):
        return value in _CHOICES[kind[1:]]
    if kind == "address":
        return re.fullmatch(r"[a-z]+://\S+", value) is not None
    try:
        if kind == "day":
            return date.fromisoformat(value).isoformat() == value
        assert kind == "moment", kind
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
