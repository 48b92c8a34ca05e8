"""What came in as it came, what goes out, and the bytes of both."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Json, Moment

blob = Table(
    "blob",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the content
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)


@event.listens_for(blob, "after_create")
def _keep_as_it_is(_table: Table, connection: Connection, **_options: Any) -> None:
    """Most of a mail is compressed already, or text of a few kilobytes: trying costs more than it saves."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE blob ALTER content SET STORAGE EXTERNAL"))


raw_item = Table(
    "raw_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("source_id", String(400), nullable=False),
    Column("blob", String(64), nullable=False),
    Column("facts", Json, nullable=False),
    Column("received_at", Moment, nullable=True),
    # new | done | duplicate | quarantined : exactly one end for each item
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("message_id", Id, nullable=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("account_id", "source_id"),
    Index("ix_raw_item_state", "state", "account_id", "id"),
)

# Outlives the message, so that what was deleted does not come back with the next reading.
ingest_ledger = Table(
    "ingest_ledger",
    metadata,
    Column("inbox_id", Id, ForeignKey("inbox.id"), primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("created_at", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", Id, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("key", String(400), nullable=False, unique=True),
    # queued | sending | verify | done (sent, failed or left to a person)
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=True),
    Column("lease_token", BigInteger, nullable=False),
    Column("first_attempt_at", Moment, nullable=True),
    Column("last_attempt_at", Moment, nullable=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_outbox_next", "account_id", "state", "next_at"),
)

# What is to be done with posts at their network: the newest wish of a kind for each. A row goes when it was
# done, or could not be; the message's post tells how far it is (domain/acts.py).
post_act = Table(
    "post_act",
    metadata,
    Column("message_id", Id, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("act", String(20), primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    # The network's id of the post; empty: as the message says once it is sent.
    Column("external_id", String(998), nullable=False),
    # The command that wished it last.
    Column("wish_id", Id, nullable=False),
    Column("on", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    # As it was at the network before, of likes and hiding.
    Column("before", Boolean, nullable=False),
    Column("author", String(20), nullable=False),
    Column("user_id", Id, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("lease_token", BigInteger, nullable=False),
    Column("wished_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_post_act_next", "account_id", "next_at"),
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", Id, ForeignKey("message.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("lease_token", BigInteger, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    # sent | refused | unreachable | uncertain | found | absent | unknown
    Column("outcome", String(20), nullable=False),
    Column("answer", Text, nullable=False),
)
