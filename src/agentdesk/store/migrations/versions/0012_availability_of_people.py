"""How people stand: what they have chosen, how many conversations they take, and since when they are gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that an older program passes over."""
    op.create_table(
        "availability",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("back_at", types.Moment(), nullable=True),
        sa.Column("chosen_at", types.Moment(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("unreachable_since", types.Moment(), nullable=True),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
