"""What keeps servers and desks in step."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Moment, Xid, current_xid

change_log = Table(
    "change_log",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    # The writing transaction (PostgreSQL xid8): what the feed reads by. Zero on SQLite: writes are serial.
    Column("xid", Xid, nullable=False, server_default=current_xid()),
    Column("scope", String(32), nullable=False),
    Column("table_name", String(40), nullable=False),
    Column("row_id", Id, nullable=False),
    Column("ver", BigInteger, nullable=False),
    # "u" upsert, "d" departure: the row left this scope
    Column("op", String(1), nullable=False),
    # The command that caused it, so that a desk recognises its own.
    Column("command_id", Id, nullable=True),
    # Drawn anew for each transaction: a log that was rolled back and went the same way again is another one.
    Column("nonce", BigInteger, nullable=True),
    Index("ix_change_log_xid", "xid"),
    sqlite_autoincrement=True,
)

applied_command = Table(
    "applied_command",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("desk_id", Id, nullable=True),
    Column("number", BigInteger, nullable=True),
    Column("user_id", Id, nullable=True),
    # The answer as it was given (msgpack), to be given again when the command is offered again.
    Column("answer", LargeBinary, nullable=False),
    Column("applied_at", Moment, nullable=False, index=True),
)

desk = Table(
    "desk",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    # Kept for ever: a number that comes again is a repeat.
    Column("last_number", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

desk_key = Table(
    "desk_key",
    metadata,
    # Made by the desk: one for each person on each computer.
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
    # Ours of the two halves that the desk's key is made of; it opens nothing alone.
    Column("half", LargeBinary(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("granted_at", Moment, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("holder", String(120), nullable=False),
    # Raised by one with each new holder: the fence that a stopped holder cannot pass.
    Column("token", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

server_info = Table(
    "server_info",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", String(400), nullable=False),
)
