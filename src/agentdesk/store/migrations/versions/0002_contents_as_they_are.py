"""Keep contents as they are: PostgreSQL spent half of its time on compressing mails that are stored."""

from __future__ import annotations

from alembic import op

from agentdesk.store.migrations import hold

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is stored already stays as it is."""
    hold("blob")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE blob ALTER content SET STORAGE EXTERNAL")
