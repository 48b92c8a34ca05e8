"""How long things are kept, and who was erased."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from agentdesk.store.base import metadata
from agentdesk.store.types import Id, Json, Moment

retention_rule = Table(
    "retention_rule",
    metadata,
    # The hexadecimal id of an inbox, or "*" for all that have no rule of their own.
    Column("scope", String(32), primary_key=True),
    # conversations | raw | attachments | audit
    Column("kind", String(20), primary_key=True),
    Column("days", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", Id, primary_key=True),
    # No foreign key: it tells of the erasure also where the customer was merged away since.
    Column("contact_id", Id, nullable=False, index=True),
    Column("user_id", Id, nullable=True),
    # running | done
    Column("state", String(20), nullable=False, index=True),
    # How much was erased, by kind: numbers only.
    Column("counts", Json, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("done_at", Moment, nullable=True),
)

# The desks that held a copy: each says so when nothing of it is left there.
erasure_desk = Table(
    "erasure_desk",
    metadata,
    Column("erasure_id", Id, ForeignKey("erasure.id", ondelete="CASCADE"), primary_key=True),
    Column("desk_id", Id, primary_key=True, index=True),
    Column("confirmed_at", Moment, nullable=True),
)
