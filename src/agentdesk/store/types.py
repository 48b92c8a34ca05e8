"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, repeat
from operator import add
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, LargeBinary, TypeDecorator, Uuid
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine, UserDefinedType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_POSITION = 16_383  # of a word in a tsvector; those after it share it

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


_encoder = msgspec.json.Encoder()


def to_json(value: Any) -> str:
    """Return ``value`` as JSON text, for the database's driver."""
    return _encoder.encode(value).decode()


class Id(TypeDecorator[uuid.UUID]):
    """A UUID: native on PostgreSQL, 16 bytes on SQLite (half the size of text, the same order)."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid(as_uuid=True))
        return dialect.type_descriptor(LargeBinary(16))

    def bind_processor(self, dialect: Dialect) -> Callable[[uuid.UUID | None], Any] | None:
        """Straight to the driver: a recorded mail binds some sixty ids."""
        return self.impl_instance.bind_processor(dialect) if dialect.name == "postgresql" else _id_to_bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        if value is None or isinstance(value, uuid.UUID):
            return value
        return msgspec.convert(value, uuid.UUID)  # eight times as fast as UUID(bytes=…)


def _id_to_bytes(value: uuid.UUID | None) -> bytes | None:
    return None if value is None else value.bytes


class Moment(TypeDecorator[datetime]):
    """A moment in UTC to the microsecond: ``timestamptz`` on PostgreSQL, an integer on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Straight to the driver, as for ids."""
        return _aware if dialect.name == "postgresql" else _microseconds

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a naive time reached the database")
    return value


def _microseconds(value: datetime | None) -> int | None:
    known = _aware(value)
    return None if known is None else (known - _EPOCH) // _MICROSECOND


class Xid(TypeDecorator[int]):
    """A transaction id: ``xid8`` on PostgreSQL (never wraps), an integer on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_Xid8() if dialect.name == "postgresql" else BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class _Xid8(UserDefinedType[int]):
    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "xid8"


ischema_names["xid8"] = _Xid8  # so that a schema can be read back and compared


class Words(TypeDecorator[str]):
    """Search tokens with a blank between them: ``tsvector`` on PostgreSQL (with positions), compressed text
    on SQLite. The tokens hold letters, digits and marks only, so nothing needs escaping."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else LargeBinary())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if dialect.name != "postgresql":
            return zlib.compress(value.encode(), 1)
        return " ".join(map(add, value.split(), chain(_positions(), repeat(f":{_LAST_POSITION}"))))

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return str(value) if dialect.name == "postgresql" else unpacked(value)


def unpacked(words: bytes) -> str:
    """Return the tokens that stand in a column of type :class:`Words` on SQLite."""
    return zlib.decompress(words).decode()


@cache
def _positions() -> tuple[str, ...]:
    return tuple(f":{position}" for position in range(1, _LAST_POSITION))


class current_xid(FunctionElement[int]):  # noqa: N801 - reads as the SQL function it is
    """The running transaction's id, as a column default."""

    inherit_cache = True
    type = BigInteger()


@compiles(current_xid)
def _no_xid(_element: current_xid, _compiler: Any, **_options: Any) -> str:
    return "0"


@compiles(current_xid, "postgresql")
def _postgresql_xid(_element: current_xid, _compiler: Any, **_options: Any) -> str:
    return "pg_current_xact_id()"
