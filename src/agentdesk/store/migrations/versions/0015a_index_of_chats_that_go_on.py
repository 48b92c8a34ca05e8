"""Find the chats in which nobody has written for long."""

from __future__ import annotations

from agentdesk.store.migrations.indexes import NewIndex, make

revision = "0015a"
down_revision = "0015"
branch_labels = None
depends_on = None

INDEXES = (
    NewIndex(
        "ix_chat_session_spoke_at", "chat_session", ("account_id", "spoke_at"), where="spoke_at IS NOT NULL"
    ),
)


def upgrade() -> None:
    """One index on sessions."""
    make(INDEXES)
