"""Where visitors of pages are and were, as their session knows it and as desks are shown it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that may be empty: an older program passes them over."""
    hold("chat_session", "contact_identity")
    op.add_column("chat_session", sa.Column("trail", types.Json, nullable=True))
    op.add_column("contact_identity", sa.Column("visit", types.Json, nullable=True))
