"""What is to be done with posts at their network."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that an older program does not know."""
    hold(referenced=("account", "message"))
    op.create_table(
        "post_act",
        sa.Column(
            "message_id", types.Id(), sa.ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("act", sa.String(20), primary_key=True),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("external_id", sa.String(998), nullable=False),
        sa.Column("wish_id", types.Id(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("before", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(20), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", types.Moment(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("wished_at", types.Moment(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
    )
    op.create_index("ix_post_act_next", "post_act", ["account_id", "next_at"])
