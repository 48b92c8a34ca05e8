"""Inboxes whose waiting conversations are given to whoever is available, and who was given which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that are off by default, and a table; an older program leaves both alone."""
    hold("inbox", referenced=("conversation", "user"))
    op.add_column("inbox", sa.Column("routed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("inbox", sa.Column("open_within", sa.Integer(), nullable=True))
    op.create_table(
        "placement",
        sa.Column(
            "conversation_id",
            types.Id(),
            sa.ForeignKey("conversation.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("given_at", types.Moment(), nullable=False),
        sa.Column("tried", types.Json, nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_placement_settled", "placement", ["settled"])
