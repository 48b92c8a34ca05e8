"""Lists of conversations that people have saved, and the order in which each has their rail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables that an older program does not know."""
    hold(referenced=("user", "inbox"))
    op.create_table(
        "saved_view",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=True),
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id", ondelete="CASCADE"), nullable=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("icon", sa.String(40), nullable=False),
        sa.Column("query", types.Json, nullable=False),
        sa.Column("removed_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_saved_view_user_id", "saved_view", ["user_id"])
    op.create_table(
        "rail_order",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("keys", types.Json, nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_rail_order_user_id", "rail_order", ["user_id"])
