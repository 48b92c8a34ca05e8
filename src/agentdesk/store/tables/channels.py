"""Accounts of channels, their secrets, and how they are doing."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from agentdesk.store.base import metadata, synced
from agentdesk.store.types import Id, Json, Moment

account = synced(
    "account",
    Column("inbox_id", Id, ForeignKey("inbox.id"), nullable=False, index=True),
    Column("channel", String(40), nullable=False),
    Column("name", String(200), nullable=False, unique=True),
    Column("address", String(320), nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

account_secret = Table(
    "account_secret",
    metadata,
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

# Settings never leave the server; the cursor is written too often to travel.
account_cursor = Table(
    "account_cursor",
    metadata,
    Column("account_id", Id, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("settings", Json, nullable=False),
    Column("cursor", Json, nullable=True),
    Column("updated_at", Moment, nullable=False),
)

account_state = synced(
    "account_state",  # its id is the account's id
    Column("inbox_id", Id, ForeignKey("inbox.id"), nullable=False),
    # starting | reading | ok | unreachable | auth_failed | paused | error
    Column("state", String(20), nullable=False),
    # {"text", "args"} of a catalogue message, or null
    Column("problem", Json, nullable=True),
    Column("remedy", Json, nullable=True),
    Column("complete_until", Moment, nullable=True),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=True),
    Column("changed_at", Moment, nullable=False),
    Column("last_words", Text, nullable=False),
    # When somebody last asked that it be tried again at once, and which asking what stands here answers.
    Column("retry_at", Moment, nullable=True),
    Column("retried_at", Moment, nullable=True),
    # What the account can do now: see domain/abilities.py.
    Column("abilities", Json, nullable=True),
    # What it says of itself in numbers: see domain/figures.py.
    Column("figures", Json, nullable=True),
)
