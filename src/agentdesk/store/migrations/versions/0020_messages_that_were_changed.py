"""What became of a message after it was sent, and what it offers besides text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that may be empty: an older program passes them over."""
    hold("message", "chat_line")
    op.add_column("message", sa.Column("revision", types.Json, nullable=True))
    op.add_column("message", sa.Column("extras", types.Json, nullable=True))
    op.add_column("chat_line", sa.Column("extras", types.Json, nullable=True))
