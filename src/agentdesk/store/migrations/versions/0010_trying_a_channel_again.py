"""When somebody asked that a channel in trouble be tried again, and which asking was answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns that an older program leaves as they are."""
    hold("account_state")
    op.add_column("account_state", sa.Column("retry_at", types.Moment(), nullable=True))
    op.add_column("account_state", sa.Column("retried_at", types.Moment(), nullable=True))
