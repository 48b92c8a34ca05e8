"""An audit trail that is sealed, retention rules, and who was erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types
from agentdesk.store.migrations import hold
from agentdesk.store.tables import audit

revision = "0005"
down_revision = "0004a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the new tables, and let contacts and conversations carry their marks."""
    hold("contact", "conversation")
    _audit_entry()
    _audit_seal()
    audit.guard(op.get_bind())
    _retention_rule()
    _erasure()
    _erasure_desk()
    for table, name in (("contact", "sensitive"), ("contact", "legal_hold"), ("conversation", "legal_hold")):
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("contact", sa.Column("erased_at", types.Moment(), nullable=True))


def _audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("xid", types.Xid(), nullable=False, server_default=types.current_xid()),
        sa.Column("at", types.Moment(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("what", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(20), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("desk_id", types.Id(), nullable=True),
        sa.Column("contact_id", types.Id(), nullable=True),
        sa.Column("conversation_id", types.Id(), nullable=True),
        sa.Column("ref", types.Id(), nullable=True),
        sa.Column("data", types.Json, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_xid", "audit_entry", ["xid"])


def _audit_seal() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ranges", types.Json, nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("sealed_at", types.Moment(), nullable=False),
    )


def _retention_rule() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("scope", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("changed_at", types.Moment(), nullable=False),
    )


def _erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("contact_id", types.Id(), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("counts", types.Json, nullable=False),
        sa.Column("asked_at", types.Moment(), nullable=False),
        sa.Column("done_at", types.Moment(), nullable=True),
    )
    op.create_index("ix_erasure_contact_id", "erasure", ["contact_id"])
    op.create_index("ix_erasure_state", "erasure", ["state"])


def _erasure_desk() -> None:
    op.create_table(
        "erasure_desk",
        sa.Column(
            "erasure_id", types.Id(), sa.ForeignKey("erasure.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("desk_id", types.Id(), primary_key=True),
        sa.Column("confirmed_at", types.Moment(), nullable=True),
    )
    op.create_index("ix_erasure_desk_desk_id", "erasure_desk", ["desk_id"])
