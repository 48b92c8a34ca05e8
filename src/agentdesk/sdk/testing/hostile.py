"""What strangers, and services on a bad day, make of a payload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

__all__ = ["spoilt"]

_ABSENT = object()
_WORSE: tuple[Any, ...] = (
    _ABSENT,
    None,
    {"a": [1]},
    [],
    -1,
    True,
    10**30,
    "",
    "x" * 100_000,
    "\0<script>\u202e\ufffe",
)
_MOST_FIELDS = 400


def spoilt(raw: bytes) -> Iterator[bytes]:
    """Yield ``raw`` with each of its fields missing, null, of another type, enormous and hostile, one at a
    time; what is no JSON is cut off and damaged instead."""
    try:
        whole = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        yield from _damaged(raw)
        return
    for path in list(_paths(whole))[:_MOST_FIELDS]:
        for worse in _WORSE:
            yield msgspec.json.encode(_changed(whole, path, worse))
    yield from _damaged(raw)


def _damaged(raw: bytes) -> Iterator[bytes]:
    for part in range(8):
        at = len(raw) * part // 8
        yield raw[:at]
        yield raw[:at] + b"\xff\0\xfe" + raw[at:]


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*before, name)
        yield from _paths(part, (*before, name))


def _changed(value: Any, path: tuple[Any, ...], worse: Any) -> Any:
    name, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[name] = _changed(value[name], tuple(rest), worse)
    elif worse is not _ABSENT:
        copy[name] = worse
    else:
        del copy[name]
    return copy
