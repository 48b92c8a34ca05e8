"""Links in mails that lead to the conversation they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that an older program does not know."""
    hold(referenced=("chat_session",))
    op.create_table(
        "chat_link",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("message_id", types.Id(), nullable=False, unique=True),
        sa.Column(
            "session_id",
            types.Id(),
            sa.ForeignKey("chat_session.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("expires_at", types.Moment(), nullable=False),
    )
    op.create_index("ix_chat_link_session_id", "chat_link", ["session_id"])
    op.create_index("ix_chat_link_expires_at", "chat_link", ["expires_at"])
