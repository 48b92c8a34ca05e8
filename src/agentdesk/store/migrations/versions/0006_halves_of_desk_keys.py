"""The server's halves of the keys that desks encrypt what they keep with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A program of the version before knows nothing of it, and works on."""
    hold(referenced=("user",))
    op.create_table(
        "desk_key",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("half", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("granted_at", types.Moment(), nullable=False),
    )
