"""People, inboxes and templates."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, Text, UniqueConstraint

from agentdesk.store.base import metadata, synced
from agentdesk.store.types import Id, Json, Moment

user = synced(
    "user",
    Column("email", String(320), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

credential = Table(
    "credential",
    metadata,
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

inbox = synced(
    "inbox",
    Column("name", String(200), nullable=False, unique=True),
    # True: every agent works in it; False: only its members do.
    Column("everyone", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

inbox_member = synced(
    "inbox_member",
    Column("inbox_id", Id, ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("inbox_id", "user_id"),
)

template = synced(
    "template",
    Column("name", String(200), nullable=False),
    Column("shortcut", String(60), nullable=False),
    Column("folder", String(200), nullable=False),
    # One row per language of a template; they share the shortcut.
    Column("language", String(35), nullable=False),
    Column("body", Text, nullable=False),
    Column("files", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("shortcut", "language"),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Id, primary_key=True),
    # "api": a program; "session": a signed-in desk.
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), nullable=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment, nullable=True),
    Column("expires_at", Moment, nullable=True),
)
