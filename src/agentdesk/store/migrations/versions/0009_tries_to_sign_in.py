"""Tries to sign in, counted by all servers together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A server of the version before counts for itself."""
    op.create_table(
        "sign_in_try",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tries", types.Json, nullable=False),
        sa.Column("last_at", types.Moment(), nullable=False),
    )
