"""Let conversations and contacts go on in another one, and keep what belongs where for the way back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is merged yet."""
    hold("contact", "conversation", "event", "message")
    for table in ("conversation", "contact"):
        op.add_column(table, sa.Column("merged_into_id", types.Id(), nullable=True))
        op.add_column(table, sa.Column("merge", types.Json, nullable=True))
    for table in ("message", "event"):
        op.add_column(table, sa.Column("origin_id", types.Id(), nullable=True))
