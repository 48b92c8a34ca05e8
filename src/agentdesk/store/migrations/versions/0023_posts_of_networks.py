"""What posts of social networks have besides text, and what accounts can do and how they are doing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that may be empty: an older program passes them over."""
    hold("conversation", "message", "attachment", "contact_identity", "account_state")
    op.add_column("conversation", sa.Column("visibility", sa.String(10), nullable=True))
    op.add_column("conversation", sa.Column("root", sa.String(998), nullable=True))
    op.add_column(
        "conversation", sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("message", sa.Column("post", types.Json, nullable=True))
    op.add_column("attachment", sa.Column("alt", sa.Text(), nullable=True))
    op.add_column("contact_identity", sa.Column("profile", types.Json, nullable=True))
    op.add_column("account_state", sa.Column("abilities", types.Json, nullable=True))
    op.add_column("account_state", sa.Column("figures", types.Json, nullable=True))
