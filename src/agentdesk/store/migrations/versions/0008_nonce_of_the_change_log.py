"""A number drawn for each transaction, by which a log that was rolled back is known from one like it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store.migrations import hold

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that an older program leaves empty."""
    hold("change_log")
    op.add_column("change_log", sa.Column("nonce", sa.BigInteger(), nullable=True))
