"""Chats that end, and lines that show files or change what was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that say nothing by default, and a table; an older program leaves both alone."""
    hold("chat_session", "chat_line")
    op.add_column("chat_session", sa.Column("spoke_at", types.Moment(), nullable=True))
    op.add_column(
        "chat_line", sa.Column("kind", sa.String(20), nullable=False, server_default=sa.text("'message'"))
    )
    op.add_column("chat_line", sa.Column("about", sa.String(400), nullable=True))
    op.add_column("chat_line", sa.Column("files", types.Json, nullable=True))
    op.create_table(
        "chat_file",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column(
            "session_id",
            types.Id(),
            sa.ForeignKey("chat_session.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("blob", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.UniqueConstraint("session_id", "key"),
    )
    op.create_index("ix_chat_file_blob", "chat_file", ["blob"])
