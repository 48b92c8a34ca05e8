"""What the people of the team look like."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that an older program passes over."""
    op.create_table(
        "portrait",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_portrait_digest", "portrait", ["digest"])
