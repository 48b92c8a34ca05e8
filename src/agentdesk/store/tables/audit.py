"""Who did what: entries that are only ever added, and the seals over them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, String, Table, event

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Json, Moment, Xid, current_xid

KEPT_FROM = "audit_kept_from"
"""The fact of the server that lets old entries go: those with smaller numbers may be deleted."""

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    # The writing transaction, as in the change log: what is sealed next is found by it.
    Column("xid", Xid, nullable=False, server_default=current_xid()),
    Column("at", Moment, nullable=False),
    # command | sign_in | admin | export | read | erasure | retention
    Column("kind", String(20), nullable=False),
    Column("what", String(60), nullable=False),
    # done | refused | failed
    Column("outcome", String(20), nullable=False),
    Column("actor", String(20), nullable=False),
    Column("user_id", Id, nullable=True),
    Column("desk_id", Id, nullable=True),
    Column("contact_id", Id, nullable=True),
    Column("conversation_id", Id, nullable=True),
    # The command's id, or that of what was done besides.
    Column("ref", Id, nullable=True),
    # Ids, codes and numbers; never what somebody wrote.
    Column("data", Json, nullable=False),
    Index("ix_audit_entry_xid", "xid"),
    sqlite_autoincrement=True,
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    # Pairs of the first and the last number of each run: between them are those that were rolled back.
    Column("ranges", Json, nullable=False),
    # The first eight bytes of each entry's hash, so that a changed one can be named.
    Column("marks", LargeBinary, nullable=False),
    Column("content", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    # What is sealed next, in this epoch: entries above ``floor`` of transactions from ``until`` on (on SQLite
    # the last number).
    Column("until", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("sealed_at", Moment, nullable=False),
)

_REFUSAL = "the audit trail is append-only"

_ON_SQLITE = (
    """
    CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, '{refusal}'); END
    """,
    """
    CREATE TRIGGER {table}_remains BEFORE DELETE ON {table}
        WHEN OLD.{number} >= coalesce(
            (SELECT CAST(value AS INTEGER) FROM server_info WHERE name = '{kept_from}'), 0)
        BEGIN SELECT RAISE(ABORT, '{refusal}'); END
    """,
)
_POSTGRESQL_FUNCTION = """
    CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND (to_jsonb(OLD) ->> TG_ARGV[0])::bigint < coalesce(
            (SELECT value::bigint FROM server_info WHERE name = '{kept_from}'), 0) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION '{refusal}';
    END $$
"""
_ON_POSTGRESQL = (
    """
    CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION audit_append_only('{number}')
    """,
    """
    CREATE TRIGGER {table}_remains BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()
    """,
)
_GUARDED = {"audit_entry": "seq", "audit_seal": "last_seq"}


def guard(connection: Connection) -> None:
    """Let the database itself refuse that entries and seals are changed or deleted."""
    words = {"refusal": _REFUSAL, "kept_from": KEPT_FROM}
    guards = _ON_SQLITE
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_POSTGRESQL_FUNCTION.format(**words))
        guards = _ON_POSTGRESQL
    for table, number in _GUARDED.items():
        for statement in guards:
            connection.exec_driver_sql(statement.format(table=table, number=number, **words))


@event.listens_for(metadata, "after_create")
def _guard_new(_metadata: Any, connection: Connection, **options: Any) -> None:
    if audit_seal in options.get("tables", ()):
        guard(connection)
