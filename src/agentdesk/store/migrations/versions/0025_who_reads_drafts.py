"""Who may read an answer that is being written to a post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store.migrations import hold

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that may be empty: an older program passes it over."""
    hold("draft")
    op.add_column("draft", sa.Column("visibility", sa.String(10), nullable=True))
