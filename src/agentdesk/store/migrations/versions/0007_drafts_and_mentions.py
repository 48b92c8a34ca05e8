"""What belongs to one person: drafts that follow to every desk, and who was mentioned in a note."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables, and a column that an older program leaves empty."""
    hold("message", referenced=("conversation", "user"))
    op.add_column("message", sa.Column("mentions", types.Json, nullable=True))
    _draft()
    _mention()


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "conversation_id",
            types.Id(),
            sa.ForeignKey("conversation.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("edition", types.Id(), nullable=False),
        sa.Column("aside", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("to", types.Json, nullable=False),
        sa.Column("cc", types.Json, nullable=False),
        sa.Column("bcc", types.Json, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("files", types.Json, nullable=False),
        sa.Column("seen_message_id", types.Id(), nullable=True),
        sa.Column("saved_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_draft_place", "draft", ["user_id", "conversation_id", "mode"])
    op.create_index("ix_draft_conversation_id", "draft", ["conversation_id"])


def _mention() -> None:
    op.create_table(
        "mention",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("message_id", types.Id(), sa.ForeignKey("message.id", ondelete="CASCADE"), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("seen_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_mention_message_id", "mention", ["message_id"])
    op.create_index("ix_mention_person", "mention", ["user_id", "conversation_id", "seen_at"])
