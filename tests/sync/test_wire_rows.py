"""Rows survive the way over the wire, also between programs of different versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, Integer, MetaData, Table, create_engine, select

from agentdesk.base.ids import new_id
from agentdesk.store.base import synced_tables
from agentdesk.store.types import Id, Moment
from agentdesk.sync.protocol import Batch, Rows, decode_from_server, encode
from agentdesk.sync.wire_rows import to_sqlite, to_wire

_moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_json = st.one_of(st.lists(st.text()), st.dictionaries(st.text(), st.integers(-(2**53), 2**53)))


def _values(column: Column[Any]) -> st.SearchStrategy[Any]:
    kind = column.type
    by_kind: list[tuple[type, st.SearchStrategy[Any]]] = [
        (Id, st.uuids()),
        (Moment, _moments),
        (JSON, _json),
        (Boolean, st.booleans()),
        (Integer, st.integers(-(2**31), 2**31 - 1)),
    ]
    plain = next((values for family, values in by_kind if isinstance(kind, family)), st.text())
    return st.none() | plain if column.nullable else plain


@pytest.mark.parametrize("table", synced_tables(), ids=lambda table: str(table.name))
def test_what_the_other_version_lacks_gets_a_plain_value(table: Table) -> None:
    values = to_sqlite(table, {"id": new_id().bytes, "ver": 3, "from_the_future": "x"})
    for column, value in zip(table.c, values, strict=True):
        assert column.nullable == (value is None) or column.name in ("id", "ver")
        assert column.name != "ver" or value == 3


@pytest.mark.parametrize("table", synced_tables(), ids=lambda table: str(table.name))
@given(data=st.data())
def test_rows_survive_the_way_and_are_stored_as_the_tables_types_read_them(
    table: Table, data: st.DataObject
) -> None:
    row = {str(column.name): data.draw(_values(column)) for column in table.c}
    frame = Batch(cursor="", rows=(Rows(str(table.name), (to_wire(table, row),)),))
    arrived = decode_from_server(encode(frame))
    assert isinstance(arrived, Batch)
    engine = create_engine("sqlite://", json_deserializer=msgspec.json.decode)
    try:
        with engine.begin() as conn:
            bare = MetaData()
            columns = (Column(column.name, column.type) for column in table.c)
            Table(table.name, bare, *columns).create(conn)
            names = ", ".join("?" for _ in table.c)
            quoted = conn.dialect.identifier_preparer.quote(str(table.name))
            conn.exec_driver_sql(
                f"INSERT INTO {quoted} VALUES ({names})", to_sqlite(table, arrived.rows[0].rows[0])
            )
            assert dict(conn.execute(select(table)).mappings().one()) == row
    finally:
        engine.dispose()
