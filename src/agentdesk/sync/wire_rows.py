"""Rows of synced tables as they travel: column name to plain value.

Ids become 16 bytes, moments whole microseconds since 1970 in UTC, everything else goes as it is. Both sides
may be of different versions: columns that the reader does not know are left out, columns that the writer did
not know get a plain default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, RowMapping, String, Table
from sqlalchemy.sql.type_api import TypeEngine

from agentdesk.base.text import msg
from agentdesk.store.types import Id, Moment

__all__ = ["WireRow", "microseconds", "slim", "to_sqlite", "to_wire", "wire_size"]

WireRow = dict[str, Any]
_Convert = Callable[[Any], Any]

_to_json = msgspec.json.Encoder().encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ROW_OVERHEAD = 200
_MOST_BYTES = 6 * 1024 * 1024
_LONGEST = 256 * 1024
_CUT = msg("This message is very long; the end is in the original.")
_MAPPINGS = frozenset({"fields", "reason", "data", "permissions", "query"})
"""JSON columns whose empty value is an object; all others hold lists."""


def to_wire(table: Table, row: Mapping[str, Any] | RowMapping) -> WireRow:
    """Return a row, as read through SQLAlchemy, in its travelling form."""
    return {
        name: value if value is None or convert is None else convert(value)
        for name, convert in _outward(table)
        for value in (row[name],)
    }


def to_sqlite(table: Table, row: WireRow) -> tuple[Any, ...]:
    """Return a travelling row as SQLite stores it, a value per column in the table's order.

    Ids and moments travel in just that form; only JSON has to be put into text.
    """
    names, json_at, defaults = _stored(table)
    try:
        values = [row[name] for name in names]
    except KeyError:  # the writer is older than we are
        values = [
            row[name] if name in row else default() for name, default in zip(names, defaults, strict=True)
        ]
    for at in json_at:
        if values[at] is not None:
            values[at] = _to_json(values[at]).decode()
    return tuple(values)


def wire_size(row: WireRow) -> int:
    """Return about how many bytes a row takes on the wire (long texts decide)."""
    size = _ROW_OVERHEAD
    for value in row.values():  # a first fill asks this of hundreds of thousands of rows
        kind = type(value)
        if kind is str:
            size += len(value) if value.isascii() else 3 * len(value)
        elif kind is bytes:
            size += len(value)
    return size


def slim(row: WireRow) -> tuple[WireRow, int]:
    """Return a row and its size; of one that would not fit into a frame the long texts are cut, with a word
    about it."""
    size = wire_size(row)
    if size <= _MOST_BYTES:
        return row, size
    cut = {name: value[:_LONGEST] if isinstance(value, str) else value for name, value in row.items()}
    if isinstance(cut.get("warnings"), list):
        cut["warnings"] = [*cut["warnings"], _CUT.text]
    return cut, wire_size(cut)


@cache
def _outward(table: Table) -> tuple[tuple[str, _Convert | None], ...]:
    return tuple((str(column.name), _to(column.type)) for column in table.c)


@cache
def _stored(table: Table) -> tuple[tuple[str, ...], tuple[int, ...], tuple[Callable[[], Any], ...]]:
    """Names of the columns, which of them hold JSON, and what stands in them by default."""
    columns = list(table.c)
    json_at = tuple(at for at, column in enumerate(columns) if isinstance(column.type, JSON))
    return tuple(str(c.name) for c in columns), json_at, tuple(_default_of(c) for c in columns)


def _to(kind: TypeEngine[Any]) -> _Convert | None:
    if isinstance(kind, Id):
        return _id_bytes
    return microseconds if isinstance(kind, Moment) else None


def _id_bytes(value: UUID) -> bytes:
    return value.bytes


def microseconds(value: datetime) -> int:
    """Return a moment as it travels: whole microseconds since 1970 in UTC."""
    return (value - _EPOCH) // _MICROSECOND


def _default_of(column: Column[Any]) -> Callable[[], Any]:
    """What stands where an older server says nothing; given in wire form."""
    if column.nullable:
        return lambda: None
    kind = column.type
    if isinstance(kind, JSON):
        return dict if column.name in _MAPPINGS else list
    for family, make in _EMPTY:
        if isinstance(kind, family):
            return make
    return lambda: 0


_EMPTY: tuple[tuple[type[TypeEngine[Any]], Callable[[], Any]], ...] = (
    (Boolean, lambda: False),
    (String, lambda: ""),
    (Id, lambda: bytes(16)),
    (LargeBinary, lambda: b""),
    (Integer, lambda: 0),
)
