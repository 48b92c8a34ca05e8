"""What pages say to visitors by themselves, and who is on a site now and agreed to be seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables that an older program does not know."""
    hold(referenced=("account", "chat_session"))
    op.create_table(
        "chat_invitation",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("texts", types.Json, nullable=False),
        sa.Column("rule", types.Json, nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("accepted", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("closed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.UniqueConstraint("account_id", "name"),
    )
    op.create_table(
        "chat_guest",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column(
            "session_id",
            types.Id(),
            sa.ForeignKey("chat_session.id", ondelete="CASCADE"),
            nullable=True,
        ),
        sa.Column("place", types.Json, nullable=False),
        sa.Column("was_here", sa.Boolean(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("came_at", types.Moment(), nullable=False),
        sa.Column("page_at", types.Moment(), nullable=False),
        sa.Column("seen_at", types.Moment(), nullable=False),
        sa.Column("invited", types.Json, nullable=True),
        sa.UniqueConstraint("account_id", "key"),
    )
    op.create_index("ix_chat_guest_seen_at", "chat_guest", ["seen_at"])
    op.create_index("ix_chat_guest_session_id", "chat_guest", ["session_id"])
