"""Visitors of pages that the server serves: sessions, tokens, lines, and what was handed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four tables that an older program does not know."""
    hold(referenced=("account",))
    _session()
    _token()
    _line()
    _post()


def _session() -> None:
    op.create_table(
        "chat_session",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("identity", sa.String(320), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("profile", types.Json, nullable=False),
        sa.Column("place", types.Json, nullable=False),
        sa.Column("last", sa.String(400), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("seen_at", types.Moment(), nullable=False),
        sa.UniqueConstraint("account_id", "identity"),
    )
    op.create_index("ix_chat_session_seen_at", "chat_session", ["seen_at"])


def _token() -> None:
    op.create_table(
        "chat_token",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column(
            "session_id",
            types.Id(),
            sa.ForeignKey("chat_session.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("expires_at", types.Moment(), nullable=False),
    )
    op.create_index("ix_chat_token_session_id", "chat_token", ["session_id"])
    op.create_index("ix_chat_token_expires_at", "chat_token", ["expires_at"])


def _line() -> None:
    op.create_table(
        "chat_line",
        sa.Column(
            "session_id",
            types.Id(),
            sa.ForeignKey("chat_session.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("n", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
    )
    op.create_index("ix_chat_line_key", "chat_line", ["key", "session_id"], unique=True)


def _post() -> None:
    op.create_table(
        "chat_post",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column(
            "session_id",
            types.Id(),
            sa.ForeignKey("chat_session.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("source_id", sa.String(400), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_chat_post_account", "chat_post", ["account_id", "seq"])
    op.create_index("ix_chat_post_session_id", "chat_post", ["session_id"])
