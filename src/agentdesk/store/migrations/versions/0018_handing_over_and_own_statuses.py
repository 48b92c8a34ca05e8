"""Whom a conversation is being handed to, with which note, and the statuses that a team has defined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that may be empty, and a table that an older program passes over."""
    hold("conversation", "offer", "availability")
    for table, name in (
        ("conversation", "asked_id"),
        ("offer", "from_id"),
        ("offer", "note_id"),
        ("availability", "status_id"),
    ):
        op.add_column(table, sa.Column(name, types.Id(), nullable=True))
    op.create_table(
        "own_status",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("icon", sa.String(40), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
