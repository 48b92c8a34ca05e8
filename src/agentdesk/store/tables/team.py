"""People, inboxes and templates."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from agentdesk.store.base import metadata, synced
from agentdesk.store.types import Id, Json, Moment

user = synced(
    "user",
    Column("email", String(320), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # Given (true) or denied (false) to this person besides what the role gives, by permission.
    Column("permissions", Json, nullable=False, server_default=text("'{}'")),
)

# What a person looks like: a JPEG, 128 pixels wide and high, and its SHA-256. Its id is the person's id;
# nothing in it: it was taken away.
portrait = synced(
    "portrait",
    Column("digest", String(64), nullable=True, index=True),
    Column("content", LargeBinary, nullable=True),
)

credential = Table(
    "credential",
    metadata,
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

# A second factor (RFC 6238) that a person has set up; it counts once it was confirmed with a code.
second_factor = Table(
    "second_factor",
    metadata,
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    # The time step of the last code that was accepted: it and those before it are not accepted again.
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("confirmed_at", Moment, nullable=True),
)

# What stands in for a lost phone, once each: a code that was used is deleted.
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("user_id", Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)

# Tries to sign in of the last minute that have not succeeded, by the hash of whom or whence: one row for all
# servers to count in.
sign_in_try = Table(
    "sign_in_try",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("tries", Json, nullable=False),
    Column("last_at", Moment, nullable=False),
)

# How a person stands; its id is the person's id. Somebody who has chosen nothing may have none.
availability = synced(
    "availability",
    # available | busy | break | offline
    Column("state", String(20), nullable=False),
    # The team's own status that was chosen, which says what `state` is; null: one of the usual ones.
    Column("status_id", Id, nullable=True),
    # From then on the person counts as available again.
    Column("back_at", Moment, nullable=True),
    Column("chosen_at", Moment, nullable=True),
    # How many units of open conversations the person has at most; null: no limit.
    Column("capacity", Integer, nullable=True),
    # What the person can do, in lower case, and which languages they speak (BCP 47).
    Column("skills", Json, nullable=True),
    Column("languages", Json, nullable=True),
    # Since when none of the person's desks has been connected; null: one is, or was a moment ago.
    Column("unreachable_since", Moment, nullable=True),
)

# A status of the team's own. Those that were retired stay for whoever still has them.
own_status = synced(
    "own_status",
    Column("name", String(60), nullable=False),
    # What it counts as for routing: available | busy | break | offline
    Column("kind", String(20), nullable=False),
    # The name of an icon.
    Column("icon", String(40), nullable=False),
    # How many minutes it usually lasts; null: until another one is chosen.
    Column("minutes", Integer, nullable=True),
    Column("retired", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
)

inbox = synced(
    "inbox",
    Column("name", String(200), nullable=False, unique=True),
    # True: every agent works in it; False: only its members do.
    Column("everyone", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # Whether its waiting conversations are given to whoever is available, and after how many seconds to
    # somebody else who has not opened one (null: never for that).
    Column("routed", Boolean, nullable=False, server_default=false()),
    Column("open_within", Integer, nullable=True),
    # By which rules it is routed, see domain/routing_rules.py, and when it is staffed, see domain/hours.py.
    Column("routing", Json, nullable=True),
    Column("hours", Json, nullable=True),
)

# How many units a conversation of a channel counts; 1 where there is no row.
channel_weight = synced(
    "channel_weight",
    Column("channel", String(40), nullable=False, unique=True),
    Column("units", Integer, nullable=False),
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
