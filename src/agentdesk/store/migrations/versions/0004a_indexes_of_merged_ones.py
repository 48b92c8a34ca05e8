"""Find what was merged into a conversation or a contact."""

from __future__ import annotations

from agentdesk.store.migrations.indexes import NewIndex, make

revision = "0004a"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = tuple(
    NewIndex(f"ix_{table}_merged_into_id", table, ("merged_into_id",), where="merged_into_id IS NOT NULL")
    for table in ("conversation", "contact")
)


def upgrade() -> None:
    """They are there already where the revision before made them itself."""
    make(INDEXES)
