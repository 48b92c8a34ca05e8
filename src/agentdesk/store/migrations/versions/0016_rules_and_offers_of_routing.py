"""By which rules an inbox is routed and when it is staffed, what people can do, and what they are offered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0016"
down_revision = "0015a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that may be empty, and tables that an older program passes over."""
    hold("inbox", "availability", referenced=("user",))
    for table, name in (
        ("inbox", "routing"),
        ("inbox", "hours"),
        ("availability", "skills"),
        ("availability", "languages"),
    ):
        op.add_column(table, sa.Column(name, types.Json, nullable=True))
    op.create_table(
        "channel_weight",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("channel", name="uq_channel_weight_channel"),
    )
    op.create_table(
        "offer",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("offered_at", types.Moment(), nullable=False),
        sa.Column("expires_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_offer_user_id", "offer", ["user_id"])
    op.create_index("ix_offer_conversation_id", "offer", ["conversation_id"])
