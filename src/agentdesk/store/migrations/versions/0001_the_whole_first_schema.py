"""The whole first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agentdesk.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(words, content='', tokenize='ascii', columnsize=0)"
)


def upgrade() -> None:
    """Make every table, parents before children."""
    _applied_command()
    _blob()
    _change_log()
    _contact()
    _counter()
    _inbox()
    _lease()
    _search_entry()
    _server_info()
    _template()
    _user()
    _account()
    _account_state()
    _api_token()
    _contact_identity()
    _contact_inbox()
    _credential()
    _desk()
    _inbox_member()
    _ingest_ledger()
    _account_cursor()
    _account_secret()
    _conversation()
    _raw_item()
    _event()
    _message()
    _attachment()
    _delivery_attempt()
    _outbox()


def _applied_command() -> None:
    op.create_table(
        "applied_command",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("desk_id", types.Id(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("applied_at", types.Moment(), nullable=False),
    )
    op.create_index("ix_applied_command_applied_at", "applied_command", ["applied_at"])


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
    )


def _change_log() -> None:
    op.create_table(
        "change_log",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("xid", types.Xid(), nullable=False, server_default=types.current_xid()),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("row_id", types.Id(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.String(1), nullable=False),
        sa.Column("command_id", types.Id(), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_log_xid", "change_log", ["xid"])


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("company", sa.String(300), nullable=False),
        sa.Column("place", sa.String(300), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("fields", types.Json, nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("everyone", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("name"),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("holder", sa.String(120), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", types.Moment(), nullable=False),
    )


def _search_entry() -> None:
    op.create_table(
        "search_entry",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("message_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("words", types.Words(), nullable=False),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index("ix_search_entry_inbox_id", "search_entry", ["inbox_id"])
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_search_entry_words", "search_entry", ["words"], postgresql_using="gin")
    else:
        op.execute(_SQLITE_INDEX)


def _server_info() -> None:
    op.create_table(
        "server_info",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("value", sa.String(400), nullable=False),
    )


def _template() -> None:
    op.create_table(
        "template",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("shortcut", sa.String(60), nullable=False),
        sa.Column("folder", sa.String(200), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("files", types.Json, nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("shortcut", "language"),
    )


def _user() -> None:
    op.create_table(
        "user",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("email"),
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id"), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_account_inbox_id", "account", ["inbox_id"])


def _account_state() -> None:
    op.create_table(
        "account_state",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id"), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("problem", types.Json, nullable=True),
        sa.Column("remedy", types.Json, nullable=True),
        sa.Column("complete_until", types.Moment(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("changed_at", types.Moment(), nullable=False),
        sa.Column("last_words", sa.Text(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )


def _api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=True),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("last_used_at", types.Moment(), nullable=True),
        sa.Column("expires_at", types.Moment(), nullable=True),
        sa.UniqueConstraint("token_hash"),
    )


def _contact_identity() -> None:
    op.create_table(
        "contact_identity",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("contact_id", types.Id(), sa.ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("value", sa.String(320), nullable=False),
        sa.Column("display", sa.String(320), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("bouncing", types.Json, nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("kind", "value"),
    )
    op.create_index("ix_contact_identity_contact_id", "contact_identity", ["contact_id"])


def _contact_inbox() -> None:
    op.create_table(
        "contact_inbox",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("contact_id", types.Id(), sa.ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id"), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("contact_id", "inbox_id"),
    )
    op.create_index("ix_contact_inbox_inbox_id", "contact_inbox", ["inbox_id"])


def _credential() -> None:
    op.create_table(
        "credential",
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", types.Moment(), nullable=False),
    )


def _desk() -> None:
    op.create_table(
        "desk",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("seen_at", types.Moment(), nullable=False),
    )


def _inbox_member() -> None:
    op.create_table(
        "inbox_member",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False),
        sa.Column("user_id", types.Id(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("inbox_id", "user_id"),
    )
    op.create_index("ix_inbox_member_user_id", "inbox_member", ["user_id"])


def _ingest_ledger() -> None:
    op.create_table(
        "ingest_ledger",
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id"), primary_key=True),
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("created_at", types.Moment(), nullable=False),
    )


def _account_cursor() -> None:
    op.create_table(
        "account_cursor",
        sa.Column(
            "account_id", types.Id(), sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("settings", types.Json, nullable=False),
        sa.Column("cursor", types.Json, nullable=True),
        sa.Column("updated_at", types.Moment(), nullable=False),
    )


def _account_secret() -> None:
    op.create_table(
        "account_secret",
        sa.Column(
            "account_id", types.Id(), sa.ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("inbox_id", types.Id(), sa.ForeignKey("inbox.id"), nullable=False),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("contact_id", types.Id(), sa.ForeignKey("contact.id"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("priority", sa.String(20), nullable=False),
        sa.Column("assignee_id", types.Id(), sa.ForeignKey("user.id"), nullable=True),
        sa.Column("tags", types.Json, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("waiting_since", types.Moment(), nullable=True),
        sa.Column("last_message_id", types.Id(), nullable=True),
        sa.Column("last_message_at", types.Moment(), nullable=False),
        sa.Column("last_customer_at", types.Moment(), nullable=True),
        sa.Column("first_reply_at", types.Moment(), nullable=True),
        sa.Column("resolved_at", types.Moment(), nullable=True),
        sa.Column("snoozed_until", types.Moment(), nullable=True),
        sa.Column("related_id", types.Id(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("updated_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_conversation_assignee", "conversation", ["assignee_id", "status"])
    op.create_index("ix_conversation_contact_id", "conversation", ["contact_id"])
    op.create_index(
        "ix_conversation_queue",
        "conversation",
        [
            "status",
            sa.text("last_message_at DESC"),
            "id",
            "inbox_id",
            "channel",
            "assignee_id",
            "unread",
            "waiting_since",
        ],
    )
    op.create_index("ix_conversation_status_updated", "conversation", ["status", "updated_at", "id"])
    op.create_index("ix_conversation_updated", "conversation", ["updated_at", "id"])


def _raw_item() -> None:
    op.create_table(
        "raw_item",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("source_id", sa.String(400), nullable=False),
        sa.Column("blob", sa.String(64), nullable=False),
        sa.Column("facts", types.Json, nullable=False),
        sa.Column("received_at", types.Moment(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("message_id", types.Id(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.UniqueConstraint("account_id", "source_id"),
    )
    op.create_index("ix_raw_item_state", "raw_item", ["state", "account_id", "id"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("conversation_id", types.Id(), sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("author", sa.String(20), nullable=False),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("data", types.Json, nullable=False),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_event_conversation", "event", ["conversation_id", "created_at", "id"])


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("conversation_id", types.Id(), sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("direction", sa.String(10), nullable=False),
        sa.Column("author", sa.String(20), nullable=False),
        sa.Column("contact_id", types.Id(), nullable=True),
        sa.Column("user_id", types.Id(), nullable=True),
        sa.Column("sender", types.Json, nullable=True),
        sa.Column("to", types.Json, nullable=False),
        sa.Column("cc", types.Json, nullable=False),
        sa.Column("bcc", types.Json, nullable=False),
        sa.Column("reply_to", types.Json, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("quoted_text", sa.Text(), nullable=False),
        sa.Column("quoted_html", sa.Text(), nullable=False),
        sa.Column("external_id", sa.String(998), nullable=False),
        sa.Column("references", types.Json, nullable=False),
        sa.Column("reason", types.Json, nullable=False),
        sa.Column("automatic", sa.String(20), nullable=False),
        sa.Column("remote_images", sa.Integer(), nullable=False),
        sa.Column("protection", sa.String(40), nullable=False),
        sa.Column("warnings", types.Json, nullable=False),
        sa.Column("delivery", sa.String(20), nullable=False),
        sa.Column("delivery_detail", types.Json, nullable=True),
        sa.Column("delivery_at", types.Moment(), nullable=True),
        sa.Column("raw_id", types.Id(), nullable=True),
        sa.Column("sent_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_message_conversation", "message", ["conversation_id", "created_at", "id"])
    op.create_index("ix_message_external_id", "message", ["external_id"])
    op.create_index("ix_message_figures", "message", ["direction", "kind", "delivery"])
    op.create_index(
        "ix_message_trouble",
        "message",
        ["conversation_id"],
        postgresql_where=sa.text("delivery IN ('failed', 'uncertain')"),
        sqlite_where=sa.text("delivery IN ('failed', 'uncertain')"),
    )


def _attachment() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("message_id", types.Id(), sa.ForeignKey("message.id", ondelete="CASCADE"), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("inbox_id", types.Id(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.String(64), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ver", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_attachment_conversation_id", "attachment", ["conversation_id"])
    op.create_index("ix_attachment_message_id", "attachment", ["message_id"])


def _delivery_attempt() -> None:
    op.create_table(
        "delivery_attempt",
        sa.Column("id", types.Id(), primary_key=True),
        sa.Column("message_id", types.Id(), sa.ForeignKey("message.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("started_at", types.Moment(), nullable=False),
        sa.Column("ended_at", types.Moment(), nullable=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
    )
    op.create_index("ix_delivery_attempt_message_id", "delivery_attempt", ["message_id"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "message_id", types.Id(), sa.ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("account_id", types.Id(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", types.Moment(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("first_attempt_at", types.Moment(), nullable=True),
        sa.Column("last_attempt_at", types.Moment(), nullable=True),
        sa.Column("created_at", types.Moment(), nullable=False),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_outbox_next", "outbox", ["account_id", "state", "next_at"])
